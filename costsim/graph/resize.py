"""A network at another input size or batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from costsim.errors import InputError, unknown_name
from costsim.graph.layergraph import LayerGraph

InputSize: TypeAlias = Sequence[int] | Mapping[str, Sequence[int]] | None
"""All dimensions but the batch of the first input, or by the name of an input: all but the batch, or all of them."""


def by_name(size: Any, names: Sequence[str]) -> InputSize:
    """The size of each input by its name where a list of sizes is given, in the order of the inputs.

    Raises:
        InputError: there are more sizes than inputs.
    """
    if size is None or isinstance(size, Mapping) or not size or not isinstance(size[0], (list, tuple)):
        return cast("InputSize", size)
    if len(size) > len(names):
        raise InputError(f"{len(size)} sizes for {len(names)} inputs", where="--input-size", mend="give one for each")
    return dict(zip(names, size, strict=False))


def resized(graph: LayerGraph, size: InputSize, batch: int | None) -> LayerGraph:
    """The same network at the asked size and batch; what is left out stays.

    Raises:
        InputError: a size of another rank, an input that is not there, or a size that does not pass.
    """
    size = by_name(size, [node.name for node in graph.inputs])
    if isinstance(size, Mapping):
        return _by_name(graph if batch is None else graph.with_batch(batch), size)
    if size is None:
        return graph if batch is None else graph.with_batch(batch)
    own = graph.input_shape
    if len(size) != len(own) - 1:
        raise _not_a_size(size, own[1:])
    return graph.with_input(batch or own[0], *size)


def _by_name(graph: LayerGraph, sizes: Mapping[str, Sequence[int]]) -> LayerGraph:
    own = {node.name: node.shape for node in graph.inputs}
    shapes = {}
    for name, size in sizes.items():
        if name not in own:
            raise unknown_name("input", name, own, where="--input-size")
        missing = len(own[name]) - len(size)
        if missing not in (0, 1):
            raise _not_a_size(size, own[name][1:])
        shapes[name] = (*own[name][:missing], *size)
    return graph.with_inputs(shapes)


def _not_a_size(size: Sequence[int], wanted: Sequence[int]) -> InputError:
    text, example = "x".join(map(str, size)), "x".join(map(str, wanted))
    return InputError(f"'{text}' is not a size of its input", where="--input-size", mend=f"write it like {example}")
