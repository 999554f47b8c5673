"""The compiled part of Spektron; everything else is in setup.cfg.

It is optional: without a C compiler the package installs all the same and numpy does the work.
"""

from setuptools import Extension, setup

KERNELS = Extension(
    "spektron.pointgroup.detection._kernels",
    ["pointgroup/detection/_kernels.c"],
    optional=True,
)

setup(ext_modules=[KERNELS])
