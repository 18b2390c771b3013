"""How good a changed network is, by a function of the user's: what costsim cannot know."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from numbers import Real
from typing import Any

from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.importers.python import call

WHERE = "scoring function"


class Score:
    """A scoring function, asked once a network; higher is better."""

    def __init__(self, function: Callable[[LayerGraph], Any]) -> None:
        self._function = function
        self._known: dict[int, tuple[LayerGraph, float]] = {}

    def __call__(self, graph: LayerGraph) -> float:
        """The score of a network.

        Raises:
            InputError: the function raises, or gives no finite number.
        """
        if id(graph) not in self._known:
            self._known[id(graph)] = graph, _number(call(WHERE, self._function, graph))
        return self._known[id(graph)][1]


def _number(value: Any) -> float:
    item = value.item() if hasattr(value, "item") else value  # a number of numpy or torch
    if not isinstance(item, Real) or not isfinite(item):
        raise InputError(f"gives {item!r}, no finite number", where=WHERE, mend="return one, higher for better")
    return float(item)
