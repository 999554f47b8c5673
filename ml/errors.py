"""What can be wrong in this room: input that cannot be used, and a method that saw too much."""

from __future__ import annotations

from ..pointgroup.errors import InputError


class SpectraError(InputError):
    """Spectra, axes or reference values cannot be used as they are."""


class ProtocolError(InputError):
    """A benchmark is asked for that the data cannot carry (k too large, too few samples …)."""


class LeakError(RuntimeError):
    """A method used test samples before it had to predict them."""
