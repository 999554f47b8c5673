"""Hartree–Fock and density functional theory in Gaussian basis sets, by PySCF.

Q. Sun et al., J. Chem. Phys. 153 (2020) 024109.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup import Molecule
from ...pointgroup.units import BOHR
from ..level import Level
from .gradient import gradient
from .names import check_functional, core_potentials
from .prediction import DensityHistory
from .self_consistency import converge
from .spin import unpaired_electrons
from .surface import SinglePoint

FloatArray = NDArray[np.float64]


class GaussianBasisSurface:
    """The `Surface` of HF or DFT for one molecule; restricted if its multiplicity is 1.

    Functions are spherical harmonics; elements that the basis set describes with an effective
    core potential get it. Gradients hold the response of the integration grid, so that they
    are the derivative of the computed energy and sum to the force of the field on the charge.

    Parameters
    ----------
    molecule : Molecule
    level : Level
        With "hf", or a functional and basis that PySCF knows by name.

    Raises
    ------
    LevelError
        If the method, the basis or the spin is impossible; see `names` and `spin`.
    """

    def __init__(self, molecule: Molecule, level: Level) -> None:
        import pyscf
        from pyscf import gto

        unpaired = unpaired_electrons(molecule)
        if not level.is_hartree_fock:
            check_functional(level.method)
        potentials = core_potentials(level.basis, molecule.symbols)
        self.molecule = molecule
        self.level = level
        self.program = f"PySCF {pyscf.__version__}"
        self._mol = gto.M(
            atom=list(zip(molecule.symbols, molecule.positions / BOHR, strict=True)),
            unit="Bohr",
            basis=level.basis,
            ecp=potentials,
            charge=molecule.charge,
            spin=unpaired,
            symmetry=False,
            verbose=0,
            dump_input=False,
            parse_arg=False,
        )
        self._history = DensityHistory()

    def compute(self, positions: ArrayLike, field: ArrayLike = (0.0, 0.0, 0.0)) -> SinglePoint:
        """Energy, gradient and dipole; see `Surface.compute`."""
        strength = np.asarray(field, dtype=np.float64)
        mf = self.mean_field(positions, strength)
        slope = gradient(mf) + _field_gradient(mf, strength)
        dipole = np.asarray(mf.dip_moment(unit="AU", verbose=0))
        return SinglePoint(float(mf.e_tot), slope, dipole)

    def mean_field(self, positions: ArrayLike, field: ArrayLike = (0.0, 0.0, 0.0)) -> Any:
        """The self-consistent PySCF object at ``positions`` (N, 3) Å, in a field (3,), a.u.

        Raises
        ------
        NotConverged
        """
        coordinates = np.asarray(positions, dtype=np.float64) / BOHR
        strength = np.asarray(field, dtype=np.float64)
        mol = self._mol.set_geom_(coordinates, unit="Bohr", inplace=False)
        mf = self._prepared(mol)
        if strength.any():
            _apply_field(mf, strength)
        point = np.concatenate([coordinates.ravel(), strength])
        overlap = mf.get_ovlp()
        occupied = (mol.nelec[0],) if mol.spin == 0 else mol.nelec
        orbitals = self._history.orbitals(point, overlap, occupied)
        converge(mf, orbitals, f"{self.level} of {self.molecule.formula}")
        density = np.asarray(mf.make_rdm1())
        self._history.remember(point, density.reshape(-1, mol.nao, mol.nao), overlap)
        return mf

    def _prepared(self, mol: Any) -> Any:
        """The PySCF object of the level for a molecule, nothing computed yet."""
        from pyscf import dft, scf

        level = self.level
        if level.is_hartree_fock:
            mf = scf.RHF(mol) if mol.spin == 0 else scf.UHF(mol)
        else:
            mf = dft.RKS(mol) if mol.spin == 0 else dft.UKS(mol)
            mf.xc = level.method
            mf.grids.level = level.grid
        # The order matters: a continuum attached first would lose its part of the gradient.
        if level.density_fit:
            mf = mf.density_fit()
        if level.dielectric is not None:
            mf = mf.PCM()
            mf.with_solvent.method = "IEF-PCM"
            mf.with_solvent.eps = level.dielectric
        mf.conv_tol = level.convergence
        mf.chkfile = None
        return mf


def _apply_field(mf: Any, field: FloatArray) -> None:
    """Add −μ·E to the Hamiltonian: E·r for the electrons, −Z E·R for the nuclei."""
    mol = mf.mol
    core = mf.get_hcore() + np.einsum("x,xij->ij", field, mol.intor("int1e_r", comp=3))
    nuclei = mf.energy_nuc() - float(mol.atom_charges() @ mol.atom_coords() @ field)
    mf.get_hcore = lambda *args: core
    mf.energy_nuc = lambda *args: nuclei


def _field_gradient(mf: Any, field: FloatArray) -> FloatArray:
    """(N, 3) explicit part of the field in the gradient: −2 D ⟨∇φ|E·r|φ⟩ − Z E, Eh/bohr."""
    mol = mf.mol
    result = -np.outer(mol.atom_charges(), field)
    if field.any():
        density = np.asarray(mf.make_rdm1()).reshape(-1, mol.nao, mol.nao).sum(axis=0)
        # Component 3a + b of int1e_irp is ⟨n|r_a ∂_b m⟩.
        moments = mol.intor("int1e_irp", comp=9).reshape(3, 3, mol.nao, mol.nao)
        along = np.einsum("a,abnm->bnm", field, moments)
        by_function = -2 * np.einsum("bnm,nm->mb", along, density)
        for atom, (_, _, first, last) in enumerate(mol.aoslice_by_atom()):
            result[atom] += by_function[first:last].sum(axis=0)
    return np.asarray(result)
