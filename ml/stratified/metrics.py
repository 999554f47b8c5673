"""Metrics of one prediction, all of them so that larger is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import SpectraError
from .errors import EvaluationError
from .structures import canonical

Row = Mapping[str, str]
Metric = Callable[[Row], float]
_BLANK = ("nan", "<na>")
"""What programs write for an empty cell."""
_LARGEST = 1e100
"""Squares of scores are finite."""


def score(row: Row) -> float:
    """The number in the column score."""
    return _number(row, "score")


def accuracy(row: Row) -> float:
    """1 if prediction and truth are equal as texts or as numbers, else 0; for SMILES: `structure`.

    >>> accuracy({"prediction": "CCO", "truth": "CCO"}), accuracy({"prediction": "1", "truth": "2"})
    (1.0, 0.0)
    """
    a, b = (_given(row, name) for name in ("prediction", "truth"))
    if a == b:
        return 1.0
    try:
        return float(float(a) == float(b))
    except ValueError:
        return 0.0


def structure(row: Row) -> float:
    """1 if prediction and truth are SMILES of one molecule, else 0.

    A prediction that is no SMILES is wrong, and so is an empty one.

    >>> [structure({"prediction": said, "truth": "CCO"}) for said in ("OCC", "C(", "")]
    [1.0, 0.0, 0.0]
    """
    truth = canonical(_given(row, "truth"))
    said = _text(row, "prediction")
    try:
        return float(canonical(said) == truth)
    except SpectraError:
        return 0.0


def absolute_error(row: Row) -> float:
    """−|prediction − truth|."""
    return -abs(_number(row, "prediction") - _number(row, "truth"))


def f1(row: Row) -> float:
    """F1 of two sets of labels with ; between them; 1 if both are empty.

    >>> round(f1({"prediction": "OH;CO", "truth": "OH"}), 4)
    0.6667
    """
    a, b = (_labels(row, name) for name in ("prediction", "truth"))
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0


def reciprocal_rank(row: Row) -> float:
    """1/rank of the true molecule, counted from 1."""
    return 1 / _rank(row)


def recall(k: int) -> Metric:
    """1 if the true molecule is among the first k, else 0.

    >>> recall(5)({"rank": "5"}), recall(1)({"rank": "2"})
    (1.0, 0.0)
    """
    return lambda row: float(_rank(row) <= k)


_PLAIN: Mapping[str, Metric] = {
    "score": score,
    "accuracy": accuracy,
    "structure": structure,
    "error": absolute_error,
    "f1": f1,
    "mrr": reciprocal_rank,
}
NAMES = (*_PLAIN, "recall@K")


def metric_named(name: str) -> Metric:
    """A metric by name; ``recall@5`` and so on for any number.

    Raises
    ------
    EvaluationError
        If there is none of that name.
    """
    if name in _PLAIN:
        return _PLAIN[name]
    head, _, k = name.partition("@")
    if head == "recall" and k.isdecimal() and int(k) > 0:
        return recall(int(k))
    raise EvaluationError(f"metric {name!r}: choose from {', '.join(NAMES)}")


def _text(row: Row, column: str) -> str:
    if column not in row:
        remedy = ""
        if column == "score" and {"prediction", "truth"} <= row.keys():
            remedy = "; with prediction and truth choose --metric accuracy"
        raise EvaluationError(f"this metric needs the column {column}{remedy}")
    return row[column].strip()


def _given(row: Row, column: str) -> str:
    """A cell that is not empty, nor what programs write for one that is."""
    text = _text(row, column)
    if not text or text.lower() in _BLANK:
        raise EvaluationError(f"{column} {text!r} is missing; fill it in or leave the row out")
    return text


def _number(row: Row, column: str) -> float:
    text = _given(row, column)
    try:
        value = float(text)
    except ValueError:
        raise EvaluationError(f"{column} {text!r} is no number") from None
    if not abs(value) <= _LARGEST:
        raise EvaluationError(f"{column} {text!r} is not finite, or too large")
    return value


def _rank(row: Row) -> int:
    text = _text(row, "rank")
    if not text.isdecimal() or int(text) < 1:
        raise EvaluationError(f"rank {text!r}: give a whole number from 1")
    return int(text)


def _labels(row: Row, column: str) -> set[str]:
    text = _text(row, column)
    if text:
        _given(row, column)  # "nan" is no label
    return {label.strip() for label in text.split(";")} - {""}
