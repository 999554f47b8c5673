"""Unit conversions: the one place where a unit meets a number.

CODATA 2022 (E. Tiesinga, P. J. Mohr, D. B. Newell, B. N. Taylor, 2024),
https://physics.nist.gov/cuu/Constants. Typed here because `scipy.constants` costs more to
import than it gives; a test compares them with it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BOHR"]

BOHR: Final = 0.529177210544
"""One bohr in ångström: ``positions = BOHR * positions_in_bohr``."""
