"""ATen ops with weights or windows, and recurrence."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.graph.layers.recurrent import GATES
from costsim.importers import norms, pieces, unfold
from costsim.importers.pieces import same_padding
from costsim.importers.torch.call import Call
from costsim.importers.writer import Stored, Value


def conv(call: Call) -> Tensor:
    """All convolutions: conv1d, conv2d, their transposed forms, and the general one."""
    x, weight = call.tensor("input"), call["weight"]
    rank = len(weight.shape) - 2
    x, unbatched = _batched(call, x, rank)
    y = _conv(call, x, weight, rank)
    return pieces.reshaped(call.writer, y, y.shape[1:]) if unbatched else y


def _conv(call: Call, x: Tensor, weight: Value, rank: int) -> Tensor:
    stride, dilation = call.per_axis("stride", rank), call.per_axis("dilation", rank)
    groups, bias = int(call["groups"]), call.get("bias") is not None
    transposing = call.op.startswith("conv_transpose") or bool(call.get("transposed"))
    before, after = _conv_padding(call, x, weight, stride, dilation)
    if rank > 2 or not isinstance(weight, Stored) or isinstance(call.get("bias"), Tensor):
        way = unfold.transposed if transposing else unfold.convolved
        output = call.shape if len(call.shape) == rank + 2 else (1, *call.shape)
        return way(call.writer, x, weight, call.get("bias"), groups, output)
    return pieces.convolved(
        call.writer,
        x,
        weight,
        stride=stride,
        padding=(before, after),
        dilation=dilation,
        groups=groups,
        bias=bias,
        output_padding=call.per_axis("output_padding", rank) if transposing else None,
    )


def _conv_padding(
    call: Call, x: Tensor, weight: Value, stride: list[int], dilation: list[int]
) -> tuple[list[int], list[int]]:
    rank = len(weight.shape) - 2
    if call["padding"] == "valid":
        return [0] * rank, [0] * rank
    if call["padding"] == "same":
        axes = zip(x.shape[2:], weight.shape[2:], stride, dilation, strict=True)
        both = [same_padding(*axis) for axis in axes]
        return [before for before, _ in both], [after for _, after in both]
    padding = call.per_axis("padding", rank)
    return padding, padding


def batch_norm(call: Call) -> Any:
    """Also the decomposed forms, which answer with statistics beside the result."""
    x = call.tensor("input")
    weights = [call["weight"], call["bias"]]
    if isinstance(weights[0], Tensor):
        y = norms.channels_scaled(call.writer, call.writer.add(L.GroupNorm(x.shape[1], affine=False), x), weights)
    else:
        y = call.writer.add(L.GroupNorm(x.shape[1], affine=False) if weights[0] is None else L.BatchNorm(), x)
    learning = call.op.endswith("functional")  # its statistics are kept for later, and read by nothing here
    further = [Stored(shape, trainable=False, parameters={}) if learning else None for shape in call.shapes[1:]]
    return [y, *further] if further else y


def layer_norm(call: Call) -> Any:
    weights = [call.get("weight"), call.get("bias")]
    y = norms.layer_normed(call.writer, call.tensor("input"), len(call["normalized_shape"]), weights)
    return [y, None, None] if call.op.startswith("native") else y


def rms_norm(call: Call) -> Any:
    """Divided by the root mean square, perhaps with a scale; no mean is taken."""
    y = norms.rms_normed(call.writer, call.tensor("input"), len(call["normalized_shape"]), call.get("weight"))
    return [y, None] if call.op.startswith("_fused") else y


def group_norm(call: Call) -> Any:
    groups = call.get("num_groups") or call.get("group")
    y = call.writer.add(L.GroupNorm(groups, affine=call.get("weight") is not None), call.tensor("input"))
    return [y, None, None] if call.op.startswith("native") else y


def instance_norm(call: Call) -> Tensor:
    x = call.tensor("input")
    return call.writer.add(L.GroupNorm(x.shape[1], affine=call.get("weight") is not None), x)


def pool(call: Call) -> Any:
    """Maximum and average pooling over one, two or three dimensions."""
    x = call.tensor()
    rank = next(rank for rank in (1, 2, 3) if f"{rank}d" in call.op)
    kernel = call.per_axis("kernel_size", rank)
    stride = call.per_axis("stride", rank) if call["stride"] else kernel
    padding, dilation = call.per_axis("padding", rank), call.get("dilation", 1)
    dilation = list(dilation) if isinstance(dilation, (list, tuple)) else [dilation]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation * (rank // len(dilation)), strict=True)]
    function = "max" if call.op.startswith("max") else "avg"
    x, unbatched = _batched(call, x, rank)
    if rank > 2:
        y = unfold.pooled(call.writer, x, function, kernel, (*x.shape[:2], *call.shape[-rank:]))
    else:
        y = pieces.pooled(call.writer, x, function, reach, stride, (padding, padding), bool(call["ceil_mode"]))
    y = pieces.reshaped(call.writer, y, y.shape[1:]) if unbatched else y
    return [y, y] if len(call.shapes) > 1 else y  # places, as many as values


def fractional_pool(call: Call) -> Any:
    """Maxima over windows at random places."""
    rank = 3 if call.op.endswith("3d") else 2
    x, unbatched = _batched(call, call.tensor("self"), rank)
    size = (*x.shape[:2], *call.shape[-rank:])
    y = unfold.pooled(call.writer, x, "max", call.per_axis("kernel_size", rank), size)
    y = pieces.reshaped(call.writer, y, y.shape[1:]) if unbatched else y
    return [y, y]  # places, as many as values


def windows(call: Call) -> Tensor:
    """im2col: what a window reads at every position, (n, channels * taps, positions)."""
    x, _ = _batched(call, call.tensor("self"), 2)
    taps, positions = prod(call.per_axis("kernel_size", 2)), call.shape[-1]
    return pieces.reshaped(call.writer, unfold.windows(call.writer, x, taps, positions), call.shape, part="columns")


def windows_summed(call: Call) -> Tensor:
    """col2im: windows added back into a map."""
    return unfold.windows_summed(call.writer, call.tensor("self"), call.shape)


def _batched(call: Call, x: Tensor, rank: int) -> tuple[Tensor, bool]:
    unbatched = len(x.shape) == rank + 1
    return (pieces.reshaped(call.writer, x, (1, *x.shape)) if unbatched else x), unbatched


def adaptive_pool(call: Call) -> Any:
    """Pooling to a given size, over one, two or three dimensions."""
    rank = next(rank for rank in (1, 2, 3) if f"{rank}d" in call.op)
    x, unbatched = _batched(call, call.tensor(), rank)
    function = "max" if "max" in call.op else "avg"
    size = call.shape[-rank:]
    if rank < 3:
        y = pieces.adaptive_pool(call.writer, x, function, size)
    elif all(length == 1 for length in size):
        y = pieces.reduced(call.writer, x, "mean" if function == "avg" else "max", [2, 3, 4], keepdims=True)
    else:  # windows of the length the largest has
        kernel = [-(-n // out) for out, n in zip(size, x.shape[2:], strict=True)]
        y = unfold.pooled(call.writer, x, function, kernel, (*x.shape[:2], *size))
    y = pieces.reshaped(call.writer, y, y.shape[1:]) if unbatched else y
    return [y, y] if len(call.shapes) > 1 else y  # places, as many as values


def deformable(call: Call) -> Tensor:
    """Torchvision's deformable convolution, with a mask if it uses one."""
    masked = bool(call.get("use_mask", True)) and call.get("mask") is not None
    read = [call.tensor("offset"), *([call.tensor("mask")] if masked else [])]
    groups = call.tensor("input").shape[1] // call["weight"].shape[1]
    bias = call.get("bias")
    return unfold.deformed(call.writer, call.tensor("input"), call["weight"], read, bias, groups, call.shape)


def grid_sample(call: Call) -> Tensor:
    """Samples of a map or a volume at computed places."""
    nearest = call.get("interpolation_mode", 0) == 1
    return unfold.sampled(call.writer, call.op, call.tensor("input"), call.tensor("grid"), nearest)


def roi_align(call: Call) -> Tensor:
    rois, _, height, width = call.shape
    return pieces.roi_aligned(
        call.writer, call.tensor("input"), rois, (height, width), int(call.get("sampling_ratio", 0))
    )


def recurrent(call: Call) -> list[Any]:
    """lstm, gru and rnn over a sequence: one layer of the graph for each of torch's, then the last states if read."""
    writer, x, weights = call.writer, call.tensor("input"), call["params"]
    bias, directions = bool(call["has_biases"]), 2 if call["bidirectional"] else 1
    cell, time_first, layers = call.op.split("_")[0], not call["batch_first"], int(call["num_layers"])
    hidden, width = weights[1].shape[0] // GATES[cell], weights[1].shape[1]
    projected = width if len(weights) > layers * directions * (4 if bias else 2) else 0
    unbatched = len(x.shape) == 2
    x = pieces.reshaped(writer, x, (x.shape[0], 1, x.shape[1]) if time_first else (1, *x.shape)) if unbatched else x
    every = []
    for _ in range(layers):
        x = writer.add(L.Recurrent(hidden, cell, directions == 2, bias, time_first, projected), x)
        every.append(x)

    def last(shape: tuple[int, ...]) -> Tensor:
        """(layers * directions, n, width) from the last step of every layer."""
        axis, states = 0 if time_first else 1, []
        for y in every:
            state = pieces.sliced(writer, y, axis, y.shape[axis] - 1, None)
            states.append(pieces.reshaped(writer, state, (directions, y.shape[1 - axis], width), part="state"))
        joined = pieces.joined(writer, states, 0)
        if shape[-1] != width:  # the cells are wider than the projected states
            joined = writer.add(L.IndexSelect(shape[-1], 2), joined, part="cells")
        return pieces.reshaped(writer, joined, shape, part="state")

    y = pieces.reshaped(writer, x, call.shapes[0], part="unbatched") if unbatched else x
    return [y, *(partial(last, shape) for shape in call.shapes[1:])]
