"""The parts every profile is made of: strict blocks, and numbers that are written with their unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from costsim.errors import InputError
from costsim.hardware.declared import Block, Field, NonNegativeFloat, PositiveFloat, marks_in
from costsim.hardware.effects import Effect
from costsim.units import parse_quantity

DTYPE_BYTES = {"fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "int16": 2.0, "int8": 1.0}

DType = Literal["fp32", "tf32", "fp16", "bf16", "int16", "int8"]


@dataclass(frozen=True)
class Unit:
    """A mark in a field's type: the number is written with its unit, ``1.5 GHz``."""

    name: str

    def read(self, text: object) -> float:
        """The SI value of what is written."""
        try:
            return parse_quantity(text, self.name)
        except InputError as error:
            raise ValueError(str(error)) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core.core_schema import no_info_before_validator_function

        return no_info_before_validator_function(self.read, handler(source))


def unit_of(annotation: Any) -> str | None:
    """The unit a field of this type is written with."""
    return next((mark.name for mark in marks_in(annotation) if isinstance(mark, Unit)), None)


Hertz = Annotated[PositiveFloat, Unit("Hz"), Effect.FASTER]
Bytes = Annotated[NonNegativeFloat, Unit("B")]
Capacity = Annotated[Bytes, Effect.FASTER]
"""Of a memory."""
BytesPerSecond = Annotated[PositiveFloat, Unit("B/s"), Effect.FASTER]
Seconds = Annotated[NonNegativeFloat, Unit("s"), Effect.SLOWER]
Joules = Annotated[NonNegativeFloat, Unit("J")]
Watts = Annotated[NonNegativeFloat, Unit("W")]
Ratio = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[PositiveFloat, Effect.FASTER]
"""Work done a cycle."""
Efficiency = Annotated[float, Field(gt=0, le=1), Effect.FASTER]
"""Share of a peak that is reached."""


class Source(Block):
    """Where a number comes from."""

    kind: Literal["datasheet", "published", "measured", "fitted", "estimated"]
    text: str
    """Enough to find it again: document, table, commit, date."""
