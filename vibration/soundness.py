"""Whether a harmonic analysis can be trusted: stationary point, minimum, symmetry kept.

What makes the numbers meaningless is refused; what the reader should know is a
`HarmonicWarning`, one line each.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from ..pointgroup import point_group
from .errors import NotStationary
from .harmonic import HarmonicData

if TYPE_CHECKING:
    from .modes import NormalModes

GRADIENT_LIMIT = 5e-4
"""Eh/bohr; a harmonic analysis is refused where a component of the gradient is larger."""
GRADIENT_WARNING = 1e-4
"""Eh/bohr; a larger component is worth a warning."""
PURITY_WARNING = 0.9
"""A mode with a smaller share of its irrep is worth a warning."""


class HarmonicWarning(UserWarning):
    """Something that the reader of a harmonic analysis should know."""


def check_stationary(data: HarmonicData, *, allowed: bool) -> None:
    """Refuse data at a point with a large gradient, unless ``allowed``.

    Raises
    ------
    NotStationary
        If a component of the gradient is larger than `GRADIENT_LIMIT`.
    """
    gradient = data.largest_gradient
    if gradient is None or gradient <= GRADIENT_WARNING:
        return
    text = f"largest gradient {gradient:.1e} Eh/bohr"
    if gradient > GRADIENT_LIMIT and not allowed:
        raise NotStationary(
            f"{text}, the limit is {GRADIENT_LIMIT:g}: normal modes have no meaning away from a "
            "stationary point; optimise the geometry, or pass allow_nonstationary=True"
        )
    warnings.warn(
        f"{text} (above {GRADIENT_WARNING:g}): soft modes depend on the geometry; optimise it "
        "more tightly",
        HarmonicWarning,
        stacklevel=3,
    )


def warn_of_modes(modes: NormalModes, width: float) -> None:
    """Warn of imaginary modes, mixed symmetry, and sets split by more than ``width`` cm⁻¹."""
    for text in (*_saddle(modes), *_asymmetry(modes, width)):
        warnings.warn(text, HarmonicWarning, stacklevel=3)


def _saddle(modes: NormalModes) -> list[str]:
    """What to do about imaginary modes, in one line."""
    if not modes.imaginary:
        return []
    names = ", ".join(
        f"{-modes.wavenumbers[i]:.1f}i cm⁻¹ ({modes.irreps[i]})" for i in modes.imaginary
    )
    group, lower = modes.symmetry.group, _group_along(modes, modes.imaginary[0])
    where = f"in {lower}" if lower != str(group) else f"within {group}"
    return [
        f"{len(modes.imaginary)} imaginary mode{'s' if len(modes.imaginary) > 1 else ''}: {names}. "
        "This is no minimum: displace the geometry along the first and optimise it again "
        f"{where}; one of some 10 cm⁻¹ can be noise of the integration grid"
    ]


def _group_along(modes: NormalModes, mode: int) -> str:
    """Symbol of the point group that a displacement along a mode leaves."""
    step = 0.1 * modes.displacements[mode] / np.abs(modes.displacements[mode]).max()
    displaced = modes.molecule.with_positions(modes.symmetry.symmetrised_positions + step)
    return str(point_group(displaced, 5e-3))


def _asymmetry(modes: NormalModes, width: float) -> list[str]:
    """Warnings of a Hessian that lacks the symmetry of the geometry."""
    out = []
    group = modes.symmetry.group
    if len(modes) and modes.purities.min() < PURITY_WARNING:
        worst = int(np.argmin(modes.purities))
        out.append(
            f"only {modes.purities[worst]:.2f} of mode {worst + 1} "
            f"({modes.wavenumbers[worst]:.1f} cm⁻¹) is {modes.irreps[worst]}: the Hessian lacks "
            f"the symmetry {group} of the geometry; pass a smaller tolerance"
        )
    spreads = [modes.splitting(s) for s in range(modes.n_sets)]
    if spreads and max(spreads) > width:
        number = int(np.argmax(spreads))
        first = modes.members(number)[0]
        out.append(
            f"the {modes.irreps[first]} set at {modes.wavenumbers[first]:.1f} cm⁻¹ is split by "
            f"{spreads[number]:.2f} cm⁻¹: the Hessian lacks the symmetry {group} of the geometry "
            "(a coarse integration grid, or an electronic state of lower symmetry)"
        )
    return out
