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

from pathlib import Path
from typing import Annotated

import typer

from .inputs import modes_of_file
from .options import (
    AllowNonstationary,
    AsJson,
    Fwhm,
    Isotopes,
    Laser,
    Scale,
    Shape,
    Temperature,
    Tolerance,
    positive,
)
from .output import print_json, show, warnings_as_lines
from .results import Drawing, write_results
from .targets import checked_folder
from .vibrations import modes_json, page


def modes(
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            show_default=False,
            help="Output file of a program, fchk, ORCA .hess, or harmonic.json.",
        ),
    ],
    isotopes: Isotopes = None,
    tolerance: Tolerance = None,
    allow_nonstationary: AllowNonstationary = False,
    temperature: Temperature = 298.15,
    pressure: Annotated[
        float, typer.Option(metavar="PA", parser=positive, help="For thermochemistry.")
    ] = 101325.0,
    quasi_rrho: Annotated[
        bool, typer.Option("--quasi-rrho", help="Grimme's entropies below 100 cm⁻¹.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", show_default=False, help="Folder for tables, spectra, a picture."
        ),
    ] = None,
    scale: Scale = 1.0,
    fwhm: Fwhm = 10.0,
    shape: Shape = "lorentzian",
    laser: Laser = None,
    as_json: AsJson = False,
) -> None:
    """Vibrations in another program's output, with irreps.

    Isotopologues and spectra too, where the output has a Hessian.
    """
    from ..vibration.thermochemistry import thermochemistry

    with warnings_as_lines():
        data, found = modes_of_file(output, isotopes or [], tolerance, allow_nonstationary)
        treatment = "quasi-rrho" if quasi_rrho else "rrho"
        thermo = thermochemistry(found, temperature, pressure, treatment=treatment)  # type: ignore[arg-type]
    drawing = Drawing(fwhm, shape, scale, laser, temperature)
    files = [] if out is None else write_results(checked_folder(out), data, found, drawing)
    if as_json:
        print_json({"input": str(output), **modes_json(found, thermo), "files": files})
    else:
        show(*page(found, thermo), *([f"files in {out}: {', '.join(files)}"] if files else []))
