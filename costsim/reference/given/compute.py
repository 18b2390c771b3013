"""Weights of a file in the companion's convolutions, fully connected layers, normalisations and recurrences."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from costsim.graph import layers as L
from costsim.reference.given.source import NotTold, Source
from costsim.reference.layers.compute import Sequence

ROWS_ARE_OUTPUTS = ("linear",)
"""Ops whose matrix is (out, in); of others it is (in, out), unless an attribute turns it."""


def put(parameter: Any, values: Tensor) -> None:
    """Write values of the same number over a parameter.

    Raises:
        NotTold: there are more or fewer.
    """
    if parameter.numel() != values.numel():
        raise NotTold(f"a weight of {tuple(values.shape)} in the place of {tuple(parameter.shape)}")
    with torch.no_grad():
        parameter.copy_(values.reshape(parameter.shape).to(parameter.dtype))


def conv(module: nn.Module, source: Source) -> nn.Module:
    """Weight, then bias; the bias of a chain is what is added behind it."""
    inner: Any = next(m for m in module.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)))
    weight, *bias = source.weights(2 if inner.bias is not None else 1)
    put(inner.weight, weight)
    if bias:
        put(inner.bias, bias[0])
    return module


def linear(module: Any, source: Source) -> nn.Module:
    call = source.calls[0]
    stored = list(source.weights(2 if module.bias is not None else 1))
    matrix = stored.pop(0 if call.op != "addmm" or len(stored) == 1 else 1)  # addmm tells the bias first
    turned = call.op in ROWS_ARE_OUTPUTS or bool(call.arguments.get("transB"))
    alpha, beta = source.number("alpha", default=1.0), source.number("beta", default=1.0)
    put(module.weight, alpha * (matrix if turned else matrix.reshape(module.weight.shape[::-1]).T))
    if stored:
        put(module.bias, (beta if call.op in ("Gemm", "addmm") else 1.0) * stored[0])
    return module


def batch_norm(module: Any, source: Source) -> nn.Module:
    """Scale, shift, mean, variance; a scale and shift behind them, as Caffe has it, are multiplied in."""
    scale, shift, mean, variance, *more = source.weights(4, 6)
    if more:
        scale, shift = scale * more[0].reshape(-1), shift * more[0].reshape(-1) + more[1].reshape(-1)
    for name, values in zip(
        ("weight", "bias", "running_mean", "running_var"), (scale, shift, mean, variance), strict=True
    ):
        put(getattr(module, name), values)
    module.eps = source.number("eps", "epsilon", default=1e-5)
    return module


def group_norm(module: Any, source: Source) -> nn.Module:
    source.only("group_norm", "native_group_norm", "instance_norm", "GroupNormalization", "InstanceNormalization")
    scale_and_shift = source.stored[:2]
    if module.affine:
        if len(scale_and_shift) < 2:
            raise NotTold(f"{source.op} has no scale and shift")
        put(module.weight, scale_and_shift[0])
        put(module.bias, scale_and_shift[1])
    module.eps = source.number("eps", "epsilon", default=1e-5)
    return module


def layer_norm(module: Any, source: Source) -> nn.Module:
    """Of a chain of small ops, the one number that is added is epsilon, and the vectors are scale and shift."""
    if len(source.calls) == 1:
        source.only("layer_norm", "native_layer_norm", "LayerNormalization")
        module.eps = source.number("eps", "epsilon", default=1e-5)
    else:
        module.eps = source.scalar("add", "Add")
    vectors = [tensor for tensor in source.stored if tensor.numel() == source.shape[-1] > 1]
    if module.elementwise_affine:
        if len(vectors) != 2:
            raise NotTold(f"a normalisation of {len(vectors)} vectors")
        put(module.weight, vectors[0])
        put(module.bias, vectors[1])
    return module


def rms_norm(module: Any, source: Source) -> nn.Module:
    source.only("rms_norm", "_fused_rms_norm", "RMSNormalization", "SimplifiedLayerNormalization")
    module.eps = source.number("eps", "epsilon", default=1e-5)
    if module.elementwise_affine:
        put(module.weight, source.weights(1)[0])
    return module


def recurrent(module: Any, source: Source) -> nn.Module:
    """The weights of one of the layers of torch's own call, in torch's order."""
    source.only("lstm", "gru", "rnn_tanh")
    assert isinstance(module, Sequence)
    layer: L.Recurrent = source.node.layer  # type: ignore[assignment]
    each = (4 if layer.bias else 2) * (2 if layer.bidirectional else 1)
    params = source.get("params")
    if not params or any(bool(source.value(state).any()) for state in _states(source)):
        raise NotTold("starts from states that the graph does not have")
    own = module.module._flat_weights
    for parameter, held in zip(own, params[source.before * each :], strict=False):
        put(parameter, source.value(held))
    return module


def _states(source: Source) -> list[Any]:
    states = source.get("hx", default=())
    return list(states) if isinstance(states, (list, tuple)) and not hasattr(states, "name") else [states]


def as_it_is(module: nn.Module, source: Source) -> nn.Module:
    """The layer says all there is to say."""
    return module
