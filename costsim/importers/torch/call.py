"""One call in an exported torch graph, its arguments by the names of the op's schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.importers.writer import GraphWriter, Stored, Value


@dataclass(frozen=True)
class Call:
    """What a handler needs to know of a call."""

    writer: GraphWriter
    op: str
    """Name of the op without namespace, overload and in-place mark: ``conv2d``, ``relu``."""
    arguments: Mapping[str, Any]
    """Every argument of the schema, defaults filled in, tensors as values of the graph."""
    shapes: tuple[tuple[int, ...], ...]
    """Of the results, as torch knows them."""

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.arguments.get(name, default)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.shapes[0]

    @property
    def values(self) -> list[Value]:
        """All tensors among the arguments, in order."""
        return list(values_in(self.arguments.values()))

    def tensor(self, name: str | None = None) -> Tensor:
        """An argument (the first tensor, if not named) as a tensor of the graph."""
        value = self.values[0] if name is None else self.arguments[name]
        if not isinstance(value, (Tensor, Stored)):
            raise InputError(f"'{name}' is no tensor", mend="not supported")
        return value if isinstance(value, Tensor) else self.writer.constant(value)

    def stored(self, name: str) -> Stored:
        value = self.arguments[name]
        if not isinstance(value, Stored):
            raise InputError(f"its {name} is computed at run time", mend="not supported")
        return value

    def per_axis(self, name: str, rank: int) -> list[int]:
        """One number an axis; torch lets one stand for all."""
        value = self.arguments[name]
        numbers = list(value) if isinstance(value, Sequence) else [value]
        return numbers * rank if len(numbers) == 1 else numbers


def values_in(arguments: Any) -> Any:
    """The tensors in arguments and lists of them."""
    for argument in arguments:
        if isinstance(argument, (Tensor, Stored)):
            yield argument
        elif isinstance(argument, (list, tuple)):
            yield from values_in(argument)
