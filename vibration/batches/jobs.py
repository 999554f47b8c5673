"""One job of a batch: a molecule to the record of its spectrum, or of its failure."""

from __future__ import annotations

import time
import warnings
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ...pointgroup import InputError, Molecule, mode_counts
from ..activity import check_selection_rules
from ..errors import CalculationError, MissingPackage, NotConverged, NotStationary
from ..harmonic import HarmonicData
from ..level import Level
from ..modes import NormalModes, normal_modes
from ..reference import SYMMETRIC, reference_data
from .bonds import changed_bonding
from .limit import TimeLimit
from .limit import time_limit as limited
from .store import Record, key_of

PUSH = 0.1
"""Å; root mean square displacement along an imaginary mode, to leave a saddle point. Each further
time it is doubled: the minimum of a methyl group that turns is half an ångström away."""
NOISE = {"grid": 15.0, "no grid": 3.0}
"""cm⁻¹; an imaginary mode below it counts as noise, not as a saddle point. With a functional the
integration grid makes it, otherwise the differences of gradients."""


class BondingChanged(CalculationError):
    """Optimisation has made or broken bonds."""


class Exploded(CalculationError):
    """Optimisation has driven the atoms apart or together."""


class SaddlePoint(CalculationError):
    """No minimum was found."""


FAILURES: tuple[tuple[type[BaseException], str], ...] = (
    (TimeLimit, "time limit"),
    (Exploded, "exploded"),
    (BondingChanged, "bonding changed"),
    (SaddlePoint, "saddle point"),
    (NotConverged, "not converged"),
    (NotStationary, "not stationary"),
    (CalculationError, "calculation"),
    (InputError, "input"),
    (Exception, "unexpected"),
)
"""Kinds of failure, the first that fits."""

SPECTRUM = ("wavenumbers", "ir_intensities", "raman_activities", "depolarisation")
"""Arrays of a record, one number for each mode."""
DERIVATIVES = ("hessian", "dipole_derivatives", "polarizability_derivatives")
"""Arrays of a record that holds the derivatives."""


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What decides the result beside molecule and level.

    Attributes
    ----------
    raman : bool
    descents : int
        How often a saddle point is left along its first imaginary mode.
    derivatives : bool
        Whether the record holds the Hessian and the derivatives of dipole and polarizability.
        Without them it holds the spectrum alone, in single precision: a tenth of the size.
    """

    raman: bool = True
    descents: int = 3
    derivatives: bool = True


def job_key(molecule: Molecule, level: Level, settings: JobSettings) -> str:
    """The key of a job in a `ResultStore`."""
    return key_of(molecule, level, asdict(settings), programs(level))


def programs(level: Level) -> dict[str, str]:
    """The programs that compute at a level, with their versions.

    Raises
    ------
    MissingPackage
    """
    names = ("tblite", "geometric") if level.is_semiempirical else ("pyscf", "geometric")
    try:
        return {name: version(name) for name in names}
    except PackageNotFoundError as error:
        raise MissingPackage(f'{error.name} is missing: pip install "spektron[dft]"') from None


def run_job(
    molecule: Molecule,
    level: Level,
    settings: JobSettings | None = None,
    time_limit: float | None = None,
) -> Record:
    """Optimise a molecule, leave saddle points, take derivatives, check; never raise for chemistry.

    Parameters
    ----------
    molecule : Molecule
    level : Level
    settings : JobSettings, optional
    time_limit : float, s, optional
        Kept between two calls of the programs that compute.

    Returns
    -------
    Record
        ``kind`` "result": facts group, R and R_fundamentals (fractions as text), n_vib, n_ir,
        n_raman, n_both, n_silent, energy (Eh), irreps, sets, descents, largest_violation (share
        of the strongest band that a forbidden mode has), largest_gradient (Eh/bohr), warnings,
        seconds; arrays positions (N, 3) Å, masses u, wavenumbers (n,) cm⁻¹, ir_intensities
        km/mol, raman_activities Å⁴/u, depolarisation, and with derivatives hessian (3N, 3N)
        Eh/bohr², dipole_derivatives, polarizability_derivatives. ``kind`` "failure": facts
        failure (one of `FAILURES`), reason, seconds.
    """
    settings = settings or JobSettings()
    begin = time.perf_counter()
    about: dict[str, Any] = {
        "symbols": list(molecule.symbols),
        "charge": molecule.charge,
        "multiplicity": molecule.multiplicity,
        "name": molecule.name,
        "level": str(level),
        "programs": programs(level),
    }
    try:
        with limited(time_limit), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            data, modes, descents = _minimum(molecule, level, settings)
            _refuse_other_bonds(molecule, modes.molecule)
            check = check_selection_rules(modes)
    except (Exception, TimeLimit) as error:  # noqa: BLE001 (one of thousands must not end a batch)
        name = next(name for kind, name in FAILURES if isinstance(error, kind))
        reason = _line(error, time_limit)
        spent = round(time.perf_counter() - begin, 2)
        return Record("failure", {**about, "failure": name, "reason": reason, "seconds": spent})
    counts = mode_counts(modes.symmetry)
    facts = {
        **about,
        "group": str(modes.symmetry.group),
        "R": str(counts.R),
        "R_fundamentals": str(counts.R_fundamentals),
        "n_vib": counts.n_vib,
        "n_ir": counts.n_ir,
        "n_raman": counts.n_raman,
        "n_both": counts.n_both,
        "n_silent": counts.n_silent,
        "energy": modes.energy,
        "irreps": list(modes.irreps),
        "sets": modes.sets.tolist(),
        "descents": descents,
        "largest_violation": check.largest_violation,
        "largest_gradient": modes.largest_gradient,
        "warnings": sorted({" ".join(str(w.message).split()) for w in caught}),
        "seconds": round(time.perf_counter() - begin, 2),
    }
    arrays: dict[str, Any] = {
        "positions": data.molecule.positions,
        "masses": data.molecule.masses,
    }
    for name in SPECTRUM:
        arrays[name] = getattr(modes, name)
    if settings.derivatives:
        arrays |= {name: getattr(data, name) for name in DERIVATIVES}
    else:
        arrays = {name: np.float32(array) for name, array in arrays.items() if array is not None}
    return Record("result", facts, {n: a for n, a in arrays.items() if a is not None})


def _line(error: BaseException, time_limit: float | None) -> str:
    if isinstance(error, TimeLimit):
        return f"not finished within {time_limit:g} s"
    known = isinstance(error, (CalculationError, InputError))
    return " ".join(f"{'' if known else type(error).__name__ + ': '}{error}".split())


def _minimum(
    molecule: Molecule, level: Level, settings: JobSettings
) -> tuple[HarmonicData, NormalModes, int]:
    """Second derivatives at a minimum, and how many saddle points were left on the way."""
    start = molecule
    plain = level.is_semiempirical or level.is_hartree_fock
    noise = NOISE["no grid" if plain else "grid"]
    for descents in range(settings.descents + 1):
        data = reference_data(start, level, raman=settings.raman).data
        modes = normal_modes(data, tolerance=SYMMETRIC)
        if not len(modes) or modes.wavenumbers[0] > -noise:
            return data, modes, descents
        mode = modes.displacements[0]
        pushed = mode * PUSH * 2**descents * np.sqrt(len(mode))
        start = data.molecule.with_positions(data.molecule.positions + pushed)
    raise SaddlePoint(
        f"still a saddle point after {settings.descents} descents: {-modes.wavenumbers[0]:.0f}i "
        f"cm⁻¹ ({modes.irreps[0]}) in {modes.symmetry.group}"
    )


def _refuse_other_bonds(before: Molecule, after: Molecule) -> None:
    changed = changed_bonding(before, after)
    if changed is not None:
        kind, text = changed
        raise (Exploded if kind == "exploded" else BondingChanged)(
            f"optimisation changes the bonds: {text}"
        )
