"""Layer specifications as torch modules: one table, in files named like those of the specifications."""

from __future__ import annotations

from torch import nn

from costsim.errors import InputError
from costsim.graph.layers import Layer, Shape
from costsim.reference.layers import compute, elementwise, movement, pooling
from costsim.reference.layers.function import Builder

BUILDERS: dict[type[Layer], Builder] = {
    **compute.BUILDERS,
    **elementwise.BUILDERS,
    **movement.BUILDERS,
    **pooling.BUILDERS,
}


def module_for(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    """The torch module of one layer in its place, with randomly initialised weights.

    Raises:
        InputError: torch has nothing that does what this layer does.
    """
    builder = BUILDERS.get(type(layer))
    if builder is None:
        raise InputError(
            f"the companion cannot execute {type(layer).__name__}", mend="add a builder to costsim.reference.layers"
        )
    return builder(layer, inputs, output)
