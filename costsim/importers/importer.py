"""What an importer is: the object behind a name in the entry-point group ``costsim.importers``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from costsim.graph import LayerGraph


def _nothing(source: object) -> bool:
    return False


@dataclass(frozen=True)
class Importer:
    """One way of making a ``LayerGraph`` from outside."""

    name: str
    load: Callable[..., LayerGraph]
    """``load(path_or_object, input_size, batch)``; imports what is heavy only when called."""
    suffixes: tuple[str, ...] = ()
    """File suffixes it reads, with the dot."""
    takes_limits: bool = False
    """Whether ``load`` takes ``limits`` too: how many values an op is taken to make whose number the data decide."""
    accepts: Callable[[Any], bool] = _nothing
    """Whether it takes this object (not a path); must not import anything heavy to tell."""
