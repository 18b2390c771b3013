"""A layer graph as an ONNX model that a runtime executes; weights are random, the layers' numbers of them are not.

Layers are spelt as torch's exporter spells them (a channel shuffle is reshape, transpose, reshape;
swish is a sigmoid and a product), because runtimes recognise those patterns.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from costsim.errors import InputError
from costsim.exporters.onnx_layers import WRITERS
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Input, Shape

if TYPE_CHECKING:
    import onnx

OPSET = 20
"""The first with every activation the zoo has."""

IR_VERSION = 10
"""Of the file format; the oldest that holds ``OPSET``, so that older runtimes read it too."""


DIFFERENT_VALUES = 2**20
"""Larger weights repeat themselves: drawing a hundred million random numbers takes seconds."""


def onnx_model(graph: LayerGraph, *, seed: int = 0) -> onnx.ModelProto:
    """The model of ``graph``; the same seed gives the same weights.

    Raises:
        InputError: onnx is not installed, the graph describes many networks, or a layer has no word in ONNX.
    """
    try:
        from onnx import helper
    except ModuleNotFoundError:
        raise InputError("onnx is not installed", mend="pip install 'costsim[onnx]'") from None
    writer = ModelWriter(seed)
    for node in graph:
        if not all(isinstance(dim, int) for dim in node.shape):
            raise InputError(f"its shape {node.shape} is not one of whole numbers", where=f"{graph.name}: {node.name}")
        if not isinstance(node.layer, Input):
            writer.write(graph, node)
    main = helper.make_graph(
        writer.nodes,
        graph.name,
        inputs=[_declared(node) for node in graph.inputs],
        outputs=[_declared(node) for node in graph.outputs],
        initializer=writer.stored,
    )
    return helper.make_model(main, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def _declared(node: Node) -> onnx.ValueInfoProto:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(node.name, TensorProto.FLOAT, node.shape)


class ModelWriter:
    """Collects ONNX nodes and stored tensors while layers are written one after another."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(seed)
        self._output = ""

    def write(self, graph: LayerGraph, node: Node) -> None:
        """All ONNX nodes of one layer; the last writes the tensor that carries the layer's name."""
        writer = WRITERS.get(type(node.layer))
        if writer is None:
            raise InputError(
                f"{type(node.layer).__name__} cannot be written as ONNX",
                where=f"{graph.name}: {node.name}",
                mend="measure another network",
            )
        self._output = node.name
        last = writer(self, node.layer, list(node.inputs), graph.input_shapes(node), node.shape)
        self._rename(last, node.name)

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append one ONNX node; the name of its output."""
        from onnx import helper

        output = f"{self._output}/{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def weights(self, *shape: int, transposed: bool = False) -> str:
        """A stored random tensor whose products keep the size of what they are multiplied with.

        Values that vanish or explode over many layers would be timed as denormals or infinities.
        """
        fan_in = prod(shape[1:]) if len(shape) > 1 else 1
        values = self._random.standard_normal(min(prod(shape), DIFFERENT_VALUES), dtype=np.float32)
        values = np.resize(values, shape)
        values *= np.float32(np.sqrt(2.0 / max(fan_in, 1)) if len(shape) > 1 else 0.01)
        return self.store(values.T if transposed else values)

    def store(self, values: np.ndarray) -> str:
        """A stored tensor with these values."""
        from onnx import numpy_helper

        name = f"{self._output}/stored_{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def floats(self, *values: float) -> str:
        return self.store(np.array(values if len(values) > 1 else values[0], dtype=np.float32))

    def integers(self, *values: int) -> str:
        return self.store(np.array(values, dtype=np.int64))

    def ones(self, shape: Shape) -> str:
        return self.store(np.ones(shape, dtype=np.float32))

    def zeros(self, shape: Shape) -> str:
        return self.store(np.zeros(shape, dtype=np.float32))

    def _rename(self, tensor: str, name: str) -> None:
        if not self.nodes or tensor not in self.nodes[-1].output:  # a layer that does nothing
            tensor = self.op("Identity", tensor)
        self.nodes[-1].output[0] = name
