"""Geometries from SMILES strings: conformers tightly minimised, electron-pair geometries."""
