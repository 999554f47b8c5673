"""Benchmarks run by flag only: ``pytest benchmarks --benchmarks -s`` (``make bench``)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for `timing`, with importlib import mode


def pytest_addoption(parser):
    parser.addoption("--benchmarks", action="store_true", help="collect and run the benchmarks")


def pytest_ignore_collect(collection_path, config):
    """Leave every file here alone without the flag, its imports included."""
    if not config.getoption("--benchmarks", default=False):
        return True
    return None  # pytest decides
