"""Forms of a network that must compute the same: helpers to make the other form."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from costsim.graph.layers import BatchNorm
from costsim.reference.module import Companion


def fold_batch_norms(module: Companion) -> Companion:
    """A copy in which every batch norm behind a layer it alone reads is folded into that layer.

    The folded batch norms stay as identities, the layers in front of them gain a bias.
    """
    folded = deepcopy(module)
    for node in folded.graph:
        if not isinstance(node.layer, BatchNorm):
            continue
        (producer,) = node.inputs
        if len(folded.graph.consumers(producer)) == 1:
            fused = _fused(folded.steps[producer], folded.steps[node.name], len(node.shape))
            if fused is not None:
                _replace(folded, producer, fused)
                _replace(folded, node.name, nn.Identity())
    return folded


def _fused(layer: nn.Module, norm: Any, rank: int) -> nn.Module | None:
    """``layer`` with ``norm`` folded in, or None where it cannot be."""
    match layer:
        case nn.Conv2d():
            return fuse_conv_bn_eval(layer, norm)
        case nn.ConvTranspose2d(groups=1):  # torch folds into transposed weights of one group only
            return fuse_conv_bn_eval(layer, norm, transpose=True)
        case nn.Linear() if rank == 2:  # else its features are not the norm's channels
            return fuse_linear_bn_eval(layer, norm)
        case nn.Sequential() if isinstance(layer[-1], nn.Conv2d):
            return nn.Sequential(layer[0], fuse_conv_bn_eval(layer[-1], norm))
    return None


def _replace(module: Companion, name: str, step: nn.Module) -> None:
    path = next(path for path, child in module.named_modules() if child is module.steps[name])
    module.set_submodule(path, step)
    module.steps[name] = step


_KEPT = ("kernel_size", "stride", "padding", "dilation", "padding_mode")


def dense_twin(
    conv: nn.Conv2d, *, gather: Tensor | None = None, scatter: tuple[Tensor, int] | None = None
) -> nn.Conv2d:
    """The dense convolution that computes what a grouped one does, with zeros between the groups.

    Args:
        conv: a convolution of any number of groups.
        gather: indices of the channels an index layer in front of it selects (CondenseNet).
        scatter: for an index layer behind it, the output channel each of its outputs is added
            into, and how many there are (the sparse feature reactivation of CondenseNetV2).
    """
    per_group_out, per_group_in = conv.out_channels // conv.groups, conv.in_channels // conv.groups
    dense = conv.weight.new_zeros(conv.out_channels, conv.in_channels, *conv.kernel_size)
    for group in range(conv.groups):
        rows = slice(group * per_group_out, (group + 1) * per_group_out)
        columns = slice(group * per_group_in, (group + 1) * per_group_in)
        dense[rows, columns] = conv.weight.detach()[rows]
    bias = None if conv.bias is None else conv.bias.detach()
    if gather is not None:
        width = int(gather.max()) + 1
        dense = dense.new_zeros(dense.shape[0], width, *conv.kernel_size).index_add(1, gather, dense)
    if scatter is not None:
        index, channels = scatter
        dense = dense.new_zeros(channels, *dense.shape[1:]).index_add(0, index, dense)
        bias = None if bias is None else bias.new_zeros(channels).index_add(0, index, bias)
    options: dict[str, Any] = {name: getattr(conv, name) for name in _KEPT}
    twin = nn.Conv2d(dense.shape[1], dense.shape[0], bias=bias is not None, **options)
    twin.weight = nn.Parameter(dense)
    twin.bias = None if bias is None else nn.Parameter(bias)
    return twin


def largest_difference(a: Tensor, b: Tensor) -> float:
    """The largest absolute difference, relative to the largest magnitude of either."""
    a, b = a.detach(), b.detach()
    scale = torch.maximum(a.abs().max(), b.abs().max()).clamp_min(torch.finfo(a.dtype).tiny)
    return float((a - b).abs().max() / scale)
