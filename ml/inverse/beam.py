"""Beam search: the likeliest strings, for several spectra at a time.

Nothing here knows of networks: a step gives the logarithms of the probabilities of the next
token, a grammar says which are allowed. Tokens that are not allowed are left out; the
probabilities of the others stay as the model has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import SpectraError
from .smiles import BEGIN, END

Float64: TypeAlias = NDArray[np.float64]
Int64: TypeAlias = NDArray[np.int64]
Step: TypeAlias = Callable[[Int64, Int64], Float64]
"""Prefixes (n, t) with `BEGIN` in front and the spectrum of each (n,) → (n, tokens)."""


class Rules(Protocol):
    """What may follow; see `Grammar`."""

    def allowed(self, state: Any) -> NDArray[np.bool_]:
        """Which tokens can follow."""

    def after(self, state: Any, token: int) -> Any:
        """The state after a token."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A string.

    Attributes
    ----------
    tokens : tuple of int
        Without `BEGIN`, with `END` if it is finished.
    log_probability : float
        Natural logarithm.
    """

    tokens: tuple[int, ...]
    log_probability: float

    def score(self, alpha: float) -> float:
        """By which finished strings are ordered: over ((5 + length)/6)^alpha.

        Y. Wu et al., arXiv:1609.08144 (2016), equation 14.
        """
        return self.log_probability / _penalty(len(self.tokens), alpha)


@dataclass(slots=True)
class _Beam:
    """Strings of one spectrum."""

    growing: list[tuple[Hypothesis, Any]]
    finished: list[Hypothesis] = field(default_factory=list)


def beam_search(
    step: Step,
    rules: Rules,
    starts: Sequence[Any],
    *,
    width: int,
    longest: int,
    alpha: float = 0.0,
) -> list[list[Hypothesis]]:
    """The best finished strings of each spectrum, the best first.

    Parameters
    ----------
    step : callable
        See `Step`.
    rules : Rules
    starts : n states
        Of the rules, one for each spectrum.
    width : int
        Strings that grow at a time, and most that come back.
    longest : int
        Tokens, `END` included.
    alpha : float
        0 orders by probability; more favours longer strings, see `Hypothesis.score`.

    Returns
    -------
    n lists of Hypothesis
        Empty where no string ends within ``longest`` tokens.

    Raises
    ------
    SpectraError
        If ``width`` or ``longest`` is below 1, or ``alpha`` negative.

    Notes
    -----
    No string that is left out of a beam comes back, so the best one can be missed; with as many
    strings as there are, nothing is.
    """
    if width < 1 or longest < 1 or alpha < 0:
        raise SpectraError(
            f"beam of width {width}, length {longest}, alpha {alpha:g}; give 1 or more, 1 or "
            "more, 0 or more"
        )
    beams = [_Beam([(Hypothesis((), 0.0), start)]) for start in starts]
    for length in range(1, longest + 1):
        live = [k for k, beam in enumerate(beams) if beam.growing]
        if not live:
            break
        prefixes, owners = _prefixes(beams, live)
        logs = np.asarray(step(prefixes, owners), dtype=float)
        first = 0
        for k in live:
            n = len(beams[k].growing)
            _grow(beams[k], logs[first : first + n], rules, width, alpha, longest - length)
            first += n
    return [beam.finished for beam in beams]


def _prefixes(beams: Sequence[_Beam], live: Sequence[int]) -> tuple[Int64, Int64]:
    rows = [(k, (BEGIN, *h.tokens)) for k in live for h, _ in beams[k].growing]
    return np.array([tokens for _, tokens in rows]), np.array([k for k, _ in rows])


def _grow(beam: _Beam, logs: Float64, rules: Rules, width: int, alpha: float, left: int) -> None:
    """One token more for each growing string."""
    allowed = np.stack([rules.allowed(state) for _, state in beam.growing])
    before = np.array([h.log_probability for h, _ in beam.growing])
    total = np.where(allowed, logs + before[:, None], -np.inf)
    for (old, _), ended in zip(beam.growing, total[:, END], strict=True):
        if np.isfinite(ended):
            beam.finished.append(Hypothesis((*old.tokens, END), float(ended)))
    beam.finished.sort(key=lambda h: (-h.score(alpha), h.tokens))
    del beam.finished[width:]
    total[:, END] = -np.inf
    order = np.argsort(-total, axis=None, kind="stable")[: width if left else 0]
    grown = []
    for place in order:
        row, token = divmod(int(place), total.shape[1])
        if not np.isfinite(total[row, token]):
            break
        old, state = beam.growing[row]
        new = Hypothesis((*old.tokens, token), float(total[row, token]))
        grown.append((new, rules.after(state, token)))
    beam.growing = [] if _decided(beam, grown, width, alpha, left) else grown


def _decided(
    beam: _Beam, grown: Sequence[tuple[Hypothesis, Any]], width: int, alpha: float, left: int
) -> bool:
    """Whether no growing string can still come before the last of the finished ones."""
    if not grown or len(beam.finished) < width:
        return False
    best, _ = grown[0]
    # Further tokens only lower the probability; at best the length penalty grows for free.
    bound = best.log_probability / _penalty(len(best.tokens) + left, alpha)
    return bound <= beam.finished[-1].score(alpha)


def _penalty(length: int, alpha: float) -> float:
    return float(((5 + length) / 6) ** alpha)
