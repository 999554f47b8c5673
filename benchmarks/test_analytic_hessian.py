"""The analytic Hessian against PySCF's, from one converged mean field, in one process.

Processor time is compared; the geometries need not be stationary for that. Run with
OMP_NUM_THREADS=1 where others use the machine too.
"""

import resource
import time

import numpy as np
import pytest
from spektron.pointgroup import detect, molecule_from_input
from spektron.pointgroup.units import BOHR, NORMAL_COORDINATE
from spektron.vibration.derivatives.analytic import analytic_hessian

pytestmark = pytest.mark.filterwarnings("ignore")

BENZENE, PHENOL, ALANINE = "benzene", "c1ccccc1O", "C[C@H](N)C(=O)O"
MENTHOL = "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O"


def ready(name, basis="def2-svp", grid=3):
    """A symmetry and the converged B3LYP mean field of its molecule."""
    from pyscf import dft, gto

    symmetry = detect(detect(molecule_from_input(name)).symmetrise())
    molecule = symmetry.molecule
    atoms = list(zip(molecule.symbols, molecule.positions / BOHR, strict=True))
    mol = gto.M(atom=atoms, unit="Bohr", basis=basis, verbose=0)
    mf = dft.RKS(mol, xc="b3lyp").density_fit()
    mf.grids.level = grid
    return symmetry, mf.run(conv_tol=1e-11)


def timed(function):
    start = time.process_time()
    return function(), time.process_time() - start


def wavenumbers(hessian, molecule):
    scale = np.repeat(molecule.masses, 3) ** -0.5
    values = np.linalg.eigvalsh(hessian * np.outer(scale, scale))
    return np.sign(values) * np.abs(values) ** 0.5 * NORMAL_COORDINATE


def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


@pytest.mark.parametrize("name", [BENZENE, PHENOL, ALANINE])
def test_time_against_pyscf(name):
    """Goals: benzene 5; without symmetry (alanine) 1, better 1.3."""
    symmetry, mf = ready(name)
    found, ours = timed(lambda: analytic_hessian(mf, symmetry))
    peak = memory()
    blocks, theirs = timed(lambda: mf.Hessian().kernel())
    n = 3 * len(blocks)
    a = wavenumbers(found.hessian, symmetry.molecule)[6:]
    b = wavenumbers(blocks.transpose(0, 2, 1, 3).reshape(n, n), symmetry.molecule)[6:]
    print(f"\n{name} {symmetry.group}: ours {ours:.1f} s CPU, PySCF {theirs:.1f} s, ", end="")
    print(
        f"ratio {theirs / ours:.1f}; peak {peak:.2f} GiB; differ by {np.abs(a - b).max():.2f} cm⁻¹"
    )


def test_memory_of_thirty_atoms():
    """Goal: within 16 GiB. Menthol has 31 atoms and no symmetry."""
    symmetry, mf = ready(MENTHOL)
    _, seconds = timed(lambda: analytic_hessian(mf, symmetry))
    print(f"\nmenthol, {mf.mol.nao} functions: {seconds:.0f} s CPU, peak {memory():.2f} GiB")
