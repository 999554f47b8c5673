"""Pretraining against a plain torch loop of the same model, losses and batches.

Goal: at most 10 % beyond the plain loop, which keeps no records, no checkpoints and no schedule.
Processor time, because the cores are shared; validation is left out on both sides.
"""

import time
from pathlib import Path

import numpy as np
import torch
from spektron.ml.instruments import draw_instruments
from spektron.ml.model.config import sized
from spektron.ml.model.spektron import Spektron
from spektron.ml.table import read_spectra
from spektron.ml.training import PretrainConfig
from spektron.ml.training.config import DataConfig, LossConfig, TrainingConfig
from spektron.ml.training.devices import place
from spektron.ml.training.loop import train
from spektron.ml.training.pretraining import Pretraining
from spektron.ml.training.runs import RunFolder
from spektron.ml.training.sources import TableSource

DATA = Path(__file__).resolve().parents[1] / "docs" / "data" / "symmetry-rich"
STEPS, ROUNDS = 40, 5
SETTINGS = TrainingConfig(
    steps=STEPS, batch=32, device="cpu", log_every=20, checkpoint_every=STEPS // 2
)


class NoValidation(Pretraining):
    def finish(self):
        return {}

    def validate(self, device):
        return {}


def objective(size, source, rows):
    config = PretrainConfig(sized(size), DataConfig(), SETTINGS, LossConfig())
    shape = config.model
    torch.manual_seed(0)
    used = draw_instruments(config.data.instruments, 0, shape.instruments)
    return NoValidation(Spektron(shape), config, source, rows, rows, used)


def plain(task, batches):
    """What a tutorial would write."""
    model = task.model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for step in range(STEPS):
        loss, _ = task.loss(batches(step), step, "cpu")
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()


def seconds(function, *arguments):
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def turn(size, source, rows, folder):
    """Seconds of ours, of a plain loop, and of a plain loop whose batches are there already."""
    folder.path.mkdir()
    ours = seconds(train, objective(size, source, rows), SETTINGS, place("cpu"), folder)
    task = objective(size, source, rows)
    inline = seconds(plain, task, task.batch)
    ready = [task.batch(step) for step in range(STEPS)]
    return ours, inline, seconds(plain, objective(size, source, rows), ready.__getitem__)


def test_overhead(tmp_path):
    torch.set_num_threads(1)
    table = read_spectra(DATA)
    rows = np.arange(0, len(table), 4)
    print("\nsize    ours/plain: least, median, most   share of batches   ms a step")
    for size in ("tiny", "small"):
        shape = sized(size)
        source = TableSource(table, shape.axis, DataConfig(), shape.channels)
        times = np.array(
            [
                turn(size, source, rows, RunFolder(tmp_path / f"{size}-{number}"))
                for number in range(ROUNDS)
            ]
        )
        ratios = times[:, 0] / times[:, 1]
        ours, inline, ready = np.median(times, axis=0)
        print(
            f"{size:6} {ratios.min():12.3f} {np.median(ratios):7.3f} {ratios.max():7.3f}"
            f"{1 - ready / inline:18.2f} {1e3 * ours / STEPS:11.0f}"
        )
