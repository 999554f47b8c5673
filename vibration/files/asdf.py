"""The ordinates of JCAMP-DX: plain, packed, squeezed, as differences, and with repetitions.

Letters stand for a sign and the first digit of a number. ``@ABC…`` and ``abc…`` begin a value
(SQZ), ``%JKL…`` and ``jkl…`` the difference from the value before (DIF), ``STU…s`` say how
often that occurs in all (DUP). A line after one that ended with a difference repeats the last
ordinate, as a check.

Source: R. S. McDonald, P. A. Wilks, *Appl. Spectrosc.* 42, 151 (1988), tables IV to VI.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SQZ = {c: str(i) for i, c in enumerate("@ABCDEFGHI")}
_SQZ |= {c: f"-{i}" for i, c in enumerate("abcdefghi", start=1)}
_DIF = {c: str(i) for i, c in enumerate("%JKLMNOPQR")}
_DIF |= {c: f"-{i}" for i, c in enumerate("jklmnopqr", start=1)}
_DUP = {c: str(i) for i, c in enumerate("STUVWXYZs", start=1)}

_AFFN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]\d+)?")
_EXPONENT = re.compile(r"(?<=[\d.])[Ee](?=[+-]\d)")
_TOKEN = re.compile(r"([@%A-Za-z+-]?)(\d*\.?\d*)[\s,;]*")


@dataclass(frozen=True, slots=True)
class Line:
    """A decoded line of XYDATA, before factors are applied.

    Attributes
    ----------
    abscissa : float
    ordinates : tuple of float
    ends_in_difference : bool
        Whether the next line must begin with the last ordinate of this one.
    """

    abscissa: float
    ordinates: tuple[float, ...]
    ends_in_difference: bool = False


def decode_line(text: str) -> Line:
    """The abscissa and ordinates of a line of XYDATA.

    Raises
    ------
    ValueError
        If the line cannot be decoded.

    Examples
    --------
    The same ordinates plain, squeezed, and as differences with repetitions:

    >>> plain = decode_line("99 0 1 2 3 3 2 1 0 -1 -2 -3").ordinates
    >>> plain == decode_line("99@ABCCBA@abc").ordinates == decode_line("99@JU%jX").ordinates
    True
    """
    if not re.search("[@%A-Za-z]", _EXPONENT.sub("", text)):
        rest = _AFFN.sub("", text).strip(" \t,;")
        numbers = [float(word) for word in _AFFN.findall(text)]
        if rest or not numbers:
            raise ValueError(f"{rest[:20] or text[:20]!r} is no number")
        return Line(numbers[0], tuple(numbers[1:]))
    (sign, digits), *tokens = _tokens(text.strip())
    return _decoded(float(sign + digits), tokens)


def _decoded(abscissa: float, tokens: list[tuple[str, str]]) -> Line:
    values: list[float] = []
    difference: float | None = None  # None after a value that is written out
    for mark, digits in tokens:
        if mark in _DUP or mark in _DIF:
            if not values:
                raise ValueError(f"{mark + digits!r} cannot begin the ordinates of a line")
            if mark in _DIF:
                difference = float(_DIF[mark] + digits)
            times = 1 if mark in _DIF else int(_DUP[mark] + digits) - 1
            last = values[-1]
            values += [last + (difference or 0.0) * k for k in range(1, times + 1)]
        elif mark in _SQZ or mark in ("", "+", "-"):
            values.append(float(_SQZ.get(mark, mark) + digits))
            difference = None
        else:
            raise ValueError(f"{mark!r} stands for no digit")
    return Line(abscissa, tuple(values), difference is not None)


def _tokens(text: str) -> list[tuple[str, str]]:
    """Marks and digits, one pair for each number."""
    out, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.end() == place:
            raise ValueError(f"{text[place : place + 20]!r} is no number")
        out.append((match[1], match[2]))
        place = match.end()
    return out
