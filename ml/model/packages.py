"""The packages of the extra ``ml``, asked for before they are used."""

from __future__ import annotations

import importlib.util

from ...vibration.errors import MissingPackage


def require(*names: str) -> None:
    """Check that packages are installed, without importing them.

    Raises
    ------
    MissingPackage
        With the command that installs them.

    Examples
    --------
    >>> require("numpy")
    """
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingPackage(
            f'this needs {" and ".join(missing)}, not installed here: pip install "spektron[ml]"'
        )
