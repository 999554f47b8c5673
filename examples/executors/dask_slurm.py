"""Dask on Slurm through dask-jobqueue: ten jobs of 32 single-threaded workers."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager


@contextmanager
def make_executor() -> Iterator[Executor]:
    """The executor of a Dask cluster that asks Slurm for ten jobs."""
    from dask_jobqueue import SLURMCluster  # pip install dask-jobqueue
    from distributed import Client

    with (
        SLURMCluster(
            queue="compute",  # the name of yours
            cores=32,
            processes=32,
            memory="64GB",
            walltime="08:00:00",
            job_script_prologue=[
                "source ~/spektron/.venv/bin/activate",
                "export OMP_NUM_THREADS=1",
            ],
        ) as cluster,
        Client(cluster) as client,
    ):
        cluster.scale(jobs=10)
        yield client.get_executor()
