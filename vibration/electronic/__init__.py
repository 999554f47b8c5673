"""Electronic structure behind one small interface: PySCF (HF, DFT) and GFN2-xTB."""
