"""The "four observables for each parameter, full rank" experiment, with three models of F.

A diagonal valence force field has about as many constants as there are lines, so that the
positions alone determine it: a full rank then says nothing about the force field of the
molecule, which has d(d+1)/2 constants (fewer with symmetry).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import PointGroup
from ..vibration.internal import coordinate_action, coordinate_labels, internal_coordinates
from ..vibration.internal.complete import geometric_symmetry
from .forcefield import ForceField
from .isotopologue import Isotopologue
from .observables import DATA, Data, Observables, respond
from .parameters import DiagonalParameters, FullParameters, SymmetricParameters
from .space import InternalSpace
from .tensors import Tensors

FloatArray = NDArray[np.float64]

MODELS = ("one_per_mode", "valence", "symmetric", "full")
"""Diagonal in d independent coordinates (symmetry ignored); diagonal in all coordinates,
equivalent ones alike; all that the group allows; every element of F."""
COUNTED = (
    "group",
    "modes",
    *(f"{m}_constants" for m in MODELS),
    *(f"{m}_{d}_{q}" for m in MODELS for d in ("freq", "all") for q in ("rank", "condition")),
)
"""Keys of `valence_ranks`."""

_ZERO = 1e-9
"""Singular values below this, relative to the largest, are rounding errors."""
_STIFFNESS = {
    "stretch": 0.35,
    "bend": 0.15,
    "linear bend": 0.1,
    "torsion": 0.03,
    "out-of-plane": 0.05,
}
"""Typical diagonal constants: Eh/bohr² of stretches, of the others with lengths of 1 bohr."""


def valence_parameters(space: InternalSpace) -> tuple[DiagonalParameters, FloatArray]:
    """Diagonal valence force field of a molecule, and typical values of its constants.

    Raises
    ------
    CoordinateError, BondGraphError
        If the molecule has no complete set of internal coordinates.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> valence_parameters(InternalSpace.of(example("water")))[0].names
    ('O0–H1 stretch', 'H1–O0–H2 bend')
    """
    coordinates = internal_coordinates(space.molecule)
    labels, wilson = coordinate_labels(coordinates), coordinates.b_matrix()
    symmetry = geometric_symmetry(space.molecule.with_masses(None))
    orbits = coordinate_action(coordinates, symmetry).orbits()
    classes = np.zeros(len(coordinates), dtype=int)
    for number, orbit in enumerate(orbits):
        classes[orbit] = number
    kinds = [coordinates.coordinates[int(orbit[0])].kind for orbit in orbits]
    names = [labels[int(orbit[0])] for orbit in orbits]
    values = np.array([_STIFFNESS[kind] for kind in kinds])
    return DiagonalParameters.of(space, wilson, classes.tolist(), names), values


def one_per_mode(space: InternalSpace) -> tuple[DiagonalParameters, FloatArray]:
    """Diagonal force field in as many independent valence coordinates as there are modes.

    The molecule is treated as if it had no symmetry, as the experiment did.
    """
    bare = without_symmetry(space)
    coordinates = internal_coordinates(space.molecule)
    labels, wilson = coordinate_labels(coordinates), coordinates.b_matrix()
    chosen = _independent(wilson @ bare.basis)
    names = [labels[i] for i in chosen]
    values = np.array([_STIFFNESS[coordinates.coordinates[i].kind] for i in chosen])
    rows = wilson[chosen]
    return DiagonalParameters.of(bare, rows, list(range(len(chosen))), names), values


def without_symmetry(space: InternalSpace) -> InternalSpace:
    """The same geometry with the trivial group, C1."""
    n = space.molecule.n_atoms
    trivial = replace(
        space.symmetry,
        group=PointGroup("C1"),
        matrices=np.eye(3)[None],
        permutations=np.arange(n)[None],
    )
    return InternalSpace.with_symmetry(trivial)


def valence_ranks(space: InternalSpace, *, seed: int = 0) -> dict[str, str | int | float]:
    """Rank and condition number of one spectrum for each of `MODELS`; keys are `COUNTED`.

    Parameters
    ----------
    space : InternalSpace
    seed : int
        Of the force fields and of the derivatives of dipole moment and polarizability.

    Notes
    -----
    ``freq``: positions of the visible lines; ``all``: with infrared and Raman intensities and
    depolarisation ratios, derivatives known. Diagonal constants are scaled by their values.
    """
    rng = np.random.default_rng(seed)
    random = ForceField.random(space, seed=seed)
    fields: list[ForceField] = []
    for made in (one_per_mode(space), valence_parameters(space)):
        fields.append(ForceField(made[0], made[1] * rng.uniform(0.5, 1.5, len(made[1]))))
    for parameters in (SymmetricParameters(space), FullParameters(space)):
        fields.append(ForceField(parameters, parameters.read(random.matrix)))
    out: dict[str, str | int | float] = {
        "group": str(space.symmetry.group),
        "modes": space.dimension,
    }
    for model, field in zip(MODELS, fields, strict=True):
        out[f"{model}_constants"] = field.n_parameters
        scale = field.values if isinstance(field.parameters, DiagonalParameters) else 1.0
        for name, data in (("freq", ("freq",)), ("all", DATA)):
            rank, condition = _rank(field, data, scale, seed)
            out[f"{model}_{name}_rank"] = rank
            out[f"{model}_{name}_condition"] = condition
    return out


def _rank(
    field: ForceField, data: tuple[Data, ...], scale: FloatArray | float, seed: int
) -> tuple[int, float]:
    space = field.space
    known = Isotopologue.with_symmetry(space, space.symmetry)
    observables = Observables((known,), data, Tensors.random(space, seed))
    jacobian = respond(field.matrix, field.parameters, observables).jacobian * scale
    values = np.linalg.svd(jacobian, compute_uv=False)
    rank = int(np.count_nonzero(values > _ZERO * values[0]))
    return rank, float(values[0] / values[rank - 1])


def _independent(rows: FloatArray) -> list[int]:
    """Rows (m, d) that span the space, the longest remaining part first."""
    rest = rows.copy()
    chosen: list[int] = []
    for _ in range(rows.shape[1]):
        lengths = np.linalg.norm(rest, axis=1)
        lengths[chosen] = 0.0
        best = int(np.argmax(lengths))
        chosen.append(best)
        direction = rest[best] / lengths[best]
        rest -= np.outer(rest @ direction, direction)
    return sorted(chosen)
