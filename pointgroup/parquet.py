"""Parquet files need pyarrow, which is in an extra."""

from __future__ import annotations

from .errors import InputError


def require_pyarrow(who: str) -> None:
    """Check for pyarrow.

    Parameters
    ----------
    who : str
        What needs it, as the message begins.

    Raises
    ------
    InputError
        With the command that installs it.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise InputError(
            f'{who} needs pyarrow, which is not installed: pip install "spektron[data]"'
        ) from None
