"""Which internal coordinates a mode consists of: the potential energy distribution.

**Definition.** The share of coordinate i in mode k is

    P_ik = s_ik φ_ik / λ_k,    s_k = B l_k,    Bᵀ φ_k = H l_k,

displacement times generalised force over twice the energy of the mode. The displacements s are
fixed by the mode alone. The forces φ that balance the Cartesian ones H l are unique in a
non-redundant set; in a redundant one those with the least Σ φ_i²/f_i are taken, with typical force
constants f_i of the kinds of coordinates (see `matrices`). Consequences:

- Σ_i P_ik = 1 exactly, interaction constants included, each half to either coordinate.
- H l_k = λ_k M l_k, so the kinetic energy has the same shares, the definition holds for zero and
  imaginary wavenumbers, and any F that gives the mode gives the same shares.
- Equivalent coordinates get equal shares in an A1 mode; no unit of angle enters.
- A share can be negative where strongly coupled coordinates work against each other.

It reduces to L_ik (L⁻¹)_ki in a non-redundant set (P. Pulay, F. Török, *Acta Chim. Acad. Sci.
Hung.* 47 (1966) 273; M. Keresztury, G. Jalsovszky, *J. Mol. Struct.* 10 (1971) 304). How much it
depends on the redundant coordinates that are offered is measured in docs/gf-method.md.

For a degenerate set the mean over its partners is reported, which no choice of partners changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..internal import InternalCoordinates, coordinate_types
from .matrices import metric_weights, vibrational_range
from .secular import GFModes

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a fundamental is, in words.

    Attributes
    ----------
    wavenumber : float, cm⁻¹
    irrep : str
    shares : tuple of (str, float)
        Types of coordinates with their shares, largest first; they add up to 1.
    """

    wavenumber: float
    irrep: str
    shares: tuple[tuple[str, float], ...]

    @property
    def text(self) -> str:
        """The shares of at least 10 %, and the largest in any case: "C–H stretch 96 %"."""
        kept = [s for i, s in enumerate(self.shares) if i == 0 or s[1] >= 0.095]
        return ", ".join(f"{name} {100 * share:.0f} %" for name, share in kept)

    def __str__(self) -> str:
        return f"{self.wavenumber:8.1f}  {self.irrep:4} {self.text}"


def energy_distribution(
    modes: GFModes, coordinates: InternalCoordinates | None = None
) -> FloatArray:
    """P_ik, (n, n_vib): share of each coordinate in each mode; columns add up to 1.

    Parameters
    ----------
    modes : GFModes
    coordinates : InternalCoordinates, optional
        Others than those of the modes, complete as well.
    """
    chosen = modes.coordinates if coordinates is None else coordinates.on(modes.molecule)
    root = np.sqrt(metric_weights(chosen))
    of = vibrational_range(chosen, root)
    size = 3 * modes.molecule.n_atoms
    weighted = modes.cartesian.reshape(len(modes), size) * np.sqrt(
        np.repeat(modes.molecule.masses, 3)
    )
    along = of.right.T @ weighted.T  # (n_vib, n_modes)
    displacements = of.left @ (of.values[:, None] * along)
    forces = of.left @ (along / of.values[:, None])
    shares = displacements * forces
    for s in np.unique(modes.sets):
        members = modes.sets == s
        shares[:, members] = shares[:, members].mean(axis=1, keepdims=True)
    return np.asarray(shares)


def assignments(
    modes: GFModes, coordinates: InternalCoordinates | None = None
) -> tuple[Assignment, ...]:
    """Each fundamental in words, lowest first; a degenerate set once.

    Deuterium and tritium have names of their own: "O–D stretch".

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> from spektron.vibration.gf import wilson_gf
    >>> F = [[8.454, -0.101, 0.219], [-0.101, 8.454, 0.219], [0.219, 0.219, 0.697]]
    >>> hdo = example("water").with_isotopes({1: 2})
    >>> print(*(a.text for a in assignments(wilson_gf(hdo, F))), sep="; ")
    D–O–H bend 100 %; O–D stretch 100 %; O–H stretch 100 %
    """
    chosen = modes.coordinates if coordinates is None else coordinates.on(modes.molecule)
    shares = energy_distribution(modes, chosen)
    types = np.array(coordinate_types(chosen, isotopes=True))
    names = np.unique(types)
    by_type = np.array([shares[types == name].sum(axis=0) for name in names])
    out = []
    for s in np.unique(modes.sets, return_index=True)[1]:
        order = np.argsort(-by_type[:, s], kind="stable")
        named = tuple((str(names[i]), float(by_type[i, s])) for i in order)
        out.append(Assignment(float(modes.wavenumbers[s]), modes.irreps[s], named))
    return tuple(out)
