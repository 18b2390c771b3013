"""The parts every profile is made of: strict blocks, and numbers that are written with their unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeFloat, PositiveFloat
from pydantic.fields import FieldInfo

from costsim.errors import InputError
from costsim.hardware.effects import Effect
from costsim.units import parse_quantity

DTYPE_BYTES = {"fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "int16": 2.0, "int8": 1.0}

DType = Literal["fp32", "tf32", "fp16", "bf16", "int16", "int8"]


@dataclass(frozen=True)
class Unit:
    """Reads a number that is written with its unit: ``1.5 GHz``."""

    name: str

    def __call__(self, text: object) -> float:
        try:
            return parse_quantity(text, self.name)
        except InputError as error:
            raise ValueError(str(error)) from None


def _quantity(unit: str) -> BeforeValidator:
    return BeforeValidator(Unit(unit))


def unit_of(field: FieldInfo) -> str | None:
    """The unit a field is written with, by its type, also inside ``X | None`` and collections of ``X``."""
    said = (part.func for part in _metadata(field.annotation, field.metadata) if isinstance(part, BeforeValidator))
    return next((reader.name for reader in said if isinstance(reader, Unit)), None)


def _metadata(annotation: Any, said: Iterable[Any]) -> Iterator[Any]:
    yield from said
    for part in get_args(annotation):
        yield from _metadata(part, getattr(part, "__metadata__", ()))


Hertz = Annotated[PositiveFloat, _quantity("Hz"), Effect.FASTER]
Bytes = Annotated[NonNegativeFloat, _quantity("B")]
Capacity = Annotated[Bytes, Effect.FASTER]
"""Of a memory."""
BytesPerSecond = Annotated[PositiveFloat, _quantity("B/s"), Effect.FASTER]
Seconds = Annotated[NonNegativeFloat, _quantity("s"), Effect.SLOWER]
Joules = Annotated[NonNegativeFloat, _quantity("J")]
Watts = Annotated[NonNegativeFloat, _quantity("W")]
Ratio = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[PositiveFloat, Effect.FASTER]
"""Work done a cycle."""
Efficiency = Annotated[float, Field(gt=0, le=1), Effect.FASTER]
"""Share of a peak that is reached."""


class Block(BaseModel):
    """A part of a profile: unknown keys are refused, fields are set by their YAML words."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True, allow_inf_nan=False)


class Source(Block):
    """Where a number comes from."""

    kind: Literal["datasheet", "published", "measured", "fitted", "estimated"]
    text: str
    """Enough to find it again: document, table, commit, date."""
