"""Identifiability: time of Jacobians, exact ranks, hidden symmetry, and growth with the molecule.

Goals: Jacobian of the full F, d = 60 (1830 constants, 240 observables) in 10 ms on one core and
200 times faster than central differences; `identify` on benzene with all 13 H/D isotopologues
in 2 s; exact rank of a block with n = 10, K = 6 in 5 s; hidden symmetry of cubane below 1 s.
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


def test_jacobian_of_the_full_force_field():
    field, tensors = unsymmetric()
    parent = Isotopologue.with_symmetry(field.space, field.space.symmetry)
    matrix, parameters = field.matrix, field.parameters
    forms = [tensors.form(kind, parent) for kind in ("ir", "isotropic", "anisotropic")]

    def jacobian():
        (lines,) = solve(matrix, parent)
        rows = [lines.curvature_gradients(parameters)]
        rows += [lines.intensity_gradients(form, parameters) for form in forms]
        return np.concatenate(rows)

    def values(at):
        (lines,) = solve(at, parent)
        return np.concatenate([lines.curvatures, *(lines.intensities(form) for form in forms)])

    assert jacobian().shape == (240, 1830)
    step = 1e-5
    columns = np.random.default_rng(1).choice(1830, 40, replace=False)

    def differences():
        out = []
        for column in columns:
            at = field.values.copy()
            at[column] += step
            above = values(parameters.assemble(at))
            at[column] -= 2 * step
            out.append((above - values(parameters.assemble(at))) / (2 * step))
        return np.array(out).T

    exact, measured = jacobian()[:, columns], differences()
    scale = np.abs(exact).max(axis=1, keepdims=True)
    here = milliseconds(jacobian)
    there = milliseconds(differences, 3) * 1830 / len(columns)
    whole = milliseconds(lambda: respond(matrix, parameters, Observables((parent,), DATA, tensors)))
    print(f"\n1830 constants, 240 observables: {here:.1f} ms (with forms and logarithms "
          f"{whole:.1f} ms); central differences {there:.0f} ms, extrapolated from "
          f"{len(columns)} columns: {there / here:.0f} times; largest difference "
          f"{np.abs((exact - measured) / scale).max():.1e} of the row")  # fmt: skip


def test_against_automatic_differentiation():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    field, tensors = unsymmetric()
    parent = Isotopologue.with_symmetry(field.space, field.space.symmetry)
    forms = [tensors.form(kind, parent) for kind in ("ir", "isotropic", "anisotropic")]
    columns = parent.blocks[0].columns
    half = torch.tensor(columns @ np.linalg.cholesky(columns.T @ parent.kinetic @ columns))
    given = [torch.tensor(form) for form in forms]
    rows, others = np.triu_indices(field.space.dimension)
    scale = torch.tensor(np.where(rows == others, 1.0, 0.5**0.5))

    def observables(theta):
        upper = torch.zeros((len(half),) * 2, dtype=torch.float64)
        upper = upper.index_put((torch.tensor(rows), torch.tensor(others)), theta * scale)
        matrix = upper + upper.T - torch.diag(torch.diagonal(upper))
        curvatures, vectors = torch.linalg.eigh(half.T @ matrix @ half)
        modes = half @ vectors
        return torch.cat([curvatures, *(((q @ modes) * modes).sum(0) for q in given)])

    theta = torch.tensor(field.values)
    jacobian = torch.func.jacrev(observables)
    (lines,) = solve(field.matrix, parent)

    def own():
        first = [lines.curvature_gradients(field.parameters)]
        return np.concatenate(
            first + [lines.intensity_gradients(q, field.parameters) for q in forms]
        )

    other, ours = jacobian(theta).numpy(), own()
    difference = np.abs(other - ours).max() / np.abs(ours).max()
    ratio = milliseconds(lambda: jacobian(theta), 3) / milliseconds(own)
    print(f"\nautograd takes {ratio:.0f} times as long; relative difference {difference:.1e}")


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
