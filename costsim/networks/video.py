"""Frames of one clip as the first dimension: shifts in time (arXiv 1811.08383), 3-D convolutions (arXiv 1711.11248)."""

from __future__ import annotations

from costsim.graph import NetBuilder, Tensor
from costsim.graph.layers import Concat, Constant, Reduce, Slice


def shifted(net: NetBuilder, x: Tensor, by: int) -> Tensor:
    """Every frame the one ``by`` frames later, or before where it is negative; zeros beyond the ends of the clip."""
    if not by:
        return x
    zeros = net.add(Constant((min(abs(by), x.shape[0]), *x.shape[1:]), trainable=False), name="zeros")
    if abs(by) >= x.shape[0]:
        return zeros
    if by > 0:
        return net.add(Concat(0), net.add(Slice(by, None, 0), x), zeros)
    return net.add(Concat(0), zeros, net.add(Slice(0, x.shape[0] + by, 0), x))


def conv_3d(
    net: NetBuilder, x: Tensor, c_out: int, kernel: int = 3, *, depth: int = 3, stride: int = 1, skip: int = 1
) -> Tensor:
    """A convolution over ``depth`` frames and square kernels, as one in the plane over the channels of neighbours.

    Weights and multiply-accumulates are those of the 3-D convolution; the copies that gather the neighbours are what
    an implementation by matrix products makes. ``skip`` is the stride in time.
    """
    taps = [shifted(net, x, tap - depth // 2) for tap in range(depth)]
    if skip > 1:
        taps = [net.add(Slice(0, None, 0, skip), tap) for tap in taps]
    return net.conv(net.concat(*taps) if depth > 1 else taps[0], c_out, kernel, stride=stride)


def mean_over_frames(net: NetBuilder, x: Tensor) -> Tensor:
    return net.add(Reduce((0,), "mean"), x)
