"""Learning from measured spectra: values, loaders, calibration transfer and its benchmark.

===================  ======================================================================
``spectra``          spectra on one instrument, and a study of samples on several
``resampling``       one axis for two instruments
``loaders``          files: corn, tablets, CSV, npz, MATLAB DataSets, JCAMP-DX
``transfer``         methods that move a calibration, with one interface
``benchmark``        the protocol that compares them, sealed against leaks
===================  ======================================================================

>>> from spektron.ml import SpectralSet
>>> water = SpectralSet([[0.2, 0.9, 0.3]], [1400, 1450, 1500], "nm", "m5", ["wet"])
>>> water.axis[water.spectra.argmax()]        # the first overtone of OH
np.float64(1450.0)
"""

from .errors import LeakError, ProtocolError, SpectraError
from .spectra import SpectralSet, Study

__all__ = ["LeakError", "ProtocolError", "SpectraError", "SpectralSet", "Study"]
