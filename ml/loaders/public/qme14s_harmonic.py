"""Harmonic data out of ``OPT_186102.h5`` of QMe14S: one group per molecule, checked by physics.

The readme names the arrays and neither their units, nor the order of their components, nor which
way an edge points. Units are taken from the readme of QM9S, by the same group: Å, eV/Å², Debye,
Debye/Å, bohr³, bohr³/Å. The rest is decided by the file itself, because a molecule that is turned
as a whole must do what a turned molecule does:

    Σ_b H_ab (n × r_b) = 0,   Σ_a ∂μ/∂r_a (n × r_a) = n × μ,   Σ_a ∂α/∂r_a (n × r_a) = [n, α]

for any axis n (W. B. Person, J. H. Newton, *J. Chem. Phys.* 61, 1040 (1974), for the second). Of
the readings of an array, the one that obeys its rule is taken; if none does, or two do, the file is
refused. This also checks Debye against Debye/Å and bohr³ against bohr³/Å. The unit of the Hessian
alone rests on the readme; the highest wavenumber must be that of a bond, which tells eV/Å² from
Eh/bohr² and kcal/mol/Å², not from mdyn/Å.

Not verified on the published file, which was not at hand.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....pointgroup import InputError, Molecule
from ....pointgroup.molecules.isotopes import SYMBOLS
from ....pointgroup.units import BOHR, DEBYE, HARTREE_CM, NORMAL_COORDINATE
from ....vibration import HarmonicData
from ...errors import SpectraError
from .qm9s import ELECTRONVOLT
from .table import Source

Array = NDArray[np.float64]
FIELDS = ("z", "pos", "edge_index", "Hii", "Hij", "dipole", "dedipole", "polar", "depolar")
ORDERS: dict[str, tuple[tuple[int, int], ...]] = {
    "xx xy yy zx zy zz": ((0, 0), (0, 1), (1, 1), (0, 2), (1, 2), (2, 2)),
    "xx yy zz xy xz yz": ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)),
    "xx xy xz yy yz zz": ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)),
}
"""Orders of six components of a symmetric tensor that are in use."""
CLEAR = 5.0
"""How much better the right reading must obey its rule than any other one."""
WITHIN = 0.02
"""How well it must: what is left over, as a share of what is summed. For HF/STO-3G methanol,
formamide and hydrogen peroxide the right readings leave 2e-6 to 1e-4, wrong ones 0.06 to 0.7."""
STIFFEST = (600.0, 5000.0)
"""cm⁻¹; between these lies the highest wavenumber of any molecule of the set."""
EV_PER_A2 = ELECTRONVOLT / HARTREE_CM * BOHR**2
"""Eh/bohr² in 1 eV/Å²."""

_AXES = np.zeros((3, 3, 3))
for _k, (_i, _j) in enumerate(((1, 2), (2, 0), (0, 1))):
    _AXES[_k, _i, _j], _AXES[_k, _j, _i] = -1.0, 1.0
# _AXES[n] @ r is n × r.


@dataclass(frozen=True, slots=True)
class Layout:
    """How the arrays of a file are to be read.

    Attributes
    ----------
    block : "row, column" or "column, row"
        Which atom of an edge is the row of its block of the Hessian.
    dipole : "position, component" or "component, position"
    polarizability : str
        Order of the six components.
    """

    block: str
    dipole: str
    polarizability: str


@dataclass(frozen=True, slots=True, eq=False)
class HarmonicMolecule:
    """A molecule of the set.

    Attributes
    ----------
    id : str
    smiles : str or None
    data : HarmonicData
    source : Source
    """

    id: str
    smiles: str | None
    data: HarmonicData
    source: Source


def iterate_harmonic(
    path: Path, *, layout: Layout | None = None, skipped: list[str] | None = None
) -> Iterator[HarmonicMolecule]:
    """The molecules of a file one at a time; `vibration.normal_modes` gives their lines.

    Parameters
    ----------
    path : Path
        ``OPT_186102.h5``.
    layout : Layout, optional
        By default found by `find_layout`.
    skipped : list of str, optional
        Molecules that cannot be used are left out and their messages appended here; without it
        the first one raises.

    Raises
    ------
    SpectraError
        If it is no HDF5 file, or a group lacks an array or has one of another shape.
    """
    source = Source.of(path)
    own = layout or find_layout(path)
    with _opened(path) as file:
        for name in file:
            try:
                yield _molecule(file, name, path, own, source)
            except (SpectraError, InputError) as error:
                message = str(error)
                full = message if str(path) in message else f"{path}: group {name}: {message}"
                if skipped is None:
                    raise SpectraError(full) from None
                skipped.append(full)


def find_layout(path: Path, *, molecules: int = 32) -> Layout:
    """The reading of the arrays under which the first molecules obey the rules of rotation.

    Parameters
    ----------
    path : Path
    molecules : int
        How many are asked; those with a centre of inversion tell nothing of the dipole.

    Raises
    ------
    SpectraError
        If no reading obeys a rule, or more than one does.
    """
    blocks: dict[str, list[float]] = {"row, column": [], "column, row": []}
    dipoles: dict[str, list[float]] = {"position, component": [], "component, position": []}
    tensors: dict[str, list[float]] = {order: [] for order in ORDERS}
    with _opened(path) as file:
        for name in islice(file, molecules):
            raw = _arrays(file, name, path)
            turned = np.einsum("nij,aj->nai", _AXES, raw["pos"])
            for key, found in blocks.items():
                hessian = _hessian(raw, key, f"{path}: group {name}")
                left = np.einsum("aibj,nbj->nai", hessian, turned)
                found.append(_share(left, hessian))
            for key, found in dipoles.items():
                d = _dipole(raw, key)
                left = np.einsum("nai,aik->nk", turned, d) - _AXES @ raw["dipole"]
                found.append(_share(left, d))
            for key, found in tensors.items():
                d, alpha = _tensor(raw["depolar"], key), _tensor_or_square(raw["polar"], key)
                left = np.einsum("nai,aikl->nkl", turned, d) - (_AXES @ alpha - alpha @ _AXES)
                found.append(_share(left, d))
    return Layout(
        _clear(blocks, "Hij", path), _clear(dipoles, "dedipole", path),
        _clear(tensors, "depolar", path),
    )  # fmt: skip


def _share(left: Array, whole: Array) -> float:
    return float(np.linalg.norm(left) / max(float(np.linalg.norm(whole)), 1e-30))


def _clear(found: dict[str, list[float]], what: str, path: Path) -> str:
    """The reading that obeys, where the others do not."""
    sizes = {key: float(np.sqrt(np.mean(np.square(v)))) for key, v in found.items() if v}
    if not sizes:
        raise SpectraError(f"{path}: no groups")
    (best, small), (other, large) = sorted(sizes.items(), key=lambda item: item[1])[:2]
    if small > WITHIN or large < CLEAR * max(small, 1e-6):
        raise SpectraError(
            f"{path}: {what}: turning the molecules leaves {small:.1e} over read as {best!r} and "
            f"{large:.1e} as {other!r}; one must be below {WITHIN:g} and {CLEAR:g} times better: "
            "pass layout="
        )
    return best


def _h5py() -> Any:
    try:
        return importlib.import_module("h5py")
    except ImportError:
        raise SpectraError("HDF5 needs h5py, which is not installed: pip install h5py") from None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    h5py = _h5py()
    try:
        if not path.is_file() or not h5py.is_hdf5(path):
            raise SpectraError(f"{path}: not an HDF5 file")
        with h5py.File(path, "r") as file:
            if not len(file):
                raise SpectraError(f"{path}: no groups")
            yield file
    except (OSError, RuntimeError) as error:
        why = " ".join(str(error).split())[:120]
        raise SpectraError(f"{path}: damaged or cut HDF5 file: {why}") from None


def _arrays(file: Any, name: str, path: Path) -> dict[str, Array]:
    """The arrays of a group, by name, in shapes that fit its atoms."""
    h5py = _h5py()
    label = f"{path}: group {name}"
    # A link can lead to another file; nothing but groups of this one is followed.
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise SpectraError(f"{label} is a link, not a group")
    group = file[name]
    if not isinstance(group, h5py.Group):
        raise SpectraError(f"{label} is an array, not a group")
    found = {}
    for field in FIELDS:
        link = group.get(field, getlink=True) if field in group else None
        if not isinstance(link, h5py.HardLink) or not isinstance(group[field], h5py.Dataset):
            raise SpectraError(
                f"{label} has no array {field}; it has {', '.join(list(group)[:14])}"
            )
        dataset = group[field]
        if dataset.dtype.kind not in "iuf":
            raise SpectraError(f"{label}: {field} holds {dataset.dtype}, not numbers")
        found[field] = np.asarray(dataset[()], dtype=np.float64)
        if not np.isfinite(found[field]).all():
            raise SpectraError(f"{label}: {field} holds NaN or infinity")
    return _shaped(found, label)


def _shaped(raw: dict[str, Array], label: str) -> dict[str, Array]:
    n = raw["z"].size
    edges = raw["edge_index"]
    if edges.ndim != 2 or 2 not in edges.shape:
        raise SpectraError(f"{label}: edge_index of shape {edges.shape}, not (2, n)")
    edges = edges if edges.shape[0] == 2 else edges.T
    if edges.size and (edges.min() < 0 or edges.max() >= n or (edges % 1).any()):
        raise SpectraError(f"{label}: edge_index names an atom that is not there ({n} atoms)")
    e = edges.shape[1]
    shapes: dict[str, tuple[tuple[int, ...], ...]] = {
        "z": ((n,),), "pos": ((n, 3),), "Hii": ((n, 3, 3),), "Hij": ((e, 3, 3),),
        "dipole": ((3,),), "dedipole": ((n, 3, 3),), "polar": ((3, 3), (6,)),
        "depolar": ((n, 3, 6),),
    }  # fmt: skip
    out = {"edge_index": edges}
    for field, allowed in shapes.items():
        size = raw[field].size
        fitting = [shape for shape in allowed if int(np.prod(shape)) == size]
        if not fitting:
            wanted = " or ".join(map(str, allowed))
            raise SpectraError(f"{label}: {field} of shape {raw[field].shape}, not {wanted}")
        if field == "depolar" and raw[field].ndim == 3 and raw[field].shape[1:] == (6, 3):
            raw[field] = raw[field].transpose(0, 2, 1)
        out[field] = raw[field].reshape(fitting[0])
    return out


def _hessian(raw: dict[str, Array], block: str, label: str) -> Array:
    """Hessian (n, 3, n, 3) from its parts, in the unit of the file."""
    n = raw["z"].size
    whole = np.zeros((n, n, 3, 3))
    known = np.eye(n, dtype=bool)
    whole[np.arange(n), np.arange(n)] = raw["Hii"]
    first, second = raw["edge_index"].astype(int)
    rows, columns = (first, second) if block == "row, column" else (second, first)
    whole[rows, columns] = raw["Hij"]
    known[rows, columns] = True
    # Edges listed one way only: the mirror image is the transpose.
    missing = ~known & known.T
    whole[missing] = whole.transpose(1, 0, 3, 2)[missing]
    if not (known | missing).all():
        i, j = map(int, np.argwhere(~(known | missing))[0])
        raise SpectraError(f"{label}: no edge between atoms {i + 1} and {j + 1}")
    return whole.transpose(0, 2, 1, 3)


def _dipole(raw: dict[str, Array], order: str) -> Array:
    d = raw["dedipole"]
    return d if order == "position, component" else d.transpose(0, 2, 1)


def _tensor(six: Array, order: str) -> Array:
    """Symmetric tensors (…, 3, 3) from six components."""
    out = np.empty((*six.shape[:-1], 3, 3))
    for k, (i, j) in enumerate(ORDERS[order]):
        out[..., i, j] = out[..., j, i] = six[..., k]
    return out


def _tensor_or_square(polar: Array, order: str) -> Array:
    return polar if polar.shape == (3, 3) else _tensor(polar, order)


def _molecule(file: Any, name: str, path: Path, layout: Layout, source: Source) -> HarmonicMolecule:
    raw = _arrays(file, name, path)
    n = raw["z"].size
    if not ((raw["z"] >= 1) & (raw["z"] <= len(SYMBOLS)) & (raw["z"] % 1 == 0)).all():
        raise SpectraError(f"{path}: group {name}: z holds something that is no atomic number")
    molecule = Molecule([SYMBOLS[int(z) - 1] for z in raw["z"]], raw["pos"], name=name)
    hessian = _hessian(raw, layout.block, f"{path}: group {name}").reshape(3 * n, 3 * n)
    data = HarmonicData(
        molecule,
        hessian * EV_PER_A2,
        _dipole(raw, layout.dipole).reshape(3 * n, 3) * BOHR / DEBYE,
        _tensor(raw["depolar"], layout.polarizability).reshape(3 * n, 3, 3) * BOHR,
        program="QMe14S",
    )
    _refuse_unit(data, f"{path}: group {name}")
    text = next((file[name].attrs[k] for k in ("smile", "smiles") if k in file[name].attrs), None)
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return HarmonicMolecule(name, text if isinstance(text, str) else None, data, source)


def _refuse_unit(data: HarmonicData, label: str) -> None:
    """Refuse a Hessian whose stiffest motion is that of no bond: its unit must be another one."""
    weights = np.repeat(data.molecule.masses, 3) ** -0.5
    highest = float(np.linalg.eigvalsh(data.hessian * np.outer(weights, weights))[-1])
    wavenumber = NORMAL_COORDINATE * np.sqrt(max(highest, 0.0))
    if not STIFFEST[0] <= wavenumber <= STIFFEST[1]:
        raise SpectraError(
            f"{label}: highest wavenumber {wavenumber:.0f} cm-1, not between {STIFFEST[0]:g} and "
            f"{STIFFEST[1]:g}: the Hessian is not in eV/Å²"
        )
