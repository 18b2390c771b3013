"""A companion's modules with what a file says of them: weights, indices, and numbers that cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from costsim.graph import layers as L
from costsim.reference.given import compute, elementwise, movement
from costsim.reference.given.source import NotTold, Source

__all__ = ["NotTold", "Source", "given"]

GIVEN: dict[type[L.Layer], Callable[[Any, Source], nn.Module]] = {
    **dict.fromkeys(
        (
            L.ChannelShuffle, L.Concat, L.Dropout, L.Flatten, L.Input, L.MatMul, L.Output, L.Reshape, L.ReshapeLike,
            L.Slice, L.Transpose,
        ),
        compute.as_it_is,
    ),
    L.Activation: elementwise.activation,
    L.Add: elementwise.arithmetic,
    L.Arithmetic: elementwise.arithmetic,
    L.BatchNorm: compute.batch_norm,
    L.Constant: movement.constant,
    L.Conv2d: compute.conv,
    L.ConvTranspose2d: compute.conv,
    L.DepthToSpace: movement.depth_to_space,
    L.GlobalPool: movement.global_pool,
    L.GroupNorm: compute.group_norm,
    L.IndexSelect: movement.index_select,
    L.LRN: elementwise.lrn,
    L.LayerNorm: compute.layer_norm,
    L.RmsNorm: compute.rms_norm,
    L.Linear: compute.linear,
    L.Multiply: elementwise.arithmetic,
    L.Pad: movement.pad,
    L.Pool2d: movement.pool,
    L.Recurrent: compute.recurrent,
    L.Reduce: movement.reduce,
    L.ScatterAdd: movement.scatter_add,
    L.Softmax: elementwise.softmax,
    L.SpaceToDepth: movement.depth_to_space,
    L.Upsample: movement.upsample,
}  # fmt: skip
"""What is not listed stands for more than it says."""


def given(module: nn.Module, source: Source) -> nn.Module:
    """The module of a layer with the values that the calls behind it have.

    Raises:
        NotTold: the layer stands for an op that it does not tell in full; it costs what that costs, no more.
    """
    fill = GIVEN.get(type(source.node.layer))
    if fill is None:
        raise NotTold(f"stands for {source.op or 'an op that nobody named'}")
    return fill(module, source)
