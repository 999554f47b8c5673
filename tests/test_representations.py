"""The algebra of representations: its laws, its printed form, its errors."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.pointgroup import PointGroup, Representation
from spektron.pointgroup.errors import GroupError, NotARepresentation
from spektron.pointgroup.theory.characters import class_index
from spektron.pointgroup.theory.groups import operation_matrices

KINDS = ("C{}", "C{}v", "C{}h", "D{}", "D{}h", "D{}d")
AXIAL = [k.format(n) for n in range(2, 13) for k in KINDS] + [f"S{2 * n}" for n in range(2, 13)]
FINITE = ["C1", "Cs", "Ci", *AXIAL, "T", "Td", "Th", "O", "Oh", "I", "Ih"]
SYMBOLS = [*FINITE, "C∞v", "D∞h", "Kh"]
FEW = [
    "C1", "Cs", "C3", "C5h", "S8", "C2v", "D3h", "D5d", "D6d", "T", "Td", "Oh", "Ih", *SYMBOLS[-3:],
]  # fmt: skip


def table(symbol):
    return PointGroup(symbol).character_table


@st.composite
def representations(draw, count, symbols=FEW, largest=3):
    """Some representations of one group."""
    whole = table(draw(st.sampled_from(symbols)))
    terms = st.lists(
        st.tuples(st.sampled_from(whole.irreps), st.integers(0, largest)), min_size=0, max_size=4
    )
    return tuple(Representation.of(whole, draw(terms)) for _ in range(count))


@given(representations(3))
def test_laws_of_sum_and_product(case):
    a, b, c = case
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a * b == b * a
    assert a * (b + c) == a * b + a * c
    assert (a + b) - b == a
    assert (a + b).dimension == a.dimension + b.dimension
    assert (a * b).dimension == a.dimension * b.dimension
    assert 3 * a == a * 3 == a + a + a
    assert 0 * a == a - a
    trivial = Representation.of(a.table, [(a.table.irreps[0], 1)])
    assert trivial * a == a


@given(representations(3, largest=1))
def test_products_associate(case):
    a, b, c = case
    assert (a * b) * c == a * (b * c)


@given(representations(2))
def test_powers_of_a_sum(case):
    """Sym²(a+b) = Sym²a + a·b + Sym²b, and the same for Λ²."""
    a, b = case
    assert a.symmetric_power(2) + a.antisymmetric_power(2) == a * a
    assert (a + b).symmetric_power(2) == a.symmetric_power(2) + a * b + b.symmetric_power(2)
    assert (a + b).antisymmetric_power(2) == (
        a.antisymmetric_power(2) + a * b + b.antisymmetric_power(2)
    )


@given(representations(1), st.integers(0, 4))
def test_dimensions_of_powers(case, k):
    (a,) = case
    d = a.dimension
    assert a.symmetric_power(k).dimension == (comb(d + k - 1, k) if d else int(k == 0))
    assert a.antisymmetric_power(k).dimension == comb(d, k)
    assert a.symmetric_power(1) == a.antisymmetric_power(1) == a


@given(representations(1, largest=1))
def test_koszul_relation(case):
    """Σ_j (−1)^j Λ^j ⊗ Sym^(3−j) = 0, an identity that no Newton sum enters."""
    (a,) = case
    even = a.symmetric_power(3) + a.antisymmetric_power(2) * a
    odd = a * a.symmetric_power(2) + a.antisymmetric_power(3)
    assert even == odd


@pytest.mark.parametrize("symbol", FINITE)
@pytest.mark.parametrize("power", [2, 3])
def test_powers_have_the_traces_of_matrices(symbol, power):
    """The twin: matrices of V, restricted to (anti)symmetric tensors, and their traces."""
    from itertools import combinations, combinations_with_replacement, permutations

    whole = table(symbol)
    vector = whole.decompose(whole.vector)
    matrices = operation_matrices(PointGroup(symbol))
    first = [c.members[0] for c in whole.classes]
    symmetric, alternating = np.zeros(len(first)), np.zeros(len(first))
    for place, g in enumerate(first):
        m = matrices[g]
        for chosen in combinations_with_replacement(range(3), power):
            # The coefficient of the monomial itself in its image.
            images = set(permutations(chosen))
            symmetric[place] += sum(
                np.prod([m[i, j] for i, j in zip(p, chosen, strict=True)]) for p in images
            )
        for chosen in combinations(range(3), power):
            alternating[place] += np.linalg.det(m[np.ix_(chosen, chosen)])
    for found, traces in (
        (vector.symmetric_power(power), symmetric),
        (vector.antisymmetric_power(power), alternating),
    ):
        assert whole.ring.to_complex(found.character) == pytest.approx(traces, abs=1e-9)


@pytest.mark.parametrize("symbol", FINITE)
def test_products_have_the_products_of_characters(symbol):
    whole = table(symbol)
    values = dict(zip([i.label for i in whole.irreps], whole.values, strict=True))
    sizes = np.bincount(class_index(whole.group))
    for a in whole.irreps[:4]:
        for b in whole.irreps[-4:]:
            product = whole.representation(a.label) * whole.representation(b.label)
            chi = values[a.label] * values[b.label]
            for irrep, norm in zip(whole.irreps, whole.norms, strict=True):
                count = np.sum(sizes * values[irrep.label] * chi) / (sizes.sum() * norm)
                assert product.multiplicity(irrep) == pytest.approx(count, abs=1e-9)


# F. A. Cotton, 3rd ed., section 5.2 and appendix; Wilson, Decius and Cross, appendix X-9.
@pytest.mark.parametrize(
    ("symbol", "first", "second", "product"),
    [
        ("C2v", "B1", "B2", "A2"), ("C3v", "E", "E", "A1 + A2 + E"), ("C3v", "A2", "E", "E"),
        ("C4v", "E", "E", "A1 + A2 + B1 + B2"), ("C4v", "B1", "B2", "A2"),
        ("C6v", "E1", "E1", "A1 + A2 + E2"), ("C6v", "E1", "E2", "B1 + B2 + E1"),
        ("D3h", "E'", "E''", "A1'' + A2'' + E''"), ("D5d", "E1g", "E2u", "E1u + E2u"),
        ("D4d", "E1", "E1", "A1 + A2 + E2"), ("D4d", "E1", "E3", "B1 + B2 + E2"),
        ("D4d", "E2", "E2", "A1 + A2 + B1 + B2"), ("D6h", "E1g", "E2u", "B1u + B2u + E1u"),
        ("D2h", "B1g", "B2u", "B3u"), ("D2", "B1", "B2", "B3"), ("C3h", "E'", "E'", "2A' + E'"),
        ("C4", "E", "E", "2A + 2B"), ("C6", "E1", "E2", "2B + E1"), ("T", "E", "E", "2A + E"),
        ("T", "E", "T", "2T"), ("T", "T", "T", "A + E + 2T"),
        ("Td", "E", "E", "A1 + A2 + E"), ("Td", "E", "T1", "T1 + T2"),
        ("Td", "T1", "T1", "A1 + E + T1 + T2"), ("Td", "T1", "T2", "A2 + E + T1 + T2"),
        ("Oh", "T1u", "T1u", "A1g + Eg + T1g + T2g"), ("Oh", "A2g", "T1u", "T2u"),
        ("I", "T1", "T1", "A + T1 + H"), ("I", "T1", "T2", "G + H"), ("I", "T1", "G", "T2 + G + H"),
        ("I", "G", "G", "A + T1 + T2 + G + H"), ("I", "H", "H", "A + T1 + T2 + 2G + 2H"),
    ],
)  # fmt: skip
def test_direct_products_of_textbooks(symbol, first, second, product):
    whole = table(symbol)
    found = whole.representation(first) * whole.representation(second)
    assert found == whole.representation(product)


# G. Herzberg, Infrared and Raman Spectra (1945), tables 32 and 33: levels of a degenerate
# vibration with v quanta. Antisymmetric squares: Cotton, 3rd ed., appendix.
@pytest.mark.parametrize(
    ("symbol", "irrep", "power", "levels"),
    [
        ("C3v", "E", 2, "A1 + E"), ("C3v", "E", 3, "A1 + A2 + E"), ("C3v", "E", 4, "A1 + 2E"),
        ("D3h", "E'", 2, "A1' + E'"), ("D3h", "E''", 2, "A1' + E'"),
        ("D3h", "E''", 3, "A1'' + A2'' + E''"),
        ("C4v", "E", 2, "A1 + B1 + B2"), ("C4v", "E", 3, "2E"),
        ("D6h", "E1u", 2, "A1g + E2g"), ("D6h", "E2u", 2, "A1g + E2g"),
        ("D6h", "E1u", 3, "B1u + B2u + E1u"), ("D6h", "E2u", 3, "A1u + A2u + E2u"),
        ("D4d", "E1", 2, "A1 + E2"), ("D4d", "E2", 2, "A1 + B1 + B2"), ("D4d", "E3", 2, "A1 + E2"),
        ("Td", "E", 2, "A1 + E"), ("Td", "E", 3, "A1 + A2 + E"), ("Td", "T2", 2, "A1 + E + T2"),
        ("Td", "T1", 2, "A1 + E + T2"), ("Td", "T2", 3, "A1 + T1 + 2T2"),
        ("Td", "T1", 3, "A2 + 2T1 + T2"), ("Oh", "T1u", 3, "A2u + 2T1u + T2u"),
        ("Oh", "T2u", 3, "A1u + T1u + 2T2u"), ("I", "T1", 2, "A + H"), ("I", "H", 2, "A + G + 2H"),
        ("D∞h", "Πu", 2, "Σg+ + Δg"), ("D∞h", "Πu", 3, "Πu + Φu"), ("C∞v", "Π", 4, "Σ+ + Δ + Γ"),
    ],
)  # fmt: skip
def test_symmetric_powers_of_textbooks(symbol, irrep, power, levels):
    whole = table(symbol)
    found = whole.representation(irrep).symmetric_power(power)
    assert found == whole.representation(levels)


@pytest.mark.parametrize(
    ("symbol", "irrep", "square"),
    [
        ("C3v", "E", "A2"), ("D6h", "E1g", "A2g"), ("Td", "T2", "T1"), ("Oh", "T1u", "T1g"),
        ("I", "H", "T1 + T2 + G"), ("Ih", "Gg", "T1g + T2g"), ("D∞h", "Πg", "Σg-"),
        ("C3", "E", "A"),
    ],
)  # fmt: skip
def test_antisymmetric_squares_of_textbooks(symbol, irrep, square):
    whole = table(symbol)
    assert whole.representation(irrep).antisymmetric_power(2) == whole.representation(square)


# ---- as text -------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_irrep_parses_back(symbol):
    whole = table(symbol)
    every = Representation.of(whole, [(i, k + 1) for k, i in enumerate(whole.irreps)])
    assert Representation.parse(whole, str(every)) == every
    assert Representation.parse(whole, str(every).replace(" ", "")) == every
    backwards = " + ".join(reversed(str(every).split(" + ")))
    assert Representation.parse(whole, backwards) == every
    for irrep in whole.irreps:
        single = whole.representation(irrep.label)
        assert str(single) == irrep.label
        assert single.irreps == (irrep,)
        assert single.multiplicity(irrep) == single.multiplicity(irrep.label) == 1
        assert irrep in single
        assert irrep.label in every


@given(representations(1, SYMBOLS))
def test_the_printed_form_parses_back(case):
    (a,) = case
    assert Representation.parse(a.table, str(a)) == a
    assert str(a) in repr(a)


@pytest.mark.parametrize("symbol", ["C3", "C6h", "S8", "Th"])
def test_halves_of_complex_pairs_parse_back(symbol):
    whole = table(symbol).separated()
    every = Representation.of(whole, [(i, 2) for i in whole.irreps])
    assert Representation.parse(whole, str(every)) == every


def test_repeated_terms_are_collected():
    whole = table("C2v")
    assert str(whole.representation("B2 + A1 + 2B2 + A1")) == "2A1 + 3B2"
    assert str(whole.representation("12A1+3B1")) == "12A1 + 3B1"
    assert str(whole.representation("0A1 + B1")) == "B1"


@pytest.mark.parametrize(
    ("symbol", "text"),
    [
        ("C2v", ""), ("C2v", "A1 +"), ("C2v", "+ A1"), ("C2v", "A3"), ("C2v", "A1 - B1"),
        ("C2v", "-A1"), ("C2v", "2"), ("C2v", "A1 + + B1"), ("C2v", "1.5A1"), ("C2v", "Ag"),
        ("D6h", "E1"), ("C∞v", "Σ"), ("D∞h", "Π"), ("D∞h", "Σ+"), ("Kh", "P"), ("Kh", "Ag"),
        ("C3", "¹E"), ("C2v", "a1"),
    ],
)  # fmt: skip
def test_text_that_is_no_representation_is_refused_in_one_line(symbol, text):
    with pytest.raises(GroupError) as raised:
        table(symbol).representation(text)
    assert "\n" not in str(raised.value)
    assert symbol in str(raised.value)


# ---- errors --------------------------------------------------------------------------------


def test_groups_do_not_mix():
    a, b = table("C2v").representation("A1"), table("C2h").representation("Ag")
    for operation in (lambda: a + b, lambda: a - b, lambda: a * b):
        with pytest.raises(GroupError, match=r"of C2v and .* of C2h"):
            operation()
    assert a != b


def test_no_multiplicity_becomes_negative():
    whole = table("C2v")
    a, b = whole.representation("A1 + B1"), whole.representation("2A1")
    with pytest.raises(NotARepresentation, match="A1"):
        a - b
    with pytest.raises(NotARepresentation):
        a * -1


@pytest.mark.parametrize("symbol", ["C2v", "C3", "C∞v", "Kh"])
def test_negative_powers_are_refused(symbol):
    """A group ring has no inverse of a direct sum."""
    whole = table(symbol)
    a = Representation.of(whole, [(whole.irreps[-1], 1)])
    with pytest.raises(ValueError, match="power"):
        a.symmetric_power(-1)
    with pytest.raises(ValueError, match="power"):
        a.antisymmetric_power(-2)


def test_numpy_integers_multiply_like_integers():
    a = table("Td").representation("A1 + T2")
    assert a * np.int64(2) == np.int64(2) * a == 2 * a


@pytest.mark.parametrize("other", [1.5, "A1", None])
def test_nothing_else_multiplies(other):
    with pytest.raises(TypeError):
        table("Td").representation("A1") * other
    with pytest.raises(TypeError):
        table("Td").representation("A1") + other


@pytest.mark.parametrize("symbol", ["C2v", "D∞h"])
def test_values_are_immutable_and_hashable(symbol):
    a = Representation.of(table(symbol), [(table(symbol).irreps[1], 2)])
    with pytest.raises(AttributeError):
        a.terms = ()
    assert len({a, Representation.parse(a.table, str(a))}) == 1
