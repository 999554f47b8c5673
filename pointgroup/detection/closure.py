"""Groups of atom permutations, closed exactly in integers.

An element is a permutation of the atoms with a determinant. In a molecule that is not
linear the images of one reference pair and the determinant tell all elements apart, which
makes membership a table look-up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..theory.operations import Indices


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
    """

    pair: tuple[int, int]
    permutations: Indices
    signs: NDArray[np.int64]

    @classmethod
    def trivial(cls, n_atoms: int, pair: tuple[int, int]) -> PermutationGroup:
        """The identity alone."""
        return cls(pair, np.arange(n_atoms)[None], np.array([1]))

    @property
    def order(self) -> int:
        """Number of elements."""
        return len(self.signs)

    @property
    def keys(self) -> NDArray[np.int64]:
        """(order,) what identifies each element: images of the pair, and determinant."""
        return element_keys(
            self.permutations[:, list(self.pair)], self.signs, self.permutations.shape[1]
        )

    def extended(self, permutation: Indices, sign: int) -> PermutationGroup | None:
        """The group generated together with one more element.

        None if the elements contradict each other: two different permutations with the same
        images of the reference pair, so that no rigid operations can stand behind them.
        """
        generators = [(permutation, sign)]
        known = {int(k): row for k, row in zip(self.keys, self.permutations, strict=True)}
        elements, signs = list(self.permutations), list(self.signs)
        # Multiply every element by every old element and by the new one until nothing is new.
        done = 0
        while done < len(elements):
            row, s = elements[done], signs[done]
            done += 1
            for g, gs in generators:
                product, product_sign = row[g], int(s) * gs
                key = int(
                    element_keys(
                        product[list(self.pair)][None], np.array([product_sign]), len(row)
                    )[0]
                )
                if key not in known:
                    coset = product[self.permutations]
                    coset_signs = product_sign * self.signs
                    coset_keys = element_keys(coset[:, list(self.pair)], coset_signs, len(row))
                    for k, c, cs in zip(coset_keys, coset, coset_signs, strict=True):
                        if int(k) in known:
                            return None
                        known[int(k)] = c
                        elements.append(c)
                        signs.append(cs)
                elif not np.array_equal(known[key], product):
                    return None
        return PermutationGroup(self.pair, np.array(elements), np.array(signs))


def element_keys(images: Indices, signs: NDArray[np.int64], n_atoms: int) -> NDArray[np.int64]:
    """(M,) integers that identify elements by the images (M, 2) of the pair and the sign."""
    return np.asarray(((signs < 0) * n_atoms + images[:, 0]) * n_atoms + images[:, 1])


def element_orders(permutations: Indices, signs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(M,) smallest k ≥ 1 for which the k-th power of each element is the identity."""
    orders = np.zeros(len(signs), dtype=np.int64)
    current, current_signs = permutations, signs
    identity = np.arange(permutations.shape[1])
    for k in range(1, 2 * permutations.shape[1] + 3):
        home = (current == identity).all(axis=1) & (current_signs == 1)
        orders[home & (orders == 0)] = k
        if (orders > 0).all():
            break
        current = np.take_along_axis(permutations, current, axis=1)
        current_signs = current_signs * signs
    return orders
