"""The version, read from the installed package's metadata."""

from importlib.metadata import version

VERSION = version("costsim")
__version__ = VERSION

SCHEMA_VERSION = 1
"""Of the JSON documents. Adding keys is free; changing the meaning of one is a new version. ``costsim schema`` prints
the forms."""
