"""How far a long computation is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """Parts that are done, their rate, and the time that is left.

    Attributes
    ----------
    done, total : int
        Parts, those of earlier runs included.
    computed : int
        In this run.
    seconds : float
        Since the start of this run.

    Examples
    --------
    >>> now = Progress(30, 50, 10, 600.0)
    >>> now.rate, now.seconds_left
    (60.0, 1200.0)
    """

    done: int
    total: int
    computed: int
    seconds: float

    @property
    def rate(self) -> float:
        """Parts an hour in this run, 0 before the first."""
        return 3600 * self.computed / self.seconds if self.computed else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At this rate; None before the first part."""
        return (self.total - self.done) * self.seconds / self.computed if self.computed else None
