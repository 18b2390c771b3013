"""costsim's own network format: every layer as it is, so that reading gives back what was written.

    {"format": "costsim network", "schema_version": 1, "name": ..., "source": ..., "notes": [...],
     "layers": [{"name": "conv", "type": "Conv2d", "block": "stem", "inputs": ["input"],
                 "options": {"out_channels": 24, "kernel": [3, 3], ...}}, ...]}

``options`` are the fields of the layer's class in ``costsim.graph.layers``, all of them; in a file
written by hand those left out have their default. Layers stand in an order in which each comes after what it reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costsim.errors import InputError, unknown_name
from costsim.files import write_text
from costsim.graph import LayerGraph
from costsim.graph.layers import Layer
from costsim.graph.options import LAYER_TYPES, layer_of, options_of
from costsim.graph.resize import InputSize, resized
from costsim.importers.importer import Importer
from costsim.importers.writer import GraphWriter
from costsim.jsonfile import read_json

FORMAT = "costsim network"
SCHEMA_VERSION = 1


def to_dict(graph: LayerGraph) -> dict[str, Any]:
    """The graph as plain lists, dictionaries, numbers and text.

    Raises:
        InputError: the graph stands for a whole design space; only one network can be written.
    """
    layers = [
        {
            "name": node.name,
            "type": type(node.layer).__name__,
            "block": node.block,
            "inputs": list(node.inputs),
            "options": options_of(node.layer, f"{graph.name}: {node.name}"),
        }
        for node in graph
    ]
    return {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "name": graph.name,
        "source": graph.source,
        "notes": list(graph.notes),
        "layers": layers,
    }


def from_dict(tree: Mapping[str, Any], where: str = "network") -> LayerGraph:
    """The graph that ``to_dict`` was given.

    Raises:
        InputError: not such a dictionary, or a network that cannot be.
    """
    if not isinstance(tree, Mapping) or tree.get("format") != FORMAT:
        raise InputError("not a costsim network", where=where, mend=f'it needs \'"format": "{FORMAT}"\' at the top')
    if tree.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"schema version {tree.get('schema_version')!r}", where=where, mend=f"this costsim reads {SCHEMA_VERSION}"
        )
    name, source, notes, entries = (tree.get(key) for key in ("name", "source", "notes", "layers"))
    if not isinstance(name, str) or not isinstance(source, str) or not _is_list(notes, str):
        raise InputError("'name', 'source' or 'notes' is missing or no text", where=where, mend="write them as text")
    if not _is_list(entries, dict):
        raise InputError("'layers' is missing or no list of objects", where=where, mend="list the layers")
    writer = GraphWriter(name, source=source, where=where)
    for index, entry in enumerate(entries or ()):
        title, kind, block, inputs = (entry.get(key) for key in ("name", "type", "block", "inputs"))
        if not all(isinstance(text, str) for text in (title, kind, block)) or not title or not _is_list(inputs, str):
            raise InputError(
                f"layer {index} needs 'name', 'type', 'block' as text and 'inputs' as a list of names",
                where=where,
                mend="mend that layer",
            )
        with writer.node(str(title), str(kind), str(block)):
            if title in writer.graph:
                raise InputError("the name is used twice", mend="name every layer once")
            operands = [writer.tensor(i) for i in inputs or ()]
            writer.bind(str(title), writer.add(_layer(str(kind), entry.get("options", {})), *operands))
    graph = writer.finish()
    graph.notes = tuple(notes or ())
    return graph


def save_network(graph: LayerGraph, path: str | Path) -> None:
    """Write the graph as a JSON file, whole or not at all.

    Raises:
        InputError: the path cannot be written.
    """
    write_text(path, json.dumps(to_dict(graph), indent=1, allow_nan=False) + "\n")


def load_json(path: Path, input_size: InputSize = None, batch: int | None = None) -> LayerGraph:
    """The network in a file written by ``save_network``, for another input shape if one is given.

    Raises:
        InputError: the file is damaged, of another version, or the shape does not pass.
    """
    return resized(from_dict(read_json(path, mend="write the file again"), str(path)), input_size, batch)


def _layer(kind: str, options: Any) -> Layer:
    if kind not in LAYER_TYPES:
        raise unknown_name("layer type", kind, LAYER_TYPES)
    if not isinstance(options, dict):
        raise InputError("'options' is no object", mend='write them as "name": value')
    return layer_of(LAYER_TYPES[kind], options)


def _is_list(value: Any, of: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, of) for item in value)


IMPORTER = Importer("json", suffixes=(".json",), load=load_json)
