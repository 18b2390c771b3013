"""A network of the zoo at its other widths: what a slider of widths runs over."""

from __future__ import annotations

import re

from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.networks import build
from costsim.networks.zoo import family_of

MOST = 5
"""Widths on one slider: each asks for another op table."""

_NAMED = re.compile(r"(.+_)(\d+(?:\.\d+)?)x")


def widths(graph: LayerGraph) -> dict[str, str]:
    """``0.5x`` and its like to the network's name at that width, narrowest first; the network's own is among them.

    Empty for a network that is none of the zoo, was changed, or comes in one width.
    """
    own = _NAMED.fullmatch(graph.name)
    try:
        variants = family_of(graph.name).variants if own else {}
    except InputError:
        return {}
    named = [match for name in variants if (match := _NAMED.fullmatch(name)) and own and match[1] == own[1]]
    if len(named) < 2 or not build(graph.name).with_input(*graph.input_shape).same_layers(graph):
        return {}
    named.sort(key=lambda match: float(match[2]))
    at = next(place for place, match in enumerate(named) if match[0] == graph.name)
    first = max(0, min(at - MOST // 2, len(named) - MOST))
    return {f"{match[2]}x": match[0] for match in named[first : first + MOST]}
