"""Pools of processes: a worker that dies between two items is told as one that dies in one."""

import os
import signal
import time

import pytest
from spektron.pointgroup.parallel import WorkerDied, in_parallel, process_pool, submitted


def _deadly(n):
    if n == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_a_pool_that_broke_while_idle():
    with process_pool(1) as pool:
        assert submitted(pool, abs, -2).result() == 2
        for process in list(pool._processes.values()):
            process.kill()
        end = time.monotonic() + 30
        while not pool._broken and time.monotonic() < end:
            time.sleep(0.01)
        with pytest.raises(WorkerDied, match="want of memory"):
            submitted(pool, abs, -2)


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_a_worker_that_dies_at_work():
    with pytest.raises(WorkerDied, match="want of memory"):
        list(in_parallel(_deadly, range(10), 2))
