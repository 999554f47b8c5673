"""Benchmarks run by flag only: ``pytest benchmarks --benchmarks -s`` (``make bench``)."""


def pytest_addoption(parser):
    parser.addoption("--benchmarks", action="store_true", help="collect and run the benchmarks")


def pytest_ignore_collect(collection_path, config):
    """Leave every file here alone without the flag, its imports included."""
    if not config.getoption("--benchmarks", default=False):
        return True
    return None  # pytest decides
