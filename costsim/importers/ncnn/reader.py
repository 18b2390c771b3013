"""The layers of a ncnn ``.param`` file, one after another, each by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from costsim.errors import InputError
from costsim.graph import LayerGraph, Tensor
from costsim.graph import layers as L
from costsim.graph.resize import InputSize, by_name
from costsim.importers.formats import INT8
from costsim.importers.inputs import Sizes
from costsim.importers.ncnn import compute, detection, products, ranks, shapes, statistics, tensors
from costsim.importers.ncnn.param_file import ParamLayer, read_param_file
from costsim.importers.writer import GraphWriter

LAYERS: dict[str, Callable[..., Tensor | list[Tensor]]] = {
    "AbsVal": tensors.activation("abs"),
    "ArgMax": tensors.largest,
    "BNLL": tensors.activation("softplus"),
    "BatchNorm": compute.batch_norm,
    "Bias": tensors.bias,
    "BinaryOp": tensors.binary,
    "CELU": tensors.activation("elu"),
    "Cast": tensors.activation("identity"),
    "Clip": tensors.clip,
    "Concat": tensors.concat,
    "Convolution": compute.convolution,
    "Convolution1D": ranks.convolution_1d,
    "Convolution3D": ranks.convolution_3d,
    "ConvolutionDepthWise": compute.depthwise_convolution,
    "ConvolutionDepthWise1D": ranks.convolution_1d,
    "ConvolutionDepthWise3D": ranks.convolution_3d,
    "CopyTo": shapes.copied_to,
    "Crop": shapes.crop,
    "CumulativeSum": statistics.cumulative_sum,
    "Deconvolution": compute.deconvolution,
    "Deconvolution1D": ranks.deconvolution_1d,
    "Deconvolution3D": ranks.deconvolution_3d,
    "DeconvolutionDepthWise": compute.depthwise_deconvolution,
    "DeconvolutionDepthWise1D": ranks.deconvolution_1d,
    "DeconvolutionDepthWise3D": ranks.deconvolution_3d,
    "DeepCopy": tensors.activation("identity"),
    "DeformableConv2D": compute.deformable,
    "Dequantize": tensors.rescale,
    "DetectionOutput": detection.detection_output,
    "Diag": statistics.diagonal,
    "Dropout": lambda writer, layer, x: writer.add(L.Dropout(), x),
    "ELU": tensors.activation("elu"),
    "Einsum": products.einsum,
    "Eltwise": tensors.eltwise,
    "Embed": products.embedding,
    "Erf": tensors.activation("erf"),
    "Exp": tensors.activation("exp"),
    "ExpandDims": shapes.expand_dims,
    "Flatten": shapes.flatten,
    "Flip": shapes.flipped,
    "Focus": tensors.focus,
    "Fold": tensors.fold,
    "GELU": tensors.activation("gelu"),
    "GLU": tensors.glu,
    "GRU": products.recurrent("gru"),
    "Gemm": products.gemm,
    "GridSample": tensors.grid_sample,
    "GroupNorm": compute.group_norm,
    "HardSigmoid": tensors.activation("hard_sigmoid"),
    "HardSwish": tensors.activation("hard_swish"),
    "InnerProduct": compute.inner_product,
    "InverseSpectrogram": statistics.inverse_spectrogram,
    "InstanceNorm": compute.instance_norm,
    "Interp": tensors.interpolate,
    "LRN": compute.lrn,
    "LSTM": products.recurrent("lstm"),
    "LayerNorm": compute.layer_norm,
    "Log": tensors.activation("log"),
    "MVN": compute.mean_variance,
    "MatMul": products.matmul,
    "MemoryData": tensors.memory_data,
    "Mish": tensors.activation("mish"),
    "MultiHeadAttention": products.multi_head_attention,
    "Normalize": compute.normalised,
    "PReLU": tensors.prelu,
    "PSROIPooling": tensors.region_by_place,
    "Packing": tensors.activation("identity"),
    "Padding": shapes.padding,
    "Permute": shapes.permute,
    "PixelShuffle": tensors.pixel_shuffle,
    "Pooling": compute.pooling,
    "Pooling1D": ranks.pooling_1d,
    "Pooling3D": ranks.pooling_3d,
    "Power": tensors.power,
    "PriorBox": tensors.prior_box,
    "Quantize": tensors.rescale,
    "RMSNorm": compute.rms_norm,
    "RNN": products.recurrent("rnn"),
    "ROIAlign": tensors.region,
    "ROIPooling": tensors.region,
    "ReLU": tensors.relu,
    "Reduction": tensors.reduction,
    "Reorg": tensors.reorganise,
    "Requantize": tensors.rescale,
    "Reshape": shapes.reshape,
    "RotaryEmbed": tensors.rotary,
    "SDPA": products.sdpa,
    "SELU": tensors.activation("selu"),
    "Scale": compute.scale,
    "Shrink": tensors.activation("clip"),
    "ShuffleChannel": tensors.shuffle,
    "Sigmoid": tensors.activation("sigmoid"),
    "Slice": shapes.slices,
    "Softmax": tensors.softmax,
    "Softplus": tensors.activation("softplus"),
    "Spectrogram": statistics.spectrogram,
    "Split": tensors.split_reference,
    "Squeeze": shapes.squeeze,
    "StatisticsPooling": statistics.statistics_pooling,
    "Swish": tensors.activation("swish"),
    "TanH": tensors.activation("tanh"),
    "Threshold": tensors.activation("clip"),
    "Tile": shapes.tile,
    "UnaryOp": tensors.unary,
    "Unfold": tensors.unfolded,
    "YoloDetectionOutput": detection.yolo_output,
    "YoloV5Focus": tensors.focus,
    "Yolov3DetectionOutput": detection.yolov3_output,
}

DETECTION_HEADS = {"DetectionOutput", "YoloDetectionOutput", "Yolov3DetectionOutput"}
"""Their hints hold the boxes of one image."""

INT8_SCALE_KEY = {
    **dict.fromkeys(("Convolution", "ConvolutionDepthWise", "InnerProduct", "Deconvolution"), 8),
    **dict.fromkeys(("Gemm", "MultiHeadAttention", "SDPA"), 18),
}
"""Keys that say whether a layer has scales of int8, and so computes in it (ncnn tools/quantize/ncnn2int8.cpp)."""


def read(path: Path, input_size: InputSize, batch: int | None) -> LayerGraph:
    """The network in a ``.param`` file; ``load_ncnn`` says what is asked for."""
    writer = GraphWriter(path.stem, source="ncnn", where=str(path))
    layers = read_param_file(path)
    inputs = [name for layer in layers if layer.type == "Input" for name in layer.outputs]
    input_size = by_name(input_size, inputs)
    Sizes(input_size, batch).check_names(inputs)
    names: set[str] = set()
    for layer in layers:
        with writer.node(layer.name, layer.type, block=".".join(layer.name.split("/")[:-1])):
            if layer.name in names:
                raise InputError("the name is used twice", mend="name every layer once")
            names.add(layer.name)
            given = INT8 if layer.integer(INT8_SCALE_KEY.get(layer.type, -1)) else None
            with writer.multiplying(given, given):
                outputs = _outputs(writer, layer, input_size, batch or 1)
            if input_size is None and layer.type not in DETECTION_HEADS:
                _check_hints(layer, outputs)
            for name, tensor in zip(layer.outputs, outputs, strict=True):
                writer.bind(name, tensor)
    read = {name for layer in layers for name in layer.inputs}
    collected = {name for layer in layers if layer.type == "Noop" for name in layer.inputs}
    ends = [name for layer in layers for name in layer.outputs if name not in read or name in collected]
    writer.hand_out(writer[name] for name in ends if name in writer)
    return writer.finish()


def _outputs(writer: GraphWriter, layer: ParamLayer, input_size: InputSize, batch: int) -> list[Tensor]:
    if layer.type == "Input":
        return [writer.add(L.Input((batch, *_input_shape(layer, input_size, not writer.graph.inputs))))]
    inputs = [writer.tensor(name) for name in layer.inputs]
    if layer.type == "Noop":  # collects the network's outputs; its own blob is never written
        return inputs[:1] * len(layer.outputs)
    if layer.type not in LAYERS:
        return _unknown(writer, layer, inputs)
    made = LAYERS[layer.type](writer, layer, *inputs)
    return made if isinstance(made, list) else [made] * len(layer.outputs)


def _input_shape(layer: ParamLayer, input_size: InputSize, is_first: bool) -> tuple[int, ...]:
    """The size asked for is the first input's; others of as many dimensions take it but for their channels."""
    shape = tuple(size for key in (2, 11, 1, 0) if (size := layer.integer(key)))
    if isinstance(input_size, Mapping):
        input_size = input_size.get(next(iter(layer.outputs), ""))
        is_first = True
    input_size = None if input_size is None else tuple(input_size)
    if input_size is not None and (is_first or not shape):
        return input_size
    if input_size is not None and len(shape) == len(input_size):
        return (shape[0], *input_size[1:])
    if not shape:
        raise InputError("the input has no size", mend="give one: --input-size 3x224x224")
    if min(shape) < 0:
        raise InputError(f"the input has a negative size {shape}", mend="give one: --input-size 3x224x224")
    return shape


def _unknown(writer: GraphWriter, layer: ParamLayer, inputs: list[Tensor]) -> list[Tensor]:
    """Its outputs are as the hints say, or like its first input."""
    if not inputs:
        raise InputError("an unknown layer type without inputs", mend="costsim cannot cost this layer; remove it")
    hints = layer.shape_hints()
    if not hints:
        writer.note(f"{layer.type}: the output is taken to have the shape of its input")
    shapes = [(inputs[0].shape[0], *hint) for hint in hints] or [inputs[0].shape] * len(layer.outputs)
    return [writer.unknown(layer.type, inputs, shape) for shape in shapes]


def _check_hints(layer: ParamLayer, outputs: list[Tensor]) -> None:
    for hint, tensor in zip(layer.shape_hints(), outputs, strict=False):
        if _without_ones(hint) != _without_ones(tensor.shape[1:]):
            raise InputError(
                f"the file says its output is {'x'.join(map(str, hint))}, "
                f"inferred {'x'.join(map(str, tensor.shape[1:]))}",
                mend="the shape hints and the layers contradict each other; export it again",
            )


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A vector of c values and a map of c x 1 x 1 are the same blob in ncnn."""
    return tuple(d for d in shape if d != 1)
