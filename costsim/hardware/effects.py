"""What a number of a profile does to the time a network takes, as its schema says."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from costsim.hardware.declared import Block, fields_of, marks_in, types_of


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
    types = types_of(type(block))
    for name, field in fields_of(type(block)).items():
        value, here = getattr(block, name), (*path, field.word)
        if isinstance(value, Block):
            yield from _marked(value, effect, here)
        elif effect in marks_in(types[name]):
            values = value.items() if isinstance(value, dict) else [("", value)]
            yield from (
                (".".join(filter(None, (*here, word))), number) for word, number in values if number is not None
            )
