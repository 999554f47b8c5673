"""Sums of roots of unity: ring laws, against complex numbers and against sympy."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.pointgroup.theory.cyclotomic import cyclotomic_polynomial, cyclotomic_ring

orders = st.integers(1, 60)


@st.composite
def elements(draw, count):
    """A ring and some of its elements."""
    ring = cyclotomic_ring(draw(orders))
    integers = st.lists(st.integers(-20, 20), min_size=ring.degree, max_size=ring.degree)
    return ring, *(np.array(draw(integers), dtype=np.int64) for _ in range(count))


@pytest.mark.parametrize("n", range(1, 201))
def test_polynomials_are_those_of_sympy(n):
    x = sympy.Symbol("x")
    expected = sympy.Poly(sympy.cyclotomic_poly(n, x), x).all_coeffs()[::-1]
    assert cyclotomic_polynomial(n).tolist() == expected
    assert cyclotomic_ring(n).degree == sympy.totient(n)


def test_the_first_coefficient_beyond_one_is_at_105():
    """Migotti (1883): the coefficients of Φ_n are 0, ±1 below n = 105, where −2 occurs."""
    assert all(np.abs(cyclotomic_polynomial(n)).max() == 1 for n in range(1, 105))
    assert cyclotomic_polynomial(105).min() == -2


@given(elements(3))
def test_ring_laws(case):
    ring, a, b, c = case
    times = ring.multiply
    assert np.array_equal(times(a, b), times(b, a))
    assert np.array_equal(times(times(a, b), c), times(a, times(b, c)))
    assert np.array_equal(times(a, b + c), times(a, b) + times(a, c))
    assert np.array_equal(times(a, ring.integer(1)), a)
    assert not times(a, ring.integer(0)).any()


@given(elements(2))
def test_conjugation_is_an_involution_that_respects_products(case):
    ring, a, b = case
    bar = ring.conjugate
    assert np.array_equal(bar(bar(a)), a)
    assert np.array_equal(bar(ring.multiply(a, b)), ring.multiply(bar(a), bar(b)))
    assert np.array_equal(bar(a + b), bar(a) + bar(b))
    assert ring.to_complex(bar(a)) == pytest.approx(np.conj(ring.to_complex(a)), abs=1e-9)


@given(elements(2))
def test_values_are_complex_numbers(case):
    ring, a, b = case
    scale = 1 + np.abs(a).sum() * np.abs(b).sum()
    product = ring.to_complex(a) * ring.to_complex(b)
    assert ring.to_complex(ring.multiply(a, b)) == pytest.approx(product, abs=1e-12 * scale)
    assert ring.to_complex(a) == pytest.approx(
        sum(int(k) * np.exp(2j * np.pi * j / ring.n) for j, k in enumerate(a)), abs=1e-10
    )


@given(elements(2))
@settings(max_examples=25)
def test_products_are_those_of_polynomials_modulo_the_cyclotomic_one(case):
    """The slow twin: sympy multiplies and divides."""
    ring, a, b = case
    x = sympy.Symbol("x")
    modulus = sympy.Poly(sympy.cyclotomic_poly(ring.n, x), x)
    first, second = (sympy.Poly([int(c) for c in e[::-1]], x) for e in (a, b))
    remainder = (first * second).rem(modulus).all_coeffs()[::-1]
    remainder += [0] * (ring.degree - len(remainder))
    assert ring.multiply(a, b).tolist() == remainder


@given(orders, st.integers(0, 200), st.integers(0, 200))
def test_powers_of_the_root_multiply_by_adding_exponents(n, j, k):
    ring = cyclotomic_ring(n)
    product = ring.multiply(ring.powers[j % n], ring.powers[k % n])
    assert np.array_equal(product, ring.powers[(j + k) % n])
    assert np.array_equal(ring.conjugate(ring.powers[j % n]), ring.powers[-j % n])


@pytest.mark.parametrize("n", range(1, 61))
def test_equal_numbers_have_equal_coordinates(n):
    """The n-th roots of unity sum to zero, the primitive ones to μ(n), exactly."""
    ring = cyclotomic_ring(n)
    assert ring.powers.sum(axis=0).tolist() == ring.integer(int(n == 1)).tolist()
    primitive = [k for k in range(n) if np.gcd(k, n) == 1]
    assert ring.powers[primitive].sum(axis=0).tolist() == ring.integer(sympy.mobius(n)).tolist()
    assert len({tuple(row) for row in ring.powers.tolist()}) == n


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 12, 24, 30])
def test_products_broadcast(n):
    ring = cyclotomic_ring(n)
    rng = np.random.default_rng(n)
    a = rng.integers(-5, 5, (4, 1, ring.degree))
    b = rng.integers(-5, 5, (3, ring.degree))
    product = ring.multiply(a, b)
    assert product.shape == (4, 3, ring.degree)
    for i in range(4):
        for j in range(3):
            assert np.array_equal(product[i, j], ring.multiply(a[i, 0], b[j]))


@given(orders, st.data())
def test_twice_the_cosine(n, data):
    ring = cyclotomic_ring(n)
    denominator = data.draw(st.sampled_from([d for d in range(1, n + 1) if n % d == 0]))
    k = data.draw(st.integers(-100, 100))
    value = ring.to_complex(ring.twice_cosine(k, denominator))
    assert value == pytest.approx(2 * np.cos(2 * np.pi * k / denominator), abs=1e-12)


def test_golden_ratio():
    """φ² = φ + 1, φ = −ζ² − ζ³ = 2cos(π/5) in Z[ζ₅]; its conjugate in Q(√5) is 1 − φ."""
    ring = cyclotomic_ring(5)
    golden = -ring.twice_cosine(2, 5)
    assert np.array_equal(ring.multiply(golden, golden), golden + ring.integer(1))
    assert np.array_equal(ring.twice_cosine(1, 5), golden - ring.integer(1))
    assert np.array_equal(ring.conjugate(golden), golden)
    assert ring.to_complex(golden) == pytest.approx((1 + 5**0.5) / 2)
    assert sympy.simplify(ring.to_sympy(golden) - (1 + sympy.sqrt(5)) / 2) == 0


@pytest.mark.parametrize(
    ("n", "k", "expected"),
    [
        (8, 1, sympy.sqrt(2)), (12, 1, sympy.sqrt(3)), (5, 2, -(1 + sympy.sqrt(5)) / 2),
        (10, 1, (1 + sympy.sqrt(5)) / 2), (3, 1, -1), (4, 1, 0), (6, 1, 1), (2, 1, -2),
    ],
)  # fmt: skip
def test_textbook_surds(n, k, expected):
    ring = cyclotomic_ring(n)
    assert sympy.expand(ring.to_sympy(ring.twice_cosine(k, n)) - expected) == 0


def _to_forty_digits(ring, element):
    """Its value by mpmath, from the coordinates."""
    with mpmath.workdps(60):
        roots = [mpmath.expjpi(mpmath.mpf(2 * k) / ring.n) for k in range(ring.degree)]
        return mpmath.fsum(int(c) * r for c, r in zip(element, roots, strict=True))


def _agrees(ring, element):
    shown = sympy.N(ring.to_sympy(element), 50)
    expected = _to_forty_digits(ring, element)
    real, imaginary = shown.as_real_imag()
    with mpmath.workdps(60):
        difference = mpmath.mpc(str(real), str(imaginary)) - expected
        return abs(difference) < mpmath.mpf(10) ** -38


@given(elements(1))
@settings(max_examples=30)
def test_sympy_shows_the_same_number(case):
    assert _agrees(*case)


@given(elements(1))
@settings(max_examples=20)
def test_sympy_shows_real_numbers_without_rounding(case):
    """Also sums of many cosines: no value found by numerical coincidence."""
    ring, a = case
    real = a + ring.conjugate(a)
    assert _agrees(ring, real)
    assert not ring.to_sympy(real).has(sympy.I)


def test_a_sum_of_cosines_near_a_product_of_powers():
    """sympy.nsimplify takes this one for 7·2^(57/67)·3^(83/603)·5^(329/603)·7^(208/603)/12."""
    ring = cyclotomic_ring(28)
    a = np.array([9, -8, -4, 2, -13, 0, 10, 0, -20, -10, 15, -13])
    assert _agrees(ring, a + ring.conjugate(a))


@pytest.mark.parametrize("n", range(1, 41))
def test_sympy_shows_every_root(n):
    ring = cyclotomic_ring(n)
    for k in range(n):
        shown = ring.to_sympy(ring.powers[k])
        angle = Fraction(*(sympy.arg(shown) / (2 * sympy.pi)).as_numer_denom())
        assert angle % 1 == Fraction(k, n)


def test_elements_are_not_changed_and_powers_are_read_only():
    ring = cyclotomic_ring(7)
    a = np.arange(6)
    a.flags.writeable = False
    ring.multiply(a, a), ring.conjugate(a), ring.to_complex(a), ring.to_sympy(a)
    with pytest.raises(ValueError, match="read-only"):
        ring.powers[0, 0] = 3
