"""Learning from vibrational spectra. This room is still empty.

It will hold spectra tables and loaders, the Spektron model and its training,
adaptation and transfer between instruments, and evaluation by stratum.
"""
