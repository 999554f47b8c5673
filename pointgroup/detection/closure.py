"""Groups of atom permutations, closed exactly in integers.

An element is a permutation of the atoms with a determinant. In a molecule that is not
linear the images of one reference pair and the determinant tell all elements apart, so
products are recognised from two atoms alone and membership is a look-up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..theory.operations import Indices
from . import kernels
from .kernels import Integers


@dataclass(frozen=True, slots=True, eq=False)
class PermutationGroup:
    """A closed set of permutations with determinants; the identity is element 0.

    Attributes
    ----------
    pair : (int, int)
        The reference atoms whose images identify an element.
    permutations : (order, N) int
    signs : (order,) int
        Determinants, +1 or −1.
    generators : tuple of int
        Elements that generate the group.
    """

    pair: tuple[int, int]
    permutations: Indices
    signs: Integers
    generators: tuple[int, ...] = ()

    @classmethod
    def trivial(cls, n_atoms: int, pair: tuple[int, int]) -> PermutationGroup:
        """The identity alone."""
        return cls(pair, np.arange(n_atoms)[None], np.ones(1, dtype=np.int64))

    @property
    def order(self) -> int:
        """Number of elements."""
        return len(self.signs)

    @property
    def keys(self) -> Integers:
        """(order,) what identifies each element: images of the pair, and determinant."""
        images = self.permutations.take(self.pair, axis=1)
        return element_keys(images, self.signs, self.permutations.shape[1])

    @classmethod
    def of_closed(
        cls, pair: tuple[int, int], permutations: Indices, signs: Integers
    ) -> PermutationGroup | None:
        """The group that some elements and the identity are; None if they are not closed."""
        identity = cls.trivial(permutations.shape[1], pair)
        elements = np.concatenate([identity.permutations, permutations])
        group = cls(pair, elements, np.concatenate([identity.signs, signs]))
        generators = group._found_generators()
        return None if generators is None else cls(pair, elements, group.signs, generators)

    def _found_generators(self) -> tuple[int, ...] | None:
        """The first elements that generate the others; None if all are not closed."""
        if kernels.compiled is not None:
            return kernels.compiled.generators(self.permutations, self.signs, *self.pair)
        rows = {key: row for row, key in enumerate(self.keys.tolist())}
        if len(rows) < self.order:
            return None
        reached, generators, columns = {0}, list[int](), list[list[int]]()
        while len(reached) < self.order:
            generators.append(next(row for row in range(self.order) if row not in reached))
            column = self._times(generators[-1], rows)
            if column is None:
                return None
            columns.append(column)
            reached = _reached(columns)
        return tuple(generators)

    def extended(self, permutations: Indices, signs: Integers) -> PermutationGroup | None:
        """The closure of the group with more elements, (M, N) permutations and (M,) signs.

        None if the elements contradict each other: two permutations with the same images of
        the reference pair, which no rigid operations can be.
        """
        generators = np.concatenate([self.permutations[list(self.generators)], permutations])
        generator_signs = np.concatenate([self.signs[list(self.generators)], signs])
        n_atoms, pair = self.permutations.shape[1], list(self.pair)
        elements, element_signs = self.permutations, self.signs
        rows = {key: row for row, key in enumerate(self.keys.tolist())}
        start = 0
        while start < len(elements):
            # Products of the newest elements with all generators, told apart by their keys.
            images = elements[start:, generators[:, pair]]
            product_signs = element_signs[start:, None] * generator_signs
            keys = element_keys(images, product_signs, n_atoms).ravel().tolist()
            fresh = {key: place for place, key in enumerate(keys) if key not in rows}
            rows |= {key: len(elements) + k for k, key in enumerate(fresh)}
            left, right = np.divmod(np.fromiter(fresh.values(), np.intp), len(generators))
            start, left = len(elements), left + start
            elements = np.concatenate([elements, elements[left[:, None], generators[right]]])
            element_signs = np.concatenate(
                [element_signs, element_signs[left] * generator_signs[right]]
            )
        keys = element_keys(generators[:, pair], generator_signs, n_atoms).tolist()
        group = PermutationGroup(
            self.pair, elements, element_signs, tuple(dict.fromkeys(rows[k] for k in keys))
        )
        sound = all(group._times(g, rows) is not None for g in group.generators)
        return group if sound else None

    def _times(self, g: int, rows: dict[int, int]) -> list[int] | None:
        """Rows of the products of all elements with element g.

        None if a product has no row, or is not, atom by atom, the element in its row.
        """
        products = self.permutations.take(self.permutations[g], axis=1)
        images = products.take(self.pair, axis=1)
        keys = element_keys(images, self.signs * self.signs[g], products.shape[1])
        found = [rows.get(key, -1) for key in keys.tolist()]
        if -1 in found or (self.permutations.take(found, axis=0) != products).any():
            return None
        return found

    def element_orders(self) -> Integers:
        """(order,) smallest k ≥ 1 for which the k-th power of each element is the identity.

        The identity is what leaves the pair in place with determinant +1.
        """
        if kernels.compiled is not None:
            orders = np.empty(self.order, dtype=np.int64)
            kernels.compiled.element_orders(self.permutations, self.signs, *self.pair, orders)
            return orders
        home, rows = np.array(self.pair), np.arange(self.order)[:, None]
        images = self.permutations.take(self.pair, axis=1)
        away, cycles = images != home, np.ones((self.order, 2), dtype=np.int64)
        while away.any():
            cycles += away
            images = self.permutations[rows, images]
            away &= images != home
        return np.lcm(np.lcm(cycles[:, 0], cycles[:, 1]), np.where(self.signs < 0, 2, 1))


def element_keys(images: Indices, signs: Integers, n_atoms: int) -> Integers:
    """Integers that identify elements by the images (…, 2) of the pair and the sign (…)."""
    return np.asarray(images[..., 0] * n_atoms + images[..., 1] - signs * (n_atoms * n_atoms))


def _reached(columns: list[list[int]]) -> set[int]:
    """Rows reached from the identity by the generators whose product columns are given."""
    reached, new = {0}, [0]
    while new:
        new = list({column[row] for row in new for column in columns} - reached)
        reached.update(new)
    return reached
