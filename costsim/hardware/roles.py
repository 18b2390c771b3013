"""What the memories of a profile are for, as its schema says: their names are the schema's own."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Any

from costsim.hardware.declared import Block, fields_of, marks_in, types_of


class Role(StrEnum):
    """A mark in the type of a field of ``hardware.memory``: ``l2: Annotated[Cache, Role.BUFFER]``.

    A memory without a mark either holds everything it is asked to hold or nothing of a network.
    """

    BUFFER = "buffer"
    """Holds maps and weights for a while; what finds no room comes from beyond. Nearest the arithmetic first."""
    OFF_CHIP = "off chip"
    """Where tensors lie for good: its size is no limit that a plan works with."""


def memories(profile: Block, role: Role) -> dict[str, Any]:
    """Name to block of the memories a profile has with this role, in the order of its schema."""
    memory = getattr(getattr(profile, "hardware", None), "memory", None)
    if not isinstance(memory, Block):
        return {}
    return {name: block for name in _marked(type(memory), role) if (block := getattr(memory, name)) is not None}


@cache
def _marked(kind: type[Block], role: Role) -> list[str]:
    return [name for name in fields_of(kind) if role in marks_in(types_of(kind)[name])]
