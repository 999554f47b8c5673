"""Correlation of irreps with those of subgroups, against tables and by laws.

Typed here: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), appendix
X-8; F. A. Cotton, *Chemical Applications of Group Theory*, 3rd ed., appendix IIB and table
9.3 (levels in an octahedral field).
"""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.pointgroup import PointGroup, Representation, correlate
from spektron.pointgroup.errors import GroupError
from spektron.pointgroup.theory.groups import operation_matrices


def table(symbol):
    return PointGroup(symbol).character_table


def correlations(symbol, subgroup):
    return correlate(PointGroup(symbol), PointGroup(subgroup))


def mapping(text):
    return {a.strip(): b.strip() for a, b in (part.split("→") for part in text.split(","))}


def placed(symbol, subgroup, where):
    """The correlation whose classes lie as ``where`` says, e.g. ``C2 → C2'``."""
    wanted = mapping(where) if where else {}
    found = [
        c for c in correlations(symbol, subgroup)
        if all(mapping(c.axes).get(a) == b for a, b in wanted.items())
    ]  # fmt: skip
    assert len(found) == 1, [c.axes for c in correlations(symbol, subgroup)]
    return found[0]


# Where the subgroup can lie in several ways, the third column says in which.
TABLES = [
    ("Td", "T", "", "A1: A, A2: A, E: E, T1: T, T2: T"),
    ("Td", "D2d", "", "A1: A1, A2: B1, E: A1 + B1, T1: A2 + E, T2: B2 + E"),
    ("Td", "C3v", "", "A1: A1, A2: A2, E: E, T1: A2 + E, T2: A1 + E"),
    ("Td", "S4", "", "A1: A, A2: B, E: A + B, T1: A + E, T2: B + E"),
    ("Td", "D2", "", "A1: A, A2: A, E: 2A, T1: B1 + B2 + B3, T2: B1 + B2 + B3"),
    ("Td", "C2v", "", "A1: A1, A2: A2, E: A1 + A2, T1: A2 + B1 + B2, T2: A1 + B1 + B2"),
    ("Td", "C3", "", "A1: A, A2: A, E: E, T1: A + E, T2: A + E"),
    ("Td", "C2", "", "A1: A, A2: A, E: 2A, T1: A + 2B, T2: A + 2B"),
    ("Td", "Cs", "", "A1: A', A2: A'', E: A' + A'', T1: A' + 2A'', T2: 2A' + A''"),
    ("Oh", "O", "", "A1g: A1, A2g: A2, Eg: E, T1g: T1, T2g: T2, A1u: A1, A2u: A2, Eu: E,"
     "T1u: T1, T2u: T2"),
    ("Oh", "Td", "", "A1g: A1, A2g: A2, Eg: E, T1g: T1, T2g: T2, A1u: A2, A2u: A1, Eu: E,"
     "T1u: T2, T2u: T1"),
    ("Oh", "Th", "", "A1g: Ag, A2g: Ag, Eg: Eg, T1g: Tg, T2g: Tg, A1u: Au, A2u: Au, Eu: Eu,"
     "T1u: Tu, T2u: Tu"),
    ("Oh", "D4h", "", "A1g: A1g, A2g: B1g, Eg: A1g + B1g, T1g: A2g + Eg, T2g: B2g + Eg,"
     "A1u: A1u, A2u: B1u, Eu: A1u + B1u, T1u: A2u + Eu, T2u: B2u + Eu"),
    ("Oh", "D3d", "", "A1g: A1g, A2g: A2g, Eg: Eg, T1g: A2g + Eg, T2g: A1g + Eg,"
     "A1u: A1u, A2u: A2u, Eu: Eu, T1u: A2u + Eu, T2u: A1u + Eu"),
    ("Oh", "C4v", "", "A1g: A1, A2g: B1, Eg: A1 + B1, T1g: A2 + E, T2g: B2 + E,"
     "A1u: A2, A2u: B2, Eu: A2 + B2, T1u: A1 + E, T2u: B1 + E"),
    ("Oh", "C3v", "", "A1g: A1, A2g: A2, Eg: E, T1g: A2 + E, T2g: A1 + E,"
     "A1u: A2, A2u: A1, Eu: E, T1u: A1 + E, T2u: A2 + E"),
    ("D6h", "D6", "", "A1g: A1, A2g: A2, B1g: B1, B2g: B2, E1g: E1, E2g: E2,"
     "A1u: A1, A2u: A2, B1u: B1, B2u: B2, E1u: E1, E2u: E2"),
    ("D6h", "C6v", "σv → σv", "A1g: A1, A2g: A2, B1g: B2, B2g: B1, E1g: E1, E2g: E2,"
     "A1u: A2, A2u: A1, B1u: B1, B2u: B2, E1u: E1, E2u: E2"),
    ("D6h", "D3h", "C2 → C2'", "A1g: A1', A2g: A2', B1g: A1'', B2g: A2'', E1g: E'', E2g: E',"
     "A1u: A1'', A2u: A2'', B1u: A1', B2u: A2', E1u: E', E2u: E''"),
    ("D6h", "D3h", "C2 → C2''", "A1g: A1', A2g: A2', B1g: A2'', B2g: A1'', E1g: E'', E2g: E',"
     "A1u: A1'', A2u: A2'', B1u: A2', B2u: A1', E1u: E', E2u: E''"),
    ("D6h", "D3d", "C2 → C2'", "A1g: A1g, A2g: A2g, B1g: A1g, B2g: A2g, E1g: Eg, E2g: Eg,"
     "A1u: A1u, A2u: A2u, B1u: A1u, B2u: A2u, E1u: Eu, E2u: Eu"),
    ("D6h", "D3d", "C2 → C2''", "A1g: A1g, A2g: A2g, B1g: A2g, B2g: A1g, E1g: Eg, E2g: Eg,"
     "A1u: A1u, A2u: A2u, B1u: A2u, B2u: A1u, E1u: Eu, E2u: Eu"),
    ("D6h", "C2h", "C2 → C2", "A1g: Ag, A2g: Ag, B1g: Bg, B2g: Bg, E1g: 2Bg, E2g: 2Ag,"
     "A1u: Au, A2u: Au, B1u: Bu, B2u: Bu, E1u: 2Bu, E2u: 2Au"),
    ("D6h", "C2h", "C2 → C2'", "A1g: Ag, A2g: Bg, B1g: Ag, B2g: Bg, E1g: Ag + Bg,"
     "E2g: Ag + Bg, A1u: Au, A2u: Bu, B1u: Au, B2u: Bu, E1u: Au + Bu, E2u: Au + Bu"),
    ("D4h", "D2d", "C2' → C2'", "A1g: A1, A2g: A2, B1g: B1, B2g: B2, Eg: E,"
     "A1u: B1, A2u: B2, B1u: A1, B2u: A2, Eu: E"),
    ("D4h", "D2d", "C2' → C2''", "A1g: A1, A2g: A2, B1g: B2, B2g: B1, Eg: E,"
     "A1u: B1, A2u: B2, B1u: A2, B2u: A1, Eu: E"),
    ("D4h", "C4v", "σv → σv", "A1g: A1, A2g: A2, B1g: B1, B2g: B2, Eg: E,"
     "A1u: A2, A2u: A1, B1u: B2, B2u: B1, Eu: E"),
    ("D4h", "C4h", "", "A1g: Ag, A2g: Ag, B1g: Bg, B2g: Bg, Eg: Eg, A1u: Au, A2u: Au, B1u: Bu,"
     "B2u: Bu, Eu: Eu"),
    ("D3h", "C3h", "", "A1': A', A2': A', E': E', A1'': A'', A2'': A'', E'': E''"),
    ("D3h", "D3", "", "A1': A1, A2': A2, E': E, A1'': A1, A2'': A2, E'': E"),
    ("D3h", "C3v", "", "A1': A1, A2': A2, E': E, A1'': A2, A2'': A1, E'': E"),
    ("D3h", "Cs", "σh → σh", "A1': A', A2': A', E': 2A', A1'': A'', A2'': A'', E'': 2A''"),
    ("D3h", "Cs", "σh → σv", "A1': A', A2': A'', E': A' + A'', A1'': A'', A2'': A',"
     "E'': A' + A''"),
    ("D3d", "C3v", "", "A1g: A1, A2g: A2, Eg: E, A1u: A2, A2u: A1, Eu: E"),
    ("D3d", "C2h", "", "A1g: Ag, A2g: Bg, Eg: Ag + Bg, A1u: Au, A2u: Bu, Eu: Au + Bu"),
    ("D3d", "S6", "", "A1g: Ag, A2g: Ag, Eg: Eg, A1u: Au, A2u: Au, Eu: Eu"),
    ("D5h", "C5v", "", "A1': A1, A2': A2, E1': E1, E2': E2, A1'': A2, A2'': A1, E1'': E1,"
     "E2'': E2"),
    ("D2d", "D2", "", "A1: A, A2: B1, B1: A, B2: B1, E: B2 + B3"),
    ("D2d", "C2v", "", "A1: A1, A2: A2, B1: A2, B2: A1, E: B1 + B2"),
    ("D2d", "S4", "", "A1: A, A2: A, B1: B, B2: B, E: E"),
    ("D4d", "D4", "", "A1: A1, A2: A2, B1: A1, B2: A2, E1: E, E2: B1 + B2, E3: E"),
    ("D4d", "C4v", "", "A1: A1, A2: A2, B1: A2, B2: A1, E1: E, E2: B1 + B2, E3: E"),
    ("D4d", "S8", "", "A1: A, A2: A, B1: B, B2: B, E1: E1, E2: E2, E3: E3"),
    ("C6v", "C3v", "σv → σv", "A1: A1, A2: A2, B1: A1, B2: A2, E1: E, E2: E"),
    ("C6v", "C3v", "σv → σd", "A1: A1, A2: A2, B1: A2, B2: A1, E1: E, E2: E"),
    ("C4v", "C2v", "σv(xz) → σv", "A1: A1, A2: A2, B1: A1, B2: A2, E: B1 + B2"),
    ("C4v", "C2v", "σv(xz) → σd", "A1: A1, A2: A2, B1: A2, B2: A1, E: B1 + B2"),
    ("C3v", "C3", "", "A1: A, A2: A, E: E"),
    ("C3v", "Cs", "", "A1: A', A2: A'', E: A' + A''"),
    ("C2v", "Cs", "σh → σv(xz)", "A1: A', A2: A'', B1: A', B2: A''"),
    ("C2v", "Cs", "σh → σv'(yz)", "A1: A', A2: A'', B1: A'', B2: A'"),
    ("C2v", "C2", "", "A1: A, A2: A, B1: B, B2: B"),
    ("D2h", "C2h", "C2 → C2(z)", "Ag: Ag, B1g: Ag, B2g: Bg, B3g: Bg, Au: Au, B1u: Au, B2u: Bu,"
     "B3u: Bu"),
    ("D2h", "C2h", "C2 → C2(x)", "Ag: Ag, B1g: Bg, B2g: Bg, B3g: Ag, Au: Au, B1u: Bu, B2u: Bu,"
     "B3u: Au"),
    ("Ih", "Th", "", "Ag: Ag, T1g: Tg, T2g: Tg, Gg: Ag + Tg, Hg: Eg + Tg, Au: Au, T1u: Tu,"
     "T2u: Tu, Gu: Au + Tu, Hu: Eu + Tu"),
    ("Ih", "D5d", "", "Ag: A1g, T1g: A2g + E1g, T2g: A2g + E2g, Gg: E1g + E2g, Hg: A1g + E1g + E2g,"
     "Au: A1u, T1u: A2u + E1u, T2u: A2u + E2u, Gu: E1u + E2u, Hu: A1u + E1u + E2u"),
    ("Ih", "D3d", "", "Ag: A1g, T1g: A2g + Eg, T2g: A2g + Eg, Gg: A1g + A2g + Eg, Hg: A1g + 2Eg,"
     "Au: A1u, T1u: A2u + Eu, T2u: A2u + Eu, Gu: A1u + A2u + Eu, Hu: A1u + 2Eu"),
    ("I", "T", "", "A: A, T1: T, T2: T, G: A + T, H: E + T"),
    ("D∞h", "D2h", "z along the C∞ axis", "Σg+: Ag, Σg-: B1g, Πg: B2g + B3g, Δg: Ag + B1g,"
     "Σu+: B1u, Σu-: Au, Πu: B2u + B3u, Δu: Au + B1u, Φg: B2g + B3g, Φu: B2u + B3u"),
    ("C∞v", "C2v", "z along the C∞ axis", "Σ+: A1, Σ-: A2, Π: B1 + B2, Δ: A1 + A2, Φ: B1 + B2"),
    ("D∞h", "D4h", "z along the C∞ axis", "Σg+: A1g, Σg-: A2g, Πg: Eg, Δg: B1g + B2g,"
     "Σu+: A2u, Σu-: A1u, Πu: Eu, Δu: B1u + B2u, Φg: Eg, Φu: Eu"),
    ("D∞h", "D3h", "z along the C∞ axis", "Σg+: A1', Σg-: A2', Πg: E'', Δg: E', Σu+: A2'',"
     "Σu-: A1'', Πu: E', Δu: E'', Φg: A1'' + A2'', Φu: A1' + A2'"),
    ("Kh", "Oh", "any orientation", "Sg: A1g, Pg: T1g, Dg: Eg + T2g, Fg: A2g + T1g + T2g,"
     "Su: A1u, Pu: T1u, Du: Eu + T2u, Fu: A2u + T1u + T2u"),
    ("Kh", "Td", "any orientation", "Sg: A1, Pg: T1, Dg: E + T2, Fg: A2 + T1 + T2,"
     "Su: A2, Pu: T2, Du: E + T1, Fu: A1 + T1 + T2"),
    ("Kh", "Ih", "any orientation", "Sg: Ag, Pu: T1u, Dg: Hg, Fu: T2u + Gu"),
    ("Kh", "D4h", "any orientation", "Dg: A1g + B1g + B2g + Eg, Pu: A2u + Eu"),
]  # fmt: skip


@pytest.mark.parametrize(("symbol", "subgroup", "where", "text"), TABLES)
def test_tables_of_textbooks(symbol, subgroup, where, text):
    if where and "→" not in where:
        (found,) = [c for c in correlations(symbol, subgroup) if c.axes == where]
    else:
        found = placed(symbol, subgroup, where)
    expected = dict(part.split(":") for part in text.replace("\n", "").split(","))
    below = table(subgroup)
    for label, restricted in expected.items():
        assert found.irreps[label.strip()] == below.representation(restricted.strip()), label
    if not PointGroup(symbol).is_continuous:
        assert (
            set(found.irreps)
            == {i.label for i in table(symbol).irreps}
            == {label.strip() for label in expected}
        )


@pytest.mark.parametrize(
    ("c2", "text"),
    [
        # Wilson, Decius and Cross: D6h → C2v with C2 along C2, C2', C2''; B1 and B2 as if
        # σv(xz) were σv for the first and σh for the others.
        ("C2", "A1g: A1, A2g: A2, B1g: B2, B2g: B1, E1g: B1 + B2, E2g: A1 + A2,"
         "A1u: A2, A2u: A1, B1u: B1, B2u: B2, E1u: B1 + B2, E2u: A1 + A2"),
        ("C2'", "A1g: A1, A2g: B1, B1g: A2, B2g: B2, E1g: A2 + B2, E2g: A1 + B1,"
         "A1u: A2, A2u: B2, B1u: A1, B2u: B1, E1u: A1 + B1, E2u: A2 + B2"),
        ("C2''", "A1g: A1, A2g: B1, B1g: B2, B2g: A2, E1g: A2 + B2, E2g: A1 + B1,"
         "A1u: A2, A2u: B2, B1u: B1, B2u: A1, E1u: A1 + B1, E2u: A2 + B2"),
    ],
)  # fmt: skip
def test_benzene_with_two_planes(c2, text):
    found = placed("D6h", "C2v", f"C2 → {c2}")
    first = mapping(found.axes)["σv(xz)"]
    if first != ("σv" if c2 == "C2" else "σh"):
        swap = {"B1": "B2", "B2": "B1"}
        text = re.sub(r"(?<=[ +])B[12]\b", lambda m: swap[m[0]], text)
    expected = {k.strip(): v.strip() for k, v in (p.split(":") for p in text.split(","))}
    below = table("C2v")
    assert found.irreps == {k: below.representation(v) for k, v in expected.items()}


@pytest.mark.parametrize(
    ("symbol", "subgroup", "count"),
    [
        ("D6h", "C2v", 3), ("D6h", "D3h", 2), ("D6h", "D2h", 1), ("D6h", "Cs", 3), ("D6h", "C2", 3),
        ("D6h", "C3v", 2), ("Oh", "C2v", 3), ("Oh", "D4h", 1), ("Oh", "D2h", 2), ("Td", "C2v", 1),
        ("Td", "Cs", 1), ("D2h", "C2v", 3), ("D2h", "C2", 3), ("C4v", "C2v", 2), ("Ih", "C2", 1),
        ("O", "D2", 2), ("O", "C2", 2), ("D4h", "D2h", 2), ("D3h", "Cs", 2), ("D∞h", "C2", 2),
        ("D∞h", "C2h", 2), ("D∞h", "Cs", 2), ("C∞v", "Cs", 1), ("D3h", "C1", 1),
        ("Kh", "C1", 1), ("D3h", "D3h", 1), ("Ih", "Ih", 1),
    ],
)  # fmt: skip
def test_inequivalent_orientations(symbol, subgroup, count):
    """Counted by hand: classes of C2 axes or planes. Oh has C2v about C4 (two) and C2'."""
    found = correlations(symbol, subgroup)
    assert len(found) == count, [c.axes for c in found]
    assert len({c.axes for c in found}) == count
    assert all("\n" not in c.axes and c.axes for c in found)


CHAINS = [
    ("Oh", "D4h", "D2h"), ("Oh", "Td", "C3v"), ("Oh", "D3d", "C2h"), ("Oh", "Th", "D2h"),
    ("Ih", "Th", "S6"), ("Ih", "D5d", "C5v"), ("I", "T", "D2"), ("D6h", "D3h", "C3h"),
    ("D6h", "D3d", "C3v"), ("D6h", "C6h", "C3"), ("D8h", "D4h", "C4h"), ("D12h", "D6h", "D2h"),
    ("D4d", "C4v", "C2v"), ("D6d", "D2d", "S4"), ("Td", "D2d", "D2"), ("C12h", "S4", "C2"),
    ("D10h", "C10v", "C5"), ("S12", "S4", "C2"), ("D∞h", "D6h", "C2v"), ("D∞h", "D5d", "C5"),
    ("C∞v", "C6v", "C3v"), ("Kh", "Ih", "D5d"), ("Kh", "Oh", "C4v"), ("Kh", "D6h", "D6"),
]  # fmt: skip


@pytest.mark.parametrize(("top", "middle", "bottom"), CHAINS)
def test_steps_along_a_chain_agree_with_one_step(top, middle, bottom):
    direct = [_shape(map(str, c.irreps.values())) for c in correlations(top, bottom)]
    for upper in correlations(top, middle):
        for lower in correlations(middle, bottom):
            assert _shape(str(lower.restrict(v)) for v in upper.irreps.values()) in direct


def _shape(restrictions):
    """Which axis or plane gives B1, B2, B3 its name is free where several are alike."""
    return tuple(
        tuple(sorted(re.sub(r"B[123]", "B", t) for t in r.split(" + "))) for r in restrictions
    )


@pytest.mark.parametrize(
    ("symbol", "subgroup"),
    [(a, b) for a, b, _ in CHAINS] + [(b, c) for _, b, c in CHAINS],
)
def test_restriction_respects_sums_products_and_powers(symbol, subgroup):
    whole, below = table(symbol), table(subgroup)
    few = whole.irreps[-4:] + whole.irreps[:2]
    for c in correlations(symbol, subgroup):
        assert (c.group, c.subgroup) == (PointGroup(symbol), PointGroup(subgroup))
        trivial = Representation.of(whole, [(whole.irreps[0], 1)])
        assert c.restrict(trivial) == Representation.of(below, [(below.irreps[0], 1)])
        for irrep in whole.irreps:
            assert c.irreps[irrep.label].dimension == irrep.dimension
        for a in few:
            one = Representation.of(whole, [(a, 1)])
            assert c.restrict(one.symmetric_power(2)) == c.restrict(one).symmetric_power(2)
            assert c.restrict(one.antisymmetric_power(2)) == c.restrict(one).antisymmetric_power(2)
            for b in few:
                other = Representation.of(whole, [(b, 2)])
                assert c.restrict(one * other) == c.restrict(one) * c.restrict(other)
                assert c.restrict(one + other) == c.restrict(one) + c.restrict(other)


@pytest.mark.parametrize(("symbol", "subgroup"), sorted({(a, b) for a, b, *_ in TABLES}))
def test_vectors_restrict_to_vectors(symbol, subgroup):
    whole, below = table(symbol), table(subgroup)
    for c in correlations(symbol, subgroup):
        assert c.restrict(whole.decompose(whole.vector)) == below.decompose(below.vector)
        axial = whole.decompose(whole.axial_vector)
        assert c.restrict(axial) == below.decompose(below.axial_vector)


@pytest.mark.parametrize(
    ("symbol", "subgroup"),
    [(a, b) for a, b, _ in CHAINS if a not in ("C∞v", "D∞h", "Kh")]
    + [(b, c) for _, b, c in CHAINS],
)
def test_frobenius_reciprocity(symbol, subgroup):
    """Σ over irreps of the group of (times a subgroup irrep occurs)·dim = index·dim.

    The induced representation of a subgroup irrep has that dimension, and contains each irrep
    of the group as often as the restriction contains the subgroup irrep.
    """
    whole, below = table(symbol), table(subgroup)
    index = whole.order // below.order
    for c in correlations(symbol, subgroup):
        for irrep, norm in zip(below.irreps, below.norms, strict=True):
            induced = sum(
                norm * c.irreps[i.label].multiplicity(irrep) * i.dimension / n
                for i, n in zip(whole.irreps, whole.norms, strict=True)
            )
            assert induced == pytest.approx(index * irrep.dimension)


@pytest.mark.parametrize(
    ("symbol", "subgroup"),
    [("Oh", "C2v"), ("D6h", "D2h"), ("D6h", "C2v"), ("Td", "C3v"), ("Ih", "D3d"), ("D4d", "C2v"),
     ("D12h", "D4h"), ("D3h", "C2v"), ("Th", "D2h"), ("C6v", "C2v"), ("D6h", "C2h")],
)  # fmt: skip
def test_correlations_are_those_of_a_subgroup_of_matrices(symbol, subgroup):
    """The twin: rotate the subgroup into the group in many ways; compare the characters."""
    group, below = PointGroup(symbol), PointGroup(subgroup)
    big, small = operation_matrices(group), operation_matrices(below)
    seen = set()
    for turn in _turns(group):
        overlap = np.einsum("aij,bij->ab", turn @ small @ turn.T, big)
        if (overlap.max(axis=1) < 3 - 1e-6).any():
            continue
        members = overlap.argmax(axis=1)
        classes = [next(k for k, c in enumerate(group.classes) if m in c.members) for m in members]
        first = [c.members[0] for c in below.classes]
        rows = group.character_table.values[:, [classes[f] for f in first]]
        seen.add(tuple(str(_decomposed(row, below)) for row in rows))
    found = {
        tuple(str(c.irreps[i.label]) for i in group.character_table.irreps)
        for c in correlations(symbol, subgroup)
    }
    assert found <= seen  # each one is realised by some placing
    assert {_shape(f) for f in found} == {_shape(p) for p in seen}  # and no placing is missing


def _turns(group):
    """Frames with z and x, or z and y, along perpendicular symmetry axes or normals of planes."""
    axes = [o.axis for o in group.operations if o.axis is not None]
    axes = np.array(axes + [-a for a in axes])
    axes = axes[np.unique(np.round(axes, 6), axis=0, return_index=True)[1]]
    for z in axes:
        for x in axes:
            if abs(x @ z) < 1e-9:
                y = np.cross(z, x)
                yield np.array([x, y, z]).T
                yield np.array([y, -x, z]).T


def _decomposed(row, below):
    sizes = below.character_table.class_sizes
    sums = below.character_table.values @ (sizes * row)
    counts = np.rint(sums / (below.order * below.character_table.norms)).astype(int)
    whole = below.character_table
    return Representation.of(whole, zip(whole.irreps, counts, strict=True))


@given(st.sampled_from([(a, b) for a, b, *_ in TABLES]), st.data())
def test_restriction_is_linear(pair, data):
    symbol, subgroup = pair
    whole = table(symbol)
    draw = st.lists(st.tuples(st.sampled_from(whole.irreps), st.integers(0, 4)), max_size=4)
    a, b = (Representation.of(whole, data.draw(draw)) for _ in range(2))
    c = correlations(symbol, subgroup)[0]
    assert c.restrict(a + b) == c.restrict(a) + c.restrict(b)
    assert c.restrict(a).dimension == a.dimension


@pytest.mark.parametrize(
    ("shell", "split"),
    [
        # Cotton, table 9.3: states of an ion in an octahedral field (g or u as the state).
        ("Sg", "A1g"), ("Pg", "T1g"), ("Dg", "Eg + T2g"), ("Fg", "A2g + T1g + T2g"),
        ("Gg", "A1g + Eg + T1g + T2g"), ("Hg", "Eg + 2T1g + T2g"),
        ("Ig", "A1g + A2g + Eg + T1g + 2T2g"),
    ],
)  # fmt: skip
def test_levels_in_an_octahedral_field(shell, split):
    c = correlate(PointGroup("Kh"), PointGroup("Oh"))[0]
    assert c.restrict(table("Kh").representation(shell)) == table("Oh").representation(split)


@pytest.mark.parametrize(
    ("label", "split"), [("Γg", "Ag + B1g"), ("Λ5u", "B2u + B3u"), ("Λ6g + Σu-", "Ag + B1g + Au")]
)
def test_high_irreps_of_linear_molecules_restrict_too(label, split):
    c = next(c for c in correlations("D∞h", "D2h") if c.axes.startswith("z"))
    assert c.restrict(table("D∞h").representation(label)) == table("D2h").representation(split)


@pytest.mark.parametrize(
    ("symbol", "subgroup"),
    [
        ("C2v", "C3"), ("D3", "D3h"), ("Td", "Oh"), ("Td", "C4"), ("Td", "Ci"), ("Oh", "C5"),
        ("Ih", "C4"), ("I", "Cs"), ("D3h", "C6"), ("D4d", "C2h"), ("C3", "C2"), ("D∞h", "T"),
        ("C∞v", "Ci"), ("C∞v", "D2"), ("S4", "Cs"), ("C∞v", "C2h"), ("Th", "Td"),
    ],
)  # fmt: skip
def test_what_is_no_subgroup_is_refused(symbol, subgroup):
    with pytest.raises(GroupError, match=f"{subgroup} is not a subgroup of {symbol}"):
        correlations(symbol, subgroup)


@pytest.mark.parametrize(
    ("symbol", "subgroup", "label", "restricted"),
    [
        ("D∞h", "C∞v", "Σu+", "Σ+"), ("D∞h", "C∞v", "Σg-", "Σ-"), ("D∞h", "C∞v", "Πg", "Π"),
        ("Kh", "D∞h", "Pu", "Σu+ + Πu"), ("Kh", "D∞h", "Pg", "Σg- + Πg"),
        ("Kh", "D∞h", "Dg", "Σg+ + Πg + Δg"), ("Kh", "C∞v", "Fu", "Σ+ + Π + Δ + Φ"),
        ("Kh", "C∞v", "Du", "Σ- + Π + Δ"), ("Kh", "Kh", "Fu", "Fu"),
    ],
)  # fmt: skip
def test_continuous_groups_in_each_other(symbol, subgroup, label, restricted):
    """Term splitting in a linear field (Herzberg, *Diatomic Molecules*, table 26)."""
    (way,) = correlate(PointGroup(symbol), PointGroup(subgroup))
    assert str(way.restrict(table(symbol).representation(label))) == restricted


@pytest.mark.parametrize(
    ("symbol", "subgroup"), [("D6h", "C∞v"), ("Ih", "Kh"), ("C∞v", "D∞h"), ("D∞h", "Kh")]
)
def test_smaller_groups_contain_no_continuous_one(symbol, subgroup):
    with pytest.raises(GroupError, match="not a subgroup"):
        correlate(PointGroup(symbol), PointGroup(subgroup))


@pytest.mark.parametrize("symbol", ["C3v", "D6h", "Td", "Ih", "C5h", "S8", "D2h"])
def test_a_group_correlates_with_itself(symbol):
    found = correlations(symbol, symbol)
    assert {k: str(v) for k, v in found[0].irreps.items()} == {
        i.label: i.label for i in table(symbol).irreps
    }


def test_representations_of_another_group_are_refused():
    c = correlations("Td", "C3v")[0]
    for other in (table("Oh").representation("T1u"), table("O").representation("T1")):
        with pytest.raises(GroupError):
            c.restrict(other)
