"""The Spektron model.

===============  ==========================================================================
``config``       the shape of a model, its sizes
``settings``     typed settings from and to TOML tables
``tokenizers``   from a spectrum to tokens
``encoder``      Transformer
``gaps``         straight lines across hidden points
``heads``        information bottleneck, and what is read off it
``erasure``      what takes the instrument from z_chem
``spektron``     the whole
``weights``      a model as one file, without pickle
``packaged``     checkpoints by path, by run, or by the name of a shipped one
===============  ==========================================================================

Only ``config``, ``settings``, ``errors``, ``packages`` and ``packaged`` work without torch.
"""

from .config import SIZES, ModelConfig, sized
from .errors import CheckpointError, ConfigError, DeviceError

__all__ = ["SIZES", "CheckpointError", "ConfigError", "DeviceError", "ModelConfig", "sized"]
