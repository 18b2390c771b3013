"""An independent count of an ONNX model: it is run, and one line of arithmetic an op is applied to real shapes."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

RECURRENT = ("DynamicQuantizeLSTM", "LSTM")
COUNTED = ("Conv", "ConvInteger", "ConvTranspose", "Gemm", "MatMul", "MatMulInteger", *RECURRENT)
TYPES = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}


def macs_by_running(
    path: Path, input_shape: tuple[int, ...], beside: Mapping[str, tuple[int, ...]] | None = None
) -> int:
    """Multiply-accumulates of all nodes that have any; ``beside`` are the sizes of further inputs."""
    model = onnx.load(path)
    nodes = [node for node in model.graph.node if node.op_type in COUNTED]
    wanted = sorted({name for node in nodes for name in (*node.input[:3], node.output[0]) if name})
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    sizes = {inputs[0].name: input_shape, **(beside or {})}
    feeds = {x.name: np.zeros(sizes.get(x.name, x.shape), TYPES.get(x.type, np.float32)) for x in inputs}
    shapes = dict(zip(wanted, (out.shape for out in session.run(wanted, feeds)), strict=True))
    return sum(_macs(node, shapes) for node in nodes)


def _macs(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]]) -> int:
    source, weight, result = (shapes[name] for name in (*node.input[:2], node.output[0]))
    if node.op_type in ("Conv", "ConvInteger"):
        return prod(result) * prod(weight[1:])
    if node.op_type == "ConvTranspose":
        return prod(source) * prod(weight[1:])
    if node.op_type in RECURRENT:  # the weights of the input and of the states, at every step
        steps, batch, _ = source
        return steps * batch * (prod(weight) + prod(shapes[node.input[2]]))
    return prod(result) * source[-1]


def light_params(path: Path) -> int:
    """Stored floating-point elements of a weightless model, less what batch norms keep beside scale and shift.

    Weights are made by ConstantOfShape. A batch norm stores a mean and a variance that are not
    trained; with a scale of its own behind it (Caffe) also an unused scale and shift.
    """
    model = onnx.load(path)
    shapes = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    made = {n.output[0]: int(prod(shapes[n.input[0]])) for n in model.graph.node if n.op_type == "ConstantOfShape"}
    made |= {t.name: prod(t.dims) for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT}
    read = {name for node in model.graph.node for name in node.input}
    total = sum(elements for name, elements in made.items() if name in read)
    scaled = {name for node in model.graph.node if node.op_type == "Mul" for name in node.input}
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            total -= made[node.input[1]] * (4 if node.output[0] in scaled else 2)
    return total
