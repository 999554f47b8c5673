"""What a molecule's fields must be; the constructor of `Molecule` calls these."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import MoleculeError
from .isotopes import default_mass, isotope_mass, parse_symbol

__all__ = [
    "MAXIMUM_COORDINATE",
    "MINIMUM_SEPARATION",
    "checked_integer",
    "checked_masses",
    "checked_positions",
    "checked_symbols",
    "refuse_coinciding_atoms",
]

MINIMUM_SEPARATION = 0.1
"""Two atoms nearer than this (Å) are taken for a mistake in the input; H2 has 0.74 Å."""

MAXIMUM_COORDINATE = 1e6
"""Larger coordinates (Å) are taken for a mistake in the input."""

# Up to here the N x N distance matrix is faster than importing scipy and building a tree.
_DENSE_LIMIT = 400


def checked_symbols(symbols: Iterable[str]) -> tuple[tuple[str, ...], dict[int, int]]:
    """Standard symbols, and the mass number of each atom that was written as D or T."""
    standard: list[str] = []
    isotopes: dict[int, int] = {}
    for i, text in enumerate(symbols):
        if not isinstance(text, str):
            raise MoleculeError(f"atom {i + 1}: a symbol such as 'C' is needed, got {text!r}")
        try:
            symbol, mass_number = parse_symbol(text)
        except MoleculeError as error:
            raise MoleculeError(f"atom {i + 1}: {error}") from None
        standard.append(symbol)
        if mass_number is not None:
            isotopes[i] = mass_number
    if not standard:
        raise MoleculeError("a molecule needs at least one atom, got none")
    return tuple(standard), isotopes


def checked_positions(positions: ArrayLike, symbols: tuple[str, ...]) -> NDArray[np.float64]:
    """Positions as a read-only (N, 3) array, Å, finite and within `MAXIMUM_COORDINATE`."""
    array = _real_array("positions", positions)
    if array.shape != (len(symbols), 3):
        raise MoleculeError(
            f"positions must have the shape ({len(symbols)}, 3), one row per atom in Å; "
            f"got {array.shape}"
        )
    _refuse_atom("coordinates", array, np.isfinite(array).all(axis=1), symbols, "must be finite")
    small = (np.abs(array) <= MAXIMUM_COORDINATE).all(axis=1)
    limit = f"must be within ±{MAXIMUM_COORDINATE:g} Å; is the unit right?"
    _refuse_atom("coordinates", array, small, symbols, limit)
    return array


def checked_masses(
    masses: ArrayLike | None, symbols: tuple[str, ...], isotopes: dict[int, int]
) -> NDArray[np.float64]:
    """Masses as a read-only (N,) array, u, finite and positive; the default where None."""
    if masses is None:
        array = np.array([default_mass(symbol) for symbol in symbols])
        for i, mass_number in isotopes.items():
            array[i] = isotope_mass("H", mass_number)
        array.setflags(write=False)
        return array
    array = _real_array("masses", masses)
    if array.shape != (len(symbols),):
        raise MoleculeError(
            f"masses must have the shape ({len(symbols)},), one per atom in u; got {array.shape}"
        )
    _refuse_atom(
        "mass", array, np.isfinite(array) & (array > 0), symbols, "must be finite and positive"
    )
    return array


def _real_array(what: str, values: ArrayLike) -> NDArray[np.float64]:
    """A read-only float64 copy, with -0.0 made 0.0 so that equal molecules hash alike."""
    try:
        array: NDArray[np.float64] = np.asarray(values, dtype=np.float64) + 0.0
    except (TypeError, ValueError) as error:
        raise MoleculeError(f"{what} must be an array of real numbers: {error}") from None
    array = np.asarray(array)  # a 0-d sum is a scalar, not an array
    array.setflags(write=False)
    return array


def _refuse_atom(
    what: str,
    values: NDArray[np.float64],
    good: ArrayLike,
    symbols: tuple[str, ...],
    rule: str,
) -> None:
    if not np.all(good):
        i = int(np.argmin(good))
        raise MoleculeError(f"atom {i + 1} ({symbols[i]}): {what} {rule}, got {values[i].tolist()}")


def checked_integer(what: str, value: int, *, least: int | None = None) -> int:
    """The value as an int that equals it."""
    try:
        integer = int(value)
    except (TypeError, ValueError, OverflowError):
        integer = None
    if integer is None or integer != value or (least is not None and integer < least):
        rule = "an integer" if least is None else f"an integer of at least {least}"
        raise MoleculeError(f"{what} must be {rule}, got {value!r}")
    return integer


def refuse_coinciding_atoms(symbols: tuple[str, ...], positions: NDArray[np.float64]) -> None:
    """Raise where two atoms are nearer than `MINIMUM_SEPARATION`."""
    pair = closest_pair(positions)
    if pair is None:
        return
    i, j, distance = pair
    if distance < MINIMUM_SEPARATION:
        raise MoleculeError(
            f"atoms {i + 1} ({symbols[i]}) and {j + 1} ({symbols[j]}) are {distance:.6g} Å apart; "
            f"at least {MINIMUM_SEPARATION} Å is needed. Remove one of them or check the unit"
        )


def closest_pair(positions: NDArray[np.float64]) -> tuple[int, int, float] | None:
    """Indices (i < j) and distance in Å of the two nearest atoms; None for a single atom."""
    n = len(positions)
    if n < 2:
        return None
    if n <= _DENSE_LIMIT:
        difference = positions[:, None] - positions
        squared = np.einsum("ijk,ijk->ij", difference, difference)
        squared.flat[:: n + 1] = np.inf
        i, j = divmod(int(squared.argmin()), n)
        return min(i, j), max(i, j), float(squared[i, j]) ** 0.5
    from scipy.spatial import cKDTree

    distances, neighbours = cKDTree(positions).query(positions, k=2)
    # With coinciding atoms the nearest neighbour found may be the atom itself, in either column.
    i = int(distances[:, 1].argmin())
    j = int(neighbours[i, 1] if neighbours[i, 1] != i else neighbours[i, 0])
    return min(i, j), max(i, j), float(distances[i, 1])
