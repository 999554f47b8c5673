"""``spektron modes OUTPUT``: the vibrations in another program's output, with our labels.

OUTPUT is an output of Gaussian, ORCA, Q-Chem, OpenMolcas and others (through cclib), a
Gaussian formatted checkpoint, an ORCA .hess file, or ``harmonic.json`` of
``spektron spectrum``. Where there is a Hessian, isotopologues are computed from it.

With ``--json`` standard output is one object::

    input, name, formula, mass_numbers, level, energy (Eh), group
    n_imaginary       number of imaginary modes
    R, R_observed     exact fractions, and as floats R_value, R_observed_value; R_observed
                      counts the modes with at least 1 % of the strongest band of a spectrum;
                      null where nothing is known
    largest_forbidden largest intensity that symmetry forbids, as a share of the strongest
    rigid_body        residual wavenumbers of translations and rotations, cm⁻¹
    modes             [{wavenumber, irrep, purity, set, reduced_mass, force_constant,
                      ir_intensity, raman_activity, depolarisation, ir, raman}], in cm⁻¹, u,
                      mdyn/Å, km/mol, Å⁴/u; null where unknown; ir and raman say what symmetry
                      allows; modes of one degenerate set have the same number set
    thermochemistry   {temperature, pressure, treatment, symmetry_number, zero_point, H, S, G,
                      Cv}, in K, Pa, kJ/mol and J/(mol K), without the electronic energy
    files             names written to --out
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import complain, print_json, show
from .vibrations import (
    Drawing,
    checked_folder,
    isotopes_of,
    modes_json,
    page,
    shape_of,
    warnings_as_lines,
    write_results,
)

if TYPE_CHECKING:
    from ..vibration.harmonic import HarmonicData
    from ..vibration.modes import NormalModes


def modes(
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            show_default=False,
            help="Output file of a program, fchk, ORCA .hess, or harmonic.json.",
        ),
    ],
    isotopes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X=N",
            show_default=False,
            help="Isotopes: H=D for all of an element, 1=18 for an atom; can be repeated.",
        ),
    ] = None,
    temperature: Annotated[float, typer.Option(metavar="K", help="For thermochemistry.")] = 298.15,
    pressure: Annotated[float, typer.Option(metavar="PA", help="For thermochemistry.")] = 101325.0,
    quasi_rrho: Annotated[
        bool, typer.Option("--quasi-rrho", help="Grimme's entropies below 100 cm⁻¹.")
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(metavar="Å", show_default=False, help="Of the point group; see symmetry."),
    ] = None,
    allow_nonstationary: Annotated[
        bool, typer.Option("--allow-nonstationary", help="Go on where the gradient is large.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", show_default=False, help="Write spectra and files there."),
    ] = None,
    scale: Annotated[float, typer.Option(help="Factor on the wavenumbers of spectra.")] = 1.0,
    fwhm: Annotated[float, typer.Option(metavar="CM⁻¹", help="Width of the lines.")] = 10.0,
    shape: Annotated[
        str, typer.Option(parser=shape_of, metavar="SHAPE", help="lorentzian, gaussian, …")
    ] = "lorentzian",
    laser: Annotated[
        float | None,
        typer.Option(metavar="NM", show_default=False, help="Raman cross-sections at this line."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Normal modes of another program's output: irreps, activity, isotopologues, spectra."""
    from ..vibration.lineshapes import check_shape
    from ..vibration.thermochemistry import thermochemistry

    check_shape(shape, fwhm, 0.5)
    with warnings_as_lines():
        data, found = _read(output, isotopes or [], tolerance, allow_nonstationary)
        treatment = "quasi-rrho" if quasi_rrho else "rrho"
        thermo = thermochemistry(found, temperature, pressure, treatment=treatment)  # type: ignore[arg-type]
    drawing = Drawing(fwhm, shape, scale, laser, temperature)
    files = [] if out is None else write_results(checked_folder(out), data, found, drawing)
    if as_json:
        print_json({"input": str(output), **modes_json(found, thermo), "files": files})
    else:
        show(*page(found, thermo), *([f"files in {out}: {', '.join(files)}"] if files else []))


def _read(
    output: Path, isotopes: list[str], tolerance: float | None, allow_nonstationary: bool
) -> tuple[HarmonicData, NormalModes]:
    """Harmonic data and modes of a file; printed modes as they are unless masses change."""
    from ..vibration.files.reading import has_hessian, read_harmonic, read_modes
    from ..vibration.modes import normal_modes

    if isotopes or has_hessian(output):
        data = read_harmonic(output)
        data = data.with_masses(isotopes_of(isotopes, data.molecule).masses)
        modes = normal_modes(data, tolerance=tolerance, allow_nonstationary=allow_nonstationary)
        return data, modes
    printed = read_modes(output)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the Hessian is only written, the modes are as printed
        data = printed.harmonic_data()
    complain(f"note: {output} holds no Hessian; modes and intensities are as printed there")
    return data, printed.labelled(tolerance=tolerance)
