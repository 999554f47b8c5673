"""Does accuracy follow what a spectrum shows? Scores compared inside matched strata.

A table of scores (`score_table`, `read_scores`, or `baseline` for the nearest spectrum) is
evaluated as a whole by `evaluate`; the parts are in modules of their own. `power` says what a
design can find, `ceiling` what the spectra hold, `conformal` how sure an answer is.
"""

from .bootstrap import Interval, Resampled, resample
from .ceiling import Instrument, baseline, ceiling, identified, retrieved, signals
from .endpoints import GAINS, available, endpoint
from .errors import EvaluationError, Unmatched
from .evaluation import evaluate, overview
from .matching import Matched, layout, match
from .mixed import MixedFit, mixed_regression
from .permutation import holm, sign_flip
from .power import Power, components_of, power, power_table
from .reading import read_scores
from .results import Contrast, Evaluation, Overview, Settings
from .simulation import Components, simulated
from .subjects import (
    INPUTS,
    Subject,
    by_any_name,
    counts_of,
    subject_of,
    subjects_of_export,
    subjects_of_table,
)
from .table import Score, ScoreTable, score_table
from .within import within_slope

__all__ = [
    "GAINS",
    "INPUTS",
    "Components",
    "Contrast",
    "Evaluation",
    "EvaluationError",
    "Instrument",
    "Interval",
    "Matched",
    "MixedFit",
    "Overview",
    "Power",
    "Resampled",
    "Score",
    "ScoreTable",
    "Settings",
    "Subject",
    "Unmatched",
    "available",
    "baseline",
    "by_any_name",
    "ceiling",
    "components_of",
    "counts_of",
    "endpoint",
    "evaluate",
    "holm",
    "identified",
    "layout",
    "match",
    "mixed_regression",
    "overview",
    "power",
    "power_table",
    "read_scores",
    "resample",
    "retrieved",
    "score_table",
    "sign_flip",
    "signals",
    "simulated",
    "subject_of",
    "subjects_of_export",
    "subjects_of_table",
    "within_slope",
]
