"""Timing in one process: alternating runs, medians, ratios."""

import gc
import statistics
import time
from functools import _lru_cache_wrapper


def alternate(functions, rounds=15):
    """Median seconds of each function, called in turn so that drifts hit all alike.

    Short functions are repeated until a turn takes about 5 ms, so that no function pays for
    the caches that the one before it filled. One that takes longer than 5 s runs once.
    """
    repeats, times = {}, {name: [] for name in functions}
    for name, function in functions.items():
        function()  # imports, caches
        once = _seconds(function, 1)
        repeats[name] = max(1, int(0.005 / once))
        if once > 5:
            times[name], repeats[name] = [once], 0
    for _ in range(rounds):
        for name, function in functions.items():
            if repeats[name]:
                times[name].append(_seconds(function, repeats[name]))
    return {name: statistics.median(values) for name, values in times.items()}


def _seconds(function, repeats):
    """Seconds per call, without collecting the garbage of whoever ran before."""
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    for _ in range(repeats):
        function()
    seconds = (time.perf_counter() - start) / repeats
    gc.enable()
    return seconds


def forget_everything():
    """Empty every cache of Spektron."""
    for item in gc.get_objects():
        if isinstance(item, _lru_cache_wrapper) and item.__module__.startswith("spektron"):
            item.cache_clear()
