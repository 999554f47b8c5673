"""Groups of atom permutations, closed exactly in integers.

An element is a permutation of the atoms with a determinant. In a molecule that is not
linear the images of one reference pair and the determinant tell all elements apart, so
products are recognised from two atoms alone and membership is a look-up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..theory.operations import Indices

Signs = NDArray[np.int64]


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
    signs: Signs
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
    def keys(self) -> Signs:
        """(order,) what identifies each element: images of the pair, and determinant."""
        images = self.permutations[:, list(self.pair)]
        return element_keys(images, self.signs, self.permutations.shape[1])

    def extended(self, permutation: Indices, sign: int) -> PermutationGroup | None:
        """The closure of the group with one more element.

        All products of the elements found so far are formed until nothing new appears;
        permutations are multiplied out in full only where the reference pair says new.
        None if the elements contradict each other: two permutations with the same images of
        the reference pair, which no rigid operations can be.
        """
        elements = np.concatenate([self.permutations, permutation[None]])
        signs = np.append(self.signs, sign)
        n_atoms, pair = len(permutation), list(self.pair)
        keys = element_keys(elements[:, pair], signs, n_atoms)
        while True:
            images = elements[:, elements[:, pair]]  # (left, right, 2): left after right
            products = element_keys(images, signs[:, None] * signs, n_atoms)
            fresh, where = np.unique(products, return_index=True)
            new = ~np.isin(fresh, keys, assume_unique=True)
            if not new.any():
                grown = PermutationGroup(self.pair, elements, signs, (*self.generators, self.order))
                return grown if grown.is_consistent(keys) else None
            left, right = np.divmod(where[new], len(signs))
            elements = np.concatenate([elements, elements[left[:, None], elements[right]]])
            signs = np.concatenate([signs, signs[left] * signs[right]])
            keys = np.concatenate([keys, fresh[new]])

    def is_consistent(self, keys: Signs) -> bool:
        """Whether every product with a generator is, atom by atom, the element of its key."""
        sorting = np.argsort(keys)
        for g in self.generators:
            products = self.permutations[:, self.permutations[g]]
            wanted = element_keys(
                products[:, list(self.pair)], self.signs * self.signs[g], products.shape[1]
            )
            rows = sorting[np.searchsorted(keys[sorting], wanted)]
            if not np.array_equal(self.permutations[rows], products):
                return False
        return True

    def element_orders(self) -> Signs:
        """(order,) smallest k ≥ 1 for which the k-th power of each element is the identity."""
        rows, home = np.arange(self.order), self.pair
        first, second = np.full(self.order, home[0]), np.full(self.order, home[1])
        orders, signs, k = np.zeros(self.order, dtype=np.int64), np.ones_like(self.signs), 0
        while (orders == 0).any():
            k += 1
            first, second = self.permutations[rows, first], self.permutations[rows, second]
            signs = signs * self.signs
            done = (first == home[0]) & (second == home[1]) & (signs == 1)
            orders[done & (orders == 0)] = k
        return orders


def element_keys(images: Indices, signs: Signs, n_atoms: int) -> Signs:
    """Integers that identify elements by the images (…, 2) of the pair and the sign (…)."""
    return np.asarray(((signs < 0) * n_atoms + images[..., 0]) * n_atoms + images[..., 1])
