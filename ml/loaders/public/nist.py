"""Folders of JCAMP-DX files, as the NIST Chemistry WebBook gives them out.

Labels that are kept: TITLE, CAS REGISTRY NO, STATE, RESOLUTION, DATA TYPE, XUNITS, YUNITS (as in
the WebBook's files, and in the nitrocellulose file of OpenSpecy, which comes from NIST). What they
hold varies: abscissae in 1/CM or MICROMETERS, ordinates in ABSORBANCE, TRANSMITTANCE (a fraction,
or in per cent), REFLECTANCE or "(micromol/mol)-1m-1 (base 10)" for the quantitative set, states
such as "gas", "SOLUTION (10% CCl4 FOR 3800-1300, …)" or "solid (KBr disc)".

Absorbance is −lg T. Digitised charts reach T ≤ 0 in strong bands; there the absorbance is set to
`CEILING` and counted in ``saturated``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ...errors import SpectraError
from ...spectra import NM_PER_CM
from ..files import read_text
from ..jcampdx import Block, blocks, read_jcamp
from .measured import MeasuredSpectrum, Phase, Quantity, on_axis
from .table import Kind, MoleculeSpectra, Source

CEILING = 4.0
"""Absorbance where no light is left; 1 part in 10⁴ passes."""
HIGHEST_FRACTION = 2.0
"""A transmittance above this is one in per cent."""
SUFFIXES = (".jdx", ".dx", ".jcm")


def iterate_files(
    folder: Path, *, skipped: list[str] | None = None, absorbance: bool = True
) -> Iterator[MeasuredSpectrum]:
    """The infrared and Raman spectra of a folder, with those of its subfolders, by name.

    Parameters
    ----------
    folder : Path
        Or one file.
    skipped : list of str, optional
        Files that cannot be used are left out and their messages appended here; without it the
        first one raises.
    absorbance : bool
        Turn transmittance into absorbance.

    Raises
    ------
    SpectraError
        If there are no such files, or one cannot be used and ``skipped`` is None.
    """
    if folder.is_dir():
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not paths:
            raise SpectraError(f"{folder}: no {', '.join(SUFFIXES)} in it")
    else:
        paths = [folder]
    for path in paths:
        try:
            found = read_file(path, absorbance=absorbance)
        except SpectraError as error:
            if skipped is None:
                raise
            skipped.append(str(error))
            continue
        yield from found


def read(
    folder: Path, axis: ArrayLike, *, phase: Phase | None = None, skipped: list[str] | None = None
) -> MoleculeSpectra:
    """Absorbances of a folder on one axis.

    Parameters
    ----------
    folder : Path
    axis : (n_channels,) array, cm⁻¹
        Inside the range of each spectrum.
    phase : "gas", "liquid", "solution" or "solid", optional
        Only these.
    skipped : list of str, optional
        As in `iterate_files`; spectra of another quantity or a shorter range are skipped, too.

    Raises
    ------
    SpectraError
        As `iterate_files` and `on_axis`; if nothing is left.
    """
    chosen = []
    for spectrum in iterate_files(folder, skipped=skipped):
        if phase is not None and spectrum.phase != phase:
            continue
        try:
            if spectrum.quantity != "absorbance" or spectrum.kind != "ir":
                raise SpectraError(f"{spectrum.id}: {spectrum.kind} {spectrum.quantity}")
            on_axis([spectrum], axis)
        except SpectraError as error:
            if skipped is None:
                raise
            skipped.append(str(error))
            continue
        chosen.append(spectrum)
    if not chosen:
        raise SpectraError(f"{folder}: no spectra of absorbance{f' of a {phase}' if phase else ''}")
    return on_axis(chosen, axis)


def read_file(path: Path, *, absorbance: bool = True) -> tuple[MeasuredSpectrum, ...]:
    """The spectra of one file.

    Parameters
    ----------
    path : Path
    absorbance : bool
        Turn transmittance into absorbance.

    Raises
    ------
    SpectraError
        If it is no JCAMP-DX file of an infrared or Raman spectrum, holds a table of peaks, is
        cut, or says something that cannot be.
    """
    source = Source.of(path)
    try:
        found = [block for block in blocks(read_text(path)) if block.form]
        spectra = read_jcamp(path)
        return tuple(
            _spectrum(block, spectra.axis, row, spectra.unit, path, source, absorbance)
            for block, row in zip(found, spectra.spectra, strict=True)
        )
    except SpectraError as error:
        message = str(error)
        raise SpectraError(message if str(path) in message else f"{path}: {message}") from None


def _spectrum(
    block: Block, axis: np.ndarray, row: np.ndarray, unit: str, path: Path, source: Source,
    absorbance: bool,
) -> MeasuredSpectrum:  # fmt: skip
    labels = block.labels
    if unit == "nm":
        if not (axis > 0).all():
            raise SpectraError(f"wavelength {axis.min():g} nm; it must be positive")
        axis = NM_PER_CM / axis
    if axis[0] > axis[-1]:
        axis, row = axis[::-1], row[::-1]
    quantity, values = _ordinates(labels.get("YUNITS", ""), row)
    saturated = 0
    if quantity == "transmittance" and absorbance:
        dark = values <= 10**-CEILING
        quantity, saturated = "absorbance", int(dark.sum())
        values = np.where(dark, CEILING, -np.log10(np.where(dark, 1.0, values)))
    title = labels.get("TITLE", "")
    return MeasuredSpectrum(
        f"{path.name}:{title}" if title else path.name,
        title,
        axis,
        values,
        _kind(labels.get("DATATYPE", "")),
        quantity,
        source,
        phase=phase_of(labels.get("STATE", "")),
        state=labels.get("STATE", ""),
        cas=cas_number(labels.get("CASREGISTRYNO", "")),
        resolution=_resolution(labels.get("RESOLUTION", "")),
        saturated=saturated,
    )


def _kind(text: str) -> Kind:
    upper = text.upper()
    if "RAMAN" in upper:
        return "raman"
    if "INFRARED" in upper or upper.strip() == "IR":
        return "ir"
    raise SpectraError(f"##DATA TYPE={text or 'missing'}: neither infrared nor Raman")


def _ordinates(text: str, row: np.ndarray) -> tuple[Quantity, np.ndarray]:
    """What the ordinates are; fractions where they were per cent."""
    upper = text.upper()
    if "ABSORB" in upper:
        return "absorbance", row
    for word, quantity in (("TRANSMI", "transmittance"), ("REFLECT", "reflectance")):
        if word in upper:
            percent = "%" in upper or "PERCENT" in upper or row.max() > HIGHEST_FRACTION
            return quantity, row / 100 if percent else row  # type: ignore[return-value]
    if upper.strip() in ("%T", "T"):
        return "transmittance", row / 100 if "%" in upper else row
    if "MICROMOL" in upper or "PPM" in upper:
        return "cross section", row
    if "INTENSITY" in upper or "ARBITRARY" in upper or "COUNTS" in upper:
        return "intensity", row
    raise SpectraError(
        f"##YUNITS={text or 'missing'}; known are ABSORBANCE, TRANSMITTANCE, REFLECTANCE, "
        "(micromol/mol)-1m-1, ARBITRARY UNITS"
    )


def phase_of(text: str) -> Phase:
    """The phase that a state names.

    >>> phase_of("SOLUTION (10% CCl4 FOR 3800-1300)"), phase_of("gas; 150 mm Hg")
    ('solution', 'gas')
    """
    lower = text.lower()
    patterns: tuple[tuple[str, Phase], ...] = (
        (r"solution|\bsoln|dissolved", "solution"),
        (r"\bgas|vapou?r", "gas"),
        (r"\bsolid|\bkbr|mull|nujol|disc\b|pellet|powder|crystal", "solid"),
        (r"\bliquid|\bneat\b|capillary|film", "liquid"),
    )
    return next((phase for pattern, phase in patterns if re.search(pattern, lower)), "unknown")


def cas_number(text: str) -> str | None:
    """A CAS number; None if none is given.

    Raises
    ------
    SpectraError
        If its check digit is wrong.

    >>> cas_number("64-17-5")
    '64-17-5'
    """
    found = re.fullmatch(r"\s*0*(\d{2,7})-?(\d{2})-?(\d)\s*", text)
    if not found:
        if re.search(r"\d", text):
            raise SpectraError(f"##CAS REGISTRY NO={text}: not a CAS number")
        return None
    digits = found[1] + found[2]
    check = sum(k * int(d) for k, d in enumerate(reversed(digits), start=1)) % 10
    if check != int(found[3]):
        raise SpectraError(f"##CAS REGISTRY NO={text}: its check digit should be {check}")
    return f"{found[1]}-{found[2]}-{found[3]}"


def _resolution(text: str) -> float | None:
    """The first number of a text such as "4", "2.0 cm-1" or "4 CM^-1"; None if there is none."""
    found = re.search(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", text)
    value = float(found[0]) if found else 0.0
    return value if value > 0 else None
