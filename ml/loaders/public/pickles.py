"""Pickles from strangers, read without running any of them.

A pickle is a program: what it names is imported and called. `Restricted` resolves no name of
the pickle to the real object. The few names that arrays of numbers need get stand-ins of this
module, which accept numeric types only; every other name is refused before anything is called.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...errors import SpectraError

_ANYTHING_WRONG = (
    pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, LookupError, MemoryError,
    RecursionError, TypeError, ValueError, AssertionError, ImportError,
)  # fmt: skip
"""What a damaged or hostile pickle can raise in the machine that reads it."""


DEEPEST = 20
"""Levels of lists and dictionaries in a plain value."""
LARGEST = 1_000_000
"""Items in a plain value; all displacements of a molecule of 100 atoms are 90,000."""


class Maker:
    """A stand-in that can be called, and not be changed by the pickle."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        """Make the stand-in of a value."""
        return self._make(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a name is given a state")


class _Type:
    """Stand-in for a numpy dtype: numbers only."""

    __slots__ = ("dtype",)

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or len(code) > 4:
            raise pickle.UnpicklingError("a dtype that is no code")
        self.dtype = np.dtype(code)
        if self.dtype.kind not in "biuf":
            raise pickle.UnpicklingError(f"an array of {self.dtype}, not of numbers")

    def __setstate__(self, state: Any) -> None:
        # (version, byte order, …); the rest describes structured and object types.
        order = state[1]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("a dtype with parts")
        self.dtype = self.dtype.newbyteorder("=" if order == "|" else order)


class _Array:
    """Stand-in for a numpy array under construction."""

    __slots__ = ("values",)

    def __init__(self, *_: Any) -> None:
        self.values = np.empty(0)

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, data = state
        self.values = _array(data, kind, shape, "F" if fortran else "C")


def _array(data: Any, kind: Any, shape: Any, order: Any = "C") -> np.ndarray:
    if not isinstance(kind, _Type) or not isinstance(data, bytes | bytearray):
        raise pickle.UnpicklingError("an array without bytes or type")
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise pickle.UnpicklingError("an array without shape")
    return np.frombuffer(data, kind.dtype).reshape(shape, order=order)


def _encode(text: Any, codec: Any = "latin1") -> bytes:
    # Protocol 2 writes bytes as text; other codecs could unpack bombs.
    if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("bytes in an unknown code")
    return text.encode("latin1")


def _scalar(kind: Any, data: Any) -> Any:
    return _array(data, kind, ())[()]


def _new_array(*_: Any) -> _Array:
    return _Array()


def array_names() -> dict[tuple[str, str], Any]:
    """Stand-ins for the names that a pickled array of numbers mentions."""
    found: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): Maker(_new_array),
        ("numpy", "dtype"): Maker(_Type),
        ("_codecs", "encode"): Maker(_encode),
    }
    for core in ("numpy.core", "numpy._core"):
        found[f"{core}.multiarray", "_reconstruct"] = Maker(_new_array)
        found[f"{core}.multiarray", "scalar"] = Maker(_scalar)
        found[f"{core}.numeric", "_frombuffer"] = Maker(_array)
    return found


class Restricted(pickle.Unpickler):
    """An unpickler that resolves names from a given table and refuses all others.

    Parameters
    ----------
    file : binary file
    names : mapping of (module, name) to object
    persistent : callable, optional
        What stands for a persistent reference.
    """

    def __init__(
        self,
        file: Any,
        names: Mapping[tuple[str, str], Any],
        persistent: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(file)
        self._names, self._persistent = names, persistent

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a name.

        Raises
        ------
        pickle.UnpicklingError
            If the table has none.
        """
        if (module, name) not in self._names:
            shown = f"{module}.{name}".encode("ascii", "backslashreplace").decode()[:80]
            raise pickle.UnpicklingError(f"it wants {shown!r}, which is not allowed")
        return self._names[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """The stand-in of a reference outside the pickle."""
        if self._persistent is None:
            raise pickle.UnpicklingError("it refers to something outside itself")
        return self._persistent(pid)


def load_restricted(
    file: Any,
    label: str,
    names: Mapping[tuple[str, str], Any],
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """What a pickle holds, with stand-ins for the names in a table.

    Raises
    ------
    SpectraError
        If it names anything else, or is damaged; nothing of it has been called.
    """
    try:
        return Restricted(file, names, persistent).load()
    except _ANYTHING_WRONG as error:
        why = " ".join(str(error).split())[:160] or type(error).__name__
        raise SpectraError(f"{label}: refused pickle: {why}") from None


def load_plain(data: bytes, label: str) -> Any:
    """Numbers, texts, lists, dictionaries and arrays of numbers out of a pickle.

    Parameters
    ----------
    data : bytes
    label : str
        Named in the message.

    Raises
    ------
    SpectraError
        If the pickle wants anything else; it is refused before any of it runs.

    Examples
    --------
    >>> load_plain(pickle.dumps({"freq": [1595.0]}), "blob")
    {'freq': [1595.0]}
    """
    loaded = load_restricted(io.BytesIO(data), label, array_names())
    return _plain(loaded, label, [LARGEST], 0)


def _plain(value: Any, label: str, left: list[int], depth: int) -> Any:
    """The value with stand-ins replaced by their arrays."""
    left[0] -= 1
    if depth > DEEPEST or left[0] < 0:
        # Lists of one another double at every level: small files, endless values.
        raise SpectraError(f"{label}: refused pickle: nested too deep or too large")
    if isinstance(value, _Array):
        return value.values
    if isinstance(value, dict):
        if not all(isinstance(key, str | int) for key in value):
            raise SpectraError(f"{label}: refused pickle: a key that is neither text nor number")
        return {key: _plain(inner, label, left, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(inner, label, left, depth + 1) for inner in value)
    if value is None or isinstance(
        value, bool | int | float | str | bytes | np.ndarray | np.generic
    ):
        return value
    raise SpectraError(f"{label}: refused pickle: it holds {type(value).__name__}")
