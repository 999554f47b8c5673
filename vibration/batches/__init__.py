"""Reference spectra of many molecules: results that are kept, found again and verified."""

from .batch import BatchProgress, BatchReport, run_batch
from .jobs import JobSettings, job_key, run_job
from .store import Damage, Record, ResultStore, StoreError, key_of

__all__ = [
    "BatchProgress",
    "BatchReport",
    "Damage",
    "JobSettings",
    "Record",
    "ResultStore",
    "StoreError",
    "job_key",
    "key_of",
    "run_batch",
    "run_job",
]
