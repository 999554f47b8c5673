"""One job of a batch: a molecule to the record of its spectrum, or of its failure."""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ...pointgroup import InputError, Molecule, mode_counts
from ..activity import check_selection_rules
from ..errors import CalculationError, MissingPackage, NotConverged, NotStationary
from ..harmonic import HarmonicData
from ..internal.errors import BondGraphError
from ..internal.graph import bond_graph
from ..level import Level
from ..modes import NormalModes, normal_modes
from ..reference import reference_data
from .store import Record, key_of

PUSH = 0.1
"""Å; root mean square displacement along an imaginary mode, to leave a saddle point."""
NOISE = 15.0
"""cm⁻¹; an imaginary mode below it counts as noise, not as a saddle point."""


class TimeLimitReached(CalculationError):
    """A job took longer than it may."""


class BondingChanged(CalculationError):
    """Optimisation has made or broken bonds."""


class SaddlePoint(CalculationError):
    """No minimum was found."""


FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (TimeLimitReached, "time limit"),
    (BondingChanged, "bonding changed"),
    (SaddlePoint, "saddle point"),
    (NotConverged, "not converged"),
    (NotStationary, "not stationary"),
    (CalculationError, "calculation"),
    (InputError, "input"),
)
"""Kinds of failure, the first that fits."""


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What decides the result beside molecule and level.

    Attributes
    ----------
    raman : bool
    descents : int
        How often a saddle point is left along its first imaginary mode.
    """

    raman: bool = True
    descents: int = 3


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
        Kept in the main thread of a process on Unix, between the calls of the programs that
        compute; elsewhere there is none.

    Returns
    -------
    Record
        ``kind`` "result": facts group, R (a fraction as text), n_vib, energy (Eh), irreps,
        descents, largest_violation (share of the strongest band that a forbidden mode has),
        largest_gradient (Eh/bohr), warnings, seconds; arrays positions (N, 3) Å, wavenumbers
        (n,) cm⁻¹, ir_intensities km/mol, raman_activities Å⁴/u, depolarisation, hessian
        (3N, 3N) Eh/bohr², dipole_derivatives, polarizability_derivatives. ``kind`` "failure":
        facts failure (one of `FAILURES`), reason, seconds.
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
        with _limited(time_limit), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            data, modes, descents = _minimum(molecule, level, settings)
            _refuse_other_bonds(molecule, modes.molecule)
            check = check_selection_rules(modes)
    except tuple(kind for kind, _ in FAILURES) as error:
        name = next(name for kind, name in FAILURES if isinstance(error, kind))
        spent = round(time.perf_counter() - begin, 2)
        return Record("failure", {**about, "failure": name, "reason": str(error), "seconds": spent})
    counts = mode_counts(modes.symmetry)
    facts = {
        **about,
        "group": str(modes.symmetry.group),
        "R": str(counts.R),
        "n_vib": len(modes),
        "energy": modes.energy,
        "irreps": list(modes.irreps),
        "sets": modes.sets.tolist(),
        "descents": descents,
        "largest_violation": check.largest_violation,
        "largest_gradient": modes.largest_gradient,
        "warnings": sorted({" ".join(str(w.message).split()) for w in caught}),
        "seconds": round(time.perf_counter() - begin, 2),
    }
    return Record("result", facts, _arrays(data, modes))


def _arrays(data: HarmonicData, modes: NormalModes) -> dict[str, np.ndarray[Any, Any]]:
    found = {
        "positions": data.molecule.positions,
        "masses": data.molecule.masses,
        "wavenumbers": modes.wavenumbers,
        "ir_intensities": modes.ir_intensities,
        "raman_activities": modes.raman_activities,
        "depolarisation": modes.depolarisation,
        "hessian": data.hessian,
        "dipole_derivatives": data.dipole_derivatives,
        "polarizability_derivatives": data.polarizability_derivatives,
    }
    return {name: array for name, array in found.items() if array is not None}


def _minimum(
    molecule: Molecule, level: Level, settings: JobSettings
) -> tuple[HarmonicData, NormalModes, int]:
    """Second derivatives at a minimum, and how many saddle points were left on the way."""
    start = molecule
    for descents in range(settings.descents + 1):
        data = reference_data(start, level, raman=settings.raman).data
        modes = normal_modes(data)
        if not len(modes) or modes.wavenumbers[0] > -NOISE:
            return data, modes, descents
        mode = modes.displacements[0]
        pushed = mode * PUSH * np.sqrt(len(mode))
        start = data.molecule.with_positions(data.molecule.positions + pushed)
    raise SaddlePoint(
        f"still a saddle point after {settings.descents} descents: {-modes.wavenumbers[0]:.0f}i "
        f"cm⁻¹ ({modes.irreps[0]}) in {modes.symmetry.group}"
    )


def _refuse_other_bonds(before: Molecule, after: Molecule) -> None:
    try:
        graphs = [bond_graph(m) for m in (before, after)]
    except BondGraphError:
        return  # no rule says what is bound in such a molecule
    old, new = ({tuple(sorted(edge)) for edge in graph.edges} for graph in graphs)
    if old != new:
        symbols = before.symbols
        told = [
            f"{symbols[a]}{a + 1}–{symbols[b]}{b + 1} {what}"
            for what, edges in (("broken", old - new), ("made", new - old))
            for a, b in sorted(edges)
        ]
        raise BondingChanged(f"optimisation changes the bonds: {', '.join(told[:4])}")


@contextmanager
def _limited(seconds: float | None) -> Iterator[None]:
    """Raise `TimeLimitReached` when the time is over, where the system can."""
    here = threading.current_thread() is threading.main_thread()
    if seconds is None or not here or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise TimeLimitReached(f"not finished within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
