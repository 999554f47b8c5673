"""What can be wrong with force constants and with their refinement."""

from __future__ import annotations

from ...pointgroup.errors import InputError


class ForceFieldError(InputError):
    """Force constants that do not fit the coordinates, are not symmetric, or lack the symmetry."""


class RefinementError(InputError):
    """Observations that cannot be refined to: unknown irreps, missing modes, no uncertainty."""
