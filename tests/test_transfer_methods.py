"""Methods of calibration transfer against formulas, slow twins and other programs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.ml.errors import ProtocolError, SpectraError
from spektron.ml.transfer import Average, Consensus, Labelled, Linear, Pairs, Pretreatment, Tuned
from spektron.ml.transfer.bias import MeanShift, SlopeBias
from spektron.ml.transfer.cca import Canonical, canonical_map
from spektron.ml.transfer.channels import TwoChannels, best_pair
from spektron.ml.transfer.consensus import distrustful_ridge, localised
from spektron.ml.transfer.dipls import DomainInvariant, absolute_difference, dipls_coefficients
from spektron.ml.transfer.joint import Joint
from spektron.ml.transfer.localmap import fit_local_map, sliding_sum
from spektron.ml.transfer.plain import NoTransfer, Pooled, TargetOnly
from spektron.ml.transfer.pls import pls_coefficients, pls_path
from spektron.ml.transfer.pretreatment import RAW
from spektron.ml.transfer.projection import Orthogonalised
from spektron.ml.transfer.sinkhorn import Barycentric, transport_plan
from spektron.ml.transfer.standardisation import (
    Direct,
    Piecewise,
    transposed_product,
    window_regressions,
)
from spektron.ml.transfer.tikhonov import RIDGES, Tikhonov, ridge_path
from spektron.ml.transfer.view import MAX_COMPONENTS, Problem, view_of


def spectra(n, p=60, seed=0, noise=1e-3):
    """Smooth spectra: sums of a few bands in random amounts, on a baseline."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, p)
    bands = [np.exp(-(((x - c) / w) ** 2)) for c, w in ((0.2, 0.1), (0.5, 0.15), (0.7, 0.08))]
    amounts = rng.uniform(0.2, 1, (n, 3))
    offset = rng.normal(0, 0.1, (n, 1)) * (1 + x)
    return amounts @ np.array(bands) + offset + noise * rng.normal(size=(n, p)), amounts[:, 0]


def problem(n=30, k=8, p=60, seed=0):
    """A master, and a target that is broader, scaled and shifted."""
    X, y = spectra(n, p, seed)
    kernel = np.array([0.2, 0.6, 0.2])
    target = np.array([np.convolve(row, kernel, mode="same") for row in X]) * 1.1 + 0.05
    target += 1e-3 * np.random.default_rng(seed + 1).normal(size=X.shape)
    master = Labelled(X, y)
    return master, Pairs.of(master, range(k), target[:k]), target


def view(**options):
    master, pairs, target = problem(**options)
    return view_of(master, pairs, None, RAW), target


ALL = (
    NoTransfer(), Pooled(), TargetOnly(), MeanShift(), SlopeBias(), SlopeBias(False), Direct(3),
    Piecewise(2), Orthogonalised(2), Joint(2.0), Tikhonov(3.0), DomainInvariant(1.0),
    DomainInvariant(1.0, labelled=True), Canonical(3), Barycentric(0.2), TwoChannels(),
)  # fmt: skip


# ---- pretreatments ----


def test_snv_has_mean_zero_and_unit_deviation():
    rows = Pretreatment(scatter="snv")(spectra(5)[0])
    np.testing.assert_allclose(rows.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=1, ddof=1), 1)


@pytest.mark.parametrize(("order", "degree"), [(1, 2), (2, 3)])
def test_derivative_is_that_of_a_fitted_polynomial(order, degree):
    rows = spectra(2)[0]
    found = Pretreatment(derivative=order, window=9)(rows)
    places = np.arange(-4, 5)
    for j in range(4, 56):
        fit = np.polynomial.Polynomial.fit(places, rows[1, j - 4 : j + 5], degree).convert()
        assert found[1, j] == pytest.approx(fit.deriv(order)(0), abs=1e-10)


@pytest.mark.parametrize(
    "treat",
    [RAW, Pretreatment(scatter="snv"), Pretreatment(derivative=2, band=(0.2, 0.8))],
    ids=str,
)
def test_pretreatments_look_at_one_row_at_a_time(treat):
    rows = spectra(6)[0]
    whole = treat(rows)
    for k in range(6):
        np.testing.assert_allclose(treat(rows[k : k + 1])[0], whole[k], rtol=1e-12, atol=1e-14)


def test_bad_pretreatments():
    with pytest.raises(SpectraError, match="window of 4"):
        Pretreatment(derivative=1, window=4)
    with pytest.raises(SpectraError, match="first < last"):
        Pretreatment(band=(0.5, 0.5))
    with pytest.raises(
        SpectraError, match="10 channels are fewer than the derivative window of 15"
    ):
        Pretreatment(derivative=1)(spectra(3, 10)[0])


# ---- PLS ----


def nipals(X, y, n):
    """Textbook NIPALS: H. Martens and T. Næs, Multivariate Calibration, 1989."""
    weights, loadings, inner = [], [], []
    for _ in range(n):
        w = X.T @ y / np.linalg.norm(X.T @ y)
        t = X @ w
        p, q = X.T @ t / (t @ t), y @ t / (t @ t)
        X, y = X - np.outer(t, p), y - q * t
        weights.append(w), loadings.append(p), inner.append(q)
    W, P = np.array(weights).T, np.array(loadings).T
    return W @ np.linalg.solve(P.T @ W, inner)


def test_pls_is_nipals():
    X, y = spectra(25)
    X, y = X - X.mean(axis=0), y - y.mean()
    found = pls_coefficients(X, y, 8)
    assert found.shape == (8, 60)
    for n in range(1, 9):
        np.testing.assert_allclose(found[n - 1], nipals(X, y, n), rtol=1e-7, atol=1e-9)


def test_pls_is_that_of_scikit_learn():
    cross = pytest.importorskip("sklearn.cross_decomposition")
    X, y = spectra(25, seed=3)
    new = spectra(7, seed=4)[0]
    path = pls_path(X, y, 6)
    for n in range(1, 7):
        other = cross.PLSRegression(n, scale=False).fit(X, y)
        np.testing.assert_allclose(path.predict(new)[n - 1], other.predict(new).ravel(), rtol=1e-8)


def test_pls_ends_where_nothing_is_left():
    X = np.array([[1.0, 0], [-1, 0], [2, 0], [-2, 0]])
    assert len(pls_coefficients(X, X[:, 0], 4)) == 1
    assert pls_coefficients(X, np.zeros(4), 4).tolist() == [[0, 0]]


def test_full_pls_is_least_squares():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 4)), rng.normal(size=20)
    expected = np.linalg.lstsq(X, y, rcond=None)[0]
    np.testing.assert_allclose(pls_coefficients(X, y, 4)[-1], expected, rtol=1e-8)


# ---- the view is exact ----


@pytest.mark.parametrize("estimator", ALL, ids=lambda e: f"{type(e).__name__} {e}")
def test_coordinates_give_what_channels_give(estimator):
    master, pairs, target = problem()
    found = view_of(master, pairs, None, RAW)
    plain = type(found)(
        master.spectra, master.values, pairs.master, pairs.target, pairs.values, pairs.members,
        np.empty((0, 60)), np.eye(60),
    )  # fmt: skip
    one, two = estimator.path(found), estimator.path(plain)
    n = min(len(one), len(two), 6)
    for place in range(n):
        a = found.linear(one, place, RAW).predict(target)
        b = plain.linear(two, place, RAW).predict(target)
        # di-PLS drops axes that hold less than 1e-7 of the variance.
        np.testing.assert_allclose(
            a, b, atol=1e-4 if "Domain" in type(estimator).__name__ else 1e-6
        )


@pytest.mark.parametrize("estimator", ALL, ids=lambda e: f"{type(e).__name__} {e}")
def test_inputs_are_untouched_and_fits_repeat(estimator):
    master, pairs, target = problem()
    before = [a.copy() for a in (master.spectra, pairs.target, pairs.master)]
    method = Tuned((estimator,), (RAW,))
    first, second = (method.fit(master, pairs).predict(target) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    for a, b in zip(before, (master.spectra, pairs.target, pairs.master), strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("n_members", [1, 4])
def test_rows_are_predicted_for_themselves(n_members):
    master, pairs, target = problem()
    for method in (Tuned((Piecewise(1), Piecewise(2)), (RAW,), n_members), small_consensus()):
        fitted = method.fit(master, pairs)
        whole = fitted.predict(target)
        alone = np.concatenate([fitted.predict(row[None]) for row in target])
        np.testing.assert_allclose(alone, whole, rtol=1e-12)


# ---- one by one ----


def test_pooled_and_target_only():
    found, _ = view()
    X = np.concatenate([found.master, found.target])
    expected = pls_path(X, np.concatenate([found.values, found.labels]), 5)
    np.testing.assert_allclose(Pooled().path(found).coefficients[:5], expected.coefficients)
    assert len(TargetOnly().path(found)) <= found.k - 2


def test_mean_shift_agrees_on_the_means():
    found, _ = view()
    path = MeanShift().path(found)
    master = found.master_path.predict(found.paired).mean(axis=1)
    np.testing.assert_allclose(path.predict(found.target).mean(axis=1), master)


def test_slope_and_bias_are_those_of_least_squares():
    found, _ = view()
    path = SlopeBias().path(found)
    raw = found.master_path.predict(found.target)
    for n in range(4):
        slope, bias = np.polyfit(raw[n], found.labels, 1)
        np.testing.assert_allclose(path.predict(found.target)[n], slope * raw[n] + bias)
    only_bias = SlopeBias(False).path(found).predict(found.target)
    np.testing.assert_allclose(only_bias.mean(axis=1), found.labels.mean())


def test_direct_standardisation_is_a_truncated_pseudo_inverse():
    found, target = view()
    rows = (target - found.basis @ np.zeros(found.basis.shape[1])) @ found.basis
    for rank in (2, 4):
        centred = found.target - found.target.mean(axis=0)
        u, s, vt = np.linalg.svd(centred, full_matrices=False)
        inverse = vt[:rank].T @ np.diag(1 / s[:rank]) @ u[:, :rank].T
        F = inverse @ (found.paired - found.paired.mean(axis=0))
        moved = (rows - found.target.mean(axis=0)) @ F + found.paired.mean(axis=0)
        expected = found.master_path.predict(moved)
        np.testing.assert_allclose(Direct(rank).path(found).predict(rows), expected, atol=1e-8)


@pytest.mark.parametrize(("k", "half"), [(4, 3), (12, 2), (12, 1)])
def test_piecewise_standardisation_channel_by_channel(k, half):
    found, target = view(k=k)
    spectra_t, spectra_m = found.target @ found.basis.T, found.paired @ found.basis.T
    tm, mm = spectra_t.mean(axis=0), spectra_m.mean(axis=0)
    moved = np.empty_like(target)
    for j in range(60):
        part = slice(max(0, j - half), j + half + 1)
        u, s, vt = np.linalg.svd(spectra_t[:, part] - tm[part], full_matrices=False)
        n = int(np.sum(s > 0.01 * s[0]))
        b = vt[:n].T @ ((u[:, :n].T @ (spectra_m[:, j] - mm[j])) / s[:n])
        moved[:, j] = (target[:, part] - tm[part]) @ b + mm[j]
    expected = found.master_path.predict(moved @ found.basis)
    path = Piecewise(half).path(found)
    # Master models see only what lies in the span of the calibration spectra.
    beta = found.master_path.coefficients @ found.basis.T
    expected = beta @ moved.T + found.master_path.intercepts[:, None]
    np.testing.assert_allclose(path.predict(target)[:6], expected[:6], atol=1e-7)


def test_piecewise_recovers_a_local_map():
    """If master channels are local combinations of target channels, PDS finds them."""
    rng = np.random.default_rng(0)
    target = rng.normal(size=(30, 20))
    master = np.array([np.convolve(row, [0.3, 1.0, -0.2], mode="same") for row in target])
    found = window_regressions(target, master, 1, tolerance=1e-6)
    np.testing.assert_allclose(found[1:-1], np.tile([-0.2, 1.0, 0.3], (18, 1)), atol=1e-9)
    back = transposed_product(found, np.eye(20))
    np.testing.assert_allclose(target @ back.T, master, atol=1e-8)


def test_epo_ignores_what_it_removed():
    found, _ = view()
    for rank in (1, 3):
        path = Orthogonalised(rank).path(found)
        vt = np.linalg.svd(found.target - found.paired, full_matrices=False)[2][:rank]
        np.testing.assert_allclose(path.coefficients @ vt.T, 0, atol=1e-9)
        projector = np.eye(vt.shape[1]) - vt.T @ vt
        other = pls_path(found.master @ projector, found.values, 4)
        plain = Orthogonalised(rank, recentred=False).path(found)
        rows = found.target
        np.testing.assert_allclose(plain.predict(rows)[:4], other.predict(rows @ projector)[:4])


def test_joint_without_weight_is_mean_shift():
    found, _ = view()
    zero, shift = Joint(0.0).path(found), MeanShift().path(found)
    np.testing.assert_allclose(zero.predict(found.target), shift.predict(found.target), atol=1e-7)


def test_joint_is_pls_of_stacked_rows():
    found, _ = view()
    centre = found.master.mean(axis=0) + found.shift
    X = np.concatenate([found.master - found.master.mean(axis=0), *[found.target - centre] * 4])
    y = np.concatenate([found.values, *[found.labels] * 4]) - found.values.mean()
    # A weight of four is the same as four copies.
    np.testing.assert_allclose(
        Joint(4.0).path(found).coefficients[:5], pls_coefficients(X, y, 5), rtol=1e-6, atol=1e-8
    )


def test_tikhonov_is_an_augmented_least_squares():
    found, _ = view()
    centre = found.master.mean(axis=0) + found.shift
    A = found.master - found.master.mean(axis=0)
    L = found.target - centre
    y = found.values - found.values.mean()
    size = (A**2).sum()
    path = Tikhonov(3.0).path(found)
    for place in (4, 8, 12):
        eta = np.sqrt(RIDGES[place] * size)
        rows = np.concatenate([A, np.sqrt(3) * L, eta * np.eye(A.shape[1])])
        right = np.concatenate([y, np.sqrt(3) * (found.labels - found.values.mean())])
        right = np.concatenate([right, np.zeros(A.shape[1])])
        expected = np.linalg.lstsq(rows, right, rcond=None)[0]
        np.testing.assert_allclose(path.coefficients[place], expected, rtol=1e-4, atol=1e-7)


def test_ridge_path_solves_the_normal_equations():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(6, 10)), rng.normal(size=6)
    for ridge, b in zip((0.1, 2.0), ridge_path(X, y, np.array([0.1, 2.0])), strict=True):
        np.testing.assert_allclose((X.T @ X + ridge * np.eye(10)) @ b, X.T @ y, atol=1e-10)


def test_dipls_without_penalty_is_pls():
    found, _ = view()
    X, y = found.master - found.master.mean(axis=0), found.values - found.values.mean()
    target = found.target - found.target.mean(axis=0)
    found_coefficients = dipls_coefficients(X, y, X, target, 0.0)
    n = min(5, len(found_coefficients))
    np.testing.assert_allclose(
        found_coefficients[:n], pls_coefficients(X, y, n), rtol=1e-6, atol=1e-8
    )


def test_dipls_weight_minimises_its_objective():
    """The first weight vector, before scaling, is the minimum of the published objective."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(5)
    X, y, target = rng.normal(size=(15, 5)), rng.normal(size=15), rng.normal(size=(9, 5)) * 2
    X, y, target = X - X.mean(axis=0), y - y.mean(), target - target.mean(axis=0)
    delta = absolute_difference(X, target)
    strength = 0.7
    # λ in units of yᵀy over the mean eigenvalue.
    penalty = strength * (y @ y) * 5 / np.trace(delta)

    def objective(w):
        return ((X - np.outer(y, w)) ** 2).sum() + penalty * w @ delta @ w

    w = minimize(objective, np.zeros(5), tol=1e-14).x
    t = X @ w / np.linalg.norm(w)
    expected = w / np.linalg.norm(w) * (y @ t) / (t @ t)
    # One component: β = w q, since PᵀW = 1.
    np.testing.assert_allclose(
        dipls_coefficients(X, y, X, target, strength)[0], expected, atol=1e-5
    )


def slow_dipls(X, y, source, target, strength, n):
    """The published algorithm on channels: an inverse per weight vector, each domain deflated."""
    p, W, P, q = X.shape[1], [], [], []
    for _ in range(n):
        values, vectors = np.linalg.eigh(np.cov(source.T) - np.cov(target.T))
        delta = vectors @ np.diag(abs(values)) @ vectors.T
        penalty = strength * (y @ y) / (np.trace(delta) / p)
        w = np.linalg.inv(np.eye(p) + penalty / (y @ y) * delta) @ (X.T @ y / (y @ y))
        w /= np.linalg.norm(w)
        t = X @ w
        P.append(X.T @ t / (t @ t)), q.append(y @ t / (t @ t)), W.append(w)
        X, y = X - np.outer(t, P[-1]), y - q[-1] * t
        for rows in (source, target):
            s = rows @ w
            rows -= np.outer(s, s @ rows / (s @ s))
    W, P = np.array(W).T, np.array(P).T
    return W @ np.linalg.solve(P.T @ W, q)


@pytest.mark.parametrize("strength", [0.3, 3.0])
def test_dipls_with_several_components(strength):
    rng = np.random.default_rng(8)
    X, y, target = rng.normal(size=(25, 6)), rng.normal(size=25), rng.normal(size=(18, 6)) * 1.5
    X, y, target = X - X.mean(axis=0), y - y.mean(), target - target.mean(axis=0)
    found = dipls_coefficients(X, y, X, target, strength)
    for n in (1, 2, 4):
        expected = slow_dipls(X, y, X.copy(), target.copy(), strength, n)
        np.testing.assert_allclose(found[n - 1], expected, rtol=1e-8, atol=1e-11)


def test_relaxed_difference_bounds_both_signs():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(20, 4)), rng.normal(size=(20, 4))
    relaxed = absolute_difference(a, b)
    plain = a.T @ a / 19 - b.T @ b / 19
    for sign in (1, -1):
        assert np.linalg.eigvalsh(relaxed - sign * plain).min() > -1e-12


def test_canonical_map_finds_a_linear_relation():
    rng = np.random.default_rng(3)
    target = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 12))
    target -= target.mean(axis=0)
    master = target @ rng.normal(size=(12, 9))
    np.testing.assert_allclose(target @ canonical_map(target, master, 3), master, atol=1e-9)


def test_canonical_correlations_are_those_of_scikit_learn():
    cross = pytest.importorskip("sklearn.cross_decomposition")
    rng = np.random.default_rng(8)
    a = rng.normal(size=(50, 3))
    b = a @ rng.normal(size=(3, 3)) + rng.normal(size=(50, 3))
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    x, y = cross.CCA(3, scale=False, tol=1e-12, max_iter=5000).fit_transform(a, b)
    theirs = [abs(np.corrcoef(x[:, i], y[:, i])[0, 1]) for i in range(3)]
    # Mapped variates are fractions ρ² of the total: the trace of F and its reverse is Σρ².
    trace = np.trace(canonical_map(a, b, 3) @ canonical_map(b, a, 3))
    assert trace == pytest.approx(sum(r**2 for r in theirs), rel=1e-3)


# ---- optimal transport ----


def slow_plan(source, target, regularisation):
    """Cuturi's scaling iteration as it is, iterated long."""
    cost = ((source[:, None] - target[None]) ** 2).sum(axis=2)
    K = np.exp(-cost / (regularisation * np.median(cost)))
    u, v = np.ones(len(source)), np.ones(len(target))
    for _ in range(20000):
        u = 1 / len(source) / (K @ v)
        v = 1 / len(target) / (K.T @ u)
    return u[:, None] * K * v


@pytest.mark.parametrize("regularisation", [0.3, 1.0])
def test_transport_plan(regularisation):
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(12, 3)), rng.normal(size=(7, 3)) + 0.3
    plan = transport_plan(source, target, regularisation)
    np.testing.assert_allclose(plan.sum(axis=1), 1 / 12, rtol=1e-12)
    np.testing.assert_allclose(plan.sum(axis=0), 1 / 7, rtol=1e-3)
    np.testing.assert_allclose(plan, slow_plan(source, target, regularisation), atol=2e-5)


def test_both_iterations_give_the_same_plan():
    from spektron.ml.transfer.sinkhorn import _logarithmic_plan, _scaled_plan

    exponents = -np.random.default_rng(2).exponential(5.0, (9, 6))
    np.testing.assert_allclose(
        _scaled_plan(np.exp(exponents)), _logarithmic_plan(exponents), rtol=1e-9, atol=1e-15
    )


@pytest.mark.parametrize("blend", [0.5, 1.0])
def test_barycentric_map_and_pls(blend):
    """Each master spectrum becomes a mean of target spectra, weighted by its row of the plan."""
    found, _ = view()
    moved = found.master + (found.target - found.paired).mean(axis=0)
    plan = slow_plan(moved, found.target, 0.3)
    carried = np.array([np.average(found.target, axis=0, weights=row) for row in plan])
    X = blend * carried + (1 - blend) * moved
    beta = nipals(X - X.mean(axis=0), found.values - found.values.mean(), 2)
    expected = (found.target - X.mean(axis=0)) @ beta + found.values.mean()
    path = Barycentric(0.3, blend).path(found)
    np.testing.assert_allclose(path.predict(found.target)[1], expected, atol=5e-3)


def test_cold_transport_is_an_assignment():
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(4)
    source = rng.normal(size=(8, 2))
    target = source[rng.permutation(8)] + 0.01 * rng.normal(size=(8, 2))
    cost = ((source[:, None] - target[None]) ** 2).sum(axis=2)
    plan = transport_plan(source, target, 0.002)
    assert plan.argmax(axis=1).tolist() == linear_sum_assignment(cost)[1].tolist()


# ---- two channels ----


def test_best_pair_is_the_best_of_all():
    X, y = spectra(15, 14, seed=9, noise=0.05)

    def residual(i, j):
        design = np.column_stack([X[:, [i, j]], np.ones(15)])
        return ((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum()

    pairs = [(i, j) for i in range(14) for j in range(i + 1, 14)]
    assert best_pair(X, y) == min(pairs, key=lambda p: residual(*p))


# ---- the default ----


def small_consensus(**options):
    return Consensus(windows=(7,), half_widths=(4,), **options)


@given(st.integers(0, 12), st.integers(1, 30))
def test_sliding_sums(half_width, p):
    row = np.random.default_rng(p).normal(size=p)
    expected = [row[max(0, j - half_width) : j + half_width + 1].sum() for j in range(p)]
    np.testing.assert_allclose(sliding_sum(row, half_width), expected, atol=1e-9)


@pytest.mark.parametrize("shrinkage", [0.1, 1.0])
def test_local_map_is_a_ridge_per_channel(shrinkage):
    _, pairs, target = problem()
    half = 3
    local = fit_local_map(pairs.target, pairs.master, half, shrinkage)
    tm, mm = pairs.target.mean(axis=0), pairs.master.mean(axis=0)
    moved = local(target)
    for j in (0, 2, 30, 59):
        part = slice(max(0, j - half), j + half + 1)
        T = pairs.target[:, part] - tm[part]
        missing = (pairs.master - mm)[:, j] - (pairs.target - tm)[:, j]
        ridge = shrinkage * (T**2).sum() / (2 * half + 1)
        b = np.linalg.solve(T.T @ T + ridge * np.eye(T.shape[1]), T.T @ missing)
        expected = (target - tm)[:, j] + (target - tm)[:, part] @ b + mm[j]
        np.testing.assert_allclose(moved[:, j], expected, atol=1e-8)


def test_local_map_is_pulled_back():
    _, pairs, target = problem()
    local = fit_local_map(pairs.target, pairs.master, 5, 0.3)
    beta = np.random.default_rng(0).normal(size=60)
    new, offset = local.pulled_back(beta)
    np.testing.assert_allclose(local(target) @ beta, target @ new + offset, rtol=1e-9)


def test_strong_shrinkage_is_the_mean_difference():
    _, pairs, target = problem()
    local = fit_local_map(pairs.target, pairs.master, 5, 1e12)
    shift = (pairs.master - pairs.target).mean(axis=0)
    np.testing.assert_allclose(local(target), target + shift, atol=1e-8)


def test_distrustful_ridge_is_an_augmented_least_squares():
    rng = np.random.default_rng(7)
    X, y, E = rng.normal(size=(9, 6)), rng.normal(size=9), rng.normal(size=(3, 6))
    for ridge in (0.01, 0.1):
        b, _ = distrustful_ridge(X, y, E, ridge, distrust=4.0)
        eta = np.sqrt(ridge * (X**2).sum())
        rows = np.concatenate([X, 2 * E, eta * np.eye(6)])
        right = np.concatenate([y, np.zeros(9)])
        np.testing.assert_allclose(b, np.linalg.lstsq(rows, right, rcond=None)[0], atol=1e-9)


def test_much_distrust_is_orthogonality():
    rng = np.random.default_rng(7)
    X, y, E = rng.normal(size=(9, 6)), rng.normal(size=9), rng.normal(size=(3, 6))
    b, _ = distrustful_ridge(X, y, E, 1e-6, distrust=1e9)
    assert np.abs(E @ b).max() < 1e-5 * np.abs(b).max()


def test_error_is_that_of_leaving_rows_out():
    rng = np.random.default_rng(3)
    X, y, E = rng.normal(size=(9, 6)), rng.normal(size=9), rng.normal(size=(3, 6))
    size = (X**2).sum()
    errors = []
    for i in range(9):
        rest = np.delete(X, i, axis=0)
        normal = rest.T @ rest + 4 * E.T @ E + 0.05 * size * np.eye(6)
        errors.append(X[i] @ np.linalg.solve(normal, rest.T @ np.delete(y, i)) - y[i])
    _, error = distrustful_ridge(X, y, E, 0.05, distrust=4.0)
    assert error == pytest.approx(np.mean(np.square(errors)))


def test_localised_covariance_is_an_elementwise_product():
    E = spectra(4, 40)[0]
    rows = localised(E, 0.5)
    places = np.arange(40) / 20
    gaussian = np.exp(-0.5 * (places[:, None] - places) ** 2)
    np.testing.assert_allclose(rows.T @ rows, (E.T @ E) * gaussian, rtol=0.02, atol=0.02)


def test_default_member_by_member():
    """The average of its members is what each ingredient gives, one after the other."""
    master, pairs, target = problem()
    options = {"shrinkages": (0.5,), "bands": ((0.0, 1.0),), "ridges": (1e-3,), "reach": 1e6}
    found = small_consensus(**options).fit(master, pairs).predict(target)
    treat = Pretreatment(derivative=1, window=7)
    local = fit_local_map(treat(pairs.target), treat(pairs.master), 4, 0.5)
    differences = local(treat(pairs.target)) - treat(pairs.master)
    rows = treat(master.spectra)
    centre, mean = rows.mean(axis=0), master.values.mean()
    b, _ = distrustful_ridge(rows - centre, master.values - mean, differences, 1e-3, distrust=10.0)
    expected = (local(treat(target)) - centre) @ b + mean
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_default_averages_bands_and_ridges():
    master, pairs, target = problem()
    bands, ridges = ((0.0, 1.0), (0.5, 1.0)), (1e-4, 1e-2)
    options = {"shrinkages": (0.5,), "sharpness": 0.0}
    method = small_consensus(bands=bands, ridges=ridges, **options)
    whole = method.fit(master, pairs).predict(target)
    each = [
        small_consensus(bands=(b,), ridges=(r,), **options).fit(master, pairs).predict(target)
        for b in bands
        for r in ridges
    ]
    np.testing.assert_allclose(whole, np.mean(each, axis=0), rtol=1e-8)


def test_a_band_without_the_property_has_no_say():
    """The upper part of the axis does not see the first band; its weight shows it."""
    master, pairs, target = problem(n=40, k=10)
    errors = {}
    for sharpness in (0.0, 1.0):
        method = small_consensus(bands=((0.0, 1.0), (0.6, 1.0)), sharpness=sharpness)
        found = method.fit(master, pairs).predict(target[10:])
        errors[sharpness] = np.sqrt(np.mean((found - master.values[10:]) ** 2))
    assert errors[1.0] < 0.2 * errors[0.0]


def test_default_without_pairs_is_a_ridge_of_the_master():
    master, pairs, _ = problem()
    none = Pairs.of(master, [], pairs.target[:0])
    fitted = small_consensus(bands=((0.0, 1.0),), ridges=(1e-4,)).fit(master, none)
    np.testing.assert_allclose(fitted.predict(master.spectra), master.values, atol=0.02)


@pytest.mark.parametrize("method", [Consensus(windows=(7,), half_widths=(4,)),
                                    Tuned((Joint(1.0), Joint(5.0)), (RAW,), 3)],
                         ids=["default", "joint"])  # fmt: skip
def test_transfer_helps(method):
    master, pairs, target = problem(n=40, k=10)
    rows = np.arange(10, 40)
    values = master.values[rows]
    error = np.sqrt(np.mean((method.fit(master, pairs).predict(target[rows]) - values) ** 2))
    plain = Tuned((NoTransfer(),), (RAW,)).fit(master, pairs).predict(target[rows])
    assert error < 0.3 * np.sqrt(np.mean((plain - values) ** 2))
    assert error < 0.2 * values.std()


# ---- tuning ----


def test_a_sample_left_out_is_out_on_both_instruments():
    master, pairs, _ = problem(k=6)
    whole = Problem(master, pairs, n_folds=3)
    folds = whole.folds(RAW)
    assert [len(values) for *_, values in folds] == [2, 2, 2]
    full = whole.view(RAW)
    for fold, rows, values in folds:
        assert (fold.k, len(fold.values)) == (4, 28)
        for row, value in zip(rows, values, strict=True):
            place = int(np.argmin(((full.target - row) ** 2).sum(axis=1)))
            assert full.labels[place] == value
            assert not (fold.target == full.target[place]).all(axis=1).any()
            assert not (fold.master == full.paired[place]).all(axis=1).any()
        # The members still point at their own rows.
        np.testing.assert_array_equal(fold.master[fold.members], fold.paired)
        np.testing.assert_array_equal(fold.values[fold.members], fold.labels)


def test_tuning_finds_the_number_of_components():
    """Three bands and two baseline terms: five components explain all; the error says so."""
    master, pairs, _ = problem(n=40, k=12)
    best = Tuned((Joint(1.0),), (RAW,)).choices(Problem(master, pairs))[0]
    errors = {c.complexity: c.error for c in Tuned((Joint(1.0),), (RAW,)).choices(
        Problem(master, pairs))}  # fmt: skip
    assert errors[best.complexity] == min(errors.values())
    assert 2 <= best.complexity < MAX_COMPONENTS - 1
    assert errors[0] > 5 * best.error


def test_ensemble_is_the_mean_of_the_best():
    master, pairs, target = problem()
    method = Tuned((Joint(1.0), Joint(5.0)), (RAW, Pretreatment(derivative=1, window=7)), 4)
    whole = Problem(master, pairs)
    predictions = []
    seen = {}
    for choice in method.choices(whole):
        seen.setdefault((choice.pretreatment, choice.estimator), choice)
    assert len(seen) == 4
    for choice in seen.values():
        found = view_of(master, pairs, None, choice.pretreatment)
        path = choice.estimator.path(found)
        linear = found.linear(path, choice.complexity, choice.pretreatment)
        predictions.append(linear.predict(target))
    np.testing.assert_allclose(
        method.fit(master, pairs).predict(target), np.mean(predictions, axis=0), rtol=1e-9
    )


def test_too_few_transfer_samples():
    master, pairs, _ = problem(k=3)
    with pytest.raises(ProtocolError, match="Canonical needs 4 transfer samples or more; there"):
        Tuned((Canonical(2),), (RAW,)).fit(master, pairs)


def test_bad_sets():
    X, y = spectra(5)
    with pytest.raises(SpectraError, match=r"\(4,\) values do not fit spectra of shape \(5, 60\)"):
        Labelled(X, y[:4])
    with pytest.raises(SpectraError, match="missing"):
        Labelled(X, np.where(y == y[0], np.nan, y))
    with pytest.raises(SpectraError, match="one row per sample"):
        Pairs(X[:3], X[:2], y[:3], np.arange(3))
    with pytest.raises(SpectraError, match="2 members for 3"):
        Pairs(X[:3], X[:3], y[:3], np.arange(2))
    with pytest.raises(SpectraError, match="59 channels do not fit"):
        Linear(np.zeros(60), 0.0).predict(X[:, :59])


def test_average_is_the_mean():
    X, _ = spectra(4)
    a, b = Linear(np.ones(60), 0.0), Linear(np.zeros(60), 2.0)
    np.testing.assert_allclose(Average((a, b)).predict(X), X.sum(axis=1) / 2 + 1)
