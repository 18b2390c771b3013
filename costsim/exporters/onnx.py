"""A layer graph as an ONNX model that a runtime executes; weights are random, the layers' numbers of them are not.

Layers are spelt as torch's exporter spells them (a channel shuffle is reshape, transpose, reshape;
swish is a sigmoid and a product), because runtimes recognise those patterns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from costsim.errors import InputError
from costsim.exporters.onnx_layers import OTHERWISE, WRITERS
from costsim.exporters.onnx_writer import ModelWriter
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Input

if TYPE_CHECKING:
    import onnx

OPSET = 20
"""The first with every activation the zoo has."""

IR_VERSION = 10
"""Of the file format; the oldest that holds ``OPSET``, so that older runtimes read it too."""


def onnx_model(graph: LayerGraph, *, seed: int = 0) -> onnx.ModelProto:
    """The model of ``graph``; the same seed gives the same weights.

    Raises:
        InputError: onnx is not installed, the graph describes many networks, or a layer has no word in ONNX.
    """
    try:
        from onnx import helper
    except ModuleNotFoundError:
        raise InputError("onnx is not installed", mend="pip install 'costsim[onnx]'") from None
    model = ModelWriter(seed)
    for node in graph:
        if not all(isinstance(dim, int) for dim in node.shape):
            raise InputError(f"its shape {node.shape} is not one of whole numbers", where=f"{graph.name}: {node.name}")
        if not isinstance(node.layer, Input):
            _write(model, graph, node)
    main = helper.make_graph(
        model.nodes,
        graph.name,
        inputs=[_declared(node) for node in graph.inputs],
        outputs=[_declared(node) for node in graph.outputs],
        initializer=model.stored,
    )
    return helper.make_model(main, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def _declared(node: Node) -> onnx.ValueInfoProto:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(node.name, TensorProto.FLOAT, node.shape)


def _write(model: ModelWriter, graph: LayerGraph, node: Node) -> None:
    """All ONNX nodes of one layer; the last writes the tensor that carries the layer's name."""
    write_layer = WRITERS.get(type(node.layer))
    if write_layer is None:
        raise InputError(
            f"'{node.layer.op}' cannot be written as ONNX",
            where=f"{graph.name}: {node.name}",
            mend=OTHERWISE,
        )
    model.begin(node.name)
    model.end(write_layer(model, node.layer, list(node.inputs), graph.input_shapes(node), node.shape))
