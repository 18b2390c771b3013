"""Module paths out of what exporters leave behind: node names and metadata."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterable
from typing import TYPE_CHECKING

from costsim.importers.scopes import block_of, holders

if TYPE_CHECKING:
    from onnx import NodeProto

NAME_SCOPES = "pkg.torch.onnx.name_scopes"
"""Metadata of torch's exporter: the module path of a node as a list, outermost first, the op last."""


def module_path(node: NodeProto) -> str:
    """Dotted path of the module a node comes from: ``features.stage1.unit1.conv``; empty if not told."""
    for entry in node.metadata_props:
        if entry.key == NAME_SCOPES:
            scopes = _literal(entry.value)
            return scopes[-2] if len(scopes) > 1 else ""
    path: list[str] = []
    for part in node.name.strip("/").split("/")[:-1]:
        if path and part.startswith(f"{path[-1]}."):
            path[-1] = part  # torch's older exporter repeats the parent: layer1/layer1.0
        else:
            path.append(part)
    return ".".join(path)


def blocks(nodes: Iterable[NodeProto]) -> list[tuple[str, str]]:
    """(name, block) of each node. The block is the module that holds others; a leaf module is none."""
    nodes = list(nodes)
    paths = [module_path(node) for node in nodes]
    holding = holders(paths)
    named = []
    for node, path in zip(nodes, paths, strict=True):
        tail = node.name.strip("/").split("/")[-1] or next(iter(node.output), node.op_type)
        name = f"{path}.{tail}" if path else tail
        named.append((name, block_of(path, holding)))
    return named


def _literal(text: str) -> list[str]:
    try:
        value = literal_eval(text)
    except (ValueError, SyntaxError):
        return []
    return [str(item) for item in value] if isinstance(value, list) else []
