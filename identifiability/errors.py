"""What can be wrong with a question about identifiability."""

from __future__ import annotations

from ..pointgroup.errors import InputError


class IdentifiabilityError(InputError):
    """A force field, a set of observables or a noise level that the question cannot be put to."""
