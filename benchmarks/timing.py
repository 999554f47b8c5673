"""Timing in one process: alternating runs, medians, ratios."""

import gc
import statistics
import time
from functools import _lru_cache_wrapper


def alternate(functions, rounds=15):
    """Median seconds of each function, called in turn so that drifts hit all alike.

    A function that takes longer than 5 s in its first round is not called again.
    """
    times = {name: [] for name in functions}
    for name, function in functions.items():  # warm-up
        start = time.perf_counter()
        function()
        if time.perf_counter() - start > 5:
            times[name].append(time.perf_counter() - start)
    for _ in range(rounds):
        for name, function in functions.items():
            if times[name] and times[name][0] > 5:
                continue
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def forget_everything():
    """Empty every cache of Spektron."""
    for item in gc.get_objects():
        if isinstance(item, _lru_cache_wrapper) and item.__module__.startswith("spektron"):
            item.cache_clear()
