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

import warnings
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .identify import _STRUCTURES
from .modes import _read
from .output import complain, facts, fraction_json, fraction_text, print_json, show
from .spectrum import _molecule, _plain
from .symmetry import length
from .vibrations import Drawing, isotopes_of, shape_of

if TYPE_CHECKING:
    from ..pointgroup import Molecule
    from ..vibration.harmonic import HarmonicData
    from ..vibration.modes import NormalModes
    from .page.contents import Contents


def report(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="A molecule (file, SMILES, example) or a file with a Hessian.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="Default: NAME-report.html."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(show_default=False, help="Compute a Hessian: hf, gfn2-xtb, a functional."),
    ] = None,
    basis: Annotated[str, typer.Option(help="Basis set for --method.")] = "def2-svp",
    charge: Annotated[int | None, typer.Option(show_default=False)] = None,
    multiplicity: Annotated[int | None, typer.Option(show_default=False, help="2S + 1.")] = None,
    isotopes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X=N",
            show_default=False,
            help="Isotopes: H=D for all of an element, 1=18 for an atom; can be repeated.",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="Å",
            parser=length,
            show_default=False,
            help="Of the point group; see symmetry.",
        ),
    ] = None,
    allow_nonstationary: Annotated[
        bool, typer.Option("--allow-nonstationary", help="Go on where the gradient is large.")
    ] = False,
    scale: Annotated[float, typer.Option(help="Factor on the wavenumbers of spectra.")] = 1.0,
    fwhm: Annotated[float, typer.Option(metavar="CM⁻¹", help="Width of the lines.")] = 10.0,
    shape: Annotated[
        str, typer.Option(parser=shape_of, metavar="SHAPE", help="lorentzian, gaussian, …")
    ] = "lorentzian",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """One HTML file: structure with symmetry elements, character table, spectra, moving modes."""
    from ..vibration.files.text import write_text
    from ..vibration.lineshapes import check_shape
    from .page.document import document

    check_shape(shape, fwhm, 0.5)
    if out is not None:
        _check_target(out)
    drawing = Drawing(fwhm, shape, scale, None, 298.15)
    if _brings_its_own(subject):
        _refuse_options(subject, method, charge, multiplicity)
        contents = _of_file(subject, isotopes or [], tolerance, allow_nonstationary, drawing)
    else:
        molecule = isotopes_of(isotopes or [], _molecule(subject, charge, multiplicity))
        if method is None:
            contents = _of_structure(subject, molecule, tolerance)
        else:
            contents = _computed(subject, molecule, method, basis, tolerance, drawing)
    target = out or Path(f"{_plain(contents.name)[:80]}-report.html")
    if out is None:
        _check_target(target)
    text = document(contents, version=_version())
    write_text(text, target)
    _tell(subject, contents, target, len(text.encode()), as_json)


def _brings_its_own(text: str) -> bool:
    """Whether the input is a file that is no structure, so that it should have modes."""
    path = Path(text)
    try:
        return path.is_file() and path.suffix.lower() not in _STRUCTURES
    except (OSError, ValueError):  # too long for a path, or with a zero byte
        return False


def _refuse_options(
    text: str, method: str | None, charge: int | None, multiplicity: int | None
) -> None:
    from ..pointgroup.errors import InputError

    given = {"--method": method, "--charge": charge, "--multiplicity": multiplicity}
    for name, value in given.items():
        if value is not None:
            raise InputError(
                f"{text} is not a structure: leave {name} {value} out to use its Hessian, or give "
                f"a file of {', '.join(_STRUCTURES)}"
            )


def _check_target(path: Path) -> None:
    """Refuse a file that cannot be written before any work is done."""
    import os

    from ..pointgroup.errors import FileError

    if path.suffix.lower() not in (".html", ".htm"):
        raise FileError(f"{path}: a report is an HTML file; name it .html")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise FileError(f"{path}: cannot be written; choose a file in a folder that can")


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
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data, modes = _read(Path(given), isotopes, tolerance, allow_nonstationary)
    return _with_modes(given, data, modes, drawing, caught)


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

    level = Level(method, "" if "xtb" in method or method == "gfn2" else basis)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = reference_data(molecule, level, tolerance=tolerance).data
        modes = normal_modes(data, tolerance=tolerance)
    return _with_modes(given, data, modes, drawing, caught)


def _with_modes(
    given: str,
    data: HarmonicData,
    modes: NormalModes,
    drawing: Drawing,
    caught: list[warnings.WarningMessage],
) -> Contents:
    from .page.contents import contents_of, vibrations_of

    notes = tuple(
        dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning))
    )
    for note in notes:
        complain(f"note: {note}")
    return contents_of(given, modes.symmetry, vibrations_of(modes, data, drawing, notes), data)


def _version() -> str:
    try:
        return version_of("spektron")
    except PackageNotFoundError:  # run from its folders
        return "from source"


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
        ("molecule", f"{contents.name}, {molecule.formula}"),
        ("group", str(counts.group)),
        ("R", "not defined for an atom" if counts.R is None else fraction_text(counts.R)),
        ("modes", motion),
        ("report", f"{target}, {size / 1e6:.2f} MB"),
    ]
    show(facts(rows))
