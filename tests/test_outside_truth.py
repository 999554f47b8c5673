"""The whole calculation against another program: divinylbenzene, Gaussian 16."""

import numpy as np
import pytest
from spektron.vibration import Level, harmonic_data, normal_modes, read_harmonic, read_modes

pytest.importorskip("pyscf")
pytest.importorskip("cclib")


@pytest.mark.slow
def test_divinylbenzene_at_the_geometry_of_gaussian(shared_data):
    """B3LYP/STO-3G: wavenumbers to 0.5 cm⁻¹, IR and absolute Raman to 2 % of the strongest."""
    folder = shared_data / "qc_outputs"
    theirs = read_modes(folder / "data__Gaussian__basicGaussian16__dvb_raman.out")
    reference = read_harmonic(folder / "data__FChk__basicGaussian16__dvb_raman.fchk")
    level = Level("b3lyp", "sto-3g", density_fit=False, grid=5)
    data = harmonic_data(reference.molecule, level)
    assert data.energy == pytest.approx(reference.energy, abs=2e-5)
    ours = normal_modes(data)
    order = np.argsort(theirs.wavenumbers)
    assert ours.wavenumbers == pytest.approx(theirs.wavenumbers[order], abs=0.5)
    assert [i.lower() for i in ours.irreps] == [theirs.irreps[i].lower() for i in order]
    for mine, printed in (
        (ours.ir_intensities, theirs.ir_intensities),
        (ours.raman_activities, theirs.raman_activities),
    ):
        assert mine == pytest.approx(printed[order], abs=0.02 * printed.max())
