"""Hessians, IR and Raman against PySCF's analytic routes, in one process, on one density.

Both sides start from the same converged mean field at the reference geometry; what counts is
the ratio of the times, wall clock and processor time (the latter says more on a machine that
others use too). Geometries need not be stationary for that.
"""

import resource
import time

import numpy as np
import pytest
from spektron.pointgroup import Molecule, example
from spektron.pointgroup.units import NORMAL_COORDINATE
from spektron.vibration.derivatives.analytic import analytic_hessian
from spektron.vibration.derivatives.calculation import plan_calculation
from spektron.vibration.derivatives.points import (
    compute_points,
    displaced_points,
    field_points,
    reference_point,
)
from spektron.vibration.derivatives.raman import field_derivatives
from spektron.vibration.derivatives.reconstruction import second_derivatives
from spektron.vibration.derivatives.routes import run_calculation
from spektron.vibration.electronic.surfaces import surface_for
from spektron.vibration.level import Level

pytestmark = pytest.mark.filterwarnings("ignore")

LEVEL = Level("b3lyp", "def2-svp", grid=3)
# CHFClBr has no symmetry; lengths and angles as in typical halomethanes.
CHIRAL = Molecule(
    ["C", "H", "F", "Cl", "Br"],
    [[0, 0, 0], [0, 0, 1.09], [1.27, 0, -0.46], [-0.83, 1.44, -0.59], [-0.91, -1.58, -0.64]],
)


def timed(function):
    """Result, seconds on the wall clock, seconds of processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return result, np.array([time.perf_counter() - wall, time.process_time() - cpu])


def ready(plan):
    """The surface of a plan and the mean field that both sides start from."""
    surface = surface_for(plan.symmetry.molecule, plan.level)
    return surface, surface.mean_field(plan.symmetry.molecule.positions)


def pyscf_hessian(mf):
    blocks = mf.Hessian().kernel()
    n = len(blocks)
    return blocks.transpose(0, 2, 1, 3).reshape(3 * n, 3 * n)


def wavenumbers(hessian, molecule):
    """Of the vibrations; rigid motions are projected out, as the geometries are not stationary."""
    scale = np.repeat(molecule.masses, 3) ** -0.5
    x = molecule.positions - molecule.centre_of_mass
    rigid = [np.tile(e, (len(x), 1)) for e in np.eye(3)] + [np.cross(e, x) for e in np.eye(3)]
    u, s, _ = np.linalg.svd(np.array([r.ravel() / scale for r in rigid]).T)
    internal = u[:, np.count_nonzero(s > 1e-6 * s[0]) :]
    curvatures = np.linalg.eigvalsh(internal.T @ (hessian * np.outer(scale, scale)) @ internal)
    return np.sign(curvatures) * np.abs(curvatures) ** 0.5 * NORMAL_COORDINATE


def report(what, ours, theirs):
    ratio = theirs / ours
    print(f"\n{what}: ours {ours[0]:.1f} s ({ours[1]:.1f} s CPU), PySCF {theirs[0]:.1f} s ", end="")
    print(f"({theirs[1]:.1f} s CPU), ratio {ratio[0]:.2f} ({ratio[1]:.2f} CPU)")


@pytest.mark.parametrize("route", ["analytic", "differences"])
@pytest.mark.parametrize(
    ("name", "basis"),
    [
        ("benzene", "def2-svp"),
        ("sulfur_hexafluoride", "def2-svp"),
        ("cubane", "sto-3g"),
        ("neopentane", "sto-3g"),
    ],
)
def test_hessian(name, basis, route):
    """Goals: benzene 5, |G| ≥ 24 6; IR and Raman of benzene 3.5, better 4."""
    level = Level("b3lyp", basis, grid=3)
    plan = plan_calculation(example(name), level, route=route)
    surface, mf = ready(plan)
    theirs, their_time = timed(lambda: pyscf_hessian(mf))

    def hessian():
        if route == "analytic":
            return analytic_hessian(mf, plan.symmetry).hessian
        points = displaced_points(surface, plan.displacements, plan.step)
        results = compute_points(surface, points)
        return second_derivatives(
            plan.displacements, plan.molecule, reference, results, step=plan.step
        ).hessian

    (reference,), first = timed(lambda: compute_points(surface, [reference_point(surface)]))
    found, second = timed(hessian)
    _, third = timed(
        lambda: field_derivatives(
            plan.fields,
            reference,
            compute_points(surface, field_points(surface, plan.fields, plan.field)),
            strength=plan.field,
        )
    )
    a, b = wavenumbers(theirs, plan.molecule), wavenumbers(found, plan.molecule)
    print(f"\n{plan}\nlargest difference {np.abs(a - b).max():.3f} cm⁻¹")
    report(f"{name} Hessian, {route}", second, their_time)
    report(
        f"{name} Hessian, {route}, IR and Raman against the Hessian alone",
        first + second + third,
        their_time,
    )


def test_route_of_a_molecule_without_symmetry():
    """Goal: not slower, better 1.3."""
    plan = plan_calculation(CHIRAL, LEVEL, route="analytic", raman=False)
    surface, mf = ready(plan)
    theirs, their_time = timed(lambda: pyscf_hessian(mf))
    data, our_time = timed(lambda: run_calculation(plan, surface, allow_nonstationary=True))
    a, b = wavenumbers(theirs, plan.molecule), wavenumbers(data.hessian, plan.molecule)
    print(f"\n{plan}\nlargest difference {np.abs(a - b).max():.3f} cm⁻¹")
    report("CHFClBr analytic Hessian", our_time, their_time)


def polarizability(mf):
    """Static polarizability by PySCF's coupled-perturbed equations, bohr³."""
    from pyscf.scf import cphf

    occupied, virtual = mf.mo_coeff[:, mf.mo_occ > 0], mf.mo_coeff[:, mf.mo_occ == 0]
    h1 = np.einsum("pi,xpq,qj->xij", virtual, mf.mol.intor("int1e_r"), occupied)
    response = mf.gen_response(hermi=1)

    def induced(vectors):
        mo1 = vectors.reshape(-1, virtual.shape[1], occupied.shape[1])
        density = 2 * virtual @ mo1 @ occupied.T
        potential = response(density + density.transpose(0, 2, 1))
        return (virtual.T @ potential @ occupied).reshape(len(mo1), -1)

    mo1 = cphf.solve(induced, mf.mo_energy, mf.mo_occ, h1, tol=1e-8)[0].reshape(h1.shape)
    return -4 * np.einsum("xij,yij->xy", h1, mo1)


@pytest.mark.parametrize("name", ["benzene", "methane", "ethylene"])
def test_raman_against_coupled_perturbed_polarizabilities(name):
    """Goal: 4 for benzene. The mean fields at the displaced geometries are given to them."""
    plan = plan_calculation(example(name), LEVEL, route="differences")
    surface, _ = ready(plan)
    (reference,) = compute_points(surface, [reference_point(surface)])
    fields = field_points(surface, plan.fields, plan.field)
    results, our_time = timed(lambda: compute_points(surface, fields))
    found = field_derivatives(plan.fields, reference, results, strength=plan.field)
    points = displaced_points(surface, plan.displacements, plan.step)
    their_time, tensors = np.zeros(2), []
    for point in points:
        mf = surface.mean_field(point.positions)
        tensor, seconds = timed(lambda mf=mf: polarizability(mf))
        their_time += seconds
        tensors.append(tensor)
    displacement = plan.displacements.displacements[0]
    assert displacement.cost == 2
    theirs = (tensors[0] - tensors[1]) / (2 * plan.step)
    derivatives = found.polarizability_derivatives.reshape(-1, 3, 3, 3)[displacement.atom]
    ours = np.einsum("c,ckl->kl", displacement.direction, derivatives)
    difference = np.abs(ours - theirs).max() / np.abs(theirs).max()
    print(f"\n{name}: {len(points)} polarizabilities, {len(fields)} fields, ", end="")
    print(f"derivatives differ by {100 * difference:.3f} % of the largest")
    report(f"{name} Raman", our_time, their_time)


def alkane(n):
    """Zigzag CnH2n+2, C2h or C2v, idealised."""
    x = np.arange(n) * 1.54 * np.sin(np.radians(56))
    y = (np.arange(n) % 2 - 0.5) * 1.54 * np.cos(np.radians(56))
    atoms = [("C", (a, b, 0.0)) for a, b in zip(x, y, strict=True)]
    for a, b in zip(x, y, strict=True):
        out = np.sign(b) * 1.09 * np.cos(np.radians(54.75))
        aside = 1.09 * np.sin(np.radians(54.75))
        atoms += [("H", (a, b + out, s * aside)) for s in (1, -1)]
    for end, inward in ((0, 1), (n - 1, n - 2)):
        along = np.array([x[end] - x[inward], 0.0])
        ends = np.array([x[end], y[end]]) + 1.09 * np.array(
            [np.sign(along[0]) * np.sin(np.radians(56)), -np.sign(y[end]) * np.cos(np.radians(56))]
        )
        atoms.append(("H", (*ends, 0.0)))
    return Molecule([s for s, _ in atoms], [p for _, p in atoms], name=f"C{n}H{2 * n + 2}")


def acene(rings):
    """Linear polyacene, D2h (benzene D6h), regular hexagons of 1.40 Å."""
    sites = {}
    for k in range(rings):
        centre = np.array([k * 1.40 * 3**0.5, 0.0])
        for corner in range(6):
            angle = np.radians(30 + 60 * corner)
            p = centre + 1.40 * np.array([np.cos(angle), np.sin(angle)])
            sites[tuple(p.round(6))] = p
    carbons = np.array(list(sites.values()))
    atoms = [("C", (*p, 0.0)) for p in carbons]
    for p in carbons:
        near = [q - p for q in carbons if 0.1 < np.linalg.norm(q - p) < 1.5]
        if len(near) == 2:
            out = -sum(near)
            atoms.append(("H", (*(p + 1.09 * out / np.linalg.norm(out)), 0.0)))
    return Molecule([s for s, _ in atoms], [p for _, p in atoms], name=f"{rings} rings")


@pytest.mark.parametrize("series", ["alkanes", "acenes"])
def test_growth(series):
    """IR and Raman of growing molecules: time and the largest memory so far."""
    make, sizes = (alkane, (2, 4, 6, 8)) if series == "alkanes" else (acene, (1, 2, 3, 4))
    level = Level("b3lyp", "sto-3g", grid=3)
    rows = []
    for size in sizes:
        plan = plan_calculation(make(size), level)
        surface = surface_for(plan.symmetry.molecule, level)
        _, seconds = timed(
            lambda p=plan, s=surface: run_calculation(p, s, allow_nonstationary=True)
        )
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rows.append((plan.molecule.n_atoms, seconds[1]))
        print(
            f"\n{plan.molecule.formula} {plan.symmetry.group}: {plan.route}, "
            f"{seconds[0]:.1f} s ({seconds[1]:.1f} s CPU), {memory:.2f} GiB",
            end="",
        )
    n, t = np.log(np.array(rows)).T
    print(f"\n{series}: time grows as N^{np.polyfit(n, t, 1)[0]:.2f}")


def test_growth_without_symmetry():
    """The same by the analytic route, symmetry unused."""
    level = Level("b3lyp", "sto-3g", grid=3)
    for size in (2, 4, 6):
        plan = plan_calculation(alkane(size), level, route="analytic", raman=False, symmetry="C1")
        surface, mf = ready(plan)
        _, their_time = timed(lambda mf=mf: pyscf_hessian(mf))
        _, our_time = timed(
            lambda p=plan, s=surface: run_calculation(p, s, allow_nonstationary=True)
        )
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        report(f"{plan.molecule.formula} ({memory:.2f} GiB)", our_time, their_time)
