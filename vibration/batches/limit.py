"""A limit of the wall-clock time that a block of code may take."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ...pointgroup import InputError

AGAIN = 5.0
"""s; after that the limit strikes once more, as Python drops an exception that falls into a
finaliser."""
LONGEST = 1e7
"""s; timers of the system end not far beyond."""


class TimeLimit(BaseException):
    """The time is over. No `Exception`, so that no program on the way takes it for its own."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise `TimeLimit` in the block after so many seconds.

    In the main thread this is done by a signal (`signal.setitimer`). Where there is none
    (Windows), and in other threads (workers of Dask compute in one), a timer thread puts the
    exception into this thread. In both cases Python acts on it between two of its own
    instructions: a call of compiled code, such as one energy and gradient, is finished first.

    Parameters
    ----------
    seconds : float or None
        None for no limit.

    Raises
    ------
    InputError
        If the limit is not between 0 and 1e7 s.
    """
    if seconds is None:
        yield
        return
    if not 0 < seconds <= LONGEST:
        raise InputError(f"time limit {seconds:g} s: give more than 0 and at most {LONGEST:g} s")
    main = threading.current_thread() is threading.main_thread()
    with _by_signal(seconds) if main and hasattr(signal, "setitimer") else _by_thread(seconds):
        yield


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    def strike(number: int, frame: FrameType | None) -> None:
        raise TimeLimit

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    over, lock, target = threading.Event(), threading.Lock(), threading.get_ident()

    def wait_and_strike() -> None:
        pause = seconds
        while not over.wait(pause):
            with lock:
                if not over.is_set():
                    _put(TimeLimit, target)
            pause = AGAIN

    threading.Thread(target=wait_and_strike, daemon=True).start()
    try:
        yield
    finally:
        over.set()
        with lock:  # a strike that has begun is finished; later ones see that all is over
            pass


def _put(exception: type[BaseException], thread: int) -> None:
    """Let an exception rise in another thread."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(exception))
