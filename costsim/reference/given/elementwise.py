"""Numbers of a file in the companion's activations and element-wise arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from costsim.graph import layers as L
from costsim.graph.layergraph import Held
from costsim.reference.given.compute import put
from costsim.reference.given.source import NotTold, Source
from costsim.reference.layers.function import Function

SAME = {
    "silu": "swish", "quickgelu": "swish", "hardswish": "hard_swish", "hardsigmoid": "hard_sigmoid", "clamp": "clip",
    "hardtanh": "clip", "clamp_min": "clip", "clamp_max": "clip", "leakyrelu": "leaky_relu", "_prelu_kernel": "prelu",
    "pow": "square", "biasgelu": "gelu", "fastgelu": "gelu",
}  # fmt: skip
"""Words of files for activations that the graph calls otherwise."""

FOLDS: dict[str, Callable[..., Tensor]] = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow,
    "maximum": torch.maximum, "minimum": torch.minimum, "max": torch.maximum, "min": torch.minimum, "sum": torch.add,
}  # fmt: skip
"""Arithmetic whose op says which it is."""


def activation(module: nn.Module, source: Source) -> nn.Module:
    layer: L.Activation = source.node.layer  # type: ignore[assignment]
    function, op = layer.function, source.calls[-1].op.lower()
    if len(source.calls) > 1:  # a chain that a pattern knows has the usual numbers
        return module
    if function in ("relu", "relu6") and op in ("clamp", "hardtanh", "clip", "clamp_min"):
        return module
    if function == "leaky_relu":
        return Function(lambda x: F.leaky_relu(x, _slope(source)), "leaky_relu")
    if SAME.get(op, op) != function and not (op == "pow" and function in ("sqrt", "rsqrt", "reciprocal")):
        raise NotTold(f"{function} stands for {source.op}")
    return _WITH_NUMBERS[function](module, source) if function in _WITH_NUMBERS else module


def _slope(source: Source) -> float:
    if source.stored:  # PReLU with one slope for all channels
        return float(source.weights(1)[0].reshape(-1)[0])
    return source.number("negative_slope", "alpha", default=0.01)


def _prelu(module: Any, source: Source) -> nn.Module:
    put(module.weight, source.weights(1)[0])
    return module


def _clip(module: nn.Module, source: Source) -> nn.Module:
    bounds = [source.get(*names) for names in (("min", "min_val"), ("max", "max_val"))]
    if source.op == "Clip" and not any(bound is not None for bound in bounds):
        bounds = [source.input(1), source.input(2)]
    low, high = (source.value(b).item() if isinstance(b, Held) else b for b in bounds)
    return Function(lambda x: torch.clamp(x, low, high), "clip")


def _elu(module: nn.Module, source: Source) -> nn.Module:
    alpha = source.number("alpha", default=1.0)
    return Function(lambda x: F.elu(x, alpha), "elu")


def _gelu(module: nn.Module, source: Source) -> nn.Module:
    rounded = "tanh" if source.op == "FastGelu" else str(source.get("approximate", default="none"))
    return nn.GELU(approximate=rounded)


def _hard_sigmoid(module: nn.Module, source: Source) -> nn.Module:
    if source.op != "HardSigmoid":
        return module
    alpha, beta = source.number("alpha", default=0.2), source.number("beta", default=0.5)
    return Function(lambda x: torch.clamp(alpha * x + beta, 0.0, 1.0), "hard_sigmoid")


def _swish(module: nn.Module, source: Source) -> nn.Module:
    alpha = source.number("alpha", default=1.702 if source.op == "QuickGelu" else 1.0)
    return Function(lambda x: x * torch.sigmoid(alpha * x), "swish")


_WITH_NUMBERS: dict[str, Callable[[Any, Source], nn.Module]] = {
    "prelu": _prelu, "clip": _clip, "elu": _elu, "gelu": _gelu, "hard_sigmoid": _hard_sigmoid, "swish": _swish,
}  # fmt: skip


def softmax(module: nn.Module, source: Source) -> nn.Module:
    layer: L.Softmax = source.node.layer  # type: ignore[assignment]
    if source.op in ("log_softmax", "_log_softmax", "LogSoftmax"):
        return nn.LogSoftmax(layer.axis)
    source.only("softmax", "_softmax", "Softmax", "scaled_dot_product_attention", "Attention")
    return module


def lrn(module: Any, source: Source) -> nn.Module:
    """One op in ONNX; a chain of pooling, product, sum, power and division in torch."""
    if source.op == "LRN":
        module.alpha, module.beta = source.number("alpha", default=1e-4), source.number("beta", default=0.75)
        module.k = source.number("bias", default=1.0)
    else:
        module.alpha, module.beta = source.scalar("mul", "Mul"), source.scalar("pow", "Pow")
        module.k = source.scalar("add", "Add")
    return module


def arithmetic(module: nn.Module, source: Source) -> nn.Module:
    """The call's own operands in its own order: the layer's tensors, stored ones, and numbers."""
    layer: Any = source.node.layer
    op = source.op.lower()
    if op == "scaled_dot_product_attention":
        return _scaled(source)
    if op == "addcmul":
        return _added_product(source)
    reverse = op == "rsub"
    fold = FOLDS["sub" if reverse else op] if op in FOLDS or reverse else None
    if op in ("layer_norm", "native_layer_norm", "layernormalization"):  # its scale or shift, as a layer of its own
        return _constant(torch.mul if layer.op == "mul" else torch.add, source)
    if len(source.calls) > 1 or fold is None:
        raise NotTold(f"stands for {source.op}")
    operands = _operands(source)
    if reverse:
        operands = operands[::-1]
    if source.number("alpha", default=1.0) != 1.0 or source.get("rounding_mode"):
        raise NotTold(f"{source.op} with a factor or rounding")
    return Function(lambda *tensors: _folded(fold, operands, tensors), op)


def _added_product(source: Source) -> nn.Module:
    operands, factor = _operands(source, ("self", "tensor1", "tensor2")), source.number("value", default=1.0)
    return Function(
        lambda *tensors: _folded(lambda a, b, c: a + factor * b * c, operands, tensors, at_once=True), "addcmul"
    )


def _constant(function: Callable[..., Tensor], source: Source) -> nn.Module:
    stored = source.weights(1, 2)[0 if function is torch.mul else 1]
    return Function(lambda x: function(x, stored), "constant")


def _scaled(source: Source) -> nn.Module:
    """The scale of attention, and the mask that is added to it."""
    mask, causal = source.get("attn_mask"), bool(source.get("is_causal"))
    if source.node.layer.op == "add" or causal:
        if causal or not isinstance(mask, Held) or source.value(mask).dtype == torch.bool:
            raise NotTold("attention with a mask of its own")
        given = source.value(mask)
        return Function(lambda x, *more: x + given, "mask")
    query = source.get("query")
    scale = source.get("scale") or source.value(query).shape[-1] ** -0.5
    return Function(lambda x: x * scale, "scale")


def _operands(source: Source, names: Sequence[str] = ("self", "other", "exponent")) -> list[Any]:
    """Stored tensors and numbers as they are, None where a tensor of the network comes."""
    arguments = source.calls[-1].arguments
    told = arguments["inputs"] if "inputs" in arguments else [arguments.get(name) for name in names]
    found: list[Any] = []
    for operand in told:
        if isinstance(operand, Held):
            found.append(source.value(operand) if operand.stored else None)
        elif isinstance(operand, (int, float)):
            found.append(operand)
    return found


def _folded(
    function: Callable[..., Tensor], operands: Sequence[Any], tensors: Sequence[Tensor], at_once: bool = False
) -> Tensor:
    """A function of two over all operands from left to right, or of all of them ``at_once``."""
    given = iter(tensors)
    filled = [next(given) if operand is None else operand for operand in operands]
    if at_once:
        return function(*filled)
    result, *rest = filled
    for operand in rest:
        pair = [torch.as_tensor(x) for x in (result, operand)]
        result = function(*pair)
    return result
