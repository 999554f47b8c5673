"""A pre-registered study from one configuration: models trained, asked and compared by strata.

================  =========================================================================
``config``        the configuration, its cells and its hash
``design``        folds: who is tested, who trains
``measure``       queries on instruments that no training has seen
``scoring``       identification, retrieval, functional groups, conformal sets
``cell``          one training and its questions; ``nearest`` the same without a model
``shards``        the file of a cell
``run``           all cells over processes, resumed where they stopped
``gather``        all shards as arrays
``hypotheses``    the registered tests and their verdicts
``checks``        shuffled sides, a planted effect, an oracle
``exploratory``   what was not registered: other cuts of the same scores
``analysis``      everything that a finished study says
================  =========================================================================

Torch is imported when a cell is computed, not before.
"""

from .analysis import Analysis, analyse, facts
from .cell import Job, run_cell
from .config import Cell, StudyConfig, config_from, read_config
from .design import Design, Fold, design
from .errors import StudyError, Unfinished
from .exploratory import Finding
from .gather import Gathered, gather
from .hypotheses import Verdict
from .run import StudyProgress, finished, open_study, run_study
from .shards import Origin, Shard, read_shard, write_shard

__all__ = [
    "Analysis",
    "Cell",
    "Design",
    "Finding",
    "Fold",
    "Gathered",
    "Job",
    "Origin",
    "Shard",
    "StudyConfig",
    "StudyError",
    "StudyProgress",
    "Unfinished",
    "Verdict",
    "analyse",
    "config_from",
    "design",
    "facts",
    "finished",
    "gather",
    "open_study",
    "read_config",
    "read_shard",
    "run_cell",
    "run_study",
    "write_shard",
]
