"""Every layer in ONNX's words: one function a layer, one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from costsim.errors import InputError
from costsim.exporters.onnx_writer import ModelWriter
from costsim.graph import layers as L
from costsim.graph.layers import Shape
from costsim.graph.layers.base import pair

LayerWriter: TypeAlias = Callable[[ModelWriter, Any, list[str], tuple[Shape, ...], Shape], str]
"""Takes the layer, the tensors it reads, their shapes and the shape it gives; names the tensor it wrote last."""

OTHERWISE = "write .json, or measure another network"
"""What to do about a layer that ONNX has no word for."""


def conv(net: ModelWriter, layer: L.Conv2d, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    weight = net.weights(layer.out_channels, shapes[0][1] // layer.groups, *layer.kernel)
    bias = [net.weights(layer.out_channels)] if layer.bias else []
    return net.op("Conv", reads[0], weight, *bias, **_window(layer), dilations=layer.dilation, group=layer.groups)


def conv_transpose(
    net: ModelWriter, layer: L.ConvTranspose2d, reads: list[str], shapes: tuple[Shape, ...], shape: Shape
) -> str:
    weight = net.weights(shapes[0][1], layer.out_channels // layer.groups, *layer.kernel)
    bias = [net.weights(layer.out_channels)] if layer.bias else []
    return net.op(
        "ConvTranspose", reads[0], weight, *bias, **_window(layer), dilations=layer.dilation, group=layer.groups,
        output_padding=pair(layer.output_padding),
    )  # fmt: skip


def linear(net: ModelWriter, layer: L.Linear, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    is_vector = len(shape) == 2
    weight = net.weights(layer.out_features, shapes[0][-1], transposed=not is_vector)
    if is_vector:
        bias = [net.weights(layer.out_features)] if layer.bias else []
        return net.op("Gemm", reads[0], weight, *bias, transB=1)
    product = net.op("MatMul", reads[0], weight)
    return net.op("Add", product, net.weights(layer.out_features)) if layer.bias else product


def matmul(net: ModelWriter, layer: L.MatMul, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    return net.op("MatMul", *reads)


_ARITHMETIC = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow", "maximum": "Max", "minimum": "Min"}


def arithmetic(net: ModelWriter, layer: L.Arithmetic, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    if layer.function not in _ARITHMETIC or layer.const_elems not in (0, 1, shape[1] if len(shape) > 1 else 1):
        raise InputError(f"'{layer.function}' cannot be written as ONNX", mend=OTHERWISE)
    result, *others = reads
    if layer.const_elems:
        others.append(net.ones((layer.const_elems, *(1,) * (len(shape) - 2))))
    for other in others:
        result = net.op(_ARITHMETIC[layer.function], result, other)
    return result


_ACTIVATIONS = {
    "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "leaky_relu": "LeakyRelu", "elu": "Elu", "selu": "Selu",
    "softplus": "Softplus", "softsign": "Softsign", "erf": "Erf", "exp": "Exp", "log": "Log", "sin": "Sin",
    "cos": "Cos", "tan": "Tan", "atan": "Atan", "sqrt": "Sqrt", "reciprocal": "Reciprocal", "abs": "Abs",
    "neg": "Neg", "sign": "Sign", "floor": "Floor", "ceil": "Ceil", "round": "Round", "hard_swish": "HardSwish",
    "mish": "Mish", "gelu": "Gelu", "identity": "Identity",
}  # fmt: skip


def activation(net: ModelWriter, layer: L.Activation, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    (x,) = reads
    match layer.function:
        case "relu6":
            return net.op("Clip", x, net.floats(0.0), net.floats(6.0))
        case "clip":
            return net.op("Clip", x, net.floats(-1.0), net.floats(1.0))
        case "hard_sigmoid":
            return net.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)
        case "swish":
            return net.op("Mul", x, net.op("Sigmoid", x))
        case "prelu":
            return net.op("PRelu", x, net.weights(shape[1], *(1,) * (len(shape) - 2)))
        case "rsqrt":
            return net.op("Reciprocal", net.op("Sqrt", x))
        case "square":
            return net.op("Mul", x, x)
    return net.op(_ACTIVATIONS[layer.function], x)


def batch_norm(net: ModelWriter, layer: L.BatchNorm, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    c = (shape[1],)
    return net.op("BatchNormalization", reads[0], net.ones(c), net.zeros(c), net.zeros(c), net.ones(c))


def layer_norm(net: ModelWriter, layer: L.LayerNorm, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    c = (shape[-1],)
    return net.op("LayerNormalization", reads[0], net.ones(c), net.zeros(c), axis=-1)


def rms_norm(net: ModelWriter, layer: L.RmsNorm, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    """In small ops: the operator of this name is younger than most readers."""
    mean = net.op("ReduceMean", net.op("Mul", reads[0], reads[0]), net.integers(-1), keepdims=1)
    normal = net.op("Div", reads[0], net.op("Sqrt", mean))
    return net.op("Mul", normal, net.ones((shape[-1],))) if layer.affine else normal


def group_norm(net: ModelWriter, layer: L.GroupNorm, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    """As an instance norm of one channel a group, the only spelling older than opset 21."""
    folded = net.op("Reshape", reads[0], net.integers(0, layer.groups, -1))
    c = (layer.groups,)
    normal = net.op("InstanceNormalization", folded, net.ones(c), net.zeros(c))
    unfolded = net.op("Reshape", normal, net.integers(*shape))
    if not layer.affine:
        return unfolded
    per_channel = (shape[1], *(1,) * (len(shape) - 2))
    return net.op("Add", net.op("Mul", unfolded, net.ones(per_channel)), net.zeros(per_channel))


def lrn(net: ModelWriter, layer: L.LRN, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    return net.op("LRN", reads[0], size=layer.size)


def softmax(net: ModelWriter, layer: L.Softmax, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    return net.op("Softmax", reads[0], axis=layer.axis)


def nothing(net: ModelWriter, layer: L.Layer, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    return net.op("Identity", reads[0])


def pool(net: ModelWriter, layer: L.Pool2d, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    if layer.function == "max":
        return net.op("MaxPool", reads[0], **_window(layer), ceil_mode=int(layer.ceil_mode))
    return net.op("AveragePool", reads[0], **_window(layer), ceil_mode=int(layer.ceil_mode), count_include_pad=1)


def global_pool(
    net: ModelWriter, layer: L.GlobalPool, reads: list[str], shapes: tuple[Shape, ...], shape: Shape
) -> str:
    return net.op("GlobalAveragePool" if layer.function == "avg" else "GlobalMaxPool", reads[0])


def reduce(net: ModelWriter, layer: L.Reduce, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    axes = net.integers(*layer.axes)
    return net.op(f"Reduce{layer.function.capitalize()}", reads[0], axes, keepdims=int(layer.keepdims))


def concat(net: ModelWriter, layer: L.Concat, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    return net.op("Concat", *reads, axis=layer.axis)


def slice_(net: ModelWriter, layer: L.Slice, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    stop = shapes[0][layer.axis] if layer.stop is None else layer.stop
    bounds = [net.integers(value) for value in (layer.start, stop, layer.axis, layer.step)]
    return net.op("Slice", reads[0], *bounds)


def channel_shuffle(
    net: ModelWriter, layer: L.ChannelShuffle, reads: list[str], shapes: tuple[Shape, ...], shape: Shape
) -> str:
    n, c, *rest = shape
    split = net.op("Reshape", reads[0], net.integers(n, layer.groups, c // layer.groups, *rest))
    swapped = net.op("Transpose", split, perm=[0, 2, 1, *range(3, len(shape) + 1)])
    return net.op("Reshape", swapped, net.integers(*shape))


def reshape(net: ModelWriter, layer: L.Layer, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    return net.op("Reshape", reads[0], net.integers(*shape))


def transpose(net: ModelWriter, layer: L.Transpose, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    return net.op("Transpose", reads[0], perm=layer.axes)


def pad(net: ModelWriter, layer: L.Pad, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    top, bottom, left, right = layer.sides_of(shapes[0])
    before, behind = layer.channels
    return net.op("Pad", reads[0], net.integers(0, before, top, left, 0, behind, bottom, right))


def depth_to_space(
    net: ModelWriter, layer: L.DepthToSpace, reads: list[str], shapes: tuple[Shape, ...], shape: Shape
) -> str:
    return net.op("DepthToSpace", reads[0], blocksize=layer.block, mode="CRD")


def space_to_depth(
    net: ModelWriter, layer: L.SpaceToDepth, reads: list[str], shapes: tuple[Shape, ...], shape: Shape
) -> str:
    """In torch's order of channels, which is not that of ONNX's own word."""
    n, c, h, w = shape
    b = layer.block
    split = net.op("Reshape", reads[0], net.integers(n, c // b**2, h, b, w, b))
    return net.op("Reshape", net.op("Transpose", split, perm=[0, 1, 3, 5, 2, 4]), net.integers(*shape))


def upsample(net: ModelWriter, layer: L.Upsample, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    mode = {"nearest": "nearest", "bilinear": "linear", "bicubic": "cubic"}[layer.mode]
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"} if mode == "nearest" else {}
    if layer.size is not None:
        return net.op("Resize", reads[0], "", "", net.integers(*shape), mode=mode, **how)
    return net.op("Resize", reads[0], "", net.floats(1.0, 1.0, *pair(layer.scale)), mode=mode, **how)


def index_select(
    net: ModelWriter, layer: L.IndexSelect, reads: list[str], shapes: tuple[Shape, ...], shape: Shape
) -> str:
    length = shapes[0][layer.axis]
    spread = (index * length // layer.count for index in range(layer.count))
    return net.op("Gather", reads[0], net.integers(*spread), axis=layer.axis)


def constant(net: ModelWriter, layer: L.Constant, reads: list[str], shapes: tuple[Shape, ...], shape: Shape) -> str:
    return net.weights(*shape)


def _window(layer: Any) -> dict[str, Any]:
    top, bottom, left, right = layer.padding
    return {"kernel_shape": layer.kernel, "strides": layer.stride, "pads": (top, left, bottom, right)}


WRITERS: dict[type[L.Layer], LayerWriter] = {
    L.Activation: activation,
    L.Add: arithmetic,
    L.Arithmetic: arithmetic,
    L.BatchNorm: batch_norm,
    L.ChannelShuffle: channel_shuffle,
    L.Concat: concat,
    L.Constant: constant,
    L.Conv2d: conv,
    L.ConvTranspose2d: conv_transpose,
    L.DepthToSpace: depth_to_space,
    L.Dropout: nothing,
    L.Flatten: reshape,
    L.GlobalPool: global_pool,
    L.GroupNorm: group_norm,
    L.IndexSelect: index_select,
    L.LRN: lrn,
    L.LayerNorm: layer_norm,
    L.RmsNorm: rms_norm,
    L.Linear: linear,
    L.MatMul: matmul,
    L.Multiply: arithmetic,
    L.Output: nothing,
    L.Pad: pad,
    L.Pool2d: pool,
    L.Reduce: reduce,
    L.Reshape: reshape,
    L.ReshapeLike: reshape,
    L.Slice: slice_,
    L.Softmax: softmax,
    L.SpaceToDepth: space_to_depth,
    L.Transpose: transpose,
    L.Upsample: upsample,
}
