"""Which papers can be reproduced, loaded when one is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from costsim.errors import unknown_name
from costsim.reproduce.base import Reproduction

PAPERS = ("shufflenetv2", "shufflenetv1", "vargnet", "condensenetv2", "matrix")
"""Modules of this package; ``matrix`` sets the guidelines of the first against all devices."""


def reproduce(paper: str, hw: Sequence[str] = ()) -> Reproduction:
    """A paper's tables, on the given devices or on its own.

    Raises:
        InputError: an unknown paper or device.
    """
    if paper not in PAPERS:
        raise unknown_name("paper", paper, PAPERS, where="reproduce")
    result: Reproduction = import_module(f"costsim.reproduce.{paper}").reproduce(hw)
    return result
