"""Finished steps of a calculation on disk: a folder with one small file each.

Every file is written beside its place and moved there in one step, so it appears whole or
not at all; a calculation that was killed loses only the step in work. The name of a file is
a hash of everything that its numbers depend on: atoms, charge, multiplicity, geometry, field,
level of theory, program and version. So a folder may hold several calculations, none of
which can take the numbers of another. The numbers carry a hash of their own: a file that was
cut or changed is not believed.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...pointgroup.errors import FileError
from ...pointgroup.writing import whole_file
from ..electronic.surface import SinglePoint, Surface
from .operations import FloatArray

_FORMAT = "spektron checkpoint 1"
_DECIMALS = 10
"""Positions (Å) and fields (a.u.) that agree to as many decimals are the same: rounding in
the last bits may depend on the number of threads."""


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """A folder of finished steps, as seen by one calculation.

    Attributes
    ----------
    folder : Path
    identity : str
        JSON text of what all steps of the calculation have in common.
    """

    folder: Path
    identity: str

    def load(self, positions: ArrayLike, field: ArrayLike) -> SinglePoint | None:
        """The gradient at a point; None if there is none, or none that can be believed."""
        found = self.load_arrays("gradient", _place(positions, field))
        if found is None:
            return None
        return SinglePoint(float(found["energy"]), found["gradient"], found["dipole"])

    def save(self, positions: ArrayLike, field: ArrayLike, result: SinglePoint) -> None:
        """Keep the gradient at a point."""
        numbers = {
            "energy": np.array(result.energy),
            "gradient": result.gradient,
            "dipole": result.dipole,
        }
        self.save_arrays("gradient", _place(positions, field), numbers)

    def load_arrays(self, kind: str, place: Mapping[str, Any]) -> dict[str, FloatArray] | None:
        """Arrays by name that were kept for a step; None if there are none to be believed."""
        path, key = self._path(kind, place)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            return _nothing(path, str(error))
        try:
            content = json.loads(text)
            numbers = content["numbers"]
            if content["format"] != _FORMAT or content["key"] != key:
                return _nothing(path, "it is of another calculation")
            if content["hash"] != _hash(_text(numbers)):
                return _nothing(path, "its numbers were changed")
            return {name: np.array(values, dtype=np.float64) for name, values in numbers.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return _nothing(path, "it is cut short or no checkpoint")

    def save_arrays(
        self, kind: str, place: Mapping[str, Any], arrays: Mapping[str, FloatArray]
    ) -> None:
        """Keep arrays by name for a step.

        Raises
        ------
        FileError
            If the folder cannot be written.
        """
        path, key = self._path(kind, place)
        numbers = {name: values.tolist() for name, values in arrays.items()}
        content = {"format": _FORMAT, "key": key, "hash": _hash(_text(numbers)), "numbers": numbers}
        with whole_file(path) as draft:
            draft.write_text(_text(content), encoding="utf-8")

    def _path(self, kind: str, place: Mapping[str, Any]) -> tuple[Path, str]:
        key = _hash(_text({"kind": kind, "place": dict(place), "of": self.identity}))
        return self.folder / f"{kind}-{key[:20]}.json", key


def open_checkpoints(folder: str | os.PathLike[str], surface: Surface) -> Checkpoints:
    """Make a folder, or take up what an interrupted calculation left in it.

    Raises
    ------
    FileError
        If the folder cannot be made, or a file of this name is in its place.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{path}: no folder for checkpoints ({error.strerror})") from error
    molecule = surface.molecule
    identity = {
        "symbols": list(molecule.symbols),
        "charge": molecule.charge,
        "multiplicity": molecule.multiplicity,
        "level": surface.level.to_json(),
        "program": surface.program,
    }
    return Checkpoints(path, _text(identity))


def _place(positions: ArrayLike, field: ArrayLike) -> dict[str, Any]:
    return {"positions": _rounded(positions), "field": _rounded(field)}


def _rounded(values: ArrayLike) -> list[Any]:
    rounded: list[Any] = (
        np.round(np.asarray(values, dtype=np.float64), _DECIMALS) + 0.0
    ).tolist()  # + 0.0: no negative zero
    return rounded


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _nothing(path: Path, why: str) -> dict[str, FloatArray] | None:
    """None, and a warning that says why a file is not believed."""
    warnings.warn(f"{path}: not used and computed again, {why}", stacklevel=4)
    return None
