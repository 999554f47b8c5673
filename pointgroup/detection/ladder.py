"""The ladder of a geometry: which group it has at which tolerance."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import NoGroup
from ..molecules.molecule import Molecule
from ..theory.groups import PointGroup
from .cloud import Cloud
from .linear import fit_line, line_deviations
from .matching import candidate_operations
from .search import Found, chain
from .symmetry import Symmetry, place

LIMIT = 0.3
"""Å; groups that need a larger RMS displacement are not looked for."""
SAME_RUNG = 1e-4
"""Å; groups whose deviations differ by less are one rung, the largest of them."""
_LARGEST_WINDOW = 0.6


@dataclass(frozen=True, slots=True)
class Rung:
    """A group and the tolerance from which the geometry has it.

    Attributes
    ----------
    group : PointGroup
    rms : float, Å
        RMS displacement per atom that symmetrising to the group needs.
    """

    group: PointGroup
    rms: float

    def __str__(self) -> str:
        return f"{self.group} from {self.rms:.4f} Å"


def ladder(molecule: Molecule, limit: float = LIMIT) -> tuple[Rung, ...]:
    """Groups of growing order with the deviation that each needs, up to ``limit`` Å.

    Each contains the one before: at a given tolerance the molecule has the last group whose
    deviation is within it.

    Examples
    --------
    A benzene ring with one carbon pushed out of the plane by 0.05 Å:

    >>> from spektron.pointgroup import example
    >>> benzene = example("benzene")
    >>> positions = benzene.positions.copy()
    >>> positions[0, 2] += 0.05
    >>> [str(rung) for rung in ladder(benzene.with_positions(positions))]
    ['Cs from 0.0000 Å', 'D3d from 0.0118 Å', 'D6h from 0.0132 Å']
    """
    cloud = Cloud.of(molecule)
    linear = _linear_rungs(molecule, limit)
    rungs = []
    if not linear or linear[0].rms > SAME_RUNG:
        candidates = candidate_operations(cloud, min(3 * limit, _LARGEST_WINDOW))
        placed = [_placed_or_none(molecule, found) for found in chain(cloud, candidates, limit)]
        rungs = [Rung(s.group, s.rms) for s in placed if s is not None and s.rms <= limit]
    return _distinct(sorted(rungs + linear, key=lambda r: round(r.rms / SAME_RUNG)))


def _linear_rungs(molecule: Molecule, limit: float) -> list[Rung]:
    if molecule.n_atoms == 1:
        return [Rung(PointGroup("Kh"), 0.0)]
    cloud = Cloud.of(molecule)
    found = line_deviations(cloud, fit_line(cloud))
    return [Rung(PointGroup(symbol), rms) for symbol, rms in found.items() if rms <= limit]


def _placed_or_none(molecule: Molecule, found: Found) -> Symmetry | None:
    try:
        return place(molecule, Cloud.of(molecule), found)
    except NoGroup:
        return None


def _distinct(rungs: list[Rung]) -> tuple[Rung, ...]:
    """Of rungs with nearly the same deviation, the last."""
    return tuple(
        rung
        for i, rung in enumerate(rungs)
        if i + 1 == len(rungs) or rungs[i + 1].rms - rung.rms > SAME_RUNG
    )
