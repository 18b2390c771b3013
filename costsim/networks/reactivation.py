"""Learned group convolution (CondenseNet) and sparse feature reactivation (CondenseNetV2), in both forms.

Both prune a dense 1x1 convolution while training, group by group. *Masked*, it runs as it is
trained: a dense convolution whose pruned weights are zero. *Deployed*, the zeros are gone: a
group convolution remains, and an index layer that puts channels where the pruning left them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costsim.graph import NetBuilder, Tensor
from costsim.graph.layers import ChannelShuffle, Dim, IndexSelect, ScatterAdd


@dataclass(frozen=True)
class Pruning:
    """How a 1x1 convolution is pruned and how it is executed."""

    groups: Any = 1
    """G: groups its weights are pruned in."""
    factor: Any = 1
    """C (condensation) or S (sparsity): each group keeps one in ``factor`` of its weights."""
    masked: bool = False
    """Run the training-time form."""
    index_matmul: bool = False
    """Run the index layer of a reactivation as a dense product with a 0/1 matrix."""


def learned_group_conv(net: NetBuilder, x: Tensor, c_out: Dim, pruning: Pruning, act: str = "relu") -> Tensor:
    """Batch norm, activation, 1x1 convolution, and the shuffle that undoes the grouping of outputs.

    Deployed, each of the G groups selects the ``c_in / C`` channels it kept before them.
    """
    if not pruning.masked:
        x = net.add(IndexSelect(x.c // pruning.factor * pruning.groups), x)
    y = net.conv(net.act(net.bn(x), act), c_out, 1, groups=1 if pruning.masked else pruning.groups)
    return net.shuffle(y, pruning.groups)


def reactivate(net: NetBuilder, x: Tensor, c_out: Dim, pruning: Pruning, act: str = "relu") -> Tensor:
    """New features to an update of ``c_out`` old ones: each input group writes ``c_out / S`` of them.

    Deployed, the group convolution gives ``c_out * G / S`` maps and the index layer adds those
    with the same target; a following batch norm starts at zero, so training begins without it.
    """
    with net.block("reactivation"):
        x = net.add(ChannelShuffle(x.c // pruning.groups), x)  # back to the order of the groups
        if pruning.masked:
            y = net.conv(x, c_out, 1)
        else:
            y = net.conv(x, c_out // pruning.factor * pruning.groups, 1, groups=pruning.groups)
            y = net.add(ScatterAdd(c_out, as_matmul=pruning.index_matmul), y)
        return y
