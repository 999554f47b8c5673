"""What every method of calibration transfer gets and gives.

A method has one function, ``fit(master, transfer, target_unlabelled=None)``; it returns a
calibration, whose ``predict(spectra)`` takes spectra of the target instrument. Methods are
values: fitting changes nothing in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..errors import SpectraError
from ..spectra import Array, frozen
from .pretreatment import RAW, Pretreatment


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Spectra of the master instrument with reference values.

    Attributes
    ----------
    spectra : (n, p) array
    values : (n,) array
    """

    spectra: Array
    values: Array

    def __post_init__(self) -> None:
        spectra, values = frozen(self.spectra), frozen(self.values)
        object.__setattr__(self, "spectra", spectra)
        object.__setattr__(self, "values", values)
        if spectra.ndim != 2 or values.shape != spectra.shape[:1]:
            raise SpectraError(f"{values.shape} values do not fit spectra of shape {spectra.shape}")
        if not (np.isfinite(spectra).all() and np.isfinite(values).all()):
            raise SpectraError("spectra or reference values are missing; remove those samples")


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Transfer samples: measured on both instruments, with reference values.

    Attributes
    ----------
    master, target : (k, p) array
        Spectra of the same samples on the two instruments.
    values : (k,) array
    members : (k,) array of int
        Which rows of the master's calibration set these samples are; -1 for none.
    """

    master: Array
    target: Array
    values: Array
    members: np.ndarray

    def __post_init__(self) -> None:
        for name in ("master", "target", "values"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        members = np.array(self.members, dtype=int)
        members.flags.writeable = False
        object.__setattr__(self, "members", members)
        k = len(self.values)
        if self.master.shape != self.target.shape or self.master.shape[:1] != (k,):
            raise SpectraError(
                f"{k} transfer values, but spectra of shape {self.master.shape} on the master and "
                f"{self.target.shape} on the target; both need one row per sample"
            )
        if members.shape != (k,):
            raise SpectraError(f"{members.size} members for {k} transfer samples")
        if not all(np.isfinite(a).all() for a in (self.master, self.target, self.values)):
            raise SpectraError("transfer samples have missing values; choose others")

    @classmethod
    def of(cls, master: Labelled, rows: Sequence[int] | np.ndarray, target: Array) -> Pairs:
        """The pairs that some rows of the master's calibration set make with target spectra."""
        chosen = np.array(rows, dtype=int)
        return cls(master.spectra[chosen], target, master.values[chosen], chosen)

    @property
    def k(self) -> int:
        """Number of transfer samples."""
        return len(self.values)


class Calibration(Protocol):
    """A fitted method."""

    def predict(self, spectra: Array) -> Array:
        """Values of target spectra, shape (n, p) to (n,); each row for itself."""
        ...


class Method(Protocol):
    """A way to move a calibration."""

    def fit(
        self, master: Labelled, transfer: Pairs, target_unlabelled: Array | None = None
    ) -> Calibration:
        """A calibration for the target instrument."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A value that is linear in the pretreated spectrum.

    Attributes
    ----------
    coefficients : (p,) array
    intercept : float
    pretreatment : Pretreatment
    """

    coefficients: Array
    intercept: float
    pretreatment: Pretreatment = RAW

    def predict(self, spectra: Array) -> Array:
        """Values of spectra, shape (n, p) to (n,)."""
        rows = self.pretreatment(np.atleast_2d(spectra))
        if rows.shape[1] != len(self.coefficients):
            raise SpectraError(
                f"{np.atleast_2d(spectra).shape[1]} channels do not fit this calibration"
            )
        # Row by row: a product of matrices may round a row differently in other company.
        return np.array([row @ self.coefficients + self.intercept for row in rows])


@dataclass(frozen=True, slots=True)
class Average:
    """The mean of several calibrations."""

    members: tuple[Calibration, ...]

    def predict(self, spectra: Array) -> Array:
        """Values of spectra, shape (n, p) to (n,)."""
        each = np.array([member.predict(spectra) for member in self.members])
        out: Array = each.mean(axis=0)
        return out
