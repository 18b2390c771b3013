"""Pooling and reductions in torch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from costsim.errors import unknown_name
from costsim.graph import layers as L
from costsim.graph.layers import Shape
from costsim.reference.layers.function import Builder, Function, padding_op

POOLS: dict[str, Callable[..., nn.Module]] = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}
GLOBAL_POOLS = {"max": nn.AdaptiveMaxPool2d, "avg": nn.AdaptiveAvgPool2d}


def _product(x: Tensor, dim: tuple[int, ...], keepdim: bool) -> Tensor:
    """Torch multiplies along one axis at a time."""
    for axis in sorted((axis % x.dim() for axis in dim), reverse=True):
        x = x.prod(axis, keepdim=keepdim)
    return x


REDUCTIONS: dict[str, Callable[..., Tensor]] = {
    "mean": torch.mean,
    "sum": torch.sum,
    "max": torch.amax,
    "min": torch.amin,
    "prod": _product,
}


def pool(layer: L.Pool2d, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    """Averages count the padding, torch's default.

    Torch pads both ends of an axis equally and by half a kernel at most. Any other padding becomes
    an op of its own, which leaves exactly the pixels that the layer's windows see.
    """
    if layer.function not in POOLS:
        raise unknown_name("pooling function", layer.function, POOLS)
    make = POOLS[layer.function]
    top, bottom, left, right = layer.padding
    (kernel_h, kernel_w), (stride_h, stride_w) = layer.kernel, layer.stride
    if 0 <= top == bottom <= kernel_h // 2 and 0 <= left == right <= kernel_w // 2:
        return make(layer.kernel, layer.stride, padding=(top, left), ceil_mode=layer.ceil_mode)
    _, _, h, w = inputs[0]
    _, _, h_out, w_out = output
    seen_h, seen_w = (h_out - 1) * stride_h + kernel_h, (w_out - 1) * stride_w + kernel_w
    padding = (top, seen_h - h - top, left, seen_w - w - left)
    outside = float("-inf") if layer.function == "max" else 0.0
    return nn.Sequential(padding_op(padding, value=outside), make(layer.kernel, layer.stride))


def global_pool(layer: L.GlobalPool, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    if layer.function not in GLOBAL_POOLS:
        raise unknown_name("pooling function", layer.function, GLOBAL_POOLS)
    return GLOBAL_POOLS[layer.function](1)


def reduce(layer: L.Reduce, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    if layer.function not in REDUCTIONS:
        raise unknown_name("reduction", layer.function, REDUCTIONS)
    function = REDUCTIONS[layer.function]
    return Function(
        lambda x: function(x, dim=layer.axes, keepdim=layer.keepdims), f"reduce {layer.function} {layer.axes}"
    )


class RoiAlign(nn.Module):
    """Regions at random places; every sample falls on a pixel, so nothing is left to interpolate."""

    def __init__(self, layer: L.RoiAlign, levels: tuple[Shape, ...]) -> None:
        super().__init__()
        self.layer = layer
        rois = [layer.rois // len(levels) + (i < layer.rois % len(levels)) for i in range(len(levels))]
        for level, ((_, _, h, w), count) in enumerate(zip(levels, rois, strict=True)):
            index = torch.randint(h * w, (count, layer.size, layer.size, layer.samples))
            self.register_buffer(f"level{level}", index)

    def forward(self, *levels: Tensor) -> Tensor:
        indices = (getattr(self, f"level{i}") for i in range(len(levels)))
        return torch.cat([self._cut(x, index) for x, index in zip(levels, indices, strict=True)], dim=1).flatten(0, 1)

    def _cut(self, x: Tensor, index: Tensor) -> Tensor:
        """The regions of one level: ``(n, rois, c_out, size, size)``."""
        n, c, _, _ = x.shape
        rois, size = index.shape[0], self.layer.size
        if not self.layer.position_sensitive:
            cut = x.flatten(2)[:, :, index.flatten()].view(n, c, *index.shape)
            return cut.mean(-1).transpose(1, 2)
        cells = x.reshape(n, c // size**2, size**2, -1)  # what it reads may be a view itself
        places = index.flatten(1, 2)
        cut = torch.stack([cells[:, :, i, places[:, i]].mean(-1) for i in range(size**2)], dim=-1)
        return cut.view(n, c // size**2, rois, size, size).transpose(1, 2)


def roi_align(layer: L.RoiAlign, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return RoiAlign(layer, inputs)


BUILDERS: dict[type[L.Layer], Builder] = {
    L.Pool2d: pool,
    L.GlobalPool: global_pool,
    L.Reduce: reduce,
    L.RoiAlign: roi_align,
}
