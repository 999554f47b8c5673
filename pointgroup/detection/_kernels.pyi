from ..theory.operations import FloatArray, Indices
from .kernels import Integers

def pair_matrices(
    positions: FloatArray,
    a: int,
    b: int,
    images: Indices,
    signs: Integers,
    matrices: FloatArray,
    /,
) -> None: ...
def match_atoms(
    positions: FloatArray,
    kinds: Indices,
    matrices: FloatArray,
    permutations: Indices,
    residuals: FloatArray,
    /,
) -> None: ...
def generators(
    permutations: Indices, signs: Integers, a: int, b: int, /
) -> tuple[int, ...] | None: ...
def element_orders(
    permutations: Indices, signs: Integers, a: int, b: int, orders: Integers, /
) -> None: ...
