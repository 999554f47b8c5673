"""Training of the Spektron model, and its use.

===============  ==========================================================================
``api``          `pretrain` and `finetune` in one call
``embedding``    `embed` and `predict` with a trained model
``config``       settings of a run
``inputs``       spectra and labels from users, checked
``reading``      files of users: exported data sets, csv
``saving``       latent vectors as npz, parquet or csv
``sources``      batches of simulated measurements
``losses``       parts of the loss
``schedule``     rates and weights against the step
``pretraining``  the loss of pretraining
``finetuning``   the loss of labels
``loop``         the training loop
``runs``         the folder of a run, checkpoints
``records``      metrics and progress
``evaluation``   reconstruction, retrieval, probes
``assessment``   all figures of a pretrained model
``devices``      CPU or GPU, fp32 or bf16
===============  ==========================================================================

Torch is imported when a function is called, not before.
"""

from .api import Curves, Trained, finetune, pretrain
from .config import (
    DataConfig,
    FinetuneConfig,
    LossConfig,
    PretrainConfig,
    TrainingConfig,
    read_toml,
)
from .embedding import Embedding, Prediction, embed, predict

__all__ = [
    "Curves",
    "DataConfig",
    "Embedding",
    "FinetuneConfig",
    "LossConfig",
    "Prediction",
    "PretrainConfig",
    "Trained",
    "TrainingConfig",
    "embed",
    "finetune",
    "predict",
    "pretrain",
    "read_toml",
]
