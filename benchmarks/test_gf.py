"""Internal coordinates and the GF method: times, and what the energy distribution depends on.

Goals: B in 2 ms; from the Hessian of a molecule of 30 atoms to modes and labels in 50 ms. CPU time,
because wall time of a shared machine says little.
"""

import statistics
import time

import numpy as np
import pytest
from spektron.pointgroup import Molecule, example
from spektron.vibration.gf import (
    SymmetryForceField,
    assignments,
    energy_distribution,
    force_constant_jacobian,
    gf_analysis,
)
from spektron.vibration.internal import (
    coordinate_types,
    internal_coordinates,
    undescribed,
    vibrational_basis,
)

EXAMPLES = ["water", "benzene", "adamantane", "ferrocene", "dodecaborate", "c60"]
SMILES = {"nonane, 29 atoms": "CCCCCCCCC", "aspirin, 21 atoms": "CC(=O)Oc1ccccc1C(=O)O",
          "ibuprofen, 33 atoms": "CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)O"}  # fmt: skip


def molecules():
    yield from ((name, example(name)) for name in EXAMPLES)
    yield from ((name, Molecule.from_smiles(smiles)) for name, smiles in SMILES.items())


def milliseconds(function, rounds=15):
    function()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        function()
        times.append(1e3 * (time.process_time() - start))
    return statistics.median(times)


def stiff(molecule):
    """An invariant Hessian, Eh/bohr²: all vibrations of one stiffness."""
    basis = vibrational_basis(molecule.positions)
    return 0.3 * basis @ basis.T


def test_times():
    print(f"\n{'molecule':22} {'q':>4} {'set':>7} {'B':>6} {'GF':>7} {'words':>6} {'dF':>6}  ms")
    for name, molecule in molecules():
        coordinates, hessian = internal_coordinates(molecule), stiff(molecule)
        modes = gf_analysis(molecule, hessian, coordinates)
        field = SymmetryForceField.from_coordinates(coordinates)
        theta = field.parameters(modes.force_constants)
        columns = [
            milliseconds(lambda m=molecule: internal_coordinates(m)),
            milliseconds(lambda c=coordinates: c.b_matrix()),
            milliseconds(lambda m=molecule, h=hessian, c=coordinates: gf_analysis(m, h, c)),
            milliseconds(lambda m=modes: assignments(m)),
            milliseconds(lambda m=modes, f=field, t=theta: force_constant_jacobian(m, f, t), 5),
        ]
        numbers = " ".join(
            f"{value:{w}.1f}" for value, w in zip(columns, (7, 6, 7, 6, 6), strict=True)
        )
        print(f"{name:22} {len(coordinates):4} {numbers}")


NAMES = [
    "water", "ammonia", "methane", "ethylene", "benzene", "allene", "ethane", "cyclohexane",
    "cubane", "acetylene", "naphthalene", "neopentane",
]  # fmt: skip
MORE = {
    "alanine": "CC(N)C(=O)O", "norbornane": "C1CC2CCC1C2", "propyne": "CC#C", "ketene": "C=C=O",
    "nitromethane": "C[N+](=O)[O-]", "azulene": "c1ccc2cccc2cc1",
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O", "caffeine": "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
}  # fmt: skip


def test_dependence_of_shares_on_the_set():
    """GFN2-xTB minima: change of the leading share when redundant coordinates are left out."""
    pytest.importorskip("tblite")
    changes = {}
    for molecule in [*map(example, NAMES), *map(Molecule.from_smiles, MORE.values())]:
        optimised, hessian = minimum(molecule)
        modes = gf_analysis(optimised, hessian)
        for label, rows in smaller_sets(modes.coordinates):
            subset = modes.coordinates.subset(rows)
            for definition in (energy_distribution, diagonal_shares):
                before, after = (
                    grouped(definition, modes, modes.coordinates),
                    grouped(definition, modes, subset),
                )
                leading = {
                    k: max(before, key=lambda t, k=k: before[t][k]) for k in range(len(modes))
                }
                found = changes.setdefault((label, definition.__name__), [])
                for k, t in leading.items():
                    kept = max(after, key=lambda u, k=k: after[u][k]) == t
                    found.append((abs(after.get(t, before[t] * 0)[k] - before[t][k]), kept))
    print()
    for (label, definition), found in changes.items():
        change, kept = np.array(found).T
        print(
            f"{label:24} {definition:20} {len(change):5} modes: median {np.median(change):.3f}, "
            f"mean {change.mean():.3f}, 95 % {np.quantile(change, 0.95):.3f}, "
            f"leading type kept {kept.mean():.2f}"
        )


def diagonal_shares(modes, coordinates):
    """The usual F_ii L_ik² / Σ_j F_jj L_jk², for comparison."""
    from spektron.vibration.gf import cartesian_hessian, f_matrix

    hessian = cartesian_hessian(modes.coordinates, modes.force_constants)
    f = np.diag(f_matrix(coordinates, hessian, metric="unit"))
    motion = coordinates.b_matrix() @ modes.cartesian.reshape(len(modes), -1).T
    shares = f[:, None] * motion**2
    shares /= shares.sum(axis=0)
    for s in np.unique(modes.sets):
        shares[:, modes.sets == s] = shares[:, modes.sets == s].mean(axis=1, keepdims=True)
    return shares


def grouped(definition, modes, coordinates):
    shares, types = definition(modes, coordinates), np.array(coordinate_types(coordinates))
    return {t: shares[types == t].sum(axis=0) for t in np.unique(types)}


def smaller_sets(coordinates):
    """Other choices of a redundant set, all bonds kept."""
    rng = np.random.default_rng(len(coordinates))
    seen, single = set(), []
    for row, c in enumerate(coordinates):
        if c.kind != "torsion" or c.sites[1:3] not in seen:
            single.append(row)
        if c.kind == "torsion":
            seen.add(c.sites[1:3])
    if len(single) < len(coordinates) and not undescribed(coordinates.subset(single)).shape[1]:
        yield "one torsion per bond", single
    for label, kinds in (
        ("1/10 of torsions, wags", ("torsion", "out-of-plane")),
        ("1/10 of bends", ("bend", "linear bend")),
    ):
        rows = [r for r, c in enumerate(coordinates) if c.kind in kinds]
        for _ in range(4):
            kept = set(range(len(coordinates)))
            for row in rng.permutation(rows)[: max(1, len(rows) // 10)].tolist():
                if not undescribed(coordinates.subset(sorted(kept - {row}))).shape[1]:
                    kept -= {row}
            if len(kept) < len(coordinates):
                yield label, sorted(kept)


def minimum(molecule):
    """GFN2-xTB minimum, symmetrised, and its Hessian (Eh/bohr²) by differences of gradients."""
    from scipy.optimize import minimize
    from spektron.pointgroup import detect
    from spektron.pointgroup.units import BOHR
    from tblite.interface import Calculator

    calculator = Calculator("GFN2-xTB", molecule.atomic_numbers, molecule.positions / BOHR)
    calculator.set("verbosity", 0)
    calculator.set("accuracy", 0.001)

    def surface(x):
        calculator.update(x.reshape(-1, 3))
        result = calculator.singlepoint()
        return result.get("energy"), result.get("gradient").ravel()

    x = (molecule.positions / BOHR).ravel()
    for _ in range(3):
        x = minimize(surface, x, jac=True, method="BFGS", options={"gtol": 3e-7}).x
    symmetry = detect(molecule.with_positions(x.reshape(-1, 3) * BOHR))
    optimised = symmetry.symmetrise() if symmetry.rms < 5e-3 else symmetry.molecule
    x, h = (optimised.positions / BOHR).ravel(), 0.005
    steps = h * np.eye(len(x))
    hessian = np.array([surface(x + s)[1] - surface(x - s)[1] for s in steps]) / (2 * h)
    return optimised, (hessian + hessian.T) / 2
