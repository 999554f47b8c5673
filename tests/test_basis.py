"""Basis functions: the printed strings are evaluated as functions and rotated numerically."""

import re

import numpy as np
import pytest
from spektron.pointgroup import PointGroup, basis_sets
from spektron.pointgroup.theory.basis import monomials, polynomial_action
from spektron.pointgroup.theory.characters import class_index
from spektron.pointgroup.theory.groups import operation_matrices

KINDS = ("C{}", "C{}v", "C{}h", "D{}", "D{}h", "D{}d")
AXIAL = [k.format(n) for n in range(2, 13) for k in KINDS] + [f"S{2 * n}" for n in range(2, 13)]
FINITE = ["C1", "Cs", "Ci", *AXIAL, "T", "Td", "Th", "O", "Oh", "I", "Ih"]
SYMBOLS = [*FINITE, "C∞v", "D∞h", "Kh"]
PHI = (1 + 5**0.5) / 2
TOKENS = re.compile(r"\d+\.\d+|\d+|[xyzrφ½()²³+−]")


class Reader:
    """Value of a printed function such as ``z(2z²−3x²−3y²)`` or ``½(1+φ)xy²`` at points.

    Written apart from the code under test: a sum of signed products of factors.
    """

    def __init__(self, text, points):
        self.tokens = TOKENS.findall(text)
        assert "".join(self.tokens) == text, text
        x, y, z = points.T
        self.letters = {"x": x, "y": y, "z": z, "φ": PHI, "½": 0.5,
                        "r": np.sqrt(x * x + y * y + z * z)}  # fmt: skip

    def value(self):
        out = self.sum()
        assert not self.tokens
        return out

    def sum(self):
        total = 0.0
        while self.tokens and self.tokens[0] != ")":
            sign = {"+": 1, "−": -1}.get(self.tokens[0])
            if sign is not None:
                self.tokens.pop(0)
            total = total + (sign or 1) * self.product()
        return total

    def product(self):
        total = self.factor()
        while self.tokens and self.tokens[0] not in ")+−":
            total = total * self.factor()
        return total

    def factor(self):
        token = self.tokens.pop(0)
        if token == "(":
            base = self.sum()
            assert self.tokens.pop(0) == ")"
        else:
            base = self.letters.get(token)
            base = float(token) if base is None else base
        if self.tokens and self.tokens[0] in "²³":
            base = base ** {"²": 2, "³": 3}[self.tokens.pop(0)]
        return base


def values(basis, points):
    """(n_points, n_functions) of a set at points; rotations are linear in an axial vector."""
    names = basis.functions
    if basis.degree == 0:
        assert all(re.fullmatch("R[xyz]", n) for n in names)
        names = [n[1] for n in names]
    return np.stack([Reader(n, points).value() * np.ones(len(points)) for n in names], axis=1)


def points(count=60):
    return np.random.default_rng(7).normal(size=(count, 3))


def moved(basis, matrix, where):
    """(g·f)(r) = f(g⁻¹r); an axial vector is also multiplied by the determinant."""
    factor = np.linalg.det(matrix) if basis.degree == 0 else 1
    return values(basis, factor * where @ matrix)


def test_the_reader_reads():
    at = np.array([[2.0, 3.0, 5.0]])
    for text, value in [
        ("z(2z²−3x²−3y²)", 5 * (50 - 12 - 27)), ("xyz", 30), ("−x", -2), ("xr²", 2 * 38),
        ("½(1+φ)xy²", 0.5 * (1 + PHI) * 18), ("x³−3φxy²+(−3+3φ)xz²",
         8 - 3 * PHI * 18 + (3 * PHI - 3) * 50), ("0.5y", 1.5),
    ]:  # fmt: skip
        assert Reader(text, at).value() == pytest.approx(value)


@pytest.mark.parametrize("symbol", FINITE)
def test_sets_transform_as_their_irrep(symbol):
    """The projector of the irrep keeps each function, and the set's matrices have its trace."""
    group = PointGroup(symbol)
    table, matrices, where = group.character_table, operation_matrices(group), points()
    characters = table.values[:, class_index(group)]
    for basis in basis_sets(group):
        here = values(basis, where)
        row, irrep = table.index(basis.irrep), table[basis.irrep]
        assert len(basis.functions) == irrep.dimension
        there = np.array([moved(basis, m, where) for m in matrices])
        expansion, *_ = np.linalg.lstsq(here, np.concatenate(there, axis=1), rcond=None)
        assert here @ expansion == pytest.approx(np.concatenate(there, axis=1), abs=1e-8)
        blocks = expansion.reshape(irrep.dimension, len(matrices), irrep.dimension)
        traces = np.einsum("igi->g", blocks)
        assert traces == pytest.approx(characters[row], abs=1e-8)
        weight = irrep.dimension / (group.order * table.norms[row])
        projected = weight * np.einsum("g,gpf->pf", characters[row], there)
        assert projected == pytest.approx(here, abs=1e-8)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_sets_are_complete_and_independent(symbol):
    """Three rotations; three linear, six quadratic and ten cubic functions."""
    found = basis_sets(PointGroup(symbol))
    where = points()
    for degree, count in {0: 3, 1: 3, 2: 6, 3: 10}.items():
        columns = [values(b, where) for b in found if b.degree == degree]
        stacked = np.concatenate(columns, axis=1)
        assert stacked.shape[1] == count
        assert np.linalg.svd(stacked, compute_uv=False)[-1] > 0.1
        scaled = [values(b, 2 * where) for b in found if b.degree == degree]
        assert np.concatenate(scaled, axis=1) == pytest.approx(2 ** max(degree, 1) * stacked)


@pytest.mark.parametrize("symbol", ["C∞v", "D∞h", "Kh"])
def test_sets_of_continuous_groups_transform_as_their_irrep(symbol):
    """At random angles: the characters are typed from their definitions."""
    rng = np.random.default_rng(11)
    where = points()
    for _ in range(5):
        angle = rng.uniform(0.3, 3)
        for basis in basis_sets(PointGroup(symbol)):
            for matrix, character in sample(symbol, angle, rng, basis.irrep):
                here, there = values(basis, where), moved(basis, matrix, where)
                expansion, *_ = np.linalg.lstsq(here, there, rcond=None)
                assert here @ expansion == pytest.approx(there, abs=1e-8)
                assert np.trace(expansion) == pytest.approx(character, abs=1e-8)


def sample(symbol, angle, rng, label):
    """Some operations of C∞v, D∞h or Kh with the character of an irrep."""
    odd = -1 if "u" in label else 1
    if symbol == "Kh":
        angular = "SPDF".index(label[0])
        u = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        matrix = u @ turn(angle) @ u.T
        character = sum(np.cos(m * angle) for m in range(-angular, angular + 1))
        return [(matrix, character), (-matrix, odd * character)]
    m = "ΣΠΔΦ".index(label[0])
    mirror = {"+": 1, "-": -1}.get(label[-1], 0)
    out = [
        (turn(angle), 2 * np.cos(m * angle) if m else 1),
        (turn(angle) @ np.diag([1.0, -1, 1]), mirror),
    ]
    return out + ([(-g, odd * c) for g, c in out] if symbol == "D∞h" else [])


def turn(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


# F. A. Cotton, 3rd ed., appendix IIA: rotations and linear functions, then the quadratic ones.
# Cotton's (x², y², z²) of T… is written r² here, and his z² of the cubic groups 2z²−x²−y².
TEXTBOOK = {
    "Cs": "A': x y Rz x² y² z² xy; A'': z Rx Ry xz yz",
    "Ci": "Ag: Rx Ry Rz x² y² z² xy xz yz; Au: x y z",
    "C2": "A: z Rz x² y² z² xy; B: x y Rx Ry xz yz",
    "C2v": "A1: z x² y² z²; A2: Rz xy; B1: x Ry xz; B2: y Rx yz",
    "C3v": "A1: z x²+y² z²; A2: Rz; E: (x,y) (Rx,Ry) (x²−y²,xy) (xz,yz)",
    "C4v": "A1: z x²+y² z²; A2: Rz; B1: x²−y²; B2: xy; E: (x,y) (Rx,Ry) (xz,yz)",
    "C5v": "A1: z x²+y² z²; A2: Rz; E1: (x,y) (Rx,Ry) (xz,yz); E2: (x²−y²,xy)",
    "C6v": "A1: z x²+y² z²; A2: Rz; E1: (x,y) (Rx,Ry) (xz,yz); E2: (x²−y²,xy)",
    "C2h": "Ag: Rz x² y² z² xy; Bg: Rx Ry xz yz; Au: z; Bu: x y",
    "C3h": "A': Rz x²+y² z²; E': (x,y) (x²−y²,xy); A'': z; E'': (Rx,Ry) (xz,yz)",
    "C4h": "Ag: Rz x²+y² z²; Bg: x²−y² xy; Eg: (Rx,Ry) (xz,yz); Au: z; Eu: (x,y)",
    "D2": "A: x² y² z²; B1: z Rz xy; B2: y Ry xz; B3: x Rx yz",
    "D3": "A1: x²+y² z²; A2: z Rz; E: (x,y) (Rx,Ry) (x²−y²,xy) (xz,yz)",
    "D4": "A1: x²+y² z²; A2: z Rz; B1: x²−y²; B2: xy; E: (x,y) (Rx,Ry) (xz,yz)",
    "D6": "A1: x²+y² z²; A2: z Rz; E1: (x,y) (Rx,Ry) (xz,yz); E2: (x²−y²,xy)",
    "D2h": "Ag: x² y² z²; B1g: Rz xy; B2g: Ry xz; B3g: Rx yz; B1u: z; B2u: y; B3u: x",
    "D3h": "A1': x²+y² z²; A2': Rz; E': (x,y) (x²−y²,xy); A2'': z; E'': (Rx,Ry) (xz,yz)",
    "D4h": "A1g: x²+y² z²; A2g: Rz; B1g: x²−y²; B2g: xy; Eg: (Rx,Ry) (xz,yz); A2u: z; Eu: (x,y)",
    "D5h": "A1': x²+y² z²; A2': Rz; E1': (x,y); E2': (x²−y²,xy); A2'': z; E1'': (Rx,Ry) (xz,yz)",
    "D6h": """A1g: x²+y² z²; A2g: Rz; E1g: (Rx,Ry) (xz,yz); E2g: (x²−y²,xy); A2u: z;
              E1u: (x,y)""",
    "D2d": "A1: x²+y² z²; A2: Rz; B1: x²−y²; B2: z xy; E: (x,y) (Rx,Ry) (xz,yz)",
    "D3d": "A1g: x²+y² z²; A2g: Rz; Eg: (Rx,Ry) (x²−y²,xy) (xz,yz); A2u: z; Eu: (x,y)",
    "D4d": "A1: x²+y² z²; A2: Rz; B2: z; E1: (x,y); E2: (x²−y²,xy); E3: (Rx,Ry) (xz,yz)",
    "D5d": "A1g: x²+y² z²; A2g: Rz; E1g: (Rx,Ry) (xz,yz); E2g: (x²−y²,xy); A2u: z; E1u: (x,y)",
    "D6d": "A1: x²+y² z²; A2: Rz; B2: z; E1: (x,y); E2: (x²−y²,xy); E5: (Rx,Ry) (xz,yz)",
    "S4": "A: Rz x²+y² z²; B: z x²−y² xy; E: (x,y) (Rx,Ry) (xz,yz)",
    "S6": "Ag: Rz x²+y² z²; Eg: (Rx,Ry) (x²−y²,xy) (xz,yz); Au: z; Eu: (x,y)",
    "S8": "A: Rz x²+y² z²; B: z; E1: (x,y); E2: (x²−y²,xy); E3: (Rx,Ry) (xz,yz)",
    "T": "A: x²+y²+z²; E: (2z²−x²−y²,x²−y²); T: (x,y,z) (Rx,Ry,Rz) (xy,xz,yz)",
    "Th": "Ag: x²+y²+z²; Eg: (2z²−x²−y²,x²−y²); Tg: (Rx,Ry,Rz) (xy,xz,yz); Tu: (x,y,z)",
    "Td": "A1: x²+y²+z²; E: (2z²−x²−y²,x²−y²); T1: (Rx,Ry,Rz); T2: (x,y,z) (xy,xz,yz)",
    "O": "A1: x²+y²+z²; E: (2z²−x²−y²,x²−y²); T1: (x,y,z) (Rx,Ry,Rz); T2: (xy,xz,yz)",
    "Oh": "A1g: x²+y²+z²; Eg: (2z²−x²−y²,x²−y²); T1g: (Rx,Ry,Rz); T2g: (xy,xz,yz); T1u: (x,y,z)",
    "I": "A: x²+y²+z²; T1: (x,y,z) (Rx,Ry,Rz); H: (2z²−x²−y²,x²−y²,xy,xz,yz)",
    "Ih": "Ag: x²+y²+z²; T1g: (Rx,Ry,Rz); T1u: (x,y,z); Hg: (2z²−x²−y²,x²−y²,xy,xz,yz)",
    "C∞v": "Σ+: z x²+y² z²; Σ-: Rz; Π: (x,y) (Rx,Ry) (xz,yz); Δ: (x²−y²,xy)",
    "D∞h": "Σg+: x²+y² z²; Σg-: Rz; Πg: (Rx,Ry) (xz,yz); Δg: (x²−y²,xy); Σu+: z; Πu: (x,y)",
    "Kh": "Sg: x²+y²+z²; Pg: (Rx,Ry,Rz); Pu: (x,y,z); Dg: (2z²−x²−y²,x²−y²,xy,xz,yz)",
}

# Cubic functions, Cotton's area III–IV and Atkins; one typical function per irrep.
CUBIC = {
    "C2v": "A1: z³ x²z y²z; A2: xyz; B1: x³ xz² xy²; B2: y³ yz² x²y",
    "C3v": "A2: y(3x²−y²)",
    "C4v": "B1: z(x²−y²); B2: xyz",
    "C6v": "B1: x(x²−3y²); B2: y(3x²−y²); E2: (xyz,z(x²−y²))",
    "D3h": "A1': x(x²−3y²); A2': y(3x²−y²); E'': (xyz,z(x²−y²))",
    "D4h": "B1u: xyz; B2u: z(x²−y²); A2u: z³ z(x²+y²)",
    "D6h": "B1u: x(x²−3y²); B2u: y(3x²−y²); E2u: (xyz,z(x²−y²))",
    "D2d": "A1: xyz; A2: z(x²−y²)",
    "D2h": "Au: xyz",
    "D3d": "A1u: x(x²−3y²)",
    "Td": "A1: xyz; T1: (x(z²−y²),y(x²−z²),z(y²−x²))",
    "Th": "Au: xyz",
    "O": "A2: xyz; T2: (x(z²−y²),y(x²−z²),z(y²−x²))",
    "Oh": "A2u: xyz; T2u: (x(z²−y²),y(x²−z²),z(y²−x²))",
    "C∞v": "Φ: (x(x²−3y²),y(3x²−y²)); Δ: (xyz,z(x²−y²))",
    "D∞h": "Φu: (x(x²−3y²),y(3x²−y²)); Δu: (xyz,z(x²−y²)); Σu+: z³ z(x²+y²)",
}


def by_irrep(text):
    return {
        label.strip(): set(re.findall(r"\((?:\S+,)+\S+\)|\S+", names))
        for label, names in (part.split(":") for part in text.split(";"))
    }


def printed(symbol, degrees):
    out = {}
    for basis in basis_sets(PointGroup(symbol)):
        if basis.degree in degrees:
            out.setdefault(basis.irrep, set()).add(str(basis).replace(" ", ""))
    return out


@pytest.mark.parametrize("symbol", TEXTBOOK)
def test_linear_and_quadratic_functions_of_textbooks(symbol):
    assert printed(symbol, (0, 1, 2)) == by_irrep(TEXTBOOK[symbol])


@pytest.mark.parametrize("symbol", CUBIC)
def test_cubic_functions_of_textbooks(symbol):
    found = printed(symbol, (3,))
    for irrep, expected in by_irrep(CUBIC[symbol]).items():
        assert found[irrep] == expected, irrep


def test_cubic_functions_of_icosahedral_groups():
    """The seven f functions split into T2u and Gu (Altmann and Herzig, table 75.5)."""
    found = {b.irrep: len(b.functions) for b in basis_sets(PointGroup("Ih")) if b.degree == 3}
    assert found == {"T1u": 3, "T2u": 3, "Gu": 4}


def test_cubic_functions_of_atoms():
    found = {b.irrep: len(b.functions) for b in basis_sets(PointGroup("Kh")) if b.degree == 3}
    assert found == {"Pu": 3, "Fu": 7}


@pytest.mark.parametrize("symbol", ["C3v", "D6h", "Td", "Ih", "C5h", "D2d"])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_action_on_monomials_follows_the_products_of_the_group(symbol, degree):
    group = PointGroup(symbol)
    action, table = polynomial_action(group, degree), group.multiplication_table
    where = points(5)
    exponents = np.array(monomials(degree))
    for g, matrix in enumerate(operation_matrices(group)):
        turned = np.prod((where @ matrix)[:, None] ** exponents, axis=2)
        assert turned == pytest.approx(np.prod(where[:, None] ** exponents, axis=2) @ action[g].T)
    # Row vectors are turned from the right, x·(gh) = (x·g)·h, so the last factor acts first.
    g, h = np.indices(table.shape).reshape(2, -1)
    assert np.abs(action[h] @ action[g] - action[table[g, h]]).max() < 1e-9


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_printed_table_shows_every_function(symbol):
    text = str(PointGroup(symbol).character_table)
    assert all(str(b) in text for b in basis_sets(PointGroup(symbol)))
