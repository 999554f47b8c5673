"""The power law of scores against the number of molecules."""

import numpy as np
import pytest
from spektron.ml.errors import SpectraError
from spektron.ml.learning_curves import molecules_needed, power_law


def test_a_power_law_is_found_and_extrapolated():
    n = np.array([50, 200, 800])
    fit = power_law(n, 1 - 2.0 * n**-0.3)
    assert fit == pytest.approx((2.0, 0.3))
    assert molecules_needed(fit, 0.9) == pytest.approx((2 / 0.1) ** (1 / 0.3))
    assert molecules_needed((2.0, -0.1), 0.9) == np.inf
    with pytest.raises(SpectraError, match="two sizes"):
        power_law([50, 50], [0.3, 0.4])
