"""The parts of a network findings are about: stages where it has them, else runs of equal maps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Conv2d, ConvTranspose2d, Pool2d, Upsample

RESIZING = (Conv2d, ConvTranspose2d, Pool2d, Upsample)
"""Layers that open a part where blocks have no names."""

MOST = 12
"""More parts than this are joined where their maps have the same size."""


@dataclass(frozen=True)
class Region:
    """A named part of a network."""

    name: str
    nodes: tuple[str, ...]


def regions(graph: LayerGraph) -> list[Region]:
    """Outermost blocks; one that holds most of the network is opened, many small ones are joined."""
    nodes = [node for node in graph if node.inputs]
    parts = _by_block(nodes, depth=1)
    depth = 1
    while _one_holds_most(parts, len(nodes)) and depth < max(node.block.count(".") + 1 for node in nodes):
        depth += 1
        parts = _by_block(nodes, depth)
    if len(parts) > MOST or any(not part[0].block for part in parts):
        parts = _joined(parts)
    names = _unique([_name(part, depth) for part in parts])
    return [Region(name, tuple(node.name for node in part)) for name, part in zip(names, parts, strict=True)]


def _by_block(nodes: list[Node], depth: int) -> list[list[Node]]:
    parts: dict[str, list[Node]] = {}
    around = _map_around(nodes)
    for node in nodes:
        parts.setdefault(_path(node, depth) or around[node.name], []).append(node)
    return list(parts.values())


def _map_around(nodes: list[Node]) -> dict[str, str]:
    """Node to the size of its map; squeeze-excite counts to the map before it, as long as maps follow."""
    last = max((index for index, node in enumerate(nodes) if _has_map(node)), default=-1)
    around: dict[str, str] = {}
    current = "vectors"
    for index, node in enumerate(nodes):
        if _has_map(node) and isinstance(node.layer, RESIZING):
            current = _map_text(node)
        elif index > last:
            current = "vectors"
        around[node.name] = current
    return around


def _has_map(node: Node) -> bool:
    return len(node.shape) == 4 and node.shape[2] * node.shape[3] > 1


def _one_holds_most(parts: list[list[Node]], total: int) -> bool:
    return bool(parts) and max(len(part) for part in parts) > 0.6 * total


def _joined(parts: list[list[Node]]) -> list[list[Node]]:
    runs = groupby(parts, key=lambda part: part[-1].shape[2:])
    return [[node for part in run for node in part] for _, run in runs]


def _name(part: list[Node], depth: int) -> str:
    first, last = _path(part[0], depth), _path(part[-1], depth)
    if not first:
        return _map_around(part)[part[0].name]
    return first if first == last or not last else f"{first}-{last}"


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return unique


def _path(node: Node, depth: int) -> str:
    return ".".join(node.block.split(".")[:depth])


def _map_text(node: Node) -> str:
    return "x".join(str(d) for d in node.shape[2:]) or "vectors"
