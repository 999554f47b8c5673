"""The census: point group, mode counts and R of thousands of molecules, to one parquet file."""

from .rows import COLUMNS
from .run import Progress, is_finished, run_census
from .summary import BadRecord, Census, Share, read_census

__all__ = [
    "COLUMNS",
    "BadRecord",
    "Census",
    "Progress",
    "Share",
    "is_finished",
    "read_census",
    "run_census",
]
