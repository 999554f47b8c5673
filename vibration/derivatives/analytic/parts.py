"""Which parts the energy of a mean field has."""

from __future__ import annotations

from typing import Protocol

from .environment import Continuum, NonLocalCorrelation
from .exact import ExactRepulsion
from .fitted import FittedRepulsion
from .grid import GridFunctional
from .state import FloatArray, State


class Part(Protocol):
    """A part of the energy that depends on the density, other than a functional's grid."""

    def rows(self, atoms: tuple[int, ...]) -> FloatArray:
        """(n_atom, 3, N, 3) second derivatives at fixed orbitals, Eh/bohr²."""
        ...

    def potentials(self, atoms: tuple[int, ...], directions: list[FloatArray]) -> list[FloatArray]:
        """For each spin (n, n_orbital, n_occupied) changes of the potential as atoms move.

        Parameters
        ----------
        directions : list of (k, 3)
            For each atom those along which it moves.
        """
        ...

    def response(self, responses: list[FloatArray]) -> list[FloatArray]:
        """For each spin the potential of orbital responses."""
        ...


def parts_of(state: State) -> list[Part]:
    """Coulomb and exchange of each range, continuum, non-local correlation."""
    field = state.mean_field
    kind = FittedRepulsion if getattr(field, "with_df", None) else ExactRepulsion
    parts: list[Part] = [kind(state, *terms) for terms in _repulsion_terms(state)]
    if hasattr(field, "with_solvent"):
        parts.append(Continuum(state))
    if hasattr(field, "xc") and field.do_nlc():
        parts.append(NonLocalCorrelation(state))
    return parts


def functional_of(state: State, level: int | None = None) -> GridFunctional | None:
    """The functional on the energy's grid, or on one of a PySCF level; None for Hartree–Fock."""
    from pyscf.dft import gen_grid

    field = state.mean_field
    if not hasattr(field, "xc") or field._numint._xc_type(field.xc) == "HF":
        return None
    grids = field.grids
    if level is not None:
        grids = gen_grid.Grids(state.mol)
        grids.level = level
    return GridFunctional(state, grids)


def _repulsion_terms(state: State) -> list[tuple[bool, float, float]]:
    """Whether Coulomb, share of exchange and range, as PySCF's mean field takes them."""
    field = state.mean_field
    if not hasattr(field, "xc"):
        return [(True, 1.0, 0.0)]
    integrator = field._numint
    omega, long, short = integrator.rsh_and_hybrid_coeff(field.xc, spin=state.mol.spin)
    if not integrator.libxc.is_hybrid_xc(field.xc):
        return [(True, 0.0, 0.0)]
    if omega == 0:
        return [(True, short, 0.0)]
    if long == 0:
        return [(True, 0.0, 0.0), (False, short, -omega)]
    if short == 0:
        return [(True, 0.0, 0.0), (False, long, omega)]
    return [(True, short, 0.0), (False, long - short, omega)]
