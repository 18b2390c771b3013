"""Zoo networks as int8 TensorFlow Lite files with random weights, so that a compiler sees the same network.

Written with the flatbuffers schema classes that come with ``ethos-u-vela``. Covers what classifiers are made
of: convolutions (dense and depthwise), pooling, additions, concatenations, fully connected layers, ReLUs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ethosu.vela.tflite import (
    AddOptions,
    Buffer,
    BuiltinOperator,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Model,
    Operator,
    OperatorCode,
    Pool2DOptions,
    QuantizationParameters,
    SubGraph,
    Tensor,
)
from ethosu.vela.tflite.ActivationFunctionType import ActivationFunctionType
from ethosu.vela.tflite.BuiltinOptions import BuiltinOptions
from ethosu.vela.tflite.Padding import Padding
from ethosu.vela.tflite.TensorType import TensorType

from costsim.graph import LayerGraph, Node

CODES = BuiltinOperator.BuiltinOperator
FUSED = {"relu": ActivationFunctionType.RELU, "relu6": ActivationFunctionType.RELU6}


def write(graph: LayerGraph, path: Path) -> None:
    """Write ``graph`` to ``path``.

    Raises:
        ValueError: a layer this writer does not cover.
    """
    path.write_bytes(_Writer(graph).model())


class _Writer:
    def __init__(self, graph: LayerGraph) -> None:
        self.graph = graph
        self.builder = flatbuffers.Builder(1 << 20)
        self.random = np.random.default_rng(0)
        self.codes: list[int] = []
        self.buffers = [self._buffer(None)]
        self.tensors: list[int] = []
        self.operators: list[int] = []
        self.tensor_of: dict[str, int] = {}

    def model(self) -> bytes:
        skipped: set[str] = set()
        last = 0
        for node in self.graph:
            if node.name in skipped:
                continue
            if node.layer.op == "input":
                self.tensor_of[node.name] = self._tensor(node.name, _nhwc(node.shape))
                continue
            if node.layer.op in ("batch_norm", "dropout", "reshape"):
                self.tensor_of[node.name] = self.tensor_of[node.inputs[0]]
                continue
            tail, activation = self._fused(node, skipped)
            last = self._operator(node, activation)
            self.tensor_of[node.name] = self.tensor_of[tail.name] = last
        first = self.tensor_of[self.graph.inputs[0].name]
        return self._finish(first, last)

    def _fused(self, node: Node, skipped: set[str]) -> tuple[Node, int]:
        """The norms and the activation that run with ``node``: (last of them, activation code)."""
        tail = node
        while node.layer.op in ("conv", "linear", "add"):
            followers = self.graph.consumers(tail.name)
            if len(followers) != 1 or followers[0].layer.op not in ("batch_norm", *FUSED):
                break
            tail = followers[0]
            skipped.add(tail.name)
            self.tensor_of[tail.name] = -1
            if tail.layer.op in FUSED:
                return tail, FUSED[tail.layer.op]
        return tail, ActivationFunctionType.NONE

    def _operator(self, node: Node, activation: int) -> int:
        layer: Any = node.layer
        reads = [self.tensor_of[name] for name in node.inputs]
        shape_in = _nhwc(self.graph[node.inputs[0]].shape)
        if layer.op == "conv":
            return self._convolution(node, reads, shape_in, activation)
        if layer.op == "linear":
            features = int(np.prod(shape_in[1:]))
            weights = self._constant("weights", (layer.out_features, features), np.int8)
            bias = self._constant("bias", (layer.out_features,), np.int32)
            options = self._options(FullyConnectedOptions, FusedActivationFunction=activation)
            return self._add(CODES.FULLY_CONNECTED, [*reads, weights, bias], node, options, "FullyConnectedOptions")
        if layer.op in ("max_pool", "avg_pool", "global_pool"):
            kernel = layer.kernel if layer.op != "global_pool" else shape_in[1:3]
            stride = layer.stride if layer.op != "global_pool" else (1, 1)
            options = self._options(
                Pool2DOptions, Padding=Padding.VALID if layer.op == "global_pool" else Padding.SAME,
                StrideH=stride[0], StrideW=stride[1], FilterHeight=kernel[0], FilterWidth=kernel[1],
                FusedActivationFunction=0,
            )  # fmt: skip
            code = CODES.MAX_POOL_2D if layer.op == "max_pool" else CODES.AVERAGE_POOL_2D
            return self._add(code, reads, node, options, "Pool2DOptions")
        if layer.op == "add":
            options = self._options(AddOptions, FusedActivationFunction=activation)
            return self._add(CODES.ADD, reads, node, options, "AddOptions")
        if layer.op == "concat":
            options = self._options(ConcatenationOptions, Axis=3, FusedActivationFunction=0)
            return self._add(CODES.CONCATENATION, reads, node, options, "ConcatenationOptions")
        if layer.op in FUSED:
            return self._add(CODES.RELU if layer.op == "relu" else CODES.RELU6, reads, node, 0, "NONE")
        raise ValueError(f"{node.name}: no TensorFlow Lite writer for {layer.op}")

    def _convolution(self, node: Node, reads: list[int], shape_in: tuple[int, ...], activation: int) -> int:
        layer: Any = node.layer
        common = {
            "Padding": Padding.SAME, "StrideH": layer.stride[0], "StrideW": layer.stride[1],
            "FusedActivationFunction": activation, "DilationHFactor": 1, "DilationWFactor": 1,
        }  # fmt: skip
        bias = self._constant("bias", (layer.out_channels,), np.int32)
        if layer.groups == 1:
            weights = self._constant("weights", (layer.out_channels, *layer.kernel, shape_in[3]), np.int8)
            options = self._options(Conv2DOptions, **common)
            return self._add(CODES.CONV_2D, [*reads, weights, bias], node, options, "Conv2DOptions")
        if layer.groups != shape_in[3]:
            raise ValueError(f"{node.name}: no TensorFlow Lite writer for grouped convolutions")
        weights = self._constant("weights", (1, *layer.kernel, layer.out_channels), np.int8)
        options = self._options(DepthwiseConv2DOptions, DepthMultiplier=1, **common)
        return self._add(CODES.DEPTHWISE_CONV_2D, [*reads, weights, bias], node, options, "DepthwiseConv2DOptions")

    def _options(self, module: Any, **fields: int) -> int:
        module.Start(self.builder)
        for name, value in fields.items():
            getattr(module, f"Add{name}")(self.builder, int(value))
        return module.End(self.builder)

    def _add(self, code: int, reads: list[int], node: Node, options: int, options_type: str) -> int:
        written = self._tensor(node.name, _nhwc(node.shape))
        if code not in self.codes:
            self.codes.append(code)
        inputs, outputs = self._ints(reads), self._ints([written])
        Operator.Start(self.builder)
        Operator.AddOpcodeIndex(self.builder, self.codes.index(code))
        Operator.AddInputs(self.builder, inputs)
        Operator.AddOutputs(self.builder, outputs)
        if options:
            Operator.AddBuiltinOptionsType(self.builder, getattr(BuiltinOptions, options_type))
            Operator.AddBuiltinOptions(self.builder, options)
        self.operators.append(Operator.End(self.builder))
        return written

    def _constant(self, name: str, shape: tuple[int, ...], dtype: Any) -> int:
        values = np.clip(np.round(self.random.normal(0, 30, shape)), -127, 127).astype(dtype)
        self.buffers.append(self._buffer(values.tobytes()))
        kind = TensorType.INT8 if dtype == np.int8 else TensorType.INT32
        return self._tensor(f"{name}_{len(self.tensors)}", shape, kind, len(self.buffers) - 1, scale=0.02)

    def _tensor(
        self, name: str, shape: tuple[int, ...], kind: int = TensorType.INT8, buffer: int = 0, scale: float = 0.05
    ) -> int:
        dims, label = self._ints(shape), self.builder.CreateString(name)
        scales = self.builder.CreateNumpyVector(np.array([scale], dtype=np.float32))
        zeros = self.builder.CreateNumpyVector(np.array([0], dtype=np.int64))
        QuantizationParameters.Start(self.builder)
        QuantizationParameters.AddScale(self.builder, scales)
        QuantizationParameters.AddZeroPoint(self.builder, zeros)
        quantization = QuantizationParameters.End(self.builder)
        Tensor.Start(self.builder)
        Tensor.AddShape(self.builder, dims)
        Tensor.AddType(self.builder, kind)
        Tensor.AddBuffer(self.builder, buffer)
        Tensor.AddName(self.builder, label)
        Tensor.AddQuantization(self.builder, quantization)
        self.tensors.append(Tensor.End(self.builder))
        return len(self.tensors) - 1

    def _buffer(self, data: bytes | None) -> int:
        content = self.builder.CreateByteVector(data) if data else 0
        Buffer.Start(self.builder)
        if data:
            Buffer.AddData(self.builder, content)
        return Buffer.End(self.builder)

    def _ints(self, values: Any) -> int:
        return self.builder.CreateNumpyVector(np.array(values, dtype=np.int32))

    def _offsets(self, offsets: list[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return self.builder.EndVector()

    def _finish(self, first: int, last: int) -> bytes:
        codes = []
        for code in self.codes:
            OperatorCode.Start(self.builder)
            OperatorCode.AddDeprecatedBuiltinCode(self.builder, min(code, 127))
            OperatorCode.AddBuiltinCode(self.builder, code)
            OperatorCode.AddVersion(self.builder, 1)
            codes.append(OperatorCode.End(self.builder))
        tensors, operators = self._offsets(self.tensors), self._offsets(self.operators)
        inputs, outputs, name = self._ints([first]), self._ints([last]), self.builder.CreateString("main")
        SubGraph.Start(self.builder)
        SubGraph.AddTensors(self.builder, tensors)
        SubGraph.AddInputs(self.builder, inputs)
        SubGraph.AddOutputs(self.builder, outputs)
        SubGraph.AddOperators(self.builder, operators)
        SubGraph.AddName(self.builder, name)
        graphs = self._offsets([SubGraph.End(self.builder)])
        codes_at, buffers_at = self._offsets(codes), self._offsets(self.buffers)
        Model.Start(self.builder)
        Model.AddVersion(self.builder, 3)
        Model.AddOperatorCodes(self.builder, codes_at)
        Model.AddSubgraphs(self.builder, graphs)
        Model.AddBuffers(self.builder, buffers_at)
        self.builder.Finish(Model.End(self.builder), b"TFL3")
        return bytes(self.builder.Output())


def _nhwc(shape: tuple[Any, ...]) -> tuple[int, ...]:
    if len(shape) != 4:
        return tuple(int(d) for d in shape)
    n, c, h, w = (int(d) for d in shape)
    return n, h, w, c
