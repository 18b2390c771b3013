"""Layers of two networks side by side: what stayed, changed, came and went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from costsim.analysis import Record
from costsim.units import format_count

Status = Literal["same", "changed", "added", "removed"]

WORDS = {"output_shape": "output", "macs": "MACs", "params": "parameters", "mem_access_elems": "memory access"}
"""What may differ between two layers of one kind, what says most first."""

TOLD, MOST_TOLD = tuple(WORDS), 2
"""Of these, as many as a line bears are told."""


@dataclass(frozen=True)
class Change:
    """A layer of the old network, of the new one, or both."""

    status: Status
    old: Record | None
    new: Record | None

    @property
    def layer(self) -> Record:
        """The new layer, or the old one where it is gone."""
        layer = self.new or self.old
        assert layer is not None
        return layer

    @property
    def difference_ms(self) -> float:
        """What the layer adds to the time; negative where it takes less."""
        return (self.new["latency_ms"] if self.new else 0.0) - (self.old["latency_ms"] if self.old else 0.0)

    @property
    def why(self) -> str:
        """What is different about the layer, in words."""
        if self.old is None or self.new is None:
            return self.status
        unequal = [name for name in TOLD if self.old[name] != self.new[name]][:MOST_TOLD]
        parts = [f"{WORDS[name]} {_shown(self.old[name])} -> {_shown(self.new[name])}" for name in unequal]
        if not parts and self.old["bound"] != self.new["bound"]:
            parts = [f"bound by {self.old['bound']} -> {self.new['bound']}"]
        return ", ".join(parts) or ("the same layer" if self.difference_ms else "unchanged")


def match_layers(old: Sequence[Record], new: Sequence[Record]) -> list[Change]:
    """Every layer of both, once, in the order of the new network.

    Equal layers are aligned in order, whatever they are called: an inserted layer renumbers those after it. What lies
    between them is matched by name, then by kind in order; the rest was added or removed.
    """
    found: list[Change] = []
    matcher = SequenceMatcher(None, [_what(r) for r in old], [_what(r) for r in new], autojunk=False)
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            found += [Change("same", a, b) for a, b in zip(old[i:i_end], new[j:j_end], strict=True)]
        else:
            found += _between(old[i:i_end], new[j:j_end])
    return found


def _between(old: Sequence[Record], new: Sequence[Record]) -> Iterator[Change]:
    left = list(old)
    partner: dict[int, Record] = {}
    for same_name in (True, False):
        for index, layer in enumerate(new):
            if index in partner:
                continue
            fits = (r for r in left if r["op"] == layer["op"] and (not same_name or r["name"] == layer["name"]))
            if other := next(fits, None):
                partner[index] = other
                left = [r for r in left if r is not other]
    for index, layer in enumerate(new):
        yield Change("changed", partner[index], layer) if index in partner else Change("added", None, layer)
    yield from (Change("removed", layer, None) for layer in left)


def _what(record: Record) -> tuple[Any, ...]:
    return (record["op"], *(tuple(record[n]) if n == "output_shape" else record[n] for n in TOLD))


def _shown(value: Any) -> str:
    return "x".join(map(str, value[1:])) if isinstance(value, list) else format_count(value)
