"""Names of functionals and basis sets, checked before anything is computed.

PySCF accepts some names and then computes something else than they promise: a basis set with
effective core potentials runs without them, a double hybrid or a "-3c" composite runs without
its second part. Here a name gives what it says, or a `LevelError`.
"""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import LevelError, MissingPackage

COMMON_FUNCTIONALS = (
    "svwn blyp bp86 pbe revpbe pbesol b97-d tpss scan rscan r2scan m06-l b3lyp b3pw91 x3lyp "
    "o3lyp bhandhlyp pbe0 tpssh m06 m06-2x mn15 pw6b95 scan0 r2scan0 cam-b3lyp hse06 wb97x "
    "wb97x-v wb97m-v b97m-v lc-blyp"
)
"""Names offered when another one is not known, before those of the library."""
COMMON_BASES = (
    "sto-3g 3-21g 6-31g 6-31g* 6-31g** 6-31+g* 6-31++g** 6-311g 6-311g** 6-311+g** 6-311++g** "
    "def2-svp def2-svpd def2-tzvp def2-tzvpp def2-tzvpd def2-qzvp cc-pvdz cc-pvtz cc-pvqz aug- "
    "cc-pvdz aug-cc-pvtz pcseg-1 pcseg-2 lanl2dz ma-def2-svp"
)


def check_functional(name: str) -> None:
    """Refuse what is no density functional with a first derivative in this PySCF.

    Raises
    ------
    LevelError
        If the name is unknown, or means an energy that PySCF's Kohn–Sham code does not have.
    MissingPackage
        If the name asks for D3 or D4 dispersion and its package is not installed.
    """
    from pyscf.dft import libxc, numint
    from pyscf.scf import dispersion

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            functional, _, correction = dispersion.parse_dft(name)
            (_, _, _), parts = libxc.parse_xc(functional)
    except NotImplementedError:
        raise LevelError(
            f"functional {name}: PySCF has no part of it beyond the functional (its dispersion "
            "or its basis correction); name the functional alone, or another one"
        ) from None
    except (KeyError, ValueError, IndexError, AttributeError):
        known = {key.lower() for key in (*libxc.XC_CODES, *libxc.XC_ALIAS)}
        raise LevelError(_unknown("functional", name, known, COMMON_FUNCTIONALS)) from None
    if not parts:
        raise LevelError(f"functional {name} has no density functional in it; take hf for pure HF")
    if correction and dispersion.dispersion is None:
        raise MissingPackage(
            f"functional {name}: its dispersion correction {correction} needs the package "
            "pyscf-dispersion (pip install pyscf-dispersion)"
        )
    _try(numint.NumInt(), functional, name)


def _try(integrator: Any, functional: str, name: str) -> None:
    """Evaluate the functional once at an ordinary density; some have no potential."""
    try:
        kind = integrator._xc_type(functional)
        rows = {"LDA": 1, "GGA": 4, "MGGA": 5}.get(kind, 1)
        density = np.full((rows, 1), 0.1)
        if kind != "HF":
            integrator.eval_xc_eff(functional, density, deriv=1, xctype=kind)
    except (NotImplementedError, RuntimeError, ValueError, KeyError) as problem:
        raise LevelError(
            f"functional {name}: PySCF cannot take its derivative ({problem})"
        ) from None


def core_potentials(basis: str, symbols: Iterable[str]) -> dict[str, Any]:
    """Effective core potentials that belong to a basis set, for the elements that have one.

    Raises
    ------
    LevelError
        If the basis set is unknown or does not cover an element.
    """
    from pyscf import gto

    elements = sorted(set(symbols))
    if os.path.exists(basis):
        raise LevelError(f"basis {basis} is the name of a file here; give the name of a basis set")
    missing = [symbol for symbol in elements if not _has_element(basis, symbol)]
    if missing == elements and not _is_known(basis):
        known = {key.lower() for key in gto.basis.ALIAS}
        raise LevelError(_unknown("basis", basis, known, COMMON_BASES))
    if missing:
        raise LevelError(
            f"basis {basis} has no functions for {', '.join(missing)}; def2-svp and its family "
            "go from H to Rn"
        )
    potentials = {symbol: _core_potential(basis, symbol) for symbol in elements}
    return {symbol: potential for symbol, potential in potentials.items() if potential}


def _has_element(basis: str, symbol: str) -> bool:
    from pyscf import gto
    from pyscf.lib.exceptions import BasisNotFoundError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(gto.basis.load(basis, symbol))
    except (BasisNotFoundError, KeyError, RuntimeError, ValueError, AssertionError):
        return False


def _is_known(basis: str) -> bool:
    return _has_element(basis, "H") or _has_element(basis, "C")


def _core_potential(basis: str, symbol: str) -> Any:
    from pyscf import gto
    from pyscf.lib.exceptions import BasisNotFoundError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            potential = gto.basis.load_ecp(basis, symbol)
    except (BasisNotFoundError, KeyError, RuntimeError, ValueError):
        return None
    return potential if potential and potential[0] > 0 else None


def _unknown(what: str, name: str, known: Iterable[str], common: str) -> str:
    """The message for a name that is not known, with the nearest ones."""
    near = difflib.get_close_matches(name, common.split(), n=3, cutoff=0.6)
    near += [k for k in difflib.get_close_matches(name, known, n=3, cutoff=0.75) if k not in near]
    hint = f"did you mean {' or '.join(near[:3])}?" if near else "PySCF's documentation lists them"
    return f"unknown {what} {name}: {hint}"
