"""``spektron report INPUT``: one HTML file about a molecule, complete in itself.

INPUT is a structure (file, SMILES string, packaged example) or a file with a Hessian or normal
modes: an output of another program, a formatted checkpoint, an ORCA .hess file, or
``harmonic.json`` of ``spektron spectrum``. Of a structure the report tells what symmetry alone
tells; ``--method`` computes a Hessian first, and with a Hessian come spectra and moving modes.

With ``--json`` standard output is one object::

    input, name, formula, group     of the molecule
    n_vib, n_silent, R, R_value     R as exact fraction and as float; null for a single atom
    n_modes           modes with displacements in the report; 0 without a Hessian
    out, bytes        the file, and its size
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .doctor import version_of
from .inputs import has_modes, isotopes_of, modes_of_file, molecule_of, refuse_for_a_hessian
from .options import (
    SUBJECT_HELP,
    AllowNonstationary,
    AsJson,
    Basis,
    Charge,
    Fwhm,
    HessianMethod,
    Isotopes,
    Multiplicity,
    Scale,
    Shape,
    Tolerance,
)
from .output import facts, fraction_json, fraction_text, print_json, show, warnings_as_lines
from .results import Drawing
from .targets import checked_file, file_name

if TYPE_CHECKING:
    from ..pointgroup import Molecule
    from ..vibration.harmonic import HarmonicData
    from ..vibration.modes import NormalModes
    from .page.contents import Contents


def report(
    subject: Annotated[str, typer.Argument(metavar="INPUT", show_default=False, help=SUBJECT_HELP)],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default="NAME-report.html", help="HTML file to write."),
    ] = None,
    method: HessianMethod = None,
    basis: Basis = "def2-svp",
    charge: Charge = None,
    multiplicity: Multiplicity = None,
    isotopes: Isotopes = None,
    tolerance: Tolerance = None,
    allow_nonstationary: AllowNonstationary = False,
    scale: Scale = 1.0,
    fwhm: Fwhm = 10.0,
    shape: Shape = "lorentzian",
    as_json: AsJson = False,
) -> None:
    """One HTML file about a molecule, with its modes in motion.

    Structure with symmetry elements, character table, spectra, what they determine. It loads
    nothing from elsewhere.
    """
    from ..vibration.files.text import write_text
    from .page.document import document

    if out is not None:
        _check_target(out)
    drawing = Drawing(fwhm, shape, scale, None, 298.15)
    if has_modes(subject):
        refuse_for_a_hessian(subject, method=method, charge=charge, multiplicity=multiplicity)
        contents = _of_file(subject, isotopes or [], tolerance, allow_nonstationary, drawing)
    else:
        molecule = isotopes_of(isotopes or [], molecule_of(subject, charge, multiplicity))
        if method is None:
            contents = _of_structure(subject, molecule, tolerance)
        else:
            contents = _computed(subject, molecule, method, basis, tolerance, drawing)
    target = out or Path(f"{file_name(contents.name)}-report.html")
    if out is None:
        _check_target(target)
    text = document(contents, version=version_of("spektron") or "from source")
    write_text(text, target)
    _tell(subject, contents, target, len(text.encode()), as_json)


def _check_target(path: Path) -> None:
    """Refuse a file that cannot be written before any work is done."""
    from ..pointgroup.errors import FileError

    if path.suffix.lower() not in (".html", ".htm"):
        raise FileError(f"{path}: a report is an HTML file; name it .html")
    checked_file(path)


def _of_structure(given: str, molecule: Molecule, tolerance: float | None) -> Contents:
    from ..pointgroup import detect
    from .page.contents import contents_of

    return contents_of(given, detect(molecule, tolerance))


def _of_file(
    given: str,
    isotopes: list[str],
    tolerance: float | None,
    allow_nonstationary: bool,
    drawing: Drawing,
) -> Contents:
    """Contents from a file with a Hessian or with printed modes."""
    with warnings_as_lines() as notes:
        data, modes = modes_of_file(Path(given), isotopes, tolerance, allow_nonstationary)
    return _with_modes(given, data, modes, drawing, notes)


def _computed(
    given: str,
    molecule: Molecule,
    method: str,
    basis: str,
    tolerance: float | None,
    drawing: Drawing,
) -> Contents:
    from ..vibration.level import Level
    from ..vibration.modes import normal_modes
    from ..vibration.reference import reference_data

    with warnings_as_lines() as notes:
        data = reference_data(molecule, Level(method, basis), tolerance=tolerance).data
        modes = normal_modes(data, tolerance=tolerance)
    return _with_modes(given, data, modes, drawing, notes)


def _with_modes(
    given: str,
    data: HarmonicData,
    modes: NormalModes,
    drawing: Drawing,
    notes: list[str],
) -> Contents:
    from .page.contents import contents_of, vibrations_of

    vibrations = vibrations_of(modes, data, drawing, tuple(notes))
    return contents_of(given, modes.symmetry, vibrations, data)


def _tell(given: str, contents: Contents, target: Path, size: int, as_json: bool) -> None:
    counts, molecule = contents.counts, contents.molecule
    found = contents.vibrations
    n_modes = 0 if found is None else len(found.modes)
    motion = f"{n_modes} to animate" if n_modes else "none: no Hessian; --method computes one"
    if as_json:
        about = {"input": given, "name": molecule.name, "formula": molecule.formula}
        numbers = {"group": str(counts.group), "n_vib": counts.n_vib, "n_silent": counts.n_silent}
        print_json(
            {**about, **numbers, **fraction_json("R", counts.R), "n_modes": n_modes}
            | {"out": str(target), "bytes": size}
        )
        return
    rows = [
        ("molecule", ", ".join(dict.fromkeys((contents.name, molecule.formula)))),
        ("group", str(counts.group)),
        ("R", "not defined for an atom" if counts.R is None else fraction_text(counts.R)),
        ("modes", motion),
        ("report", f"{target}, {size / 1e6:.2f} MB"),
    ]
    show(facts(rows))
