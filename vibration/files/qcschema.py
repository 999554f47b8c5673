"""Harmonic data as a QCSchema document: our own file, which other programs can read too.

The file is a QCSchema ``AtomicResult`` (``qcschema_output`` version 1) with driver
``hessian``. What the schema has no place for stands under ``extras.spektron``: derivatives of
dipole and polarizability, the gradient, and positions in Å, which the schema keeps in bohr.
Numbers are written with all their digits, so that reading gives back every bit. Documents of
other programs are read too; they bring a Hessian, perhaps a gradient.

Source: MolSSI QCSchema, https://molssi-qc-schema.readthedocs.io.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import InputError, Molecule
from ...pointgroup.errors import FileError
from ..harmonic import HarmonicData
from .text import PathLike, read_text, write_text

FloatArray = NDArray[np.float64]

_EXTRAS = ("dipole_derivatives", "polarizability_derivatives", "gradient")
_SAME_PLACE = 1e-9
"""Å; positions in extras count if they agree with the geometry of the schema to this."""


def write_harmonic(data: HarmonicData, path: PathLike) -> None:
    """Write harmonic data as QCSchema JSON; the file appears whole or not at all.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    write_text(json.dumps(to_qcschema(data), ensure_ascii=False, indent=1) + "\n", path)


def read_qcschema(path: PathLike) -> HarmonicData:
    """Harmonic data of a QCSchema document with driver ``hessian``.

    Raises
    ------
    FileError
        If it is no such document, or its numbers do not fit the molecule.
    """
    return parse_qcschema(read_text(path), path)


def to_qcschema(data: HarmonicData) -> dict[str, Any]:
    """The document as a dictionary that `json` can write.

    Examples
    --------
    >>> h2 = Molecule("HH", [[0, 0, 0], [0, 0, 0.7414]])
    >>> document = to_qcschema(HarmonicData(h2, np.zeros((6, 6)), level="hf/sto-3g"))
    >>> document["driver"], document["model"], len(document["return_result"])
    ('hessian', {'method': 'hf', 'basis': 'sto-3g'}, 36)
    """
    method, _, basis = data.level.partition("/")
    # The schema keeps the level in two parts and cannot say that there is none.
    extras: dict[str, Any] = {
        "format": 1,
        "level": data.level,
        "positions": data.molecule.positions.tolist(),
    }
    for name in _EXTRAS:
        array = getattr(data, name)
        extras[name] = None if array is None else array.tolist()
    properties: dict[str, Any] = {"calcinfo_natom": data.molecule.n_atoms}
    if data.energy is not None:
        properties["return_energy"] = data.energy
    if data.gradient is not None:
        properties["return_gradient"] = data.gradient.ravel().tolist()
    program, _, version = data.program.rpartition(" ")
    return {
        "schema_name": "qcschema_output",
        "schema_version": 1,
        "molecule": data.molecule.to_qcschema(),
        "driver": "hessian",
        "model": {"method": method or "unknown", "basis": basis or None},
        "keywords": {},
        "properties": properties,
        "return_result": data.hessian.ravel().tolist(),
        "success": True,
        "provenance": {
            "creator": program or data.program or "unknown",
            "version": version if program else "",
            "routine": "spektron.vibration.files.qcschema",
        },
        "extras": {"spektron": extras | {"program": data.program}},
    }


def parse_qcschema(text: str, path: PathLike) -> HarmonicData:
    """As `read_qcschema`, from the text of the file.

    Raises
    ------
    FileError
        If it is no QCSchema result with a Hessian.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise FileError(
            f"{path}: line {error.lineno}: no JSON ({error.msg}); is the file cut short?"
        ) from None
    driver = document.get("driver") if isinstance(document, dict) else None
    if driver != "hessian":
        raise FileError(f"{path}: no QCSchema result with driver 'hessian' (driver: {driver!r})")
    try:
        return _data(document)
    except KeyError as error:
        raise FileError(f"{path}: the QCSchema document has no {error}") from None
    except (InputError, TypeError, ValueError, AttributeError) as error:
        raise FileError(f"{path}: {error}") from None


def _data(document: dict[str, Any]) -> HarmonicData:
    extras = (document.get("extras") or {}).get("spektron") or {}
    properties = document.get("properties") or {}
    molecule = _molecule(document["molecule"], extras)
    size = 3 * molecule.n_atoms
    hessian = np.array(document["return_result"], dtype=np.float64)
    if hessian.size != size**2:
        raise InputError(
            f"return_result has {hessian.size} numbers; a Hessian of {molecule.n_atoms} atoms has "
            f"{size**2}"
        )
    gradient = extras.get("gradient") or properties.get("return_gradient")
    model = document.get("model") or {}
    provenance = document.get("provenance") or {}
    level = "/".join(str(model[key]) for key in ("method", "basis") if model.get(key))
    program = " ".join(
        str(provenance[key]) for key in ("creator", "version") if provenance.get(key)
    )
    return HarmonicData(
        molecule,
        hessian.reshape(size, size),
        _array(extras, "dipole_derivatives"),
        _array(extras, "polarizability_derivatives"),
        None if gradient is None else np.array(gradient, dtype=np.float64).reshape(-1, 3),
        properties.get("return_energy"),
        extras.get("level", level),
        extras.get("program", program),
    )


def _molecule(fields: dict[str, Any], extras: dict[str, Any]) -> Molecule:
    molecule = Molecule.from_qcschema(fields)
    positions = _array(extras, "positions")
    if positions is None or positions.shape != molecule.positions.shape:
        return molecule
    same = np.abs(positions - molecule.positions).max() < _SAME_PLACE
    return molecule.with_positions(positions) if same else molecule


def _array(fields: dict[str, Any], name: str) -> FloatArray | None:
    values = fields.get(name)
    return None if values is None else np.array(values, dtype=np.float64)
