"""The same elements in another shape or order of axes: views on some runtimes, copies on others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from costsim.graph.layers.base import Copy, Dim, Requirement, Shape, divides, size


@dataclass(frozen=True)
class Flatten(Copy):
    """All dimensions from ``start`` on become one."""

    op: ClassVar[str] = "reshape"
    start: int = 1

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0][: self.start], prod(inputs[0][self.start :]))


@dataclass(frozen=True)
class Reshape(Copy):
    """The same elements in another shape; one entry may be -1.

    ``shape`` leaves the first dimension out, so that it holds for any batch size. Where that
    dimension itself changes (windows folded into the batch), ``batch`` is the new one.
    """

    op: ClassVar[str] = "reshape"
    shape: tuple[Dim, ...]
    batch: Dim | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        n, elements = self._batch_and_elements(inputs[0])
        fixed = prod(d for d in self.shape if not _is_free(d))
        return (n, *(elements // fixed if _is_free(d) else d for d in self.shape))

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        if self.batch is not None:
            yield (
                divides(self.batch, size(inputs[0])),
                lambda: f"cannot reshape {tuple(inputs[0])} to a batch of {self.batch}",
            )
        _, elements = self._batch_and_elements(inputs[0])
        fixed = prod(d for d in self.shape if not _is_free(d))
        free = sum(_is_free(d) for d in self.shape)
        yield free <= 1, lambda: f"more than one -1 in {self.shape}"
        fits = divides(fixed, elements) if free else fixed == elements
        yield fits, lambda: f"cannot reshape {tuple(inputs[0][1:])} to {self.shape}"

    def _batch_and_elements(self, source: Shape) -> tuple[Dim, Dim]:
        """The first dimension of the output, and the elements behind each of its entries."""
        n = source[0] if self.batch is None else self.batch
        return n, prod(source[1:]) if self.batch is None else size(source) // n


@dataclass(frozen=True)
class ReshapeLike(Copy):
    """The elements of the first input in the shape of the second, whatever size the network runs at."""

    op: ClassVar[str] = "reshape"
    arity: ClassVar[int | None] = 2

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        source, like = inputs
        yield size(source) == size(like), lambda: f"cannot reshape {tuple(source)} to {tuple(like)}"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[1]


@dataclass(frozen=True)
class Transpose(Copy):
    """Reorders the axes."""

    op: ClassVar[str] = "transpose"
    axes: tuple[int, ...]

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        rank = len(inputs[0])
        yield sorted(self.axes) == list(range(rank)), lambda: f"axes {self.axes} do not permute {rank} dimensions"

    def output_shape(self, *inputs: Shape) -> Shape:
        return tuple(inputs[0][axis] for axis in self.axes)


def _is_free(dim: Dim) -> bool:
    return isinstance(dim, int) and dim == -1
