"""The version, read from the installed package's metadata."""

from importlib.metadata import version

VERSION = version("costsim")
__version__ = VERSION
