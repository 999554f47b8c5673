"""What can be wrong with internal coordinates, as a branch of the tree of the room."""

from __future__ import annotations

from ...pointgroup.errors import InputError


class CoordinateError(InputError):
    """An internal coordinate that is undefined here, or a set that does not fit its use."""


class BondGraphError(InputError):
    """The bonds of a molecule cannot be guessed from its distances, or those given are wrong."""
