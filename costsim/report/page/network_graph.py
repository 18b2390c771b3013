"""The network as a graph of blocks within blocks: what the page lays out, opens and closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from costsim.analysis import Analysis

Record = dict[str, Any]
Part = Record | int

NO_BLOCK = "(no block)"
"""What layers outside all blocks are listed under."""

MOST_PARTS = 60
"""Nodes laid out beside each other: the time of a layered layout grows with the square of their number."""


MOST_DEPTH = 12
"""Blocks within blocks that are told apart; what lies deeper is listed in the last."""


def network_graph(analysis: Analysis) -> Record:
    """``parts``, the blocks and ops of the outermost level in execution order, and ``edges`` between ops.

    A part is an op, by its place among the layer records, or a block ``{name, path, parts}``. A level with
    more than MOST_PARTS parts is cut into runs: blocks without a path, which no block of the network is.
    """
    return {"parts": _cut(_tree(analysis)), "edges": _edges(analysis)}


def outer_blocks(paths: list[str]) -> list[str]:
    """Every block and every block around one, outer ones first, in execution order."""
    found: dict[str, None] = {}
    for path in paths:
        names = path.split(".")
        found |= dict.fromkeys(".".join(names[: depth + 1]) for depth in range(len(names)))
    return list(found)


def _tree(analysis: Analysis) -> list[Part]:
    top: list[Part] = []
    blocks: dict[str, list[Part]] = {"": top}
    for place, record in enumerate(analysis.layer_records):
        path = ".".join(record["block"].split(".")[:MOST_DEPTH])
        _parts_of(path, blocks).append(place)
    return top


def _parts_of(path: str, blocks: dict[str, list[Part]]) -> list[Part]:
    """The parts of a block, which is made with all blocks around it where an op is its first."""
    if path not in blocks:
        outer, _, name = path.rpartition(".")
        parts: list[Part] = []
        _parts_of(outer, blocks).append({"name": name, "path": path, "parts": parts})
        blocks[path] = parts
    return blocks[path]


def _cut(parts: list[Part]) -> list[Part]:
    parts = [p if isinstance(p, int) else p | {"parts": _cut(p["parts"])} for p in parts]
    while len(parts) > MOST_PARTS:
        parts = [_run(parts[start : start + MOST_PARTS]) for start in range(0, len(parts), MOST_PARTS)]
    return parts


def _run(parts: list[Part]) -> Record:
    first, last = _ends(parts)
    return {"name": f"ops {first + 1} to {last + 1}", "path": None, "parts": parts}


def _ends(parts: list[Part]) -> tuple[int, int]:
    first, last = parts[0], parts[-1]
    return (
        first if isinstance(first, int) else _ends(first["parts"])[0],
        last if isinstance(last, int) else _ends(last["parts"])[1],
    )


def _edges(analysis: Analysis) -> list[list[int]]:
    """From the op that makes a tensor to the op that reads it, both by their place among the layer records.

    A copy of the network's input goes to the op that waits for it, the next one.
    """
    places = [place for place, _ in analysis.op_records]
    copies = sorted(set(range(len(analysis.layer_records))) - set(places))
    producers = analysis.simulation.ops.producers
    return [[place, place + 1] for place in copies] + [
        [places[source], place]
        for place, sources in zip(places, producers, strict=True)
        for source in dict.fromkeys(sources)
        if source >= 0
    ]
