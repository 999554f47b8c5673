"""Observed fundamentals of an isotopologue, by irrep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from .errors import RefinementError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Observed fundamentals of one isotopologue.

    Attributes
    ----------
    molecule : Molecule
        Gives the masses; the geometry is that of the force field.
    irreps : tuple of str
    places : tuple of int
        Place within the irrep, 0 for the highest wavenumber, as spectroscopists number.
    wavenumbers : (n,), cm⁻¹
    uncertainties : (n,), cm⁻¹
    """

    molecule: Molecule
    irreps: tuple[str, ...]
    places: tuple[int, ...]
    wavenumbers: FloatArray
    uncertainties: FloatArray


def observed(
    molecule: Molecule,
    fundamentals: Mapping[str, Sequence[float | None]],
    uncertainty: float | Mapping[str, float] = 1.0,
) -> Observed:
    """Observed fundamentals from lists by irrep.

    Parameters
    ----------
    molecule : Molecule
        The isotopologue.
    fundamentals : mapping from irrep to wavenumbers, cm⁻¹
        From the highest downwards; None for one that was not seen.
    uncertainty : float, cm⁻¹, or mapping from irrep
        Of the observation and of the harmonic model together.

    Raises
    ------
    RefinementError
        If there is no observation, or an uncertainty is not positive.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> seen = observed(example("water"), {"A1": [3832.2, 1648.5], "B2": [3942.5]})
    >>> seen.irreps, seen.places
    (('A1', 'A1', 'B2'), (0, 1, 0))
    """
    rows = [
        (irrep, place, float(value))
        for irrep, values in fundamentals.items()
        for place, value in enumerate(values)
        if value is not None
    ]
    if not rows:
        raise RefinementError(f"no observed wavenumber is given for {molecule!r}")
    by_irrep = uncertainty if isinstance(uncertainty, Mapping) else {}
    sigma = np.array([by_irrep[r[0]] if by_irrep else uncertainty for r in rows], dtype=np.float64)
    if not (np.isfinite(sigma).all() and (sigma > 0).all()):
        raise RefinementError(f"uncertainty {sigma.min():g} cm⁻¹: give a positive number")
    values = np.array([r[2] for r in rows])
    if not np.isfinite(values).all():
        raise RefinementError("an observed wavenumber is not finite; give None for a missing one")
    return Observed(molecule, tuple(r[0] for r in rows), tuple(r[1] for r in rows), values, sigma)
