"""Identifiability: time of Jacobians, exact ranks, hidden symmetry, and growth with the molecule.

Goals: Jacobian of the full F, d = 60 (1830 constants, 240 observables) in 10 ms on one core, 200
times faster than central differences and 20 times faster than torch; `identify` on benzene with
all 13 H/D isotopologues in 2 s; exact rank of a block with n = 10, K = 6 in 5 s; hidden symmetry
of cubane below 1 s.
"""

import statistics
import time

import numpy as np
import pytest
from spektron.identifiability.exact import exact_rank
from spektron.identifiability.forcefield import ForceField
from spektron.identifiability.generic import block_rank
from spektron.identifiability.hidden import hidden_symmetry
from spektron.identifiability.identification import identify
from spektron.identifiability.isotopologue import Isotopologue
from spektron.identifiability.lines import solve
from spektron.identifiability.observables import DATA, Observables, respond
from spektron.identifiability.parameters import FullParameters
from spektron.identifiability.space import InternalSpace
from spektron.identifiability.substitution import patterns
from spektron.identifiability.tensors import Tensors
from spektron.identifiability.valence import without_symmetry
from spektron.pointgroup import Molecule, example


def milliseconds(function, rounds=9):
    function()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def unsymmetric(n_atoms=22, seed=0):
    """A random C1 molecule, a random full force field of it, tensors; d = 3N − 6."""
    rng = np.random.default_rng(seed)
    positions = np.stack(np.meshgrid(*[np.arange(3)] * 3), axis=-1).reshape(-1, 3)[:n_atoms] * 1.5
    molecule = Molecule("C" * n_atoms, positions + rng.uniform(-0.3, 0.3, positions.shape))
    space = without_symmetry(InternalSpace.of(molecule))
    root = np.eye(space.dimension) + 0.05 * rng.normal(size=(space.dimension,) * 2)
    parameters = FullParameters(space)
    field = ForceField(parameters, parameters.read(0.3 * root @ root.T))
    return field, Tensors.random(space, seed)


class FullJacobian:
    """240 observables (curvatures, three intensities) of 1830 constants, three ways."""

    def __init__(self):
        self.field, self.tensors = unsymmetric()
        self.parent = Isotopologue.with_symmetry(self.field.space, self.field.space.symmetry)
        kinds = ("ir", "isotropic", "anisotropic")
        self.forms = [self.tensors.form(kind, self.parent) for kind in kinds]

    def analytic(self):
        parameters = self.field.parameters
        (lines,) = solve(self.field.matrix, self.parent)
        out = np.empty((len(self.field.values), 240)).T
        out[:60] = lines.curvature_gradients(parameters)
        for start, form in zip((60, 120, 180), self.forms, strict=True):
            out[start : start + 60] = lines.intensity_gradients(form, parameters)
        return out

    def values(self, at):
        (lines,) = solve(self.field.parameters.assemble(at), self.parent)
        return np.concatenate([lines.curvatures, *(lines.intensities(q) for q in self.forms)])

    def differences(self, columns, step):
        """Central differences, (240, columns)."""
        out = []
        for column in columns:
            at = self.field.values.copy()
            at[column] += step
            above = self.values(at)
            at[column] -= 2 * step
            out.append((above - self.values(at)) / (2 * step))
        return np.array(out).T

    def automatic(self, torch):
        """The two ways of torch to a Jacobian by rows: batched reverse mode."""
        half = torch.tensor(np.linalg.cholesky(self.parent.kinetic))
        given = [torch.tensor(form) for form in self.forms]
        rows, others = (torch.tensor(i) for i in np.triu_indices(self.field.space.dimension))
        scale = torch.where(rows == others, *torch.tensor([1.0, 0.5**0.5], dtype=torch.float64))

        def observables(theta):
            upper = torch.zeros((len(half),) * 2, dtype=torch.float64)
            upper = upper.index_put((rows, others), theta * scale)
            matrix = upper + upper.T - torch.diag(torch.diagonal(upper))
            curvatures, vectors = torch.linalg.eigh(half.T @ matrix @ half)
            modes = half @ vectors
            return torch.cat([curvatures, *(((q @ modes) * modes).sum(0) for q in given)])

        theta, reverse = torch.tensor(self.field.values), torch.func.jacrev(observables)
        jacobian = torch.autograd.functional.jacobian
        return {
            "torch.func.jacrev": lambda: reverse(theta).numpy(),
            "autograd.functional": lambda: jacobian(observables, theta, vectorize=True).numpy(),
        }


def cpu_milliseconds(functions, rounds=9):
    """Median CPU time of each function, in turn: wall time of a shared machine says little."""
    times = {name: [] for name in functions}
    for turn in range(rounds + 1):
        for name, function in functions.items():
            start = time.process_time()
            function()
            if turn:
                times[name].append(1e3 * (time.process_time() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def deviation(found, exact):
    """Largest difference, in units of the largest element of its row."""
    return np.abs((found - exact) / np.abs(exact).max(axis=1, keepdims=True)).max()


def test_jacobian_of_the_full_force_field():
    """Against central differences, whose error is that of the step: it falls as its square."""
    case = FullJacobian()
    exact, parameters = case.analytic(), case.field.parameters
    assert exact.shape == (240, 1830)
    columns = np.random.default_rng(1).choice(1830, 40, replace=False)
    data = Observables((case.parent,), DATA, case.tensors)
    found = cpu_milliseconds(
        {
            "here": case.analytic,
            "logarithms": lambda: respond(case.field.matrix, parameters, data),
            "differences": lambda: case.differences(columns, 1e-5),
        }
    )
    there = found["differences"] * 1830 / len(columns)
    print(
        f"\n1830 constants, 240 observables: {found['here']:.1f} ms (as logarithms, with forms "
        f"{found['logarithms']:.1f} ms); central differences {there:.0f} ms, extrapolated from "
        f"{len(columns)} columns: {there / found['here']:.0f} times"
    )
    (lines,) = solve(case.field.matrix, case.parent)
    gap = (np.diff(lines.curvatures) / lines.curvatures[1:]).min()
    steps = {h: case.differences(columns, h) for h in (1e-5, 5e-6, 2.5e-6)}
    for step, measured in steps.items():
        print(f"step {step:.1e}: {deviation(measured, exact[:, columns]):.1e} of the row")
    once = [(4 * steps[h / 2] - steps[h]) / 3 for h in (1e-5, 5e-6)]
    twice = (16 * once[1] - once[0]) / 15
    print(
        f"extrapolated to step 0: {deviation(twice, exact[:, columns]):.1e}; the two closest "
        f"curvatures differ by {gap:.1e}"
    )


def test_against_automatic_differentiation():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.set_num_threads(1)
    case = FullJacobian()
    theirs, exact = case.automatic(torch), case.analytic()
    found = cpu_milliseconds({"here": case.analytic, **theirs}, rounds=7)
    print(f"\ntorch {torch.__version__}, one thread; analytic {found['here']:.1f} ms")
    for name, function in theirs.items():
        print(
            f"{name:20} {found[name]:6.0f} ms, {found[name] / found['here']:.0f} times; "
            f"difference {deviation(function(), exact):.1e} of the row, "
            f"{np.abs(function() - exact).max() / np.abs(exact).max():.1e} of the largest element"
        )


def test_degenerate_lines():
    """Full F of benzene, 465 constants: ten pairs of lines are equal to the last digit."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    field = ForceField.random(example("benzene"))
    parameters, parent = FullParameters(field.space), Isotopologue.of(field.space)
    data = Observables((parent,), DATA, Tensors.random(field.space))
    ours = respond(field.matrix, parameters, data).jacobian
    half = torch.tensor(np.linalg.cholesky(parent.kinetic))
    form = torch.tensor(data.tensors.form("anisotropic", parent))

    def intensities(matrix):
        modes = half @ torch.linalg.eigh(half.T @ matrix @ half)[1]
        return ((form @ modes) * modes).sum(0)

    matrix = torch.tensor(field.matrix)
    theirs = torch.func.jacrev(intensities)(matrix).numpy()
    print(f"\nbenzene, full F, finite elements: here {np.isfinite(ours).mean():.0%} of "
          f"{ours.shape}, torch {np.isfinite(theirs).mean():.0%}")  # fmt: skip


def test_benzene_with_13_isotopologues():
    start = time.perf_counter()
    field = ForceField.random(example("benzene"))
    space = field.space
    members = tuple(p.isotopologue(space) for p in patterns(space, {"H": 2}))
    found = identify(field, Observables(members, DATA, Tensors.random(space)))
    print(f"\nbenzene, 13 isotopologues, all data: {time.perf_counter() - start:.2f} s, {found}")
    assert len(members) == 13


def test_exact_ranks():
    start = time.perf_counter()
    found = block_rank(10, isotopologues=6, forms=(3, 1, 5))
    print(f"\nblock n = 10, K = 6, three intensities: {time.perf_counter() - start:.2f} s, {found}")
    for name in ("water", "ethylene", "benzene", "cubane"):
        space = InternalSpace.of(example(name))
        start = time.perf_counter()
        found = exact_rank(space, data=DATA)
        print(f"{name:10} {time.perf_counter() - start:.2f} s  {found}")


def test_hidden_symmetry():
    print()
    for name, element in (("cubane", "H"), ("adamantane", "C"), ("c60", "C")):
        space = InternalSpace.of(example(name))
        took = milliseconds(lambda s=space, e=element: hidden_symmetry(s, e), 3)
        print(f"{name:10} {took:7.0f} ms  {hidden_symmetry(space, element)}")


def dodecahedrane():
    """C20H20, Ih: C–C 1.55 Å, C–H 1.09 Å."""
    golden = (1 + 5**0.5) / 2
    corners = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    for a in (-1, 1):
        for b in (-1, 1):
            point = (0, a / golden, b * golden)
            corners += [point[k:] + point[:k] for k in range(3)]
    carbon = np.array(corners) * 1.55 * golden / 2
    outwards = carbon / np.linalg.norm(carbon, axis=1)[:, None]
    return Molecule("C" * 20 + "H" * 20, np.concatenate([carbon, carbon + 1.09 * outwards]))


def test_growth_with_the_molecule():
    """Symmetric F, positions and all intensities of one isotopologue, blocks by irrep.

    The time follows the number of constants and lines, not the number of atoms: C60 has fewer
    constants than naphthalene. The exponent is that of chains of one group, the acenes.
    """
    acenes = {
        "naphthalene": "c1ccc2ccccc2c1",
        "anthracene": "c1ccc2cc3ccccc3cc2c1",
        "tetracene": "c1ccc2cc3cc4ccccc4cc3cc2c1",
        "pentacene": "c1ccc2cc3cc4cc5ccccc5cc4cc3cc2c1",
    }
    molecules = {name: Molecule.from_smiles(text) for name, text in acenes.items()}
    molecules |= {"C20H20": dodecahedrane(), "C60": example("c60")}
    print(f"\n{'molecule':12} {'group':6} {'d':>4} {'P':>5} {'set-up':>8} {'identify':>9}  ms")
    times = {}
    for name, molecule in molecules.items():
        start = time.perf_counter()
        field = ForceField.random(molecule)
        data = Observables((Isotopologue.of(field.space),), DATA, Tensors.random(field.space))
        setup = 1e3 * (time.perf_counter() - start)
        times[name] = milliseconds(lambda f=field, o=data: identify(f, o), 3)
        group, d, p = field.space.symmetry.group, field.space.dimension, field.n_parameters
        print(f"{name:12} {group!s:6} {d:4} {p:5} {setup:8.0f} {times[name]:9.1f}")
    sizes = [molecules[name].n_atoms for name in acenes]
    slope = np.polyfit(np.log(sizes), np.log([times[name] for name in acenes]), 1)[0]
    print(f"acenes: time ~ N^{slope:.1f}")
