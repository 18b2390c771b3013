"""Bring your own network: ONNX, torch modules, ncnn and costsim's own JSON become a ``LayerGraph``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costsim.errors import InputError, unknown_name
from costsim.files import check_file, is_there
from costsim.graph import LayerGraph
from costsim.graph.resize import InputSize, resized
from costsim.importers.foreign import refuse_foreign
from costsim.importers.importer import Importer
from costsim.plugins import IMPORTERS, load_plugin, plugins

__all__ = ["Importer", "importers", "load_network"]


def importers() -> dict[str, Importer]:
    """Registered importers by name."""
    return {name: load_plugin(IMPORTERS, name, "importer") for name in plugins(IMPORTERS)}


def load_network(
    source: Any, input_size: InputSize = None, batch: int | None = None, limits: Mapping[str, int] | None = None
) -> LayerGraph:
    """The network in a file or an object, by the importer for its suffix or type.

    Args:
        source: a path, an ``onnx.ModelProto``, a ``torch.nn.Module``, or a ``LayerGraph``.
        input_size: (channels, height, width) where the source leaves it open, or to replace it.
        batch: images at a time, likewise.
        limits: ``boxes``, the values an op is taken to make whose number the data decide; else the network ends there.

    Raises:
        InputError: no importer for it, no such file, or a file that is damaged; names file and node.
    """
    if isinstance(source, LayerGraph):
        return resized(source, input_size, batch)
    found = importers()
    if not isinstance(source, (str, Path)):
        for importer in found.values():
            if importer.accepts(source):
                return _loaded(importer, source, input_size, batch, limits)
        raise InputError(f"no importer takes a {type(source).__name__}", mend=f"known: {', '.join(sorted(found))}")
    if ":" in str(source) and not is_there(source):
        graph = _loaded(found["python"], source, input_size, batch, limits)
        file = str(source).rpartition(":")[0]
        graph.file = file if is_there(file) else ""
        return graph
    path = Path(source)
    for importer in found.values():
        if path.suffix.lower() in importer.suffixes:
            check_file(path)
            graph = _loaded(importer, path, input_size, batch, limits)
            graph.file = str(path)
            return graph
    refuse_foreign(path)
    suffixes = [suffix for importer in found.values() for suffix in importer.suffixes]
    raise unknown_name("network file type", path.suffix or path.name, suffixes, where=str(path))


def _loaded(
    importer: Importer, source: Any, input_size: InputSize, batch: int | None, limits: Mapping[str, int] | None
) -> LayerGraph:
    if limits and not importer.takes_limits:
        raise InputError(
            f"{importer.name} files have no sizes that the data decide", where="--limit", mend="leave it out"
        )
    return importer.load(source, input_size, batch, **({"limits": limits} if limits else {}))
