"""What a stratified evaluation is asked, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass

from .bootstrap import REPLICATES, Interval, Method, Runs
from .matching import Matched, Small
from .mixed import Coefficient
from .simulation import Components
from .table import ScoreTable


@dataclass(frozen=True, slots=True)
class Settings:
    """How to evaluate.

    Attributes
    ----------
    endpoint : str
        Primary one; empty: the first of `endpoints.available`.
    noise : float or None
        Level of the primary endpoint; None: the lowest.
    secondary : tuple of (endpoint, noise level or None)
        None is the level of the primary one. Corrected together by Holm. Empty: the other gains
        at this level, and the primary one at the other levels.
    interval : str
        Of `bootstrap.METHODS`.
    level : float
        Of intervals.
    replicates, seed : int
        Of the bootstrap and the permutations.
    runs : "crossed" or "nested"
        See `bootstrap`.
    small : "drop" or "merge"
    least : int
        See `matching.match`.
    """

    endpoint: str = ""
    noise: float | None = None
    secondary: tuple[tuple[str, float | None], ...] = ()
    interval: Method = "studentised"
    level: float = 0.95
    replicates: int = REPLICATES
    seed: int = 0
    runs: Runs = "crossed"
    small: Small = "drop"
    least: int = 1


@dataclass(frozen=True, slots=True)
class Contrast:
    """Mean over strata of: with an inversion less without.

    Attributes
    ----------
    endpoint : str
    noise : float
    value, low, high : float
    error : float
        Standard error, scaffolds as clusters.
    p : float
        By the method of the interval; NaN if there is none.
    p_strata, p_scaffolds : float
        Sign flips of strata, and of whole scaffolds.
    p_holm : float or None
        ``p`` corrected for the number of secondary endpoints; None of the primary one.
    """

    endpoint: str
    noise: float
    value: float
    low: float
    high: float
    error: float
    p: float
    p_strata: float
    p_scaffolds: float
    p_holm: float | None = None


@dataclass(frozen=True, slots=True)
class ScaffoldContrast:
    """The primary contrast of one scaffold.

    Attributes
    ----------
    scaffold : str
    n_strata : int
    value, low, high : float
        Over strata; NaN limits if there is but one.
    """

    scaffold: str
    n_strata: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean score of an input over matched strata.

    Attributes
    ----------
    given : str
    noise : float
    centred, others : Interval
        Molecules with and without an inversion.
    """

    given: str
    noise: float
    centred: Interval
    others: Interval


@dataclass(frozen=True, slots=True)
class Point:
    """Mean score of molecules with a similar share of visible modes.

    Attributes
    ----------
    given : str
    share : float
        Mean of N_visible/N_vib.
    n : int
    value, low, high : float
        With a 95 % interval of molecules as if they were independent.
    """

    given: str
    share: float
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Mean of an endpoint over all molecules that share a property.

    Attributes
    ----------
    property, value : str
        As "group" and "D2h", or "R" and "0.6 to 0.8".
    endpoint : str
    n, n_scaffolds : int
        Molecules, and scaffolds that they come from.
    mean : Interval
        By Student's t, scaffolds as clusters; NaN limits if there are fewer than three.
    """

    property: str
    value: str
    endpoint: str
    n: int
    n_scaffolds: int
    mean: Interval


@dataclass(frozen=True, slots=True)
class Slope:
    """Regression of an endpoint on one property, scaffolds and strata as random intercepts.

    Attributes
    ----------
    endpoint, property : str
    coefficient : Coefficient or None
        None if there is no slope.
    reason : str
        Why there is none.
    """

    endpoint: str
    property: str
    coefficient: Coefficient | None
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """What needs no matched strata.

    Attributes
    ----------
    table : ScoreTable
    settings : Settings
        With the defaults filled in.
    cuts : tuple of Cut
    curve : tuple of Point
    slopes : tuple of Slope
    notes : tuple of str
    """

    table: ScoreTable
    settings: Settings
    cuts: tuple[Cut, ...]
    curve: tuple[Point, ...]
    slopes: tuple[Slope, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation(Overview):
    """Everything an evaluation found.

    Attributes
    ----------
    table, settings, cuts, curve, slopes, notes
        See `Overview`.
    matched : Matched
    primary : Contrast
    secondary : tuple of Contrast
    scaffolds : tuple of ScaffoldContrast
    means : tuple of Mean
    components : Components or None
        Of the primary contrast, for `power`; None if it does not vary.
    """

    matched: Matched
    primary: Contrast
    secondary: tuple[Contrast, ...]
    scaffolds: tuple[ScaffoldContrast, ...]
    means: tuple[Mean, ...]
    components: Components | None
