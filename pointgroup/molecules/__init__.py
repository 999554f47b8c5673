"""Molecules: the value, files, objects of other packages, packaged examples."""
