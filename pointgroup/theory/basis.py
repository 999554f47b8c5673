"""Basis functions of the irreps: rotations and polynomials up to cubic, found by projection.

The chemist's functions (z², x²−y², xyz, …) are offered smallest set first; a set is kept
if the group maps its span onto itself and it is linearly independent of what was kept
before. The traces of the matrices with which it transforms name its irrep. What the list
does not cover (cubic functions of I and Ih) is projected out of the monomials.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np

from .characters import CharacterTable
from .groups import PointGroup
from .operations import FloatArray

_RAISED = {1: "", 2: "²", 3: "³"}
_SETS: dict[int, tuple[tuple[str, ...], ...]] = {
    1: (("z",), ("x",), ("y",), ("x", "y"), ("x", "y", "z")),
    2: (
        ("x2",), ("y2",), ("x2+y2",), ("z2",), ("x2+y2+z2",), ("x2-y2",), ("xy",), ("xz",), ("yz",),
        ("2z2-x2-y2", "x2-y2"), ("xz", "yz"), ("x2-y2", "xy"), ("xy", "xz", "yz"),
        ("2z2-x2-y2", "x2-y2", "xy", "xz", "yz"),
    ),
    3: (
        ("z3",), ("x3",), ("y3",), ("x2z",), ("y2z",), ("x2z+y2z",), ("x2z-y2z",), ("xyz",),
        ("xz2",), ("yz2",), ("xy2",), ("x2y",), ("x3-3xy2",), ("3x2y-y3",),
        ("xz2", "yz2"), ("xyz", "x2z-y2z"), ("x3+xy2", "x2y+y3"), ("x3-3xy2", "3x2y-y3"),
        ("x3", "y3", "z3"), ("xz2-xy2", "x2y-yz2", "y2z-x2z"), ("xy2+xz2", "x2y+yz2", "x2z+y2z"),
        ("x3+xy2+xz2", "x2y+y3+yz2", "x2z+y2z+z3"),
    ),
}  # fmt: skip
_FACTORED = {
    "x2z+y2z": "z(x²+y²)", "x2z-y2z": "z(x²−y²)", "x3-3xy2": "x(x²−3y²)", "3x2y-y3": "y(3x²−y²)",
    "x3+xy2": "x(x²+y²)", "x2y+y3": "y(x²+y²)", "xz2-xy2": "x(z²−y²)", "x2y-yz2": "y(x²−z²)",
    "y2z-x2z": "z(y²−x²)", "xy2+xz2": "x(y²+z²)", "x2y+yz2": "y(x²+z²)", "x3+xy2+xz2": "xr²",
    "x2y+y3+yz2": "yr²", "x2z+y2z+z3": "zr²",
}  # fmt: skip


_F_FUNCTIONS = (
    "z(2z²−3x²−3y²)", "x(4z²−x²−y²)", "y(4z²−x²−y²)", "z(x²−y²)", "xyz", "x(x²−3y²)", "y(3x²−y²)",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BasisSet:
    """Functions that transform together as one irrep.

    Attributes
    ----------
    irrep : str
        Mulliken label.
    functions : tuple of str
        ``("x", "y")``, ``("x²−y²", "xy")``, ``("Rz",)``; r² is x²+y²+z².
    degree : int
        1, 2 or 3 for polynomials, 0 for rotations.
    """

    irrep: str
    functions: tuple[str, ...]
    degree: int

    def __str__(self) -> str:
        return self.functions[0] if len(self.functions) == 1 else f"({', '.join(self.functions)})"


@lru_cache(maxsize=64)
def basis_sets(group: PointGroup) -> tuple[BasisSet, ...]:
    """Rotations and polynomials of degree 1, 2 and 3 by irrep.

    >>> [str(b) for b in basis_sets(PointGroup("D4h")) if b.irrep == "B1g"]
    ['x²−y²']
    """
    table = _finite_stand_in(group).character_table
    assert isinstance(table, CharacterTable)
    rename = _linear_names(group) if group.is_continuous else {}
    found = [*_kept(table, 1), *_rotations(table), *_kept(table, 2), *_kept(table, 3)]
    if group.family == "Kh":  # the seven f functions are one set there
        found = [b for b in found if b.irrep not in ("T2u", "Gu")]
        found.append(BasisSet("Fu", _F_FUNCTIONS, 3))
    return tuple(BasisSet(rename.get(b.irrep, b.irrep), b.functions, b.degree) for b in found)


def _finite_stand_in(group: PointGroup) -> PointGroup:
    """A subgroup that tells all functions up to cubic apart as the continuous group does."""
    return PointGroup({"C∞v": "C8v", "D∞h": "D8h", "Kh": "Ih"}.get(group.family, group.symbol))


def _linear_names(group: PointGroup) -> dict[str, str]:
    if group.family == "Kh":
        return {"Ag": "Sg", "T1u": "Pu", "T1g": "Pg", "Hg": "Dg"}
    if group.family == "C∞v":
        return {"A1": "Σ+", "A2": "Σ-", "E1": "Π", "E2": "Δ", "E3": "Φ"}
    # A1u of D8h is symmetric under C2', so it is odd under σv: Σu−.
    sigma = {"A1g": "Σg+", "A2g": "Σg-", "A1u": "Σu-", "A2u": "Σu+"}
    return sigma | {f"E{m}{p}": f"{'ΠΔΦ'[m - 1]}{p}" for m in (1, 2, 3) for p in "gu"}


def _kept(table: CharacterTable, degree: int) -> Iterator[BasisSet]:
    """Candidate sets that are invariant, irreducible and independent of the earlier ones."""
    images = _action(table.group, degree)
    span = np.zeros((0, images.shape[1]))
    for names in _SETS[degree]:
        vectors = np.array([coefficients(name, degree) for name in names])
        grown = np.concatenate([span, vectors])
        if np.linalg.matrix_rank(grown) < len(grown):
            continue
        if (irrep := _irrep_of(vectors, images, table)) is not None:
            span = grown
            yield BasisSet(irrep, tuple(_pretty(n) for n in names), degree)
    if len(span) < images.shape[1]:
        yield from _projected(table, images, span, degree)


def _rotations(table: CharacterTable) -> Iterator[BasisSet]:
    """Rx, Ry, Rz: they transform as x, y, z times the determinant."""
    determinants = np.array([-1 if c.representative.improper else 1 for c in table.classes])
    images = _action(table.group, 1) * determinants[:, None, None]
    used = set[str]()
    for names in _SETS[1]:
        vectors = np.array([coefficients(name, 1) for name in names])
        irrep = None if used & set(names) else _irrep_of(vectors, images, table)
        if irrep is not None:
            used |= set(names)
            yield BasisSet(irrep, tuple("R" + n for n in names), 0)


def _irrep_of(vectors: FloatArray, images: FloatArray, table: CharacterTable) -> str | None:
    """The irrep carried by the span of ``vectors``, or None if the group leads out of it."""
    moved = vectors @ images
    matrices = moved @ np.linalg.pinv(vectors)
    if np.abs(matrices @ vectors - moved).max() > 1e-9:
        return None
    traces = np.trace(matrices, axis1=1, axis2=2)
    for irrep, row in zip(table.irreps, table.values, strict=True):
        if np.abs(traces - row).max() < 1e-6:
            return irrep.label
    return None


def _projected(
    table: CharacterTable, images: FloatArray, span: FloatArray, degree: int
) -> Iterator[BasisSet]:
    """Functions of the irreps that no candidate reached, from the projectors on polynomials."""
    powers = polynomial_action(table.group, degree)
    for irrep, row in zip(table.irreps, table.values, strict=True):
        weights = np.concatenate([[v] * c.size for v, c in zip(row, table.classes, strict=True)])
        projector = np.einsum("g,gij->ij", weights, powers) * irrep.dimension / table.order
        rank = round(np.trace(projector))
        if rank == 0 or np.linalg.matrix_rank(np.concatenate([span, projector]), 1e-8) == len(span):
            continue
        names = tuple(_expression(row, degree) for row in _reduced_rows(projector, rank, degree))
        yield BasisSet(irrep.label, names, degree)


def _reduced_rows(projector: FloatArray, rank: int, degree: int) -> FloatArray:
    """Echelon form of the row space of a projector, leading with x³, y³, z³ and then xyz."""
    basis = np.linalg.svd(projector)[2][:rank]
    exponents = np.array(monomials(degree))
    columns = np.lexsort((exponents.max(axis=1) != 1, exponents.max(axis=1) != degree))
    for i in range(rank):
        remaining = np.abs(basis[i:]).max(axis=0)
        column = int(next(c for c in columns if remaining[c] > 1e-8))
        pivot = i + int(np.argmax(np.abs(basis[i:, column])))
        basis[[i, pivot]] = basis[[pivot, i]]
        basis[i] /= basis[i, column]
        others = np.arange(rank) != i
        basis[others] -= np.outer(basis[others, column], basis[i])
    return np.asarray(basis)


def monomials(degree: int) -> list[tuple[int, int, int]]:
    """Exponents of x, y, z in all monomials of a degree, in the order x², xy, xz, y², yz, z²."""
    return [
        (c.count(0), c.count(1), c.count(2))
        for c in combinations_with_replacement(range(3), degree)
    ]


def _action(group: PointGroup, degree: int) -> FloatArray:
    """(n_class, m, m): how one operation of each class moves the monomials."""
    first = [c.members[0] for c in group.classes]
    return polynomial_action(group, degree)[first]


@lru_cache(maxsize=16)
def polynomial_action(group: PointGroup, degree: int) -> FloatArray:
    """How each operation moves the monomials of a degree; (order, m, m).

    Row a of ``polynomial_action(group, degree)[g]`` expands monomial a of (x, y, z)·g in
    the monomials of (x, y, z), in the order of `monomials`.
    """
    points = np.random.default_rng(1).normal(size=(2 * len(monomials(degree)), 3))
    exponents = np.array(monomials(degree))
    here = np.prod(points[:, None, :] ** exponents, axis=2)
    inverse = np.linalg.pinv(here)
    there = np.array([points @ o.matrix for o in group.operations])
    moved = np.prod(there[:, :, None, :] ** exponents, axis=3)
    return np.asarray((inverse @ moved).swapaxes(1, 2))


def _terms(name: str) -> Iterator[tuple[float, tuple[int, int, int]]]:
    """Parse ``3x2y-y3`` into coefficients and exponents."""
    for part in name.replace("-", "+-").split("+"):
        sign, body = (-1.0, part[1:]) if part.startswith("-") else (1.0, part)
        factor = body[0] if body[0].isdigit() else "1"
        letters = body.removeprefix(factor)
        exponents = dict.fromkeys("xyz", 0)
        for position, letter in enumerate(letters):
            if letter in exponents:
                following = letters[position + 1 : position + 2]
                exponents[letter] = int(following) if following.isdigit() else 1
        yield sign * float(factor), (exponents["x"], exponents["y"], exponents["z"])


def coefficients(name: str, degree: int) -> FloatArray:
    """Coefficients of a polynomial such as ``"3x2y-y3"`` on the monomials of its degree.

    >>> coefficients("2z2-x2-y2", 2)
    array([-1.,  0.,  0., -1.,  0.,  2.])
    """
    places = monomials(degree)
    out = np.zeros(len(places))
    for coefficient, exponents in _terms(name):
        out[places.index(exponents)] += coefficient
    return out


def _pretty(name: str) -> str:
    if name in _FACTORED:
        return _FACTORED[name]
    text = name.replace("-", "−").replace("3", "³")
    return text.replace("x2", "x²").replace("y2", "y²").replace("z2", "z²")


def _expression(row: FloatArray, degree: int) -> str:
    """A polynomial with coefficients a + b·√5 written out, for the cubic functions of I."""
    text = ""
    for value, exponents in zip(row, monomials(degree), strict=True):
        if abs(value) > 1e-8:
            body = "".join(s + _RAISED[e] for s, e in zip("xyz", exponents, strict=True) if e)
            text += ("−" if value < 0 else "+") + _surd(abs(value)) + body
    return text.removeprefix("+")


def _surd(value: float) -> str:
    """A positive number as an integer, or in the golden ratio φ, or to four digits."""
    golden = (1 + 5**0.5) / 2
    for b in sorted(range(-12, 13), key=abs):
        for denominator in (1, 2):
            a = round((value - b * golden / denominator) * denominator)
            if abs(a / denominator + b * golden / denominator - value) < 1e-7 and abs(a) < 40:
                inner = f"{a}{b:+d}φ" if a and b else (f"{b}φ" if b else f"{a}")
                inner = inner.replace("+1φ", "+φ").replace("-1φ", "−φ").replace("-", "−")
                if denominator == 1:
                    return {"1": ""}.get(inner, f"({inner})" if b and a else inner)
                return f"½({inner})"
    return f"{value:.4f}"
