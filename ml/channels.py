"""What the two channels of a spectrum hold, and their scale.

Channel 0 is the infrared and 1 the Raman spectrum. A model with two channels sees one of them
alone as two channels with the other blank, so that models of one architecture are compared.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from .errors import SpectraError
from .table import Float32

Content: TypeAlias = Literal["both", "ir", "raman", "ir twice", "raman twice"]
CONTENTS: Final[tuple[Content, ...]] = get_args(Content)
_SOURCES: Final[dict[str, tuple[int, int]]] = {
    "both": (0, 1),
    "ir": (0, -1),
    "raman": (-1, 1),
    "ir twice": (0, 0),
    "raman twice": (1, 1),
}
"""Which spectrum each channel shows; −1 is blank."""


def check_content(content: str, n_channels: int) -> None:
    """Refuse a content that is unknown or does not fit the number of channels.

    Raises
    ------
    SpectraError
    """
    if content not in CONTENTS:
        raise SpectraError(f"content {content!r} of the channels; choose {', '.join(CONTENTS)}")
    if n_channels == 1 and content not in ("ir", "raman"):
        raise SpectraError(f"{content!r} needs two channels, the model has one; use ir or raman")


def select(curves: Float32, content: Content, n_channels: int = 2) -> Float32:
    """The channels that a model sees.

    Parameters
    ----------
    curves : (n, 2, points)
        Infrared and Raman.
    content : str
        "both"; "ir" or "raman" alone, the other blank; "ir twice" or "raman twice".
    n_channels : 1 or 2
        With 1 the blank channel is left out.

    Returns
    -------
    (n, n_channels, points), a copy

    Examples
    --------
    >>> select(np.array([[[1.0], [2.0]]], dtype=np.float32), "ir twice").tolist()
    [[[1.0], [1.0]]]
    """
    check_content(content, n_channels)
    if n_channels == 1:
        place = _SOURCES[content].index(max(_SOURCES[content]))
        return curves[:, place : place + 1].copy()
    out = np.empty_like(curves)
    for channel, source in enumerate(_SOURCES[content]):
        out[:, channel] = curves[:, source] if source >= 0 else 0.0
    return out


def raman_channels(content: Content, n_channels: int = 2) -> tuple[bool, ...]:
    """Which channels show a Raman spectrum.

    Examples
    --------
    >>> raman_channels("both"), raman_channels("ir twice"), raman_channels("raman", 1)
    ((False, True), (False, False), (True,))
    """
    if n_channels == 1:
        return (content == "raman",)
    first, second = _SOURCES[content]
    return first == 1, second == 1


def live(curves: Float32) -> NDArray[np.bool_]:
    """Which channels of which spectra hold anything, shape (n, n_channels)."""
    return np.asarray(curves.any(axis=2))


def strongest_is_one(curves: Float32) -> Float32:
    """Each channel of each spectrum over its largest magnitude; blank ones stay blank.

    This is the scale of everything that a model sees: after it, units and concentration do not
    matter.

    Parameters
    ----------
    curves : (n, n_channels, points)

    Returns
    -------
    (n, n_channels, points) float32
    """
    largest = np.maximum(curves.max(axis=2, keepdims=True), -curves.min(axis=2, keepdims=True))
    return np.asarray(curves / np.where(largest > 0, largest, 1), dtype=np.float32)
