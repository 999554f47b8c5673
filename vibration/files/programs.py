"""Outputs of quantum-chemistry programs, read by cclib.

cclib reads the modes that Gaussian, ORCA, Q-Chem, OpenMolcas, GAMESS, NWChem, Psi4,
Turbomole and others print. Here they become `PrintedModes` in our units, checked for
completeness, because cclib also accepts a file that was cut short. Where a Gaussian output
ends with its archive entry, the Hessian is read from there (`gaussian`); otherwise it is
rebuilt from the printed modes.
"""

from __future__ import annotations

import importlib.metadata
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import InputError, Molecule
from ...pointgroup.errors import FileError, MoleculeError
from ...pointgroup.molecules.isotopes import SYMBOLS
from ..errors import MissingPackage
from ..harmonic import HarmonicData
from ..modes import wavenumbers_of
from ..rigid import complement, mass_weighted, rigid_motions
from .gaussian import parse_archive
from .printed import PrintedModes, with_isotopes
from .text import PathLike, read_text

FloatArray = NDArray[np.float64]

SAME_MODES = 2.0
"""cm⁻¹; an archive entry whose wavenumbers differ more from the printed ones is not used."""


def read_output(path: PathLike) -> PrintedModes:
    """The vibrations that a program's output lists.

    Raises
    ------
    FileError
        If cclib knows no such file, it has no vibrations, or not all of them.
    MissingPackage
        If cclib is not installed.
    """
    return _modes(_parsed(path), read_text(path), path)


def read_output_hessian(path: PathLike) -> HarmonicData:
    """The Hessian of a program's output, from a Gaussian archive entry or rebuilt from modes.

    Raises
    ------
    FileError
        If cclib knows no such file, it has no vibrations, or not all of them.
    MissingPackage
        If cclib is not installed.

    Warns
    -----
    HarmonicWarning
        If the Hessian was rebuilt from printed modes.
    """
    modes, archive = _modes_and_archive(path)
    if archive is not None:
        return archive
    try:
        return modes.harmonic_data()
    except InputError as error:
        raise FileError(f"{path}: {error}") from None


def prints_hessian(path: PathLike) -> bool:
    """Whether a program's output has the Hessian itself: a Gaussian archive entry.

    Raises
    ------
    FileError, MissingPackage
        As `read_output_hessian`.
    """
    return _modes_and_archive(path)[1] is not None


def _modes_and_archive(path: PathLike) -> tuple[PrintedModes, HarmonicData | None]:
    """Printed modes, and the archive entry if it is of the same calculation."""
    text = read_text(path)
    data = _parsed(path)
    modes = _modes(data, text, path)
    if str(data.metadata.get("package", "")) == "Gaussian":
        archive = parse_archive(text, path, modes.molecule.masses)
        if archive is not None and _largest_difference(archive, modes) < SAME_MODES:
            return modes, archive
    return modes, None


def _largest_difference(data: HarmonicData, modes: PrintedModes) -> float:
    """Between the wavenumbers of a Hessian and the printed ones, cm⁻¹."""
    masses = data.molecule.masses
    linear = len(modes) == 3 * len(masses) - 5
    free = complement(rigid_motions(data.molecule.positions, masses, linear=linear))
    weighted = free.T @ mass_weighted(data.hessian, masses) @ free
    curvatures = np.linalg.eigvalsh(weighted).astype(np.float64)
    if len(curvatures) != len(modes):
        return np.inf
    return float(np.abs(wavenumbers_of(curvatures) - np.sort(modes.wavenumbers)).max())


def _parsed(path: PathLike) -> Any:
    """What cclib finds in a file."""
    try:
        from cclib.io.ccio import ccopen
    except ImportError:
        raise MissingPackage(
            'reading other programs\' outputs needs cclib; run: pip install "spektron[dft]"'
        ) from None
    read_text(path)
    unknown = (
        f"{path}: no output of a quantum-chemistry program that cclib knows; other files that "
        "can be read are a formatted checkpoint (.fchk), an ORCA .hess file, and harmonic.json"
    )
    # cclib fails in as many ways as there are damaged files.
    try:
        with _silent_logger():
            log = ccopen(str(path), loglevel=logging.CRITICAL)
            data = None if log is None else log.parse()
    except Exception as error:  # noqa: BLE001
        reason = f"{type(error).__name__}: {error}".split("\n")[0]
        raise FileError(f"{path}: cclib cannot read it ({reason}); is it cut short?") from None
    if data is None:
        raise FileError(unknown)
    for name, what in (("atomnos", "atoms"), ("atomcoords", "geometry")):
        if not len(getattr(data, name, ())):
            raise FileError(f"{path}: the output has no {what}; is it cut short?")
    return data


@contextmanager
def _silent_logger() -> Iterator[None]:
    """What cclib says about files that it does not know goes nowhere: we say it."""
    logger = logging.getLogger("cclib")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _modes(data: Any, text: str, path: PathLike) -> PrintedModes:
    for name, what in (("vibfreqs", "vibrations"), ("vibdisps", "normal modes")):
        if getattr(data, name, None) is None:
            raise FileError(
                f"{path}: the output lists no {what}; run a frequency calculation, or is it cut "
                "short?"
            )
    try:
        molecule = _molecule(data)
        keep = _vibrations(data, molecule, path)
        n = len(data.vibfreqs)
        irreps = tuple(str(s) for s in getattr(data, "vibsyms", ()))
        return PrintedModes(
            molecule,
            np.asarray(data.vibfreqs, dtype=np.float64)[keep],
            np.asarray(data.vibdisps, dtype=np.float64)[keep],
            tuple(irreps[i] for i in keep) if len(irreps) == n else (),
            _kept(data, "vibirs", keep),
            _kept(data, "vibramans", keep),
            _depolarisation(text, len(keep)),
            _level(data),
            _program(data),
            _energy(data),
        )
    except FileError:
        raise
    except InputError as error:
        raise FileError(f"{path}: {error}") from None


def _molecule(data: Any) -> Molecule:
    numbers = np.asarray(data.atomnos)
    if numbers.min() < 1 or numbers.max() > len(SYMBOLS):
        worst = int(np.argmax((numbers < 1) | (numbers > len(SYMBOLS))))
        raise MoleculeError(f"atom {worst + 1} is a ghost atom or a dummy, which has no mass")
    molecule = Molecule(
        [SYMBOLS[int(z) - 1] for z in numbers],
        data.atomcoords[-1],
        charge=int(getattr(data, "charge", 0) or 0),
        multiplicity=int(getattr(data, "mult", 1) or 1),
    )
    # Several jobs in one file append their masses; those of the last one count.
    masses = np.asarray(getattr(data, "atommasses", ()), dtype=np.float64)[-molecule.n_atoms :]
    return with_isotopes(molecule, masses if len(masses) == molecule.n_atoms else None)


def _vibrations(data: Any, molecule: Molecule, path: PathLike) -> NDArray[np.intp]:
    """Indices of the vibrations among the printed modes, all of which must be there."""
    n, values = molecule.n_atoms, np.asarray(data.vibfreqs, dtype=np.float64)
    centred = molecule.positions - molecule.positions.mean(axis=0)
    linear = n == 2 or np.linalg.matrix_rank(centred, tol=1e-3) == 1
    expected = 3 * n - (5 if linear else 6)
    keep = np.arange(len(values))
    if len(values) > expected:  # some programs list translations and rotations with zeros
        keep = np.flatnonzero(np.abs(values) > 0)
    if len(keep) != expected or len(data.vibdisps) != len(values):
        found = min(len(keep), len(data.vibdisps))
        raise FileError(
            f"{path}: {found} normal modes for {n} atoms; all {expected} are needed: the file is "
            "cut short, or atoms were frozen"
        )
    return keep


def _kept(data: Any, name: str, keep: NDArray[np.intp]) -> FloatArray | None:
    values = getattr(data, name, None)
    if values is None or len(values) != len(data.vibfreqs):
        return None
    return np.asarray(values, dtype=np.float64)[keep]


def _depolarisation(text: str, n: int) -> FloatArray | None:
    """Ratios for plane-polarised light, which cclib does not read, of Gaussian and ORCA."""
    rows = re.findall(r"^ *(?:Depolar \(P\)|Depolarizations?) +--(.*)$", text, re.MULTILINE)
    values = [float(word) for row in rows for word in row.split()]
    if not values:
        table = re.search(r"^ Mode +freq.*Activity +Depolarization$(.*?)^\s*$", text, _BLOCK)
        lines = table[1].splitlines() if table else []
        values = [float(w[3]) for w in map(str.split, lines) if len(w) == 4 and w[0].endswith(":")]
    return np.array(values) if len(values) == n else None


_BLOCK = re.MULTILINE | re.DOTALL


def _level(data: Any) -> str:
    metadata = data.metadata
    methods = metadata.get("methods") or [""]
    method = metadata.get("functional") or methods[-1]
    return "/".join(str(word) for word in (method, metadata.get("basis_set")) if word)


def _program(data: Any) -> str:
    found = (data.metadata.get("package"), data.metadata.get("package_version"))
    return " ".join(str(word) for word in found if word)


def _energy(data: Any) -> float | None:
    """Eh; the most correlated energy that the output holds."""
    from cclib.parser.utils import convertor

    old = int(importlib.metadata.version("cclib").split(".")[0]) < 2  # which gives energies in eV
    for name in ("ccenergies", "mpenergies", "scfenergies"):
        values = np.asarray(getattr(data, name, ()), dtype=np.float64)
        if values.size:
            value = float(values.ravel()[-1])
            return float(convertor(value, "eV", "hartree")) if old else value
    return None
