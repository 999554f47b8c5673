"""Physics of molecular vibrations. This room is still empty.

It will hold electronic structure (PySCF, GFN2-xTB), Hessians, internal
coordinates and the GF method, normal modes, infrared and Raman intensities,
spectra, files of other programs, and batches.
"""
