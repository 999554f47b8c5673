"""Character tables: against textbooks, by exact orthogonality, and against random tensors.

Typed here: F. A. Cotton, *Chemical Applications of Group Theory*, 3rd ed. (1990), appendix
IIA; the icosahedral groups and the separated pairs also in S. L. Altmann and P. Herzig,
*Point-Group Theory Tables* (1994).
"""

import re
from functools import cache
from math import gcd, lcm

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from spektron.pointgroup import PointGroup, irrep_matrices
from spektron.pointgroup.errors import GroupError, NotARepresentation
from spektron.pointgroup.theory.characters import class_index, power_map
from spektron.pointgroup.theory.cyclotomic import cyclotomic_ring
from spektron.pointgroup.theory.dixon import irreducible_characters
from spektron.pointgroup.theory.groups import operation_matrices

POLYHEDRAL = ("T", "Td", "Th", "O", "Oh", "I", "Ih")


def axial(first, last):
    """Symbols of the axial groups with first ≤ n ≤ last."""
    kinds = ("C{}", "C{}v", "C{}h", "D{}", "D{}h", "D{}d")
    return [k.format(n) for n in range(first, last + 1) for k in kinds] + [
        f"S{2 * n}" for n in range(first, last + 1)
    ]


SMALL = ["C1", "Cs", "Ci", *axial(2, 8), *POLYHEDRAL]
ALL = ["C1", "Cs", "Ci", *axial(2, 24), *POLYHEDRAL]

# Below: f = (1+√5)/2, g = (1−√5)/2 (Cotton: f = −2cos 144°, g = −2cos 72°), r = √2, t = √3.
F, G = (1 + 5**0.5) / 2, (1 - 5**0.5) / 2
NUMBERS = {"f": F, "g": G, "r": 2**0.5, "t": 3**0.5}

REAL = {
    "C1": "E | A 1",
    "Cs": "E σh | A' 1 1 | A'' 1 -1",
    "Ci": "E i | Ag 1 1 | Au 1 -1",
    "C2": "E C2 | A 1 1 | B 1 -1",
    "C2v": """E C2 σv(xz) σv'(yz)
        | A1 1 1 1 1 | A2 1 1 -1 -1 | B1 1 -1 1 -1 | B2 1 -1 -1 1""",
    "C3v": "E 2C3 3σv | A1 1 1 1 | A2 1 1 -1 | E 2 -1 0",
    "C4v": """E 2C4 C2 2σv 2σd
        | A1 1 1 1 1 1 | A2 1 1 1 -1 -1 | B1 1 -1 1 1 -1 | B2 1 -1 1 -1 1 | E 2 0 -2 0 0""",
    "C5v": "E 2C5 2C5² 5σv | A1 1 1 1 1 | A2 1 1 1 -1 | E1 2 -g -f 0 | E2 2 -f -g 0",
    "C6v": """E 2C6 2C3 C2 3σv 3σd
        | A1 1 1 1 1 1 1 | A2 1 1 1 1 -1 -1 | B1 1 -1 1 -1 1 -1 | B2 1 -1 1 -1 -1 1
        | E1 2 1 -1 -2 0 0 | E2 2 -1 -1 2 0 0""",
    "C2h": "E C2 i σh | Ag 1 1 1 1 | Bg 1 -1 1 -1 | Au 1 1 -1 -1 | Bu 1 -1 -1 1",
    "D2": """E C2(z) C2(y) C2(x)
        | A 1 1 1 1 | B1 1 1 -1 -1 | B2 1 -1 1 -1 | B3 1 -1 -1 1""",
    "D3": "E 2C3 3C2 | A1 1 1 1 | A2 1 1 -1 | E 2 -1 0",
    "D4": """E 2C4 C2 2C2' 2C2''
        | A1 1 1 1 1 1 | A2 1 1 1 -1 -1 | B1 1 -1 1 1 -1 | B2 1 -1 1 -1 1 | E 2 0 -2 0 0""",
    "D5": "E 2C5 2C5² 5C2 | A1 1 1 1 1 | A2 1 1 1 -1 | E1 2 -g -f 0 | E2 2 -f -g 0",
    "D6": """E 2C6 2C3 C2 3C2' 3C2''
        | A1 1 1 1 1 1 1 | A2 1 1 1 1 -1 -1 | B1 1 -1 1 -1 1 -1 | B2 1 -1 1 -1 -1 1
        | E1 2 1 -1 -2 0 0 | E2 2 -1 -1 2 0 0""",
    "D2h": """E C2(z) C2(y) C2(x) i σ(xy) σ(xz) σ(yz)
        | Ag  1 1 1 1 1 1 1 1     | B1g 1 1 -1 -1 1 1 -1 -1
        | B2g 1 -1 1 -1 1 -1 1 -1 | B3g 1 -1 -1 1 1 -1 -1 1
        | Au  1 1 1 1 -1 -1 -1 -1 | B1u 1 1 -1 -1 -1 -1 1 1
        | B2u 1 -1 1 -1 -1 1 -1 1 | B3u 1 -1 -1 1 -1 1 1 -1""",
    "D3h": """E 2C3 3C2 σh 2S3 3σv
        | A1' 1 1 1 1 1 1 | A2' 1 1 -1 1 1 -1 | E' 2 -1 0 2 -1 0
        | A1'' 1 1 1 -1 -1 -1 | A2'' 1 1 -1 -1 -1 1 | E'' 2 -1 0 -2 1 0""",
    "D4h": """E 2C4 C2 2C2' 2C2'' i 2S4 σh 2σv 2σd
        | A1g 1 1 1 1 1 1 1 1 1 1       | A2g 1 1 1 -1 -1 1 1 1 -1 -1
        | B1g 1 -1 1 1 -1 1 -1 1 1 -1   | B2g 1 -1 1 -1 1 1 -1 1 -1 1
        | Eg 2 0 -2 0 0 2 0 -2 0 0      | A1u 1 1 1 1 1 -1 -1 -1 -1 -1
        | A2u 1 1 1 -1 -1 -1 -1 -1 1 1  | B1u 1 -1 1 1 -1 -1 1 -1 -1 1
        | B2u 1 -1 1 -1 1 -1 1 -1 1 -1  | Eu 2 0 -2 0 0 -2 0 2 0 0""",
    "D5h": """E 2C5 2C5² 5C2 σh 2S5 2S5³ 5σv
        | A1' 1 1 1 1 1 1 1 1          | A2' 1 1 1 -1 1 1 1 -1
        | E1' 2 -g -f 0 2 -g -f 0      | E2' 2 -f -g 0 2 -f -g 0
        | A1'' 1 1 1 1 -1 -1 -1 -1     | A2'' 1 1 1 -1 -1 -1 -1 1
        | E1'' 2 -g -f 0 -2 g f 0      | E2'' 2 -f -g 0 -2 f g 0""",
    "D6h": """E 2C6 2C3 C2 3C2' 3C2'' i 2S3 2S6 σh 3σd 3σv
        | A1g 1 1 1 1 1 1 1 1 1 1 1 1        | A2g 1 1 1 1 -1 -1 1 1 1 1 -1 -1
        | B1g 1 -1 1 -1 1 -1 1 -1 1 -1 1 -1  | B2g 1 -1 1 -1 -1 1 1 -1 1 -1 -1 1
        | E1g 2 1 -1 -2 0 0 2 1 -1 -2 0 0    | E2g 2 -1 -1 2 0 0 2 -1 -1 2 0 0
        | A1u 1 1 1 1 1 1 -1 -1 -1 -1 -1 -1  | A2u 1 1 1 1 -1 -1 -1 -1 -1 -1 1 1
        | B1u 1 -1 1 -1 1 -1 -1 1 -1 1 -1 1  | B2u 1 -1 1 -1 -1 1 -1 1 -1 1 1 -1
        | E1u 2 1 -1 -2 0 0 -2 -1 1 2 0 0    | E2u 2 -1 -1 2 0 0 -2 1 1 -2 0 0""",
    "D2d": """E 2S4 C2 2C2' 2σd
        | A1 1 1 1 1 1 | A2 1 1 1 -1 -1 | B1 1 -1 1 1 -1 | B2 1 -1 1 -1 1 | E 2 0 -2 0 0""",
    "D3d": """E 2C3 3C2 i 2S6 3σd
        | A1g 1 1 1 1 1 1 | A2g 1 1 -1 1 1 -1 | Eg 2 -1 0 2 -1 0
        | A1u 1 1 1 -1 -1 -1 | A2u 1 1 -1 -1 -1 1 | Eu 2 -1 0 -2 1 0""",
    "D4d": """E 2S8 2C4 2S8³ C2 4C2' 4σd
        | A1 1 1 1 1 1 1 1 | A2 1 1 1 1 1 -1 -1 | B1 1 -1 1 -1 1 1 -1 | B2 1 -1 1 -1 1 -1 1
        | E1 2 r 0 -r -2 0 0 | E2 2 0 -2 0 2 0 0 | E3 2 -r 0 r -2 0 0""",
    "D5d": """E 2C5 2C5² 5C2 i 2S10³ 2S10 5σd
        | A1g 1 1 1 1 1 1 1 1      | A2g 1 1 1 -1 1 1 1 -1
        | E1g 2 -g -f 0 2 -g -f 0  | E2g 2 -f -g 0 2 -f -g 0
        | A1u 1 1 1 1 -1 -1 -1 -1  | A2u 1 1 1 -1 -1 -1 -1 1
        | E1u 2 -g -f 0 -2 g f 0   | E2u 2 -f -g 0 -2 f g 0""",
    "D6d": """E 2S12 2C6 2S4 2C3 2S12⁵ C2 6C2' 6σd
        | A1 1 1 1 1 1 1 1 1 1     | A2 1 1 1 1 1 1 1 -1 -1
        | B1 1 -1 1 -1 1 -1 1 1 -1 | B2 1 -1 1 -1 1 -1 1 -1 1
        | E1 2 t 1 0 -1 -t -2 0 0  | E2 2 1 -1 -2 -1 1 2 0 0
        | E3 2 0 -2 0 2 0 -2 0 0   | E4 2 -1 -1 2 -1 -1 2 0 0
        | E5 2 -t 1 0 -1 t -2 0 0""",
    "Td": """E 8C3 3C2 6S4 6σd
        | A1 1 1 1 1 1 | A2 1 1 1 -1 -1 | E 2 -1 2 0 0 | T1 3 0 -1 1 -1 | T2 3 0 -1 -1 1""",
    "O": """E 6C4 3C2 8C3 6C2'
        | A1 1 1 1 1 1 | A2 1 -1 1 1 -1 | E 2 0 2 -1 0 | T1 3 1 -1 0 -1 | T2 3 -1 -1 0 1""",
    "Oh": """E 8C3 6C2' 6C4 3C2 i 6S4 8S6 3σh 6σd
        | A1g 1 1 1 1 1 1 1 1 1 1         | A2g 1 1 -1 -1 1 1 -1 1 1 -1
        | Eg 2 -1 0 0 2 2 0 -1 2 0        | T1g 3 0 -1 1 -1 3 1 0 -1 -1
        | T2g 3 0 1 -1 -1 3 -1 0 -1 1     | A1u 1 1 1 1 1 -1 -1 -1 -1 -1
        | A2u 1 1 -1 -1 1 -1 1 -1 -1 1    | Eu 2 -1 0 0 2 -2 0 1 -2 0
        | T1u 3 0 -1 1 -1 -3 -1 0 1 1     | T2u 3 0 1 -1 -1 -3 1 0 1 -1""",
    "I": """E 12C5 12C5² 20C3 15C2
        | A 1 1 1 1 1 | T1 3 f g 0 -1 | T2 3 g f 0 -1 | G 4 -1 -1 1 0 | H 5 0 0 -1 1""",
    "Ih": """E 12C5 12C5² 20C3 15C2 i 12S10 12S10³ 20S6 15σ
        | Ag 1 1 1 1 1 1 1 1 1 1       | T1g 3 f g 0 -1 3 g f 0 -1
        | T2g 3 g f 0 -1 3 f g 0 -1    | Gg 4 -1 -1 1 0 4 -1 -1 1 0
        | Hg 5 0 0 -1 1 5 0 0 -1 1     | Au 1 1 1 1 1 -1 -1 -1 -1 -1
        | T1u 3 f g 0 -1 -3 -g -f 0 1  | T2u 3 g f 0 -1 -3 -f -g 0 1
        | Gu 4 -1 -1 1 0 -4 1 1 -1 0   | Hu 5 0 0 -1 1 -5 0 0 1 -1""",
}

# One half of each conjugate pair; e is exp(2πi/n) with the n given, E its conjugate, and a
# digit after it a power.
COMPLEX = {
    ("C3", 3): "E C3 C3² | A 1 1 1 | E 1 e E",
    ("C4", 4): "E C4 C2 C4³ | A 1 1 1 1 | B 1 -1 1 -1 | E 1 e -1 -e",
    ("C5", 5): """E C5 C5² C5³ C5⁴ | A 1 1 1 1 1 | E1 1 e e2 E2 E | E2 1 e2 E e E2""",
    ("C6", 6): """E C6 C3 C2 C3² C6⁵ | A 1 1 1 1 1 1 | B 1 -1 1 -1 1 -1
        | E1 1 e -E -1 -e E | E2 1 -E -e 1 -E -e""",
    ("C3h", 3): """E C3 C3² σh S3 S3⁵ | A' 1 1 1 1 1 1 | E' 1 e E 1 e E
        | A'' 1 1 1 -1 -1 -1 | E'' 1 e E -1 -e -E""",
    ("C4h", 4): """E C4 C2 C4³ i S4³ σh S4
        | Ag 1 1 1 1 1 1 1 1 | Bg 1 -1 1 -1 1 -1 1 -1 | Eg 1 e -1 -e 1 e -1 -e
        | Au 1 1 1 1 -1 -1 -1 -1 | Bu 1 -1 1 -1 -1 1 -1 1 | Eu 1 e -1 -e -1 -e 1 e""",
    ("C5h", 5): """E C5 C5² C5³ C5⁴ σh S5 S5⁷ S5³ S5⁹
        | A' 1 1 1 1 1 1 1 1 1 1 | E1' 1 e e2 E2 E 1 e e2 E2 E | E2' 1 e2 E e E2 1 e2 E e E2
        | A'' 1 1 1 1 1 -1 -1 -1 -1 -1
        | E1'' 1 e e2 E2 E -1 -e -e2 -E2 -E | E2'' 1 e2 E e E2 -1 -e2 -E -e -E2""",
    ("C6h", 6): """E C6 C3 C2 C3² C6⁵ i S3⁵ S6⁵ σh S6 S3
        | Ag 1 1 1 1 1 1 1 1 1 1 1 1 | Bg 1 -1 1 -1 1 -1 1 -1 1 -1 1 -1
        | E1g 1 e -E -1 -e E 1 e -E -1 -e E | E2g 1 -E -e 1 -E -e 1 -E -e 1 -E -e
        | Au 1 1 1 1 1 1 -1 -1 -1 -1 -1 -1 | Bu 1 -1 1 -1 1 -1 -1 1 -1 1 -1 1
        | E1u 1 e -E -1 -e E -1 -e E 1 e -E | E2u 1 -E -e 1 -E -e -1 E e -1 E e""",
    ("S4", 4): "E S4 C2 S4³ | A 1 1 1 1 | B 1 -1 1 -1 | E 1 e -1 -e",
    ("S6", 3): """E C3 C3² i S6⁵ S6 | Ag 1 1 1 1 1 1 | Eg 1 e E 1 e E
        | Au 1 1 1 -1 -1 -1 | Eu 1 e E -1 -e -E""",
    ("S8", 8): """E S8 C4 S8³ C2 S8⁵ C4³ S8⁷ | A 1 1 1 1 1 1 1 1 | B 1 -1 1 -1 1 -1 1 -1
        | E1 1 e e2 -E -1 -e -e2 E | E2 1 e2 -1 -e2 1 e2 -1 -e2 | E3 1 -E -e2 e -1 E e2 -e""",
    ("T", 3): "E 4C3 4C3² 3C2 | A 1 1 1 1 | E 1 e E 1 | T 3 0 0 -1",
    ("Th", 3): """E 4C3 4C3² 3C2 i 4S6⁵ 4S6 3σh
        | Ag 1 1 1 1 1 1 1 1 | Au 1 1 1 1 -1 -1 -1 -1
        | Eg 1 e E 1 1 e E 1 | Eu 1 e E 1 -1 -e -E -1
        | Tg 3 0 0 -1 3 0 0 -1 | Tu 3 0 0 -1 -3 0 0 1""",
}  # fmt: skip


def number(text, n=1):
    """The value of ``-f``, ``e2`` …"""
    sign, body = (-1, text[1:]) if text[0] == "-" else (1, text)
    if root := re.fullmatch(r"([eE])(\d?)", body):
        turn = int(root[2] or 1) / n
        return sign * np.exp((2j if root[1] == "e" else -2j) * np.pi * turn)
    return sign * (NUMBERS[body] if body in NUMBERS else int(body))


def read(text, n=1):
    """Heads of the columns, and label → values."""
    heads, *rows = [part.split() for part in text.split("|")]
    return heads, {label: np.array([number(v, n) for v in row]) for label, *row in rows}


def in_columns(table, heads):
    """Values with the columns in the order of the textbook."""
    labels = [c.label for c in table.classes]
    assert sorted(labels) == sorted(heads)
    return table.values[:, [labels.index(h) for h in heads]]


@pytest.mark.parametrize("symbol", REAL)
def test_tables_of_cotton(symbol):
    heads, expected = read(REAL[symbol])
    table = PointGroup(symbol).character_table
    assert {i.label for i in table.irreps} == set(expected)
    values = in_columns(table, heads)
    for irrep, row in zip(table.irreps, values, strict=True):
        assert row == pytest.approx(expected[irrep.label], abs=1e-12), irrep
        assert irrep.dimension == expected[irrep.label][0]


@pytest.mark.parametrize(("symbol", "n"), COMPLEX)
def test_tables_of_cotton_with_complex_pairs(symbol, n):
    heads, expected = read(COMPLEX[symbol, n], n)
    table = PointGroup(symbol).character_table
    assert {i.label for i in table.irreps} == set(expected)
    merged = in_columns(table, heads)
    halves = in_columns(table.separated(), heads)
    names = [i.label for i in table.separated().irreps]
    for irrep, row in zip(table.irreps, merged, strict=True):
        half = expected[irrep.label]
        if np.abs(half.imag).max() < 1e-9:
            assert row == pytest.approx(half.real, abs=1e-12)
            assert halves[names.index(irrep.label)] == pytest.approx(half, abs=1e-12)
            continue
        assert row == pytest.approx(2 * half.real, abs=1e-12)
        assert irrep.dimension == 2
        first, second = (halves[names.index(m + irrep.label)] for m in "¹²")
        # Which half is printed first is a matter of taste.
        assert first == pytest.approx(half, abs=1e-12) or second == pytest.approx(half, abs=1e-12)
        assert first == pytest.approx(np.conj(second), abs=1e-12)


@pytest.mark.parametrize("symbol", [s for s in REAL if s not in ("O", "Oh", "D5d", "Ih")])
def test_rows_and_columns_stand_in_textbook_order(symbol):
    heads, expected = read(REAL[symbol])
    table = PointGroup(symbol).character_table
    assert [c.label for c in table.classes] == heads
    assert [i.label for i in table.irreps] == list(expected)


def residues(table):
    """The characters and their conjugates at every n-th root of unity modulo a prime.

    The prime p ≡ 1 (mod n) splits completely, so an element of Z[ζ] whose coordinates are
    below p/2 (here they are at most a few times the order) is zero if and only if its φ(n)
    residues are: exact integer arithmetic that shares nothing with `CyclotomicRing.multiply`.

    Returns
    -------
    characters, conjugates : (φ, n_irrep, n_class) int
    prime : int
    """
    n = table.ring.n
    prime = next(p for p in range(2**20 // n * n + 1, 2**22, n) if sympy.isprime(p))
    candidates = (pow(a, (prime - 1) // n, prime) for a in range(2, prime))
    root = next(r for r in candidates if sympy.n_order(r, prime) == n)

    def at(k):
        powers = [pow(root, k * j, prime) for j in range(table.ring.degree)]
        return table.characters @ np.array(powers) % prime

    coprime = [k for k in range(1, n + 1) if gcd(k, n) == 1]
    return np.array([at(k) for k in coprime]), np.array([at(-k) for k in coprime]), prime


def check_exactly(symbol):
    """Orthogonality of rows and columns, dimensions and their squares: integers only."""
    group = PointGroup(symbol)
    merged = group.character_table
    table = merged.separated()
    n = len(table.irreps)
    assert n == len(group.classes)
    chi, bar, prime = residues(table)
    rows = (chi * table.class_sizes) @ bar.swapaxes(1, 2) % prime
    assert (rows == group.order * np.eye(n, dtype=int)).all()
    columns = bar.swapaxes(1, 2) @ chi % prime
    assert (columns == np.diag(group.order // table.class_sizes)).all()
    assert sum(i.dimension**2 for i in table.irreps) == group.order
    assert table.order == group.order
    ring = table.ring
    assert np.array_equal(table.characters[:, 0], ring.integer([i.dimension for i in table.irreps]))
    assert np.array_equal(table.characters[0], ring.integer(np.ones(n, dtype=int)))
    assert len({i.label for i in table.irreps}) == n
    check_merged(merged, table)


def check_merged(merged, table):
    """A merged table is real, and its pairs are the halves of the separated one."""
    ring = table.ring
    assert np.array_equal(ring.conjugate(merged.characters), merged.characters)
    chi, bar, prime = residues(merged)
    rows = (chi * merged.class_sizes) @ bar.swapaxes(1, 2) % prime
    assert (rows == np.diag(merged.norms) * merged.order).all()
    halves = {i.label: chi for i, chi in zip(table.irreps, table.characters, strict=True)}
    for irrep, chi, norm in zip(merged.irreps, merged.characters, merged.norms, strict=True):
        if norm == 1:
            assert irrep.indicator == 1
            assert np.array_equal(chi, halves.pop(irrep.label))
        else:
            assert (norm, irrep.indicator) == (2, 0)
            first, second = halves.pop("¹" + irrep.label), halves.pop("²" + irrep.label)
            assert np.array_equal(chi, first + second)
            assert np.array_equal(first, ring.conjugate(second))
            assert not np.array_equal(first, second)
    assert not halves
    # As many irreps over the real numbers as classes closed under inversion (Schur).
    matrices = operation_matrices(merged.group)
    index = class_index(merged.group)
    inverses = np.einsum("gij,hij->gh", matrices.swapaxes(1, 2), matrices).argmax(axis=1)
    pairs = {frozenset((index[g], index[h])) for g, h in enumerate(inverses)}
    assert len(merged.irreps) == len(pairs)


@pytest.mark.parametrize("symbol", ALL)
def test_exact_orthogonality(symbol):
    check_exactly(symbol)


@pytest.mark.slow
@pytest.mark.parametrize("symbol", axial(25, 60))
def test_exact_orthogonality_up_to_sixty(symbol):
    check_exactly(symbol)


@pytest.mark.parametrize("symbol", ALL)
def test_frobenius_schur_indicators(symbol):
    """(1/|G|) Σ χ(g²), with the squares taken of the matrices."""
    group = PointGroup(symbol)
    table = group.character_table.separated()
    matrices = operation_matrices(group)
    squares = np.einsum("gij,hij->gh", matrices @ matrices, matrices).argmax(axis=1)
    index = class_index(group)
    means = table.values[:, index[squares]].mean(axis=1)
    assert means == pytest.approx([i.indicator for i in table.irreps], abs=1e-9)
    assert {i.indicator for i in table.irreps} <= {0, 1}
    assert np.array_equal(index[squares], power_map(group, 2)[index])


@pytest.mark.parametrize("symbol", ALL)
def test_polar_and_axial_vectors_have_the_traces_of_the_matrices(symbol):
    table = PointGroup(symbol).character_table
    matrices = operation_matrices(table.group)[[c.members[-1] for c in table.classes]]
    traces = np.trace(matrices, axis1=1, axis2=2)
    signs = np.linalg.det(matrices)
    assert table.ring.to_complex(table.vector) == pytest.approx(traces, abs=1e-12)
    assert table.ring.to_complex(table.axial_vector) == pytest.approx(signs * traces, abs=1e-12)


@pytest.mark.parametrize("symbol", ["C1", "Cs", "Ci", *axial(2, 9), *POLYHEDRAL, "C24", "D12h"])
def test_dixon_finds_the_same_characters(symbol):
    """The general algorithm knows the multiplication table only."""
    group = PointGroup(symbol)
    table = group.character_table.separated()
    exponent = lcm(*(o.order for o in group.operations))
    ring = cyclotomic_ring(exponent)
    found = irreducible_characters(group.multiplication_table, class_index(group), ring)
    rows = [np.round(chi, 9) + 0.0 for chi in ring.to_complex(found)]
    expected = [np.round(chi, 9) + 0.0 for chi in np.atleast_2d(table.values)]
    key = lambda chi: [(c.real, c.imag) for c in chi]  # noqa: E731
    for a, b in zip(sorted(rows, key=key), sorted(expected, key=key), strict=True):
        assert a == pytest.approx(b, abs=1e-8)


# ---- random equivariant tensors -----------------------------------------------------------


@cache
def tensor_action(symbol, rank):
    """(order, 3^k, 3^k) matrices on k-fold tensors."""
    matrices = operation_matrices(PointGroup(symbol))
    out = matrices
    for _ in range(rank - 1):
        out = np.einsum("gij,gkl->gikjl", out, matrices)
        size = out.shape[1] * out.shape[2]
        out = out.reshape(len(matrices), size, size)
    return out


def number_of_independent(tensors):
    """Rank of a set of random tensors, after averaging over the group."""
    singular = np.linalg.svd(tensors, compute_uv=False)
    rank = int((singular > 1e-8).sum())
    assert rank < len(tensors)  # enough of them were drawn
    return rank


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
@pytest.mark.parametrize("symbol", SMALL)
def test_invariant_tensors(symbol, rank):
    """As many as the totally symmetric irrep occurs in V⊗V⊗…: by averaging random tensors."""
    rng = np.random.default_rng(rank)
    random = rng.normal(size=(3**rank + 2, 3**rank))
    mean = tensor_action(symbol, rank).mean(axis=0)
    table = PointGroup(symbol).character_table
    vector = table.decompose(table.vector)
    product = vector
    for _ in range(rank - 1):
        product = product * vector
    assert number_of_independent(random @ mean.T) == product.multiplicity(table.irreps[0])


@pytest.mark.parametrize("rank", [2, 3, 4])
@pytest.mark.parametrize("symbol", SMALL)
def test_invariant_symmetric_tensors(symbol, rank):
    """The same for Symᵏ and Λᵏ of V: random tensors (anti)symmetrised first."""
    from itertools import permutations

    rng = np.random.default_rng(rank)
    shape = (3**rank + 2, *[3] * rank)
    random = rng.normal(size=shape)
    orders = list(permutations(range(rank)))
    signs = [round(np.linalg.det(np.eye(rank)[list(p)])) for p in orders]
    axes = [(0, *(1 + k for k in p)) for p in orders]
    symmetric = sum(random.transpose(a) for a in axes).reshape(len(random), -1)
    alternating = sum(s * random.transpose(a) for s, a in zip(signs, axes, strict=True))
    mean = tensor_action(symbol, rank).mean(axis=0)
    table = PointGroup(symbol).character_table
    vector, trivial = table.decompose(table.vector), table.irreps[0]
    found = number_of_independent(symmetric @ mean.T)
    assert found == vector.symmetric_power(rank).multiplicity(trivial)
    found = number_of_independent(alternating.reshape(len(random), -1) @ mean.T)
    assert found == vector.antisymmetric_power(rank).multiplicity(trivial)


@pytest.mark.parametrize("symbol", [*axial(2, 6), *POLYHEDRAL])
def test_equivariant_tensors_count_every_irrep(symbol):
    """Random maps from an irrep to V⊗V, averaged: as many as its multiplicity.

    For a merged complex pair they commute with a rotation of its two partners, so there are
    twice as many.
    """
    table = PointGroup(symbol).character_table
    rng = np.random.default_rng(3)
    vector = table.decompose(table.vector)
    pairs, square = tensor_action(symbol, 2), vector * vector
    assert sum(m * i.dimension for i, m in square.terms) == 9
    for irrep, norm in zip(table.irreps, table.norms, strict=True):
        matrices = irrep_matrices(table.group)[irrep.label]
        joint = np.einsum("gab,gij->gaibj", matrices, pairs)
        size = 9 * irrep.dimension
        mean = joint.reshape(-1, size, size).mean(axis=0)
        found = number_of_independent(rng.normal(size=(20, size)) @ mean.T)
        assert found == norm * square.multiplicity(irrep)


# ---- decompose -----------------------------------------------------------------------------


@given(st.sampled_from(SMALL), st.data())
def test_decompose_finds_what_was_put_together(symbol, data):
    table = PointGroup(symbol).character_table
    counts = data.draw(st.lists(st.integers(0, 9), min_size=len(table.irreps),
                                max_size=len(table.irreps)))  # fmt: skip
    chi = np.tensordot(counts, table.characters, 1)
    assert table.multiplicities(chi).tolist() == counts
    found = table.decompose(chi)
    assert [found.multiplicity(i) for i in table.irreps] == counts
    assert found.dimension == sum(
        m * i.dimension for m, i in zip(counts, table.irreps, strict=True)
    )
    assert np.array_equal(found.character, chi)


@pytest.mark.parametrize(
    ("symbol", "character"),
    [
        ("C2v", [1, 0, 0, 0]), ("C2v", [-1, -1, -1, -1]), ("C3v", [1, 2, 3]), ("C3v", [3, 1, 0]),
        ("C3", [1, 0, 0]), ("C3", [3, 0, 1]), ("Td", [5, 1, 1, 1, 1]), ("Ih", [1] * 9 + [0]),
        ("C4", [1, 1, -1, -1]),
    ],
)  # fmt: skip
def test_what_is_no_sum_of_irreps_is_refused(symbol, character):
    with pytest.raises(NotARepresentation, match=f"not a sum of irreps of {symbol}") as raised:
        PointGroup(symbol).character_table.decompose(character)
    assert "\n" not in str(raised.value)


def test_one_half_of_a_complex_pair_is_no_sum_of_real_irreps():
    table = PointGroup("C3").character_table
    half = table.separated().characters[1]
    assert str(table.separated().decompose(half)) == "¹E"
    with pytest.raises(NotARepresentation):
        table.decompose(half)


@pytest.mark.parametrize("symbol", ["C2v", "C3", "Ih"])
@pytest.mark.parametrize("character", [[1, 2], [1.5] * 10, [[1, 2, 3]], [float("nan")] * 4])
def test_characters_of_the_wrong_shape_or_type_are_refused(symbol, character):
    """Not truncated to integers, and with an error of the package."""
    with pytest.raises((NotARepresentation, GroupError)):
        PointGroup(symbol).character_table.decompose(character)


@pytest.mark.parametrize("symbol", ["C2v", "D6h", "Ih", "C∞v"])
def test_unknown_irreps_are_refused(symbol):
    table = PointGroup(symbol).character_table
    for label in ("A7", "", "E9g", "x"):
        with pytest.raises(GroupError, match=f"{symbol} has no irrep"):
            table[label]


def test_tables_are_the_same_value_whatever_was_computed_between():
    before = PointGroup("C2v").character_table.representation("A1 + B2")
    for n in range(2, 90):
        assert PointGroup(f"C{n}").character_table.irreps
    after = PointGroup("C2v").character_table.representation("A1 + B2")
    assert before == after
    assert hash(before) == hash(after)


# ---- as printed ----------------------------------------------------------------------------


def test_printed_tables():
    text = str(PointGroup("C3v").character_table)
    lines = [line.split("│") for line in text.splitlines()]
    assert [cell.split() for cell in lines[0][:2]] == [["C3v"], ["E", "2C3", "3σv"]]
    assert [line[1].split() for line in lines[2:]] == [
        ["1", "1", "1"],
        ["1", "1", "-1"],
        ["2", "-1", "0"],
    ]
    assert "ε = exp(2πi/3)" in str(PointGroup("C3").character_table.separated())
    assert "(1+√5)/2" in str(PointGroup("Ih").character_table)
    assert "2cos(2π/7)" in str(PointGroup("C7v").character_table)
    assert "√2" in str(PointGroup("D4d").character_table)


@pytest.mark.parametrize("symbol", ["C1", "C5v", "C11", "D9h", "S16", "D6d", "Th", "Oh", "Ih"])
def test_sympy_values_are_the_characters(symbol):
    table = PointGroup(symbol).character_table
    for shown in (table, table.separated()):
        matrix = shown.to_sympy()
        values = np.array([[complex(v) for v in row] for row in matrix.tolist()])
        assert values == pytest.approx(shown.values, abs=1e-12)


# ---- C∞v, D∞h, Kh --------------------------------------------------------------------------

LINEAR = ("Σ+", "Σ-", "Π", "Δ", "Φ", "Γ", "Λ5")


def finite_label(label, parity):
    """The irrep of C40v or D40h that an irrep of C∞v or D∞h restricts to."""
    bare = re.sub("[gu]", "", label)
    if bare in ("Σ+", "Σ-"):
        # The C2' of D∞h is i·σv: Σu− is symmetric under it, so it is A1u.
        first = (bare == "Σ+") != (parity == "u")
        return ("A1" if first else "A2") + parity
    return f"E{LINEAR.index(bare) - 1}{parity}"


def linear_irreps(parity):
    return [re.sub("([ΣΠΔΦΓ])", rf"\g<1>{parity}", i) if i != "Λ5" else i + parity for i in LINEAR]


def as_finite(representation):
    out = []
    for irrep, count in representation.terms:
        parity = next((c for c in irrep.label if c in "gu"), "")
        bare = irrep.label.replace(parity, "") if parity else irrep.label
        index = int(bare[1:]) if bare[0] == "Λ" else None
        name = f"E{index}{parity}" if index else finite_label(irrep.label, parity)
        out.append((name, count))
    return sorted(out)


def terms_of(representation):
    return sorted((i.label, m) for i, m in representation.terms)


CONTINUOUS = [("C∞v", "C40v", a) for a in linear_irreps("")] + [
    ("D∞h", "D40h", a) for p in "gu" for a in linear_irreps(p)
]


@pytest.mark.parametrize(("symbol", "finite", "label"), CONTINUOUS)
def test_linear_groups_multiply_as_groups_of_an_axis_of_high_order(symbol, finite, label):
    table, below = PointGroup(symbol).character_table, PointGroup(finite).character_table
    parity = next((c for c in label if c in "gu"), "")
    a, small_a = table.representation(label), below.representation(finite_label(label, parity))
    for other in [o for s, _, o in CONTINUOUS if s == symbol]:
        b = table.representation(other)
        other_parity = next((c for c in other if c in "gu"), "")
        small_b = below.representation(finite_label(other, other_parity))
        assert as_finite(a * b) == terms_of(small_a * small_b)
    for k in (2, 3):
        assert as_finite(a.symmetric_power(k)) == terms_of(small_a.symmetric_power(k))
        assert as_finite(a.antisymmetric_power(k)) == terms_of(small_a.antisymmetric_power(k))


@pytest.mark.parametrize(
    ("product", "sum_"),
    [
        # G. Herzberg, Electronic Spectra of Polyatomic Molecules (1966), table 57.
        ("Σ+ Σ+", "Σ+"), ("Σ+ Σ-", "Σ-"), ("Σ- Σ-", "Σ+"), ("Σ- Π", "Π"), ("Σ- Δ", "Δ"),
        ("Π Π", "Σ+ + Σ- + Δ"), ("Π Δ", "Π + Φ"), ("Δ Δ", "Σ+ + Σ- + Γ"), ("Π Φ", "Δ + Γ"),
        ("Δ Φ", "Π + Λ5"),
    ],
)  # fmt: skip
def test_products_of_linear_molecules(product, sum_):
    table = PointGroup("C∞v").character_table
    a, b = (table.representation(label) for label in product.split())
    assert str(a * b) == sum_


SHELLS = [*"SPDFGHI", "L7", "L8"]


@pytest.mark.parametrize("one", range(6))
def test_atoms_obey_the_clebsch_gordan_series(one):
    table = PointGroup("Kh").character_table
    for other in range(6):
        for p, q in ("gg", "gu", "uu"):
            parity = "g" if p == q else "u"
            a = table.representation(SHELLS[one] + p)
            b = table.representation(SHELLS[other] + q)
            names = [
                f"{SHELLS[j]}{parity}" if j < 9 else f"L{j}{parity}"
                for j in range(abs(one - other), one + other + 1)
            ]
            assert [i.label for i in (a * b).irreps] == names
            assert all(m == 1 for _, m in (a * b).terms)


@pytest.mark.parametrize("angular", range(5))
@pytest.mark.parametrize("parity", "gu")
def test_squares_of_atomic_shells(angular, parity):
    """Sym² of 2l+1 functions is L = 2l, 2l−2, …, 0; Λ² the others; both g."""
    table = PointGroup("Kh").character_table
    shell = table.representation(SHELLS[angular] + parity)
    even = [f"{SHELLS[j]}g" for j in range(2 * angular % 2, 2 * angular + 1, 2)]
    odd = [f"{SHELLS[j]}g" for j in range(1, 2 * angular, 2)]
    assert [i.label for i in shell.symmetric_power(2).irreps] == even
    assert [i.label for i in shell.antisymmetric_power(2).irreps] == odd


def test_cubic_functions_of_an_atom():
    table = PointGroup("Kh").character_table
    assert str(table.decompose(table.vector).symmetric_power(3)) == "Pu + Fu"
    assert str(table.decompose(table.axial_vector)) == "Pg"


@pytest.mark.parametrize(("symbol", "polar", "axial_"), [
    ("C∞v", "Σ+ + Π", "Σ- + Π"), ("D∞h", "Σu+ + Πu", "Σg- + Πg"), ("Kh", "Pu", "Pg"),
])  # fmt: skip
def test_vectors_of_continuous_groups(symbol, polar, axial_):
    table = PointGroup(symbol).character_table
    assert str(table.decompose(table.vector)) == polar
    assert str(table.decompose(table.axial_vector)) == axial_


@pytest.mark.parametrize(
    ("symbol", "character"),
    [
        ("C∞v", [[-1], [-1]]), ("C∞v", [[1], [0]]), ("C∞v", [[1, 0, 0], [0, 0, 0]]),
        ("C∞v", [[1, 0, 2], [0, 0, 0]]), ("C∞v", [[0, 2, 0], [1, 0, 1]]),
        ("D∞h", [[1], [1], [0], [1]]), ("Kh", [[1, 0, 1], [1, 0, 1]]),
        ("Kh", [[0], [1]]), ("Kh", [[1, 1, 0], [1, 1, 0]]),
    ],
)  # fmt: skip
def test_what_is_no_sum_of_continuous_irreps_is_refused(symbol, character):
    with pytest.raises(NotARepresentation):
        PointGroup(symbol).character_table.decompose(np.array(character))


@pytest.mark.parametrize(
    ("symbol", "alias", "label"),
    [("Kh", "L1u", "Pu"), ("Kh", "L0g", "Sg"), ("C∞v", "Λ1", "Π"), ("D∞h", "Λ4g", "Γg")],
)
def test_an_irrep_has_one_name(symbol, alias, label):
    """A second spelling is the same irrep, or no irrep; never another one."""
    table = PointGroup(symbol).character_table
    try:
        found = table.representation(alias)
    except GroupError:
        return
    assert found == table.representation(label)


@pytest.mark.parametrize("label", ["Σ", "Π+", "Σg+", "Λ0", "Λ0+", "Ag", "σ+", "Sg"])
def test_labels_that_are_none_of_a_linear_molecule(label):
    with pytest.raises(GroupError, match="C∞v has no irrep"):
        PointGroup("C∞v").character_table.representation(label)


def test_printed_continuous_tables():
    text = str(PointGroup("D∞h").character_table)
    assert "2C∞(φ)" in text
    assert re.search(r"Δg +│ 2 2cos 2φ +0 +2 +2cos 2φ +0 │", text)
    assert re.search(r"Σu- +│ 1 +1 +-1 +-1 +-1 +1 │", text)
