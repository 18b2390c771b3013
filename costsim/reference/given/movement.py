"""What a file says of pooling, padding, enlarging and picking, where a layer says only how much of it there is."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from costsim.graph import layers as L
from costsim.graph.layergraph import Held
from costsim.reference.given.source import NotTold, Source
from costsim.reference.layers.function import Function

REDUCED = (
    *("mean", "sum", "amax", "max", "amin", "min", "prod"),
    *("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"),
)
"""Ops that compute what the layer's own word says."""


def pool(module: nn.Module, source: Source) -> nn.Module:
    """Windows that leave pixels out, and averages over what is no pixel."""
    layer: L.Pool2d = source.node.layer  # type: ignore[assignment]
    if "adaptive" in source.op:
        return _adaptive(module, layer, source)
    dilation = source.get("dilation", "dilations", default=1)
    if any(d != 1 for d in ([dilation] if isinstance(dilation, int) else dilation)):
        raise NotTold("a pooling whose windows have holes")
    if source.get("divisor_override") or source.op == "LpPool":
        raise NotTold(f"stands for {source.op}")
    if layer.function == "max":
        return module
    counted = bool(source.get("count_include_pad", default=source.op != "AveragePool"))
    if isinstance(module, nn.AvgPool2d):
        module.count_include_pad = counted
        return module
    if counted:
        return module
    return Function(lambda x: module(x) / module(torch.ones_like(x)), "average of pixels")


def _adaptive(module: nn.Module, layer: L.Pool2d, source: Source) -> nn.Module:
    (kernel_h, kernel_w), (stride_h, stride_w) = layer.kernel, layer.stride
    if (kernel_h, kernel_w) != (stride_h, stride_w):
        raise NotTold("windows of one size stand in for those of several")
    return module


def global_pool(module: nn.Module, source: Source) -> nn.Module:
    if source.op == "GlobalLpPool":
        raise NotTold("stands for GlobalLpPool")
    return module


def reduce(module: nn.Module, source: Source) -> nn.Module:
    """Means, sums and extremes as they are; norms and spreads cost what a sum or a mean does."""
    layer: L.Reduce = source.node.layer  # type: ignore[assignment]
    over = {"dim": layer.axes, "keepdim": layer.keepdims}
    if source.op in ("linalg_vector_norm", "ReduceL2"):
        order = source.number("ord", default=2.0)
        return Function(lambda x: torch.linalg.vector_norm(x, order, **over), "norm")
    if source.op in ("var", "std"):
        function, correction = getattr(torch, source.op), source.get("correction", default=1)
        return Function(lambda x: function(x, correction=correction, **over), source.op)
    source.only(*REDUCED)
    return module


def upsample(module: nn.Module, source: Source) -> nn.Module:
    """Where pixels of the larger map lie between those of the smaller one."""
    layer: L.Upsample = source.node.layer  # type: ignore[assignment]
    if source.op.startswith("adaptive_"):
        raise NotTold(f"stands for {source.op}, whose cells may overlap")
    size, corners = source.shape[2:], bool(source.get("align_corners", default=False))
    if source.op in ("Resize", "Upsample"):
        placed = source.get("coordinate_transformation_mode", default="half_pixel")
        if source.op == "Upsample" or placed == "asymmetric":
            placed = "asymmetric" if layer.mode != "nearest" else "half_pixel"
        if placed not in ("half_pixel", "pytorch_half_pixel", "align_corners"):
            raise NotTold(f"coordinates that are {placed}")
        corners = placed == "align_corners"
    if layer.mode == "nearest":
        return Function(lambda x: F.interpolate(x, size=size, mode="nearest"), "nearest")
    return Function(lambda x: F.interpolate(x, size=size, mode=layer.mode, align_corners=corners), layer.mode)


def pad(module: nn.Module, source: Source) -> nn.Module:
    """Constants, reflections and replications cost the same."""
    layer: L.Pad = source.node.layer  # type: ignore[assignment]
    mode = str(source.get("mode", default="constant"))
    named = {"reflection_pad2d": "reflect", "replication_pad2d": "replicate", "edge": "replicate"}
    mode = named.get(source.op, named.get(mode, mode))
    value = source.input(2) if source.op == "Pad" else source.get("value", default=0.0)
    number = source.value(value).item() if isinstance(value, Held) else float(value or 0.0)
    top, bottom, left, right = layer.sides_of(source.node.placed.inputs[0])
    sides = (left, right, top, bottom)
    if mode == "constant":
        return Function(lambda x: F.pad(x, (*sides, *layer.channels), value=number), "pad")
    if mode not in ("reflect", "replicate") or any(layer.channels):
        raise NotTold(f"a padding that is {mode}")
    return Function(lambda x: F.pad(x, sides, mode=mode), mode)


def index_select(module: Any, source: Source) -> nn.Module:
    """Which of the rows, where the layer says only how many."""
    layer: L.IndexSelect = source.node.layer  # type: ignore[assignment]
    length = source.node.placed.inputs[0][layer.axis]
    if source.op == "flip":
        module.index = torch.arange(length).flip(0)
    elif source.op == "roll":
        shifts, dims = source.get("shifts"), source.get("dims")
        module.index = torch.arange(length).roll(int(shifts[source.before] if len(dims) > 1 else shifts[0]))
    else:
        module.index = _indices(source).reshape(-1).long() % length
    if module.index.numel() != layer.count:
        raise NotTold(f"{module.index.numel()} rows are picked, the layer has {layer.count}")
    return module


def _indices(source: Source) -> Tensor:
    source.only("index_select", "embedding", "index", "Gather")
    told = source.input(1) if source.op == "Gather" else source.get("index", "indices")
    if isinstance(told, (list, tuple)) and not isinstance(told, Held):
        told = next((index for index in told if isinstance(index, Held)), None)
    if not isinstance(told, Held):
        raise NotTold("picks rows that nobody named")
    return source.value(told)


def scatter_add(module: Any, source: Source) -> nn.Module:
    source.only("index_add")
    index = source.value(source.get("index"))
    channels = source.shape[1]
    return Function(
        lambda x: torch.index_add(x.new_zeros(x.shape[0], channels, *x.shape[2:]), 1, index, x), "scatter add"
    )


def depth_to_space(module: nn.Module, source: Source) -> nn.Module:
    """ONNX counts the channels of a block first or last; torch last."""
    if source.op == "SpaceToDepth" or (source.op == "DepthToSpace" and source.get("mode", default="DCR") != "CRD"):
        raise NotTold("channels in another order than torch's")
    return module


def constant(module: nn.Module, source: Source) -> nn.Module:
    """The stored tensor of this shape among the call's arguments."""
    fitting = [tensor for tensor in source.stored if tuple(tensor.shape) == source.shape]
    if len(fitting) != 1:
        raise NotTold(f"{len(fitting)} stored tensors could be this one")
    value = fitting[0]
    return Function(lambda: value, "stored")
