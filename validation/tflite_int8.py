"""Networks as int8 TFLite files with random weights, so that interpreters and compilers see the same network.

Covers what classifiers are made of: convolutions (dense, depthwise, transposed), pooling, additions, concatenations,
fully connected layers, ReLUs, softmax. Scales as converters write them: one for every map, one for each output
channel of weights, and for biases the product of both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from costsim.graph import LayerGraph, Node
from validation.tflite_files import FileBuilder, Scales

MAP, SHARES = Scales((0.05,)), Scales((1 / 256,), zero=-128)
"""Of a map, and of what a softmax gives."""
WEIGHT_SCALE = 0.02
ACTIVATIONS = {"relu": 1, "relu6": 3}
SAME, VALID = 0, 1


def write(graph: LayerGraph, path: Path) -> None:
    """Write ``graph`` to ``path``.

    Raises:
        ValueError: a layer this writer does not cover.
    """
    path.write_bytes(_Writer(graph).model())


class _Writer:
    def __init__(self, graph: LayerGraph) -> None:
        self.graph, self.file = graph, FileBuilder(written="INT8")
        self.random = np.random.default_rng(0)
        self.tensor_of: dict[str, int] = {}

    def model(self) -> bytes:
        written, last = set[str](), 0
        for node in self.graph:
            if node.name in written:
                continue
            if node.layer.op == "input":
                self.tensor_of[node.name] = self._scaled(self.file.input(*_nhwc(node.shape), dtype="INT8"))
                continue
            if node.layer.op in ("batch_norm", "dropout"):
                self.tensor_of[node.name] = self.tensor_of[node.inputs[0]]
                continue
            members, activation = self._fused(node)
            last = self._scaled(self._op(node, activation), SHARES if node.layer.op == "softmax" else MAP)
            self.tensor_of |= dict.fromkeys(members, last)
            written.update(members)
        return self.file.finish(last)

    def _fused(self, node: Node) -> tuple[list[str], int]:
        """The node with the norms and the activation that run with it, and the activation's number."""
        members = [node.name]
        while node.layer.op in ("conv", "conv_transpose", "linear", "add"):
            followers = self.graph.consumers(members[-1])
            if len(followers) != 1 or followers[0].layer.op not in ("batch_norm", *ACTIVATIONS):
                break
            members.append(followers[0].name)
            if followers[0].layer.op in ACTIVATIONS:
                return members, ACTIVATIONS[followers[0].layer.op]
        return members, 0

    def _op(self, node: Node, activation: int) -> int:
        layer: Any = node.layer
        reads = [self.tensor_of[name] for name in node.inputs]
        shape_in, shape = _nhwc(self.graph[node.inputs[0]].shape), _nhwc(node.shape)
        fused = {"FusedActivationFunction": activation}
        match layer.op:
            case "conv" | "conv_transpose":
                return self._convolution(node, reads[0], shape_in, fused)
            case "linear":
                weights = self._weights(layer.out_features, shape_in[-1])
                reads += [weights, self._bias(layer.out_features)]
                return self.file.add("FULLY_CONNECTED", reads, shape, options="FullyConnectedOptions", **fused)
            case "max_pool" | "avg_pool" | "global_pool":
                is_global = layer.op == "global_pool"
                kernel, stride = (shape_in[1:3], (1, 1)) if is_global else (layer.kernel, layer.stride)
                pool = {"FilterHeight": kernel[0], "FilterWidth": kernel[1], **_strides(stride)}
                padding = VALID if is_global else _padding(node, shape_in, kernel, stride)
                op = "MAX_POOL_2D" if layer.op == "max_pool" else "AVERAGE_POOL_2D"
                return self.file.add(op, reads, shape, options="Pool2DOptions", Padding=padding, **pool, **fused)
            case "add":
                return self.file.add("ADD", reads, shape, options="AddOptions", **fused)
            case "concat":
                return self.file.add("CONCATENATION", reads, shape, options="ConcatenationOptions", Axis=3, **fused)
            case "reshape":
                return self.file.add("RESHAPE", [*reads, self.file.stored(shape)], shape, options="ReshapeOptions")
            case "softmax":
                return self.file.add("SOFTMAX", reads, shape, options="SoftmaxOptions", Beta=1.0)
            case "relu" | "relu6":
                return self.file.add(layer.op.upper(), reads, shape)
        raise ValueError(f"{node.name}: no TFLite writer for {layer.op}")

    def _convolution(self, node: Node, read: int, shape_in: tuple[int, ...], fused: dict[str, int]) -> int:
        layer: Any = node.layer
        channels, shape = layer.out_channels, _nhwc(node.shape)
        options = {**_strides(layer.stride), **fused}
        if layer.op == "conv_transpose":
            reads = [self.file.stored(shape), self._weights(channels, *layer.kernel, shape_in[3]), read]
            name = "TransposeConvOptions"
            return self.file.add("TRANSPOSE_CONV", [*reads, self._bias(channels)], shape, options=name, **options)
        options |= {"DilationHFactor": layer.dilation[0], "DilationWFactor": layer.dilation[1]}
        window = [d * (k - 1) + 1 for k, d in zip(layer.kernel, layer.dilation, strict=True)]
        options["Padding"] = _padding(node, shape_in, window, layer.stride)
        if layer.groups == 1:
            reads = [read, self._weights(channels, *layer.kernel, shape_in[3]), self._bias(channels)]
            return self.file.add("CONV_2D", reads, shape, options="Conv2DOptions", **options)
        if layer.groups != shape_in[3]:
            raise ValueError(f"{node.name}: no TFLite writer for grouped convolutions")
        reads = [read, self._weights(1, *layer.kernel, channels, axis=3), self._bias(channels)]
        options["DepthMultiplier"] = channels // layer.groups
        return self.file.add("DEPTHWISE_CONV_2D", reads, shape, options="DepthwiseConv2DOptions", **options)

    def _weights(self, *shape: int, axis: int = 0) -> int:
        values = np.clip(np.round(self.random.normal(0, 30, shape)), -127, 127).astype(np.int8)
        return self._scaled(self.file.stored(values), Scales([WEIGHT_SCALE] * shape[axis], axis))

    def _bias(self, channels: int) -> int:
        values = np.round(self.random.normal(0, 30, channels)).astype(np.int32)
        return self._scaled(self.file.stored(values), Scales([MAP.values[0] * WEIGHT_SCALE] * channels))

    def _scaled(self, tensor: int, scales: Scales = MAP) -> int:
        self.file.scales[tensor] = scales
        return tensor


def _strides(stride: tuple[int, int]) -> dict[str, int]:
    return {"StrideH": stride[0], "StrideW": stride[1]}


def _padding(node: Node, shape_in: tuple[int, ...], window: Any, stride: tuple[int, int]) -> int:
    """TFLite's word for the padding with which the node's output has its size.

    Raises:
        ValueError: there is none; a converter would write a PAD.
    """
    sides = list(zip(shape_in[1:3], _nhwc(node.shape)[1:3], window, stride, strict=True))
    if all(out == -(-size // step) for size, out, _, step in sides):
        return SAME
    if all(out == (size - span) // step + 1 for size, out, span, step in sides):
        return VALID
    raise ValueError(f"{node.name}: its padding is neither SAME nor VALID")


def _nhwc(shape: tuple[Any, ...]) -> tuple[int, ...]:
    if len(shape) != 4:
        return tuple(int(d) for d in shape)
    n, c, h, w = (int(d) for d in shape)
    return n, h, w, c
