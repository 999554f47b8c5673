"""Dask on this machine, for ``spektron dataset build --executor``: two workers."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager


@contextmanager
def make_executor() -> Iterator[Executor]:
    """The executor of a Dask cluster that lives as long as the batch."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            env={"OMP_NUM_THREADS": "1"},
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()
