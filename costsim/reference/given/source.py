"""What the calls of a file say of one layer: its stored tensors and the numbers that cost nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor

from costsim.graph import Node
from costsim.graph.layergraph import Held, Origin
from costsim.graph.layers import Shape


class NotTold(Exception):
    """The graph's layer stands for something that it does not say in full; says what."""


@dataclass(frozen=True)
class Source:
    """The calls behind one layer, and the values of the file's tensors."""

    node: Node
    calls: tuple[Origin, ...]
    values: Mapping[str, Tensor]
    before: int = 0
    """Layers of the same kind that came from the same call before this one."""

    @property
    def op(self) -> str:
        """The file's word for what the layer is; of a chain, for its last call."""
        return self.calls[-1].op if self.calls else ""

    @property
    def shape(self) -> Shape:
        """Of what the layer makes."""
        return self.node.shape

    def only(self, *ops: str) -> None:
        """Refuse calls of other ops.

        Raises:
            NotTold: the layer stands for another op.
        """
        if self.op not in ops:
            raise NotTold(f"stands for {self.op or 'an op that nobody named'}")

    def get(self, *names: str, default: Any = None) -> Any:
        """The first of some arguments that any of the calls has."""
        for call in self.calls:
            for name in names:
                if call.arguments.get(name) is not None:
                    return call.arguments[name]
        return default

    def number(self, *names: str, default: float | None = None) -> float:
        """An argument that is a number, or a stored tensor of one element."""
        found = self.get(*names, default=default)
        if isinstance(found, Held):
            found = self.value(found).reshape(-1)[0].item()
        if not isinstance(found, (int, float)):
            raise NotTold(f"{self.op} has no {names[0]}")
        return float(found)

    def scalar(self, *ops: str) -> float:
        """The one number that the first call of some ops has beside its tensor.

        Raises:
            NotTold: no such call has one.
        """
        for call in self.calls:
            if call.op in ops:
                told = call.arguments.get("inputs", [call.arguments.get(name) for name in ("other", "exponent")])
                held = [self.value(x) if isinstance(x, Held) and x.stored else x for x in told]
                numbers = [float(x) for x in held if _is_number(x)]
                if numbers:
                    return numbers[0]
        raise NotTold(f"no number of {ops[0]} is told")

    def input(self, index: int) -> Held | None:
        """An argument that the format tells by position."""
        inputs = self.calls[-1].arguments.get("inputs", ())
        return inputs[index] if index < len(inputs) else None

    def value(self, held: Held) -> Tensor:
        """What the file's tensor was while the original ran."""
        if held.name not in self.values:
            raise NotTold(f"nobody saw what {held.name} was")
        return self.values[held.name]

    @cached_property
    def stored(self) -> list[Tensor]:
        """The stored tensors among the arguments of all calls, in order."""
        return [self.value(held) for call in self.calls for held in held_in(call.arguments.values()) if held.stored]

    def weights(self, *counts: int) -> list[Tensor]:
        """The stored tensors, of which there have to be one of some numbers."""
        if len(self.stored) not in counts:
            raise NotTold(f"{self.op} has {len(self.stored)} stored tensors")
        return self.stored


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) or (isinstance(x, Tensor) and x.numel() == 1)


def held_in(arguments: Any) -> Iterator[Held]:
    """The tensors in arguments and lists of them."""
    for argument in arguments:
        if isinstance(argument, Held):
            yield argument
        elif isinstance(argument, Sequence) and not isinstance(argument, str):
            yield from held_in(argument)
