"""Parsl on Slurm: up to ten nodes, one single-threaded worker for each core."""

from concurrent.futures import Executor


def make_executor() -> Executor:
    """A Parsl pool that asks Slurm for nodes while there is work."""
    from parsl import Config, HighThroughputExecutor
    from parsl.concurrent import ParslPoolExecutor
    from parsl.launchers import SrunLauncher
    from parsl.providers import SlurmProvider

    provider = SlurmProvider(
        partition="compute",  # the name of yours
        nodes_per_block=1,
        init_blocks=1,
        max_blocks=10,
        walltime="08:00:00",
        exclusive=True,
        worker_init="source ~/spektron/.venv/bin/activate; export OMP_NUM_THREADS=1",
        launcher=SrunLauncher(),
    )
    workers = HighThroughputExecutor(label="slurm", cores_per_worker=1, provider=provider)
    return ParslPoolExecutor(Config(executors=[workers], run_dir="parsl-runs"))
