"""Normalisations, activations and element-wise arithmetic in torch."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import prod

import torch
from torch import Tensor, nn

from costsim.errors import InputError, unknown_name
from costsim.graph import layers as L
from costsim.graph.layers import Shape
from costsim.reference.layers.function import Builder, Function

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "relu6": nn.ReLU6,
    "clip": nn.Hardtanh,  # the layer does not say its limits: -1 and 1
    "hard_sigmoid": nn.Hardsigmoid,
    "sigmoid": nn.Sigmoid,
    "hard_swish": nn.Hardswish,
    "swish": nn.SiLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "mish": nn.Mish,
    "selu": nn.SELU,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "identity": nn.Identity,
}

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    name: getattr(torch, name)
    for name in (
        *("abs", "atan", "ceil", "cos", "erf", "exp", "floor", "log", "neg", "reciprocal"),
        *("round", "rsqrt", "sign", "sin", "sqrt", "square", "tan"),
    )
}
"""Activations torch has under the same name, but not as a module."""

ARITHMETIC: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "pow": torch.pow,
    "max": torch.maximum,
    "min": torch.minimum,
}

BATCH_NORMS: dict[int, type[nn.BatchNorm1d] | type[nn.BatchNorm2d] | type[nn.BatchNorm3d]] = {
    2: nn.BatchNorm1d,
    3: nn.BatchNorm1d,
    4: nn.BatchNorm2d,
    5: nn.BatchNorm3d,
}
"""By the rank of the tensor."""


def batch_norm(layer: L.BatchNorm, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    """With statistics and weights away from 0 and 1, so that folding it wrongly shows."""
    rank = len(inputs[0])
    if rank not in BATCH_NORMS:
        raise InputError(f"torch has no batch norm of tensors with {rank} dimensions")
    module = BATCH_NORMS[rank](inputs[0][1])
    state = module.state_dict()
    for scale in ("weight", "running_var"):
        nn.init.uniform_(state[scale], 0.5, 1.5)
    for shift in ("bias", "running_mean"):
        nn.init.normal_(state[shift], std=0.1)
    return module


def layer_norm(layer: L.LayerNorm, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.LayerNorm(inputs[0][-1], elementwise_affine=layer.affine)


def group_norm(layer: L.GroupNorm, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.GroupNorm(layer.groups, inputs[0][1], affine=layer.affine)


def activation(layer: L.Activation, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    if layer.function == "prelu":
        return nn.PReLU(inputs[0][1])
    if layer.function in FUNCTIONS:
        return Function(FUNCTIONS[layer.function], layer.function)
    if layer.function not in ACTIVATIONS:
        raise unknown_name("activation", layer.function, [*ACTIVATIONS, *FUNCTIONS, "prelu"])
    return ACTIVATIONS[layer.function]()


def softmax(layer: L.Softmax, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.Softmax(layer.axis)


def lrn(layer: L.LRN, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.LocalResponseNorm(layer.size)


def dropout(layer: L.Dropout, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.Dropout()


def output(layer: L.Output, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.Identity()


class Arithmetic(nn.Module):
    """Folds its operands from left to right; a stored constant is the last of them."""

    def __init__(self, function: Callable[..., Tensor], constant: Tensor | float | None) -> None:
        super().__init__()
        self.function = function
        self.constant = nn.Parameter(constant) if isinstance(constant, Tensor) else constant

    def forward(self, *tensors: Tensor) -> Tensor:
        constants = () if self.constant is None else (self.constant,)
        return reduce(self.function, (*tensors[1:], *constants), tensors[0])

    def extra_repr(self) -> str:
        return self.function.__name__


def arithmetic(layer: L.Arithmetic, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    """A single operand without a stored constant meets the scalar 2, which costs no parameter."""
    if layer.function not in ARITHMETIC:
        raise unknown_name("arithmetic function", layer.function, ARITHMETIC)
    constant: Tensor | float | None = None
    if layer.const_elems:
        constant = torch.rand(_constant_shape(layer.const_elems, output)) + 0.5  # away from 0: it may divide
    elif len(inputs) == 1:
        constant = 2.0
    return Arithmetic(ARITHMETIC[layer.function], constant)


def _constant_shape(elems: int, output: Shape) -> tuple[int, ...]:
    """The layer counts the constant's elements only: they lie along the first axes they fill."""
    if elems == 1:
        return ()
    rank = len(output)
    for start in (*range(1, rank), 0):
        for stop in range(start + 1, rank + 1):
            if prod(output[start:stop]) == elems:
                return (*output[start:stop], *(1,) * (rank - stop))
    raise InputError(f"a constant of {elems} elements does not broadcast to {tuple(output)}")


BUILDERS: dict[type[L.Layer], Builder] = {
    L.BatchNorm: batch_norm,
    L.LayerNorm: layer_norm,
    L.GroupNorm: group_norm,
    L.Activation: activation,
    L.Softmax: softmax,
    L.LRN: lrn,
    L.Dropout: dropout,
    L.Output: output,
    L.Arithmetic: arithmetic,
    L.Add: arithmetic,
    L.Multiply: arithmetic,
}
