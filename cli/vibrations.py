"""Modes as a page and as JSON, for ``spektron spectrum`` and ``spektron modes``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .output import Json, columns, facts, fraction_json, fraction_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..pointgroup import Molecule
    from ..vibration.modes import NormalModes
    from ..vibration.thermochemistry import Thermochemistry

_SPLIT = 1.0
"""cm⁻¹; the modes of a degenerate set that differ by more get a row each."""


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
    names = dict.fromkeys((molecule.name or molecule.formula, molecule.formula))
    yield "molecule", f"{', '.join(names)}{_masses(molecule)}"
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
        total = f"{molecule.masses.sum():.3f} u in all"
        return f", with masses that are no isotope's (averages?), {total}"
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
    for members in bands(modes):
        first = members[0]
        label = f"{first + 1}" if len(members) == 1 else f"{first + 1}–{members[-1] + 1}"
        row = [label, modes.irreps[first], f"{modes.wavenumbers[members].mean():.2f}"]
        if modes.ir_intensities is not None:
            row.append(f"{modes.ir_intensities[members].sum():.2f}")
        if modes.raman_activities is not None:
            row.append(f"{modes.raman_activities[members].sum():.2f}")
            row.append(depolarisation_text(modes, members))
        row.append(f"{modes.reduced_masses[members].mean():.3f}")
        row.append(f"{modes.force_constants[members].mean():.3f}")
        yield [*row, active_in(modes, first)]


def bands(modes: NormalModes) -> Iterator[list[int]]:
    """Modes, counted from 0, that make a row: a degenerate set, or one mode of a split set."""
    for number in dict.fromkeys(modes.sets.tolist()):
        members = list(modes.members(number))
        if modes.splitting(number) > _SPLIT:
            yield from ([i] for i in members)
        else:
            yield members


def depolarisation_text(modes: NormalModes, members: list[int]) -> str:
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
