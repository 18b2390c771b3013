"""What every device profile holds; each family adds its own hardware, runtime and fitted blocks.

YAML speaks in words and unit strings (``bandwidth: 2.2 GB/s``); the fields behind them carry
their unit in the name and hold SI floats (``bandwidth_bytes_per_s``).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeFloat, PositiveFloat

from costsim.errors import InputError
from costsim.units import format_quantity, parse_quantity

SCHEMA_VERSION = 1

DTYPE_BYTES = {"fp32": 4.0, "fp16": 2.0, "bf16": 2.0, "int16": 2.0, "int8": 1.0}

UNIT_OF_SUFFIX = {"_bytes_per_s": "B/s", "_bytes": "B", "_hz": "Hz", "_s": "s", "_j_per_byte": "J", "_j": "J"}
"""The unit a field holds, by the end of its name; the longer ending first."""

DType = Literal["fp32", "fp16", "bf16", "int16", "int8"]


def _quantity(unit: str) -> Any:
    def parse(text: object) -> float:
        try:
            return parse_quantity(text, unit)
        except InputError as error:
            raise ValueError(str(error)) from None

    return BeforeValidator(parse)


Hertz = Annotated[PositiveFloat, _quantity("Hz")]
Bytes = Annotated[NonNegativeFloat, _quantity("B")]
BytesPerSecond = Annotated[PositiveFloat, _quantity("B/s")]
Seconds = Annotated[NonNegativeFloat, _quantity("s")]
Joules = Annotated[NonNegativeFloat, _quantity("J")]
Ratio = Annotated[float, Field(ge=0, le=1)]


class Block(BaseModel):
    """A part of a profile: unknown keys are refused, fields are set by their YAML words."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


class Source(Block):
    """Where a number comes from."""

    kind: Literal["datasheet", "published", "measured", "fitted", "estimated"]
    text: str
    """Enough to find it again: document, table, commit, date."""


class Calibration(Block):
    """What the fitted numbers were fitted on and how far off they are; the source of every interval."""

    status: Literal["calibrated", "uncalibrated"]
    data: str
    """The measurements, or why there are none."""
    date: str | None = None
    mean_error_ratio: float | None = None
    """Mean absolute error of predictions of networks left out of the fit."""
    within_10_percent_ratio: Ratio | None = None
    low_ratio: PositiveFloat
    """A 90 % interval reaches from ``low_ratio`` to ``high_ratio`` times the prediction."""
    high_ratio: PositiveFloat
    dtypes: tuple[DType, ...] = ()
    """The data types of the measurements; empty: the runtime's first."""


class Runtime(Block):
    """The software between the network and the silicon."""

    name: str
    version: str
    dtypes: tuple[DType, ...]
    """What it computes in; the first is the default."""
    fusion: dict[str, tuple[str, ...]]
    """Anchor op to the ops that run in its kernel."""
    views: tuple[str, ...]
    """Ops answered with a view of their input, at no cost."""


UNMEASURED = (0.3, 3.0)
"""The interval where nothing was measured: kernels for another data type are other kernels."""


class Profile(Block):
    """One device as it is used: a board, its runtime, its fitted coefficients."""

    schema_version: Literal[1]
    name: str
    title: str
    family: str
    aliases: tuple[str, ...] = ()
    sources: dict[str, Source]
    calibration: Calibration
    hardware: Block
    runtime: Runtime
    fitted: Block
    provenance: dict[str, str] = Field(default_factory=dict, repr=False)
    """Dotted path of every number to the key of its source."""

    @property
    def default_threads(self) -> int:
        return 1

    @property
    def max_threads(self) -> int:
        """How many threads can be asked for; families with cores say so."""
        return 1

    def calibration_in(self, dtype: str) -> Calibration:
        """What is known of predictions in one data type: measurements in another do not vouch for them."""
        known = self.calibration
        measured = known.dtypes or self.runtime.dtypes[:1]
        if dtype in measured or known.status == "uncalibrated":
            return known
        low, high = UNMEASURED
        return Calibration(
            status="uncalibrated",
            data=f"nothing was measured in {dtype}; in {', '.join(measured)}: {known.data}",
            low_ratio=min(low, known.low_ratio),
            high_ratio=max(high, known.high_ratio),
        )

    def value_at(self, path: str) -> Any:
        """The SI value at a dotted path of YAML words such as ``hardware.clock``."""
        value: Any = self.model_dump(by_alias=True)
        for word in path.split("."):
            value = value[word]
        return value

    def text_at(self, path: str) -> str:
        """The same with its unit, as people write it: ``1.4 GHz``."""
        value: Any = self
        name = ""
        for word in path.split("."):
            if isinstance(value, BaseModel):
                fields = type(value).model_fields.items()
                name = next(field for field, info in fields if word in (field, info.alias))
                value = getattr(value, name)
            else:
                value = value[word]
        unit = next((unit for suffix, unit in UNIT_OF_SUFFIX.items() if name.endswith(suffix)), None)
        if unit and isinstance(value, (int, float)):
            return format_quantity(value, unit, digits=4)
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    def source_of(self, path: str) -> Source:
        """The source of the number at a dotted path such as ``hardware.clock``."""
        return self.sources[self.provenance[path]]
