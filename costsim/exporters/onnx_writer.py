"""The nodes and stored tensors of an ONNX model while it is written."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from costsim.graph.layers import Shape

if TYPE_CHECKING:
    import onnx

DIFFERENT_VALUES = 2**20
"""Larger weights repeat themselves: drawing a hundred million random numbers takes seconds."""


class ModelWriter:
    """Collects ONNX nodes and stored tensors while layers are written one after another."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(seed)
        self._layer = ""

    def begin(self, layer: str) -> None:
        """What follows belongs to this layer; names of its parts begin with its own."""
        self._layer = layer

    def end(self, last: str) -> None:
        """Give the layer's name to the tensor ``last``, which its last node writes."""
        if not self.nodes or last not in self.nodes[-1].output:  # a layer that does nothing
            self.op("Identity", last)
        self.nodes[-1].output[0] = self._layer

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append one ONNX node; the name of its output."""
        from onnx import helper

        output = f"{self._layer}/{kind}_{len(self.nodes)}"
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

        name = f"{self._layer}/stored_{len(self.stored)}"
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
