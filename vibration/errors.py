"""What can go wrong with a calculation or its input.

Input that cannot be used is an `InputError`; a calculation that fails although the input was
sound is a `CalculationError`. Every message is one line that names the value, the limit and
the remedy; the command line prints it as it is and exits with code 2.
"""

from __future__ import annotations

from ..pointgroup.errors import InputError


class LevelError(InputError):
    """A method, basis, solvent or setting that the program does not have or cannot combine."""


class HarmonicDataError(InputError):
    """Arrays that are no Hessian, dipole derivatives or polarizability derivatives."""


class SpectrumError(InputError):
    """A line shape, width, axis or kind of spectrum that has no meaning."""


class ThermochemistryError(InputError):
    """A temperature, pressure, symmetry number or treatment that has no meaning."""


class MissingPackage(InputError):
    """A package of an optional extra is not installed."""


class CalculationError(RuntimeError):
    """A calculation failed although its input was sound."""


class NotConverged(CalculationError):
    """Self-consistency or the geometry was not reached."""


class NotStationary(CalculationError):
    """A harmonic analysis was asked for at a point that is no minimum nor saddle point."""
