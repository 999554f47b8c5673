"""Physics of molecular vibrations: from a geometry to normal modes, IR and Raman spectra."""
