"""A network moved to another instrument, behind the interface of calibration transfer.

=================  ==========================================================================
``recipe``         what is trained, how long, and what may be left out
``reader``         spectra as the network sees them, and simulated instruments
``descent``        a plain loop of training steps
``origin``         the network on the master: pretraining and calibration
``moving``         the loss of an adaptation: labels, replay, differences, alignment
``lora``           low-rank adapters, by peft
``testtime``       training by masked reconstruction on spectra without labels
``neural``         all of it as a method, ``fit(master, transfer, target_unlabelled)``
``averaged``       the mean of several methods
``catalogue``      the entries of the benchmark
=================  ==========================================================================

Only ``recipe``, ``reader``, ``neural``, ``averaged`` and ``catalogue`` are imported without torch.
"""

from .averaged import Averaged
from .catalogue import NEURAL, NEURAL_NAMES
from .neural import Neural
from .recipe import Recipe

__all__ = ["NEURAL", "NEURAL_NAMES", "Averaged", "Neural", "Recipe"]
