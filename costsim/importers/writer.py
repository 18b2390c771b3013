"""What all importers share: tensors of a file become tensors of the graph, and errors say where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from costsim.errors import InputError
from costsim.graph import LayerGraph, Tensor
from costsim.graph import layers as L
from costsim.graph.layers import Layer, Shape


class GraphWriter:
    """Writes a ``LayerGraph`` from the nodes of a file.

    Everything added inside ``with writer.node(...)`` belongs to that node of the file: its first
    layer carries the node's name, further ones ``name.part``, and an error names file and node.
    """

    def __init__(self, name: str, *, source: str, where: str) -> None:
        self.graph = LayerGraph(name, source=source)
        self.where = where
        self._tensors: dict[str, Tensor] = {}
        self._unknown: Counter[str] = Counter()
        self._notes: list[str] = []
        self._node, self._block = "", ""

    @contextmanager
    def node(self, name: str, op_type: str, block: str = "") -> Iterator[None]:
        """Layers added inside come from this node; whatever is wrong with it is said of it."""
        self._node, self._block = name, block
        where = f"{self.where}: {op_type} '{name}'"
        try:
            yield
        except InputError as error:
            raise InputError(error.what, where=where, mend=error.mend) from error
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            text = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"its attributes make no sense: {text}", where=where, mend="check the file") from error

    def add(self, layer: Layer, *inputs: Tensor, part: str = "") -> Tensor:
        """Append a layer of the current node; ``part`` names a helper layer beside the main one."""
        name = f"{self._node}.{part}" if part else self._node
        if name in self.graph:
            name = self._free_name(f"{self._node}.{part or layer.op}")
        node = self.graph.add(layer, *(t.name for t in inputs), name=name, block=self._block)
        return Tensor(node.name, node.shape)

    def unknown(self, type_name: str, inputs: Iterable[Tensor], shape: Shape, weight_elems: int = 0) -> Tensor:
        """Keep an op that has no model: its bytes count, and a note names it."""
        self._unknown[type_name] += 1
        return self.add(L.Unknown(type_name, shape, weight_elems), *inputs)

    def bind(self, tensor: str, value: Tensor) -> None:
        """Say which tensor of the graph a tensor of the file is.

        Raises:
            InputError: something else already wrote a tensor of this name.
        """
        if tensor in self._tensors:
            raise InputError(f"writes '{tensor}', which is already there", mend="name every tensor once")
        self._tensors[tensor] = value

    def __getitem__(self, tensor: str) -> Tensor:
        if tensor not in self._tensors:
            raise InputError(
                f"reads '{tensor}', which nothing before it writes",
                mend="the file is cut short, cyclic or out of order; export it again",
            )
        return self._tensors[tensor]

    def __contains__(self, tensor: str) -> bool:
        return tensor in self._tensors

    def note(self, text: str) -> None:
        """Something to be said beside every result of this network; said once."""
        if text not in self._notes:
            self._notes.append(text)

    def finish(self) -> LayerGraph:
        """The graph, with its notes.

        Raises:
            InputError: there is nothing in it, or nothing to feed it with.
        """
        if not self.graph.inputs:
            raise InputError("the network has no input", where=self.where, mend="export it with its input")
        if len(self.graph) == len(self.graph.inputs):
            raise InputError("the network has no layers", where=self.where, mend="check the file")
        ops = ", ".join(f"{op} ({count})" if count > 1 else op for op, count in sorted(self._unknown.items()))
        unknown = (f"unknown ops, bytes counted but not arithmetic: {ops}",) if ops else ()
        self.graph.notes = (*unknown, *self._notes)
        return self.graph

    def _free_name(self, stem: str) -> str:
        if stem not in self.graph:
            return stem
        return next(name for k in range(2, len(self.graph) + 3) if (name := f"{stem}_{k}") not in self.graph)


# Small rewrites several importers need


def flat(writer: GraphWriter, x: Tensor, start: int = 1) -> Tensor:
    """``x`` with all dimensions from ``start`` on made one, by a layer only where it changes something."""
    return x if len(x.shape) == start + 1 else writer.add(L.Flatten(start), x, part="flatten")


def reshaped(writer: GraphWriter, x: Tensor, shape: tuple[Any, ...], part: str = "") -> Tensor:
    """``x`` as ``(batch, *shape)``, by a layer only where it changes something."""
    return x if x.shape[1:] == shape else writer.add(L.Reshape(shape), x, part=part)


def transposed(writer: GraphWriter, x: Tensor, axes: tuple[int, ...], part: str = "") -> Tensor:
    """``x`` with its axes reordered, by a layer only where it changes something."""
    return x if axes == tuple(range(len(axes))) else writer.add(L.Transpose(axes), x, part=part)


def adaptive_pool(writer: GraphWriter, x: Tensor, function: str, size: tuple[int, ...]) -> Tensor:
    """Pooling to a given map size.

    Where the sizes do not divide, real windows overlap unevenly; equal windows of the same
    output size stand in for them (exact in shape, within one row or column in reads).
    """
    if size == (1, 1):
        return writer.add(L.GlobalPool(function), x)
    lengths = x.shape[2:]
    if any(out > length for out, length in zip(size, lengths, strict=True)):
        return writer.add(L.Upsample(None, size=(size[0], size[1])), x)
    stride = tuple(length // out for out, length in zip(size, lengths, strict=True))
    kernel = tuple(n - (out - 1) * s for out, n, s in zip(size, lengths, stride, strict=True))
    return writer.add(L.Pool2d(kernel, stride, function=function), x)


def same_padding(length: int, kernel: int, stride: int, dilation: int, lower: bool = False) -> tuple[int, int]:
    """(before, after) that make ``ceil(length / stride)`` positions; an odd one goes behind, or before if ``lower``."""
    reach = dilation * (kernel - 1) + 1
    total = max(reach + (length - 1) // stride * stride - length, 0)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)
