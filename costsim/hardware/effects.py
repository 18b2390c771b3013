"""What a number of a profile does to the time a network takes, as its schema says."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, get_args

from costsim.hardware.declared import Block


class Effect(StrEnum):
    """A mark in a field's type: ``clock_hz: Annotated[Hertz, Effect.FASTER]``."""

    FASTER = "faster"
    """More of it never slows a network down."""
    SLOWER = "slower"
    """More of it never speeds a network up."""


def fields_with(profile: Block, effect: Effect) -> dict[str, float]:
    """Dotted path, in YAML words, to the value of every number of a profile that has this mark."""
    return dict(_marked(profile, effect))


def _marked(block: Block, effect: Effect, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    for name, info in type(block).model_fields.items():
        value, here = getattr(block, name), (*path, info.alias or name)
        if isinstance(value, Block):
            yield from _marked(value, effect, here)
        elif effect in info.metadata or effect in _inside(info.annotation):
            values = value.items() if isinstance(value, dict) else [("", value)]
            yield from (
                (".".join(filter(None, (*here, word))), number) for word, number in values if number is not None
            )


def _inside(annotation: Any) -> set[Any]:
    """Marks inside ``X | None`` and ``dict[str, X]``."""
    found = {mark for mark in getattr(annotation, "__metadata__", ()) if isinstance(mark, Effect)}
    return found.union(*(_inside(part) for part in get_args(annotation) if not isinstance(part, str)))
