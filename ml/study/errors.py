"""What can be wrong with a study."""

from __future__ import annotations

from ...pointgroup.errors import InputError


class StudyError(InputError):
    """A configuration, a folder or a shard of a study cannot be used as it is."""


class Unfinished(StudyError):
    """Cells of the study are missing, so that nothing is evaluated."""
