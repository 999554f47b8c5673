"""A statement that was checked: verdict, numbers, counterexamples and the idea of the proof."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import Literal

Verdict = Literal["holds", "fails", "holds with exceptions"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A mathematical statement with what a machine found about it.

    Attributes
    ----------
    name : str
    claim : str
        The statement in one sentence.
    verdict : "holds", "fails" or "holds with exceptions"
    numbers : tuple of (str, value)
        What was computed.
    counterexamples : tuple of str
    proof : tuple of str
        Why it holds, or why it fails, step by step.
    """

    name: str
    claim: str
    verdict: Verdict
    numbers: tuple[tuple[str, int | float | str], ...]
    counterexamples: tuple[str, ...]
    proof: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether no counterexample was found."""
        return self.verdict == "holds"

    def number(self, name: str) -> int | float | str:
        """One of the numbers by its name.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        return dict(self.numbers)[name]

    def __str__(self) -> str:
        lines = [_wrapped(f"{self.name}: {self.claim}"), f"  verdict: {self.verdict}"]
        lines += [f"  {name}: {value}" for name, value in self.numbers]
        if self.counterexamples:
            lines.append(_wrapped(f"counterexamples: {', '.join(self.counterexamples)}", "  "))
        lines += [_wrapped(f"{i}. {step}", "  ") for i, step in enumerate(self.proof, 1)]
        return "\n".join(lines)


def _wrapped(text: str, indent: str = "") -> str:
    return fill(text, 88, initial_indent=indent, subsequent_indent=indent + "   ")
