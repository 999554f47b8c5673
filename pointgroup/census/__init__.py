"""The census: point group, mode counts and R of thousands of molecules, to one parquet file."""

from .rows import COLUMNS
from .run import Progress, run_census
from .summary import Census, Share, read_census

__all__ = ["COLUMNS", "Census", "Progress", "Share", "read_census", "run_census"]
