"""Plans of symmetry-unique gradients, and the derivatives that are reconstructed from them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.pointgroup import (
    Molecule,
    PointGroup,
    detect,
    example,
    example_names,
    symmetry_coordinates,
)
from spektron.pointgroup.theory.groups import operation_matrices
from spektron.pointgroup.units import BOHR
from spektron.vibration.derivatives.directions import (
    minimal_directions,
    symmetric_tensors,
    symmetric_vectors,
)
from spektron.vibration.derivatives.displacements import plan_displacements
from spektron.vibration.derivatives.fields import plan_fields
from spektron.vibration.derivatives.operations import finite_operations, in_standard_frame
from spektron.vibration.derivatives.points import (
    compute_points,
    displaced_points,
    field_points,
    reference_point,
)
from spektron.vibration.derivatives.raman import field_derivatives
from spektron.vibration.derivatives.reconstruction import second_derivatives
from spektron.vibration.electronic.surface import SinglePoint
from spektron.vibration.errors import CalculationError, HarmonicDataError
from spektron.vibration.level import Level

STEP, FIELD = 0.005, 0.005

# One geometry for each group that no packaged example has: a seed away from all elements,
# with its images, and a second orbit that rules out further symmetry.
MADE = ["C1", "Cs", "Ci", "C3", "C4", "C2h", "C3h", "C4v", "D2", "D3", "D5", "S4", "S6", "T", "Th"]
MADE += ["O", "I", "D2h", "C6v", "D4d"]
EXAMPLES = [name for name in example_names() if name not in ("c60", "adamantane")]


def made(symbol, seed=3):
    """A molecule with exactly this group: general orbits, four atoms or more."""
    operations = operation_matrices(PointGroup(symbol))
    n_orbits = 5 if len(operations) < 3 else 2
    points = np.random.default_rng(seed).normal(size=(n_orbits, 3))
    points *= np.linspace(2.0, 3.3, n_orbits)[:, None] / np.linalg.norm(points, axis=1)[:, None]
    positions = np.concatenate([operations @ p for p in points])
    n = len(operations)
    return Molecule("C" * n * (n_orbits - 1) + "H" * n, positions, name=symbol)


def geometry(name):
    return example(name) if name in example_names() else made(name)


class CubicSurface:
    """A random cubic polynomial in displacements and field, averaged over a group.

    Central differences of it are exact, and so are its derivatives: a dense twin that knows
    nothing of the code under test. It does not change under translations.
    """

    level = Level("hf", "sto-3g")
    program = "cubic polynomial"

    def __init__(self, symmetry, charge=0, seed=0):
        molecule = symmetry.molecule
        self.molecule = Molecule(molecule.symbols, molecule.positions, charge=charge)
        rng = np.random.default_rng(seed)
        n = molecule.n_atoms
        self.n, self.charge = n, charge
        operations = finite_operations(symmetry)
        self.R = operations.matrices
        self.D = np.zeros((len(self.R), n, 3, n, 3))
        for g, permutation in enumerate(operations.permutations):
            self.D[g, permutation, :, np.arange(n), :] = self.R[g]
        self.D = self.D.reshape(len(self.R), 3 * n, 3 * n)
        free = np.eye(3 * n) - np.kron(np.full((n, n), 1 / n), np.eye(3))
        h = rng.normal(size=(3 * n, 3 * n))
        self.g = free @ rng.normal(size=3 * n)
        self.H = free @ (h + h.T) @ free
        self.cubic = rng.normal(size=(4, 3 * n)) @ free
        self.mu, self.Z = rng.normal(size=3), free @ rng.normal(size=(3 * n, 3))
        self.Z += np.kron(np.ones((n, 1)), np.eye(3)) * charge / n
        alpha = rng.normal(size=(3, 3))
        self.alpha = alpha + alpha.T
        a = rng.normal(size=(3 * n, 3, 3))
        self.A = np.einsum("ij,jkl->ikl", free, a + a.transpose(0, 2, 1))
        self.bend, self.way = free @ rng.normal(size=3 * n), rng.normal(size=3)
        self.calls = 0

    def compute(self, positions, field=(0.0, 0.0, 0.0)):
        self.calls += 1
        u = ((np.asarray(positions) - self.molecule.positions) / BOHR).ravel()
        energy, gradient, dipole = 0.0, np.zeros(3 * self.n), np.zeros(3)
        for D, R in zip(self.D, self.R, strict=True):
            e, g, m = self._term(D @ u, R @ np.asarray(field))
            energy, gradient, dipole = energy + e, gradient + D.T @ g, dipole + R.T @ m
        order = len(self.R)
        return SinglePoint(energy / order, (gradient / order).reshape(-1, 3), dipole / order)

    def _term(self, u, F):
        v, b, w = self.cubic @ u, self.bend @ u, self.way @ F
        mu = self.mu + self.Z.T @ u + b**2 / 2 * self.way
        alpha = self.alpha + np.einsum("i,ikl->kl", u, self.A)
        energy = self.g @ u + u @ self.H @ u / 2 + (v**3).sum() / 6
        energy += -mu @ F - F @ alpha @ F / 2 - w**3 / 6 * (1 + b)
        gradient = self.g + self.H @ u + self.cubic.T @ v**2 / 2
        gradient -= self.Z @ F + self.bend * b * w + self.A @ F @ F / 2 + w**3 / 6 * self.bend
        return energy, gradient, mu + alpha @ F + w**2 / 2 * (1 + b) * self.way

    def exact(self):
        """Hessian, dipole derivatives and polarizability derivatives at the reference."""
        k, D, R = len(self.R), self.D, self.R
        hessian = np.einsum("gji,jk,gkl->il", D, self.H, D, optimize=True) / k
        dipole = np.einsum("gji,jk,gkl->il", D, self.Z, R, optimize=True) / k
        alpha = np.einsum("gji,jkl,gka,glb->iab", D, self.A, R, R, optimize=True) / k
        return hessian, dipole, alpha


# ---- plans ----

COUNTS = {  # displacements, fields: design of the method; SF6 needs one less than there
    "benzene": (4, 2),
    "methane": (2, 1),
    "sulfur_hexafluoride": (2, 1),
    "ethylene": (6, 3),
    "water": (4, 4),
    "carbon_dioxide": (2, 2),
    "c60": (4, 1),
}


@pytest.mark.parametrize(("name", "counts"), COUNTS.items())
def test_number_of_gradients(name, counts):
    symmetry = detect(example(name))
    plans = plan_displacements(symmetry), plan_fields(symmetry)
    assert tuple(p.n_gradients for p in plans) == counts


def test_number_of_gradients_without_symmetry():
    symmetry = detect(made("C1"))
    n = symmetry.molecule.n_atoms
    assert plan_displacements(symmetry).n_gradients == 6 * (n - 1)
    assert plan_fields(symmetry).n_gradients == 12


@pytest.mark.parametrize("name", [*EXAMPLES, "adamantane", "c60"])
def test_never_below_two_gradients_per_totally_symmetric_vibration(name):
    """±d along a totally symmetric displacement have no operation between them."""
    symmetry = detect(example(name))
    if symmetry.group.is_continuous:
        pytest.skip("no finite symmetry coordinates")
    copies = symmetry_coordinates(symmetry)[0].vectors.shape[0]
    rigid = sum(abs(np.trace(symmetry.matrices, axis1=1, axis2=2).mean().round()) for _ in "T")
    axial = np.linalg.det(symmetry.matrices) * np.trace(symmetry.matrices, axis1=1, axis2=2)
    vibrations = copies - round(rigid) - round(axial.mean())
    n = plan_displacements(symmetry).n_gradients
    assert 2 * vibrations <= n <= 6 * symmetry.molecule.n_atoms


def test_dropped_atom_is_alone_in_its_orbit():
    assert plan_displacements(detect(example("methane"))).dropped == 0
    assert plan_displacements(detect(example("benzene"))).dropped is None


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("symbol", [*MADE, "Td", "Oh", "Ih", "D6h", "D3h", "D2d", "C7", "S8"])
def test_images_of_directions_span(symbol, power):
    matrices = operation_matrices(PointGroup(symbol))
    directions = minimal_directions(matrices, power=power)
    images = np.concatenate([matrices @ d.vector for d in directions])
    if power == 2:
        images = symmetric_vectors(np.einsum("ga,gb->gab", images, images))
    values = np.linalg.svd(images, compute_uv=False) / len(matrices) ** 0.5
    assert len(values) == (3 if power == 1 else 6)
    assert values[-1] > 0.15  # well-conditioned, not only of full rank
    for d in directions:
        if d.reversal is not None:
            assert matrices[d.reversal] @ d.vector == pytest.approx(-d.vector, abs=1e-9)


def test_directions_of_a_site_without_symmetry_are_the_axes():
    vectors = [d.vector for d in minimal_directions(np.eye(3)[None], power=1)]
    assert np.array_equal(vectors, np.eye(3))


def test_one_atom_has_no_vibrations():
    with pytest.raises(HarmonicDataError, match="one atom alone"):
        plan_displacements(detect(Molecule(["Ar"], np.zeros((1, 3)))))


@given(st.lists(st.floats(-5, 5), min_size=6, max_size=6))
def test_symmetric_vectors_keep_the_norm(values):
    tensor = symmetric_tensors(np.array(values))
    assert np.array_equal(tensor, tensor.T)
    assert np.sum(tensor**2) == pytest.approx(np.sum(np.square(values)))
    assert symmetric_vectors(tensor) == pytest.approx(np.array(values))


# ---- operations ----


@pytest.mark.parametrize("name", ["carbon_dioxide", "acetylene", "allene", "C3", "T"])
def test_operations_are_a_group_of_the_geometry(name):
    symmetry = in_standard_frame(detect(geometry(name)))
    operations = finite_operations(symmetry)
    products = np.einsum("gab,hbc->ghac", operations.matrices, operations.matrices)
    distance = np.abs(products[:, :, None] - operations.matrices).max(axis=(-2, -1)).min(axis=-1)
    assert distance.max() < 1e-9
    assert np.array_equal(operations.matrices[0].round(12), np.eye(3))
    positions = symmetry.molecule.positions
    for g in range(operations.order):
        assert operations.turned(g, positions) == pytest.approx(positions, abs=1e-9)


def test_averaging_keeps_what_is_symmetric_and_only_that():
    operations = finite_operations(in_standard_frame(detect(example("ammonia"))))
    vectors = np.random.default_rng(0).normal(size=(4, 3))
    kept = operations.averaged(vectors)
    for g in range(operations.order):
        assert operations.turned(g, kept) == pytest.approx(kept, abs=1e-12)
        assert operations.averaged(operations.turned(g, vectors)) == pytest.approx(kept, abs=1e-12)
    assert operations.averaged(kept) == pytest.approx(kept, abs=1e-12)
    assert np.abs(kept).max() > 0.01


# ---- reconstruction against the dense twin ----


def reconstructed(surface, symmetry):
    plan, fields = plan_displacements(symmetry), plan_fields(symmetry)
    (reference,) = compute_points(surface, [reference_point(surface)])
    displaced = compute_points(surface, displaced_points(surface, plan, STEP))
    in_fields = compute_points(surface, field_points(surface, fields, FIELD))
    second = second_derivatives(plan, surface.molecule, reference, displaced, step=STEP)
    return second, field_derivatives(fields, reference, in_fields, strength=FIELD)


@pytest.mark.parametrize("name", [*EXAMPLES, *(m for m in MADE if m not in ("I", "O", "Th"))])
def test_reconstruction_is_exact_for_a_cubic_surface(name):
    symmetry = in_standard_frame(detect(geometry(name)))
    surface = CubicSurface(symmetry, charge=1)
    second, raman = reconstructed(surface, symmetry)
    hessian, dipole, alpha = surface.exact()
    n_gradients = plan_displacements(symmetry).n_gradients + plan_fields(symmetry).n_gradients
    assert surface.calls == 1 + n_gradients
    assert second.hessian == pytest.approx(hessian, abs=1e-9)
    assert second.dipole_derivatives == pytest.approx(dipole, abs=1e-9)
    assert raman.polarizability_derivatives == pytest.approx(alpha, abs=1e-7)
    assert raman.dipole_derivatives == pytest.approx(dipole, abs=2e-3)  # O(F²): hyperpolarizability
    assert max(second.residuals.asymmetry, second.residuals.translation) < 1e-9
    assert second.residuals.charge < 1e-9
    assert raman.translation < 1e-7


@given(st.integers(0, 2**32 - 1), st.sampled_from(["ammonia", "allene", "S4", "carbon_dioxide"]))
def test_reconstruction_is_exact_in_any_frame(seed, name):
    """Directions are chosen by the operations, wherever the axes point."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    symmetry = detect(geometry(name).with_positions(geometry(name).positions @ turn.T))
    surface = CubicSurface(symmetry, seed=seed)
    second, raman = reconstructed(surface, symmetry)
    hessian, dipole, alpha = surface.exact()
    assert second.hessian == pytest.approx(hessian, abs=1e-9)
    assert second.dipole_derivatives == pytest.approx(dipole, abs=1e-9)
    assert raman.polarizability_derivatives == pytest.approx(alpha, abs=1e-7)


def test_degenerate_curvatures_are_equal_to_rounding():
    symmetry = in_standard_frame(detect(example("benzene")))
    surface = CubicSurface(symmetry)
    rng = np.random.default_rng(1)
    exact = surface.compute

    def noisy(positions, field=(0, 0, 0)):
        result = exact(positions, field)
        return SinglePoint(
            result.energy, result.gradient + 1e-6 * rng.normal(size=(12, 3)), result.dipole
        )

    surface.compute = noisy
    second, _ = reconstructed(surface, symmetry)
    assert np.abs(second.hessian - surface.exact()[0]).max() > 1e-6  # the noise is there
    for block in symmetry_coordinates(symmetry):
        if block.irrep.dimension == 2:
            vectors = block.vectors.reshape(*block.vectors.shape[:2], -1)
            first, last = (v @ second.hessian @ v.T for v in vectors.swapaxes(0, 1))
            assert first == pytest.approx(last, abs=1e-12)


@pytest.mark.parametrize("name", ["benzene", "boron_trifluoride", "ammonia", "C3h", "D5"])
def test_constant_error_without_the_symmetry_cancels(name):
    """Integration grids have the symmetry of a cube, and shift gradients in other groups.

    Found on benzene: 1e-6 Eh/bohr that did not cancel made an error of 44 % in Raman.
    """
    symmetry = in_standard_frame(detect(geometry(name)))
    surface, exact = CubicSurface(symmetry), CubicSurface(symmetry).compute
    rng = np.random.default_rng(4)
    offset = rng.normal(size=(surface.n, 3)), rng.normal(size=3)

    def shifted(positions, field=(0, 0, 0)):
        result = exact(positions, field)
        return SinglePoint(0.0, result.gradient + offset[0], result.dipole + offset[1])

    surface.compute = shifted
    second, raman = reconstructed(surface, symmetry)
    hessian, dipole, alpha = surface.exact()
    assert second.hessian == pytest.approx(hessian, abs=1e-9)
    assert second.dipole_derivatives == pytest.approx(dipole, abs=1e-9)
    assert raman.polarizability_derivatives == pytest.approx(alpha, abs=1e-7)


def test_rotation_residual_sees_a_gradient():
    """For a spring between two atoms H·(ω × x) = ω × g holds also where it is stretched."""
    molecule = Molecule("HF", [[0, 0, 0], [0, 0, 0.9]])
    symmetry = in_standard_frame(detect(molecule))

    class Spring:
        level, program = Level("hf", "sto-3g"), "spring"

        def __init__(self):
            self.molecule = symmetry.molecule

        def compute(self, positions, field=(0, 0, 0)):
            bond = np.diff(np.asarray(positions) / BOHR, axis=0)[0]
            length = np.linalg.norm(bond)
            pull = (length - 1.4) * bond / length
            return SinglePoint((length - 1.4) ** 2 / 2, np.array([-pull, pull]), np.zeros(3))

    second, _ = reconstructed(Spring(), symmetry)
    length = 0.9 / BOHR
    assert second.hessian[2, 2] == pytest.approx(1, abs=1e-5)
    assert second.hessian[0, 0] == pytest.approx(1 - 1.4 / length, abs=1e-5)
    assert second.residuals.rotation < 1e-5


# ---- points ----


def test_numbers_that_are_not_finite_are_refused():
    symmetry = in_standard_frame(detect(example("water")))
    surface = CubicSurface(symmetry)
    surface.g = surface.g * np.nan
    with pytest.raises(CalculationError, match="reference geometry: cubic polynomial gave no"):
        compute_points(surface, [reference_point(surface)])


def test_progress_counts_every_step():
    symmetry = in_standard_frame(detect(example("water")))
    surface, seen = CubicSurface(symmetry), []
    points = displaced_points(surface, plan_displacements(symmetry), STEP)
    compute_points(surface, points, progress=lambda *step: seen.append(step), first=1, total=9)
    assert [s[:2] for s in seen] == [(k, 9) for k in range(1, 5)]
    assert all(s[2].startswith("H2 along") for s in seen)
