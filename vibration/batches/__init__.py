"""Reference spectra of many molecules: results that are kept, found again and verified."""

from .store import Damage, Record, ResultStore, StoreError, key_of

__all__ = ["Damage", "Record", "ResultStore", "StoreError", "key_of"]
