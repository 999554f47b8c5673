"""Options that several commands share: one name, one unit and one wording for each.

A command takes them as the types of its parameters; the default stands in the command.
"""

from __future__ import annotations

import math
from typing import Annotated

import typer

SHAPES = ("lorentzian", "gaussian", "pseudo-voigt")
MOLECULE_HELP = "A file (xyz, extxyz, mol, sdf), a SMILES string, or a packaged example."
SUBJECT_HELP = "A file, a SMILES string, a packaged example, or a file with a Hessian."
TOLERANCE_HELP = (
    "Largest RMS displacement per atom to the symmetrised form; estimated if not given."
)


def length(text: str) -> float:
    """A number of ångströms from the command line.

    Raises
    ------
    typer.BadParameter
        If it is no number; whether a tolerance is in range, `detect` says.

    Examples
    --------
    >>> length("0.02")
    0.02
    """
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number of ångströms") from None


def positive(text: str) -> float:
    """A finite number above 0 from the command line.

    >>> positive("298.15")
    298.15
    """
    try:
        value = float(text)
    except ValueError:
        remedy = "; write a point, not a comma" if "," in text else ""
        raise typer.BadParameter(f"{text!r} is not a number{remedy}") from None
    if not 0 < value < math.inf:
        raise typer.BadParameter(f"{text!r}: give a positive number")
    return value


def natural(text: str) -> int:
    """A whole number from 1 on from the command line.

    >>> natural("4")
    4
    """
    return _whole(text, 1)


def whole(text: str) -> int:
    """A whole number from 0 on from the command line."""
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a whole number") from None
    if value < least:
        raise typer.BadParameter(f"{value}: give a whole number of at least {least}")
    return value


def shape_of(text: str) -> str:
    """A line shape from the command line."""
    return chosen(text, SHAPES)


def chosen(text: str, allowed: tuple[str, ...]) -> str:
    """One of several words from the command line.

    Raises
    ------
    typer.BadParameter
        If it is none of them.
    """
    if text not in allowed:
        raise typer.BadParameter(f"{text!r}: choose one of {', '.join(allowed)}")
    return text


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tolerance", metavar="Å", parser=length, show_default=False, help=TOLERANCE_HELP
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        parser=natural,
        show_default=False,
        help="Processes; all cores if not given.",
    ),
]
Isotopes = Annotated[
    list[str] | None,
    typer.Option(
        "--isotopes",
        metavar="X=N",
        show_default=False,
        help="Isotopes: H=D for all of an element, 1=18 for an atom; can be repeated.",
    ),
]
Charge = Annotated[
    int | None,
    typer.Option(
        "--charge", metavar="N", show_default=False, help="Of the molecule; else that of the input."
    ),
]
Multiplicity = Annotated[
    int | None,
    typer.Option(
        "--multiplicity", metavar="N", show_default=False, help="2S + 1; else that of the input."
    ),
]
HessianMethod = Annotated[
    str | None,
    typer.Option(
        "--method",
        metavar="NAME",
        show_default=False,
        help="Compute a Hessian: hf, gfn2-xtb, or any PySCF functional.",
    ),
]
Basis = Annotated[
    str, typer.Option("--basis", metavar="NAME", help="Any PySCF basis set, for --method.")
]
AllowNonstationary = Annotated[
    bool, typer.Option("--allow-nonstationary", help="Go on where the gradient is large.")
]
Scale = Annotated[
    float,
    typer.Option(
        "--scale", metavar="X", parser=positive, help="Factor on the wavenumbers of spectra."
    ),
]
Fwhm = Annotated[
    float, typer.Option("--fwhm", metavar="CM⁻¹", parser=positive, help="Width of the lines.")
]
Shape = Annotated[
    str, typer.Option("--shape", parser=shape_of, metavar="SHAPE", help=f"{', '.join(SHAPES)}.")
]
Laser = Annotated[
    float | None,
    typer.Option(
        "--laser",
        metavar="NM",
        parser=positive,
        show_default=False,
        help="Raman cross-sections at this line.",
    ),
]
Temperature = Annotated[
    float,
    typer.Option(
        "--temperature",
        metavar="K",
        parser=positive,
        help="For thermochemistry and Raman cross-sections.",
    ),
]
Words = Annotated[
    str, typer.Option("--data", metavar="LIST", help="Of freq, ir, raman, depolarisation.")
]
LineNoise = Annotated[
    float,
    typer.Option(
        "--noise", metavar="CM⁻¹", parser=positive, help="Standard deviation of line positions."
    ),
]
FieldSeed = Annotated[
    int, typer.Option("--seed", metavar="N", parser=whole, help="Of the random force field.")
]
