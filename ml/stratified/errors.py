"""What can be wrong with scores and their evaluation."""

from __future__ import annotations

from ...pointgroup.errors import InputError


class EvaluationError(InputError):
    """Scores, strata or settings of a stratified evaluation cannot be used as they are."""


class Unmatched(EvaluationError):
    """No stratum has molecules of both kinds, so that there is no contrast."""
