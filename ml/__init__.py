"""Learning from spectra: data, models, and comparisons that test what the theory says.

=====================  ====================================================================
``spectra``            spectra on one instrument, and a study of samples on several
``resampling``         one axis for two instruments
``loaders``            files: corn, tablets, CSV, npz, MATLAB DataSets, JCAMP-DX, public sets
``transfer``           methods that move a calibration, with one interface
``benchmark``          the protocol that compares them, sealed against leaks
``datasets``           recipes of computed spectra; the symmetry-rich set
``table``              lines of many molecules; ``splits`` divides them without leakage
``broadening``         lines to curves; ``instruments`` simulates what measures them
``functional_groups``  labels by SMARTS
``model``              the Spektron network
``training``           pretraining, fine-tuning, embedding
``adaptation``         a network moved to another instrument
``ablations``          what its parts contribute
``forward``            from a molecule to its spectra
``inverse``            from spectra to molecules
``stratified``         scores of a model compared by symmetry
``study``              the pre-registered study
=====================  ====================================================================

>>> from spektron.ml import SpectralSet
>>> water = SpectralSet([[0.2, 0.9, 0.3]], [1400, 1450, 1500], "nm", "m5", ["wet"])
>>> water.axis[water.spectra.argmax()]        # the first overtone of OH
np.float64(1450.0)
"""

from .errors import LeakError, ProtocolError, SpectraError
from .spectra import SpectralSet, Study

__all__ = ["LeakError", "ProtocolError", "SpectraError", "SpectralSet", "Study"]
