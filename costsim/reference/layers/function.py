"""What all builders share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from torch import Tensor, nn

from costsim.graph.layers import Shape

Builder: TypeAlias = Callable[[Any, tuple[Shape, ...], Shape], nn.Module]
"""Takes a layer, its input shapes and its output shape."""


class Function(nn.Module):
    """A function of tensors as a module, so that it has a place and a name in the module tree."""

    def __init__(self, function: Callable[..., Tensor], label: str) -> None:
        super().__init__()
        self.function = function
        self.label = label

    def forward(self, *tensors: Tensor) -> Tensor:
        return self.function(*tensors)

    def extra_repr(self) -> str:
        return self.label


def padding_op(
    padding: tuple[int, int, int, int], *, channels: tuple[int, int] = (0, 0), value: float = 0.0
) -> nn.ConstantPad3d:
    """An explicit (top, bottom, left, right) padding, and one of the channels; negative sides crop."""
    top, bottom, left, right = padding
    return nn.ConstantPad3d((left, right, top, bottom, *channels), value)
