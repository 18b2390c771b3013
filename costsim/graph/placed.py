"""A layer between its tensors: what it makes of their shapes, worked out once wherever it stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from costsim.errors import shortened
from costsim.graph.layers import Conv2d, Layer, LoopNest, Shape
from costsim.graph.layers.base import everywhere, positive

KEPT = 2**13
"""Layers remembered with the shapes they were placed between, less than 1 KiB each."""


DIMENSIONS_BELOW = 2**31
"""Runtimes count a dimension in 32 bits; products of five such numbers are far from the end of double precision."""


class Misplaced(Exception):
    """The layer cannot stand between these tensors; says why, and what would mend it."""

    def __init__(self, what: str, mend: str = "change the layer, the width or the input size") -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


@dataclass(frozen=True, eq=False)  # one layer between the same shapes is one object, told apart by identity
class Placed:
    """A layer and the shapes around it, whatever network it is in."""

    layer: Layer
    inputs: tuple[Shape, ...]
    output: Shape
    valid: Any
    """True, or an array with one flag per point, False where the dimensions are impossible."""

    @cached_property
    def op(self) -> str:
        """The device's word: dense, grouped and depthwise convolutions apart, every other layer its own."""
        if self.layer.op != Conv2d.op or everywhere(self.nest.groups == 1):
            return self.layer.op
        return "depthwise_conv" if everywhere(self.nest.c_in_per_group == 1) else "grouped_conv"

    @cached_property
    def nest(self) -> LoopNest:
        """The loops a device runs for it."""
        return self.layer.loop_nest(self.inputs, self.output)

    @cached_property
    def params(self) -> Any:
        """Trainable parameters."""
        learned = self.layer.learned
        return self.layer.params(*self.inputs) if learned is None else learned


def place(layer: Layer, *inputs: Shape) -> Placed:
    """The layer between tensors of these shapes.

    Networks repeat their blocks and searches their networks, so it is remembered; dimensions that
    are arrays are not.

    Raises:
        Misplaced: it takes another number of tensors, or the shapes do not fit.
    """
    try:
        return _remembered(layer, inputs, (layer.dtype, layer.one_scale))
    except TypeError:  # arrays have no hash
        return _placed(layer, inputs)


def _placed(layer: Layer, inputs: tuple[Shape, ...], quantised: tuple[Any, ...] = ()) -> Placed:
    """``quantised`` says how the layer is: equal layers that differ in it are remembered apart."""
    takes = layer.arity
    if len(inputs) != takes if takes is not None else not inputs:
        expected = "one or more tensors" if takes is None else f"{takes} tensor{'s' * (takes != 1)}"
        raise Misplaced(f"reads {expected}, got {len(inputs)}", mend="check its inputs")
    valid: Any = True
    for holds, problem in layer.requirements(*inputs):
        valid = valid & _held(holds, problem)
    output = layer.output_shape(*inputs)
    valid = valid & _held(positive(*output), lambda: f"its output would be empty: {'x'.join(map(str, output))}")
    valid = valid & _held(
        _holdable(output), lambda: f"no tensor is as large as {shortened('x'.join(map(str, output)))}"
    )
    return Placed(layer, inputs, output, valid)


def _holdable(shape: Shape) -> Any:
    """Whether every dimension is below ``DIMENSIONS_BELOW``, per point."""
    holds: Any = True
    for dim in shape:
        if dim.__class__ is not int or dim >= DIMENSIONS_BELOW:
            holds = holds & (dim < DIMENSIONS_BELOW)
    return holds


_remembered = lru_cache(maxsize=KEPT)(_placed)


def _held(holds: Any, problem: Any) -> Any:
    """True, or the points at which it holds."""
    if isinstance(holds, np.ndarray) and holds.ndim:
        return holds
    if not holds:
        raise Misplaced(problem if isinstance(problem, str) else problem())
    return True
