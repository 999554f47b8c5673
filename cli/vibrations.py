"""What ``spektron spectrum`` and ``spektron modes`` share: modes as a page, as JSON, as files."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .output import Json, columns, complain, facts, fraction_json, fraction_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..pointgroup import Molecule
    from ..vibration.harmonic import HarmonicData
    from ..vibration.modes import NormalModes
    from ..vibration.spectrum import Spectrum
    from ..vibration.thermochemistry import Thermochemistry

_MASS_NUMBERS = {"D": 2, "T": 3}
_SPLIT = 1.0
"""cm⁻¹; the modes of a degenerate set that differ by more get a row each."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """How spectra are drawn from modes.

    Attributes
    ----------
    fwhm : float, cm⁻¹
    shape : "lorentzian", "gaussian" or "pseudo-voigt"
    scale : float
        Factor on the wavenumbers.
    laser : float or None, nm
    temperature : float, K
    """

    fwhm: float
    shape: Any
    scale: float
    laser: float | None
    temperature: float


def isotopes_of(texts: Sequence[str], molecule: Molecule) -> Molecule:
    """The isotopologue that options such as ``H=D``, ``C=13`` or ``1=18`` ask for.

    A number on the left is an atom, counted from 1; a symbol stands for all atoms of the
    element, except those that are named by number.

    Raises
    ------
    InputError
        If a text is no assignment, or names an atom or isotope that there is not.
    """
    from ..pointgroup.errors import InputError

    wanted: dict[int | str, int] = {}
    for text in [part for t in texts for part in t.split(",")]:
        found = re.fullmatch(r"\s*([A-Za-z]{1,2}|\d+)\s*=\s*([DT]|\d+)\s*", text)
        if not found:
            raise InputError(f"isotopes {text!r}: write H=D, C=13, or an atom's number, 1=18")
        left, right = found.groups()
        if left.isdigit() and not 1 <= int(left) <= molecule.n_atoms:
            raise InputError(f"isotopes {text!r}: atoms are numbered 1 to {molecule.n_atoms}")
        atoms: int | str = int(left) - 1 if left.isdigit() else left
        if right in _MASS_NUMBERS:
            named = molecule.symbols[atoms] if isinstance(atoms, int) else atoms
            if named != "H":
                raise InputError(f"isotopes {text!r}: D and T are isotopes of H")
        wanted[atoms] = _MASS_NUMBERS[right] if right in _MASS_NUMBERS else int(right)
    return molecule.with_isotopes(wanted) if wanted else molecule


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Warnings of the rooms, each once, as one line on standard error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for text in dict.fromkeys(str(w.message) for w in caught if _is_ours(w)):
                complain(f"note: {text}")


def _is_ours(warning: warnings.WarningMessage) -> bool:
    return issubclass(warning.category, UserWarning)


# ---- for people ----


def page(modes: NormalModes, thermo: Thermochemistry) -> Iterator[RenderableType | str]:
    """Facts, the table of fundamentals, and thermochemistry."""
    yield facts(_findings(modes))
    yield columns(_heads(modes), _rows(modes), left=2)
    yield facts(_thermal(thermo))


def _findings(modes: NormalModes) -> Iterator[tuple[str, str]]:
    from ..pointgroup import mode_counts
    from ..vibration.activity import check_selection_rules, observed_completeness

    molecule = modes.molecule
    yield "molecule", f"{molecule.name or molecule.formula}, {molecule.formula}{_masses(molecule)}"
    if modes.level:
        yield "level", modes.level
    if modes.energy is not None:
        yield "energy", f"{modes.energy:.8f} Eh"
    yield "group", str(modes.symmetry.group)
    n = len(modes.imaginary)
    kind = "minimum" if n == 0 else f"saddle point, {n} imaginary mode{'s' if n > 1 else ''}"
    yield "point", kind
    if modes.rigid_body.any():
        worst = max(modes.rigid_body, key=abs)
        yield "rigid body", f"residual wavenumbers up to {worst:.1f} cm⁻¹, ideally 0"
    counts = mode_counts(modes.symmetry)
    if counts.R is not None:
        yield "R", f"{fraction_text(counts.R)}: {counts.n_silent} of {counts.n_vib} modes silent"
    if modes.ir_intensities is not None or modes.raman_activities is not None:
        seen = observed_completeness(modes)
        spectra = " and ".join({"ir": "IR", "raman": "Raman"}[s] for s in seen.spectra)
        if seen.value is not None:
            yield (
                "seen",
                f"{fraction_text(seen.value)} in {spectra}, from {seen.threshold:.0%} of the "
                "strongest band",
            )
            yield "check", str(check_selection_rules(modes))


def _masses(molecule: Molecule) -> str:
    """Isotopes that are not the most abundant ones."""
    if molecule.has_default_masses:
        return ""
    if None in molecule.mass_numbers:
        return f", with masses of no isotope, {molecule.masses.sum():.3f} u in all"
    plain = molecule.with_masses(None).mass_numbers
    other = [
        f"{n}{s}{i + 1}"
        for i, (s, n, p) in enumerate(
            zip(molecule.symbols, molecule.mass_numbers, plain, strict=True)
        )
        if n != p
    ]
    return f", with {' '.join(other)}"


def _heads(modes: NormalModes) -> list[str]:
    out = ["#", "irrep", "cm⁻¹"]
    if modes.ir_intensities is not None:
        out.append("IR km/mol")
    if modes.raman_activities is not None:
        out += ["Raman Å⁴/u", "ρ"]
    return [*out, "μ u", "k mdyn/Å", "active in"]


def _rows(modes: NormalModes) -> Iterator[list[str]]:
    """One row for each degenerate set, intensities summed; for each mode of a split set."""
    for members in _bands(modes):
        first = members[0]
        label = f"{first + 1}" if len(members) == 1 else f"{first + 1}–{members[-1] + 1}"
        row = [label, modes.irreps[first], f"{modes.wavenumbers[members].mean():.2f}"]
        if modes.ir_intensities is not None:
            row.append(f"{modes.ir_intensities[members].sum():.2f}")
        if modes.raman_activities is not None:
            row.append(f"{modes.raman_activities[members].sum():.2f}")
            row.append(_ratio(modes, members))
        row.append(f"{modes.reduced_masses[members].mean():.3f}")
        row.append(f"{modes.force_constants[members].mean():.3f}")
        yield [*row, active_in(modes, first)]


def _bands(modes: NormalModes) -> Iterator[list[int]]:
    for number in dict.fromkeys(modes.sets.tolist()):
        members = list(modes.members(number))
        if modes.splitting(number) > _SPLIT:
            yield from ([i] for i in members)
        else:
            yield members


def _ratio(modes: NormalModes, members: list[int]) -> str:
    """Depolarisation ratio; a dash where the set has no Raman activity to speak of."""
    if modes.depolarisation is None or not modes.activity(members[0]).raman:
        return "–"
    value = modes.depolarisation[members[0]]
    return "–" if value != value else f"{value:.3f}"


def active_in(modes: NormalModes, mode: int) -> str:
    """Spectra that the irrep of a mode allows it in."""
    activity = modes.activity(mode)
    names = [name for name, on in (("IR", activity.ir), ("Raman", activity.raman)) if on]
    return " ".join(names) or "silent"


def _thermal(thermo: Thermochemistry) -> Iterator[tuple[str, str]]:
    names = {"rrho": "rigid rotor, harmonic oscillator", "quasi-rrho": "quasi-RRHO (Grimme)"}
    where = f"{thermo.temperature:g} K, {thermo.pressure:g} Pa"
    yield "thermal", f"{names[thermo.treatment]}; {where}; symmetry number {thermo.symmetry_number}"
    yield "ZPE", f"{thermo.zero_point:.3f} kJ/mol"
    yield "H − E", f"{thermo.H:.3f} kJ/mol"
    yield "S", f"{thermo.S:.3f} J/(mol K)"
    yield "G − E", f"{thermo.G:.3f} kJ/mol"
    if thermo.total_gibbs_energy is not None:
        yield "G", f"{thermo.total_gibbs_energy:.8f} Eh"


# ---- for programs ----


def modes_json(modes: NormalModes, thermo: Thermochemistry) -> Json:
    """Modes and what follows from them; see the heads of the commands."""
    from ..pointgroup import mode_counts

    counts = mode_counts(modes.symmetry)
    return {
        "name": modes.molecule.name,
        "formula": modes.molecule.formula,
        "mass_numbers": list(modes.molecule.mass_numbers),
        "level": modes.level,
        "energy": modes.energy,
        "group": str(modes.symmetry.group),
        "n_imaginary": len(modes.imaginary),
        **fraction_json("R", counts.R),
        **_seen_json(modes),
        "rigid_body": [float(x) for x in modes.rigid_body],
        "modes": [_mode_json(modes, i) for i in range(len(modes))],
        "thermochemistry": {
            "temperature": thermo.temperature,
            "pressure": thermo.pressure,
            "treatment": thermo.treatment,
            "symmetry_number": thermo.symmetry_number,
            "zero_point": thermo.zero_point,
            "H": thermo.H,
            "S": thermo.S,
            "G": thermo.G,
            "Cv": thermo.Cv,
        },
    }


def _seen_json(modes: NormalModes) -> Json:
    from ..vibration.activity import check_selection_rules, observed_completeness

    if modes.ir_intensities is None and modes.raman_activities is None:
        return {**fraction_json("R_observed", None), "largest_forbidden": None}
    return {
        **fraction_json("R_observed", observed_completeness(modes).value),
        "largest_forbidden": float(check_selection_rules(modes).largest_violation),
    }


def _mode_json(modes: NormalModes, i: int) -> Json:
    activity = modes.activity(i)
    return {
        "wavenumber": float(modes.wavenumbers[i]),
        "irrep": modes.irreps[i],
        "purity": float(modes.purities[i]),
        "set": int(modes.sets[i]) + 1,
        "reduced_mass": float(modes.reduced_masses[i]),
        "force_constant": float(modes.force_constants[i]),
        "ir_intensity": _number(modes.ir_intensities, i),
        "raman_activity": _number(modes.raman_activities, i),
        "depolarisation": _number(modes.depolarisation, i),
        "ir": activity.ir,
        "raman": activity.raman,
    }


def _number(values: Any, i: int) -> float | None:
    """One value of an optional array; None for NaN."""
    if values is None or values[i] != values[i]:
        return None
    return float(values[i])


# ---- files ----


def checked_folder(path: Path) -> Path:
    """A folder for results, made if it is not there.

    Raises
    ------
    FileError
        If it cannot be made.
    """
    from ..pointgroup.errors import FileError

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{path}: cannot be made a folder: {error.strerror}") from None
    return path


@contextmanager
def empty_folder_removed(folder: Path) -> Iterator[None]:
    """Where the work within fails before anything is kept, leave no empty folder."""
    try:
        yield
    except BaseException:
        with suppress(OSError):  # it is not empty
            folder.rmdir()
        raise


def spectra_of(modes: NormalModes, drawing: Drawing) -> list[Spectrum]:
    """IR and Raman spectra, those whose intensities are known."""
    from ..vibration.spectrum import broaden

    known = {"ir": modes.ir_intensities, "raman": modes.raman_activities}
    return [
        broaden(
            modes,
            kind,  # type: ignore[arg-type]
            fwhm=drawing.fwhm,
            shape=drawing.shape,
            scale=drawing.scale,
            laser=drawing.laser if kind == "raman" else None,
            temperature=drawing.temperature,
        )
        for kind, values in known.items()
        if values is not None and len(modes)
    ]


def write_results(
    folder: Path, data: HarmonicData, modes: NormalModes, drawing: Drawing
) -> list[str]:
    """Every file of a result, each whole or not at all; their names."""
    from ..vibration.files.extxyz import write_displacements
    from ..vibration.files.jcamp import write_jcamp
    from ..vibration.files.molden import write_molden
    from ..vibration.files.qcschema import write_harmonic
    from ..vibration.files.tables import write_curve, write_peaks
    from ..vibration.plots import save_figure, spectrum_figure

    spectra = spectra_of(modes, drawing)
    jobs: dict[str, Callable[[Path], object]] = {
        "harmonic.json": lambda p: write_harmonic(data, p),
        "geometry.xyz": data.molecule.write,
        "modes.csv": lambda p: write_peaks(modes, p),
        "modes.molden": lambda p: write_molden(modes, p),
        "modes.xyz": lambda p: write_displacements(modes, p),
    }
    for spectrum in spectra:
        jobs[f"{spectrum.kind}.csv"] = lambda p, s=spectrum: write_curve(s, p)  # type: ignore[misc]
        jobs[f"{spectrum.kind}.jdx"] = lambda p, s=spectrum: write_jcamp(s, p)  # type: ignore[misc]
    if spectra:
        title = f"{modes.molecule.name or modes.molecule.formula}, {modes.level}"
        jobs["spectrum.png"] = lambda p: save_figure(spectrum_figure(*spectra, title=title), p)
    for name, write in jobs.items():
        write(folder / name)
    return list(jobs)


def shape_of(text: str) -> str:
    """A line shape from the command line."""
    if text not in ("lorentzian", "gaussian", "pseudo-voigt"):
        raise typer.BadParameter(f"{text!r}: choose lorentzian, gaussian or pseudo-voigt")
    return text
