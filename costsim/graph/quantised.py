"""Networks whose file is quantised: what they run in where nobody says, and what is said of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from costsim.graph.layergraph import LayerGraph

INT8 = "int8"
QUANTISED = "the file is quantised to int8"
"""The note of importers."""

IN_FLOAT = "the file computes in floating point"
"""The note of importers whose formats say so."""

SHOWN = 3
"""Layers named in a sentence."""


def carried_dtype(graph: LayerGraph, dtypes: Sequence[str]) -> str | None:
    """The data type a network brings along, where a device with these data types runs it; None: it brings none.

    A file in floats is not run in int8 because a device would by itself.
    """
    if IN_FLOAT in graph.notes and dtypes[0] == INT8 and "fp32" in dtypes:
        return "fp32"
    return INT8 if INT8 in dtypes and INT8 in {placed.layer.dtype for placed in graph.distinct_placed} else None


def layers_in(graph: LayerGraph, dtype: str) -> tuple[str, ...]:
    """Names of the layers that the file has compute in ``int8`` or in ``float``."""
    return tuple(node.name for node in graph if node.layer.dtype == dtype)


def notes_in(graph: LayerGraph, dtype: str, dtypes: Collection[str], *, mixes: bool) -> tuple[str, ...]:
    """The notes of a network priced in ``dtype`` on a device that runs ``dtypes``, and ``mixes`` them or not."""
    integers, floats = layers_in(graph, INT8), layers_in(graph, "float")
    others = tuple(note for note in graph.notes if note not in (QUANTISED, IN_FLOAT))
    if dtype == INT8 and IN_FLOAT in graph.notes:
        return (f"{IN_FLOAT} and is priced in int8, as if it were quantised", *others)
    if not integers:
        return others
    if dtype != INT8:
        why = "as asked" if INT8 in dtypes else "since the device runs no int8"
        return (f"{QUANTISED}; {why} it is priced in {dtype}", *others)
    if not floats:
        return (QUANTISED, *others)
    named = ", ".join(floats[:SHOWN]) + (" ..." if len(floats) > SHOWN else "")
    all_alike = "" if mixes else "; here all are priced in int8"
    return (f"the file has {len(integers)} layers in int8 and {len(floats)} in floats: {named}{all_alike}", *others)
