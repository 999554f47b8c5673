"""The Spektron model.

===============  ==========================================================================
``config``       the shape of a model, its sizes
``settings``     typed settings from and to TOML tables
``tokenizers``   from a spectrum to tokens
``encoder``      Transformer
``heads``        information bottleneck, and what is read off it
``spektron``     the whole
``weights``      a model as one file, without pickle
===============  ==========================================================================

Only ``config``, ``settings``, ``errors`` and ``packages`` work without torch.
"""

from .config import SIZES, ModelConfig, sized
from .errors import CheckpointError, ConfigError, DeviceError

__all__ = ["SIZES", "CheckpointError", "ConfigError", "DeviceError", "ModelConfig", "sized"]
