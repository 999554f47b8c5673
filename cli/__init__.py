"""The command line: one module per command, printing what the rooms compute.

`main` is the entry point and turns every failure into one line and an exit code; `output`
holds what the commands share. Numerical libraries and the rooms are imported inside the
commands, so that ``spektron --help`` answers at once.
"""
