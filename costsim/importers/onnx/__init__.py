"""ONNX files and ``onnx.ModelProto``, of any producer, opset 7 and up.

Weights are known by their shapes. Whatever depends on constants and shapes alone is computed
while reading, so that no shape arithmetic is left in the graph; open dimensions are bound to the
asked input size and batch. Needs the package onnx (extra ``[onnx]``).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.graph.resize import InputSize
from costsim.importers.importer import Importer
from costsim.importers.onnx.protos import messages
from costsim.importers.writer import GraphWriter

if TYPE_CHECKING:
    from onnx import ModelProto

OLDEST_OPSET = 7

COMMON_OPSET = 21
"""Of onnx 1.16, the oldest package that costsim runs with."""


def load_onnx(
    source: Path | ModelProto,
    input_size: InputSize = None,
    batch: int | None = None,
    limits: Mapping[str, int] | None = None,
) -> LayerGraph:
    """The network in an ONNX file or model.

    Args:
        source: a path, or a model in memory.
        input_size: (channels, height, width) for the dimensions the file leaves open, or to replace them; by name
            where there are several inputs.
        batch: images at a time; what the file says, or 1, if left out.
        limits: ``boxes``, the values an op is taken to make whose number the data decide.

    Raises:
        InputError: the package onnx is missing; the file is damaged, of an unknown opset, has
            control flow, open dimensions or contradicting shapes. Names file and node.
    """
    from costsim.importers.patterns import simplify

    model, where, name = _model(source)
    from costsim.importers.onnx.blocked import is_blocked, real_channels
    from costsim.importers.onnx.reader import Reader

    reader = Reader(model, GraphWriter(name, source="onnx", where=where), source if isinstance(source, Path) else None)
    reader.boxes = (limits or {}).get("boxes")
    if is_blocked(model.graph):
        import onnx

        whole = onnx.load(source, load_external_data=False) if isinstance(source, Path) else model
        reader.real_channels = real_channels(whole.graph, reader.folder)
    reader.bind_initializers(model.graph)
    reader.bind_inputs(input_size, batch)
    reader.run_nodes(model.graph)
    reader.check_outputs(bound=(input_size, batch) == (None, None))
    reader.writer.note_difference(reader.held, "the file")
    return reader.writer.finish(simplify)


def _model(source: Path | ModelProto) -> tuple[ModelProto, str, str]:
    """The model with local functions inlined, where it is from, and its name."""
    try:
        known = messages()
    except ImportError:
        raise InputError("reading ONNX needs the package onnx", mend="pip install 'costsim[onnx]'") from None
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    from costsim.importers.onnx.functions import check_functions
    from costsim.importers.onnx.slim import read_slim

    if isinstance(source, Path):
        where, name = str(source), source.stem
        model = known.ModelProto()
        try:
            model.ParseFromString(read_slim(source))
        except DecodeError:
            raise InputError("not an ONNX file, or damaged", where=where, mend="export or download it again") from None
    else:
        where = name = source.graph.name or "onnx model"
        model = source
    _check_model(model, where)
    check_functions(model, where)
    if model.functions:
        import onnx.inliner

        model = onnx.inliner.inline_local_functions(model)
    return model, where, name


def _check_model(model: ModelProto, where: str) -> None:
    graph = model.graph
    names = [name for node in graph.node for name in (node.name, node.op_type, node.domain, *node.input, *node.output)]
    names += [named.name for named in (*graph.initializer, *graph.input, *graph.output, *graph.value_info)]
    if not all(isinstance(name, str) for name in names):  # protobuf hands out what is not UTF-8 as bytes
        raise InputError("not an ONNX file, or damaged: a name is no text", where=where, mend="export it again")

    if not model.HasField("graph") or not model.graph.node:
        raise InputError("not an ONNX model: it holds no graph", where=where, mend="export or download it again")
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), None)
    if opset is None or opset < OLDEST_OPSET or opset > _newest(opset):
        raise InputError(
            f"opset {'missing' if opset is None else opset}",
            where=where,
            mend=f"convert it to one of {OLDEST_OPSET} to {_newest(sys.maxsize)} with onnx.version_converter",
        )


def _newest(asked: int) -> int:
    """The newest opset there is; the package is only asked about those that not every version of it has."""
    if asked <= COMMON_OPSET:
        return COMMON_OPSET
    import onnx

    return int(onnx.defs.onnx_opset_version())


def _accepts(source: object) -> bool:
    return type(source).__name__ == "ModelProto" and type(source).__module__.startswith("onnx")


IMPORTER = Importer("onnx", load=load_onnx, suffixes=(".onnx",), takes_limits=True, accepts=_accepts)
