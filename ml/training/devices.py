"""Where to compute and how precisely, decided before anything starts."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from ..model.errors import DeviceError
from .config import Device, Precision

MOST_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A device and a precision that it has.

    Attributes
    ----------
    device : "cpu" or "cuda"
    precision : "fp32" or "bf16"
    workers : int
        Threads that prepare batches; 0 for none.
    """

    device: str
    precision: str
    workers: int

    def autocast(self) -> torch.autocast:
        """Context in which matrix products run in bf16, if that is the precision."""
        enabled = self.precision == "bf16"
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=enabled)


def place(device: Device = "auto", precision: Precision = "auto", workers: int = -1) -> Place:
    """A device that is there.

    Raises
    ------
    DeviceError
        If a GPU is asked for and there is none, or it has no bf16.
    """
    found = torch.cuda.is_available()
    if device == "cuda" and not found:
        build = "" if torch.version.cuda else f" (torch {torch.__version__} is built without CUDA)"
        raise DeviceError(f'device cuda: no GPU to be seen{build}; use device = "cpu" or auto')
    on = "cuda" if found and device != "cpu" else "cpu"
    able = on == "cuda" and torch.cuda.is_bf16_supported()
    if precision == "bf16" and on == "cuda" and not able:
        raise DeviceError('precision bf16: this GPU does not have it; use precision = "fp32"')
    chosen = ("bf16" if able else "fp32") if precision == "auto" else precision
    threads = min(MOST_WORKERS, os.cpu_count() or 1) if on == "cuda" else 0
    return Place(on, chosen, threads if workers < 0 else workers)
