"""Parsl on this machine, for ``spektron dataset build --executor``: two workers."""

import os
import sys
from concurrent.futures import Executor


def make_executor() -> Executor:
    """A Parsl pool that lives as long as the batch."""
    from parsl import Config, HighThroughputExecutor
    from parsl.concurrent import ParslPoolExecutor
    from parsl.providers import LocalProvider

    # Parsl starts programs of its own, which lie beside Python.
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    provider = LocalProvider(max_blocks=1, worker_init="export OMP_NUM_THREADS=1")
    workers = HighThroughputExecutor(
        label="here", address="127.0.0.1", max_workers_per_node=2, provider=provider
    )
    return ParslPoolExecutor(Config(executors=[workers], run_dir="parsl-runs"))
