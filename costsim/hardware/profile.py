"""What every device profile holds; each family adds its own hardware, runtime and fitted blocks.

YAML speaks in words and unit strings (``bandwidth: 2.2 GB/s``); the fields behind them carry
their unit in the name and hold SI floats (``bandwidth_bytes_per_s``).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from costsim.hardware.blocks import (
    DTYPE_BYTES,
    Block,
    Bytes,
    BytesPerSecond,
    Capacity,
    DType,
    Efficiency,
    Hertz,
    Joules,
    Rate,
    Ratio,
    Seconds,
    Source,
    unit_of,
)
from costsim.hardware.calibration import Calibration
from costsim.hardware.declared import Field, fields_of, types_of
from costsim.hardware.energy import Energy
from costsim.units import format_quantity, parse_quantity, round_significant

__all__ = [
    "DTYPE_BYTES", "Block", "Bytes", "BytesPerSecond", "Calibration", "Capacity", "DType", "Efficiency", "Hertz",
    "Joules", "Profile", "Rate", "Ratio", "Runtime", "Seconds", "Source",
]  # fmt: skip

SCHEMA_VERSION = 1


class Runtime(Block):
    """The software between the network and the silicon."""

    name: str
    version: str
    dtypes: tuple[DType, ...] = Field(min_length=1)
    """What it computes in; the first is the default."""
    fusion: dict[str, tuple[str, ...]]
    """Anchor op to the ops that run in its kernel."""
    views: tuple[str, ...]
    """Ops answered with a view of their input, at no cost."""
    weights_stay: bool = False
    """Whether weights that fit on chip are still there when the network runs again: times are of such a run."""

    @property
    def executed_ops(self) -> tuple[str, ...] | None:
        """Ops the device has kernels for; None: every op. A composite one that is missing runs as its parts."""
        return None


UNMEASURED = (0.3, 3.0)
"""The interval where nothing was measured: kernels for another data type are other kernels. An estimate."""


class Profile(Block):
    """One device as it is used: a board, its runtime, its fitted coefficients."""

    shared_runtimes: ClassVar[tuple[str, ...]] = ()
    """Runtimes whose traits and rates stand in files of their own: a new device of the family only names them."""
    issued_by_host: ClassVar[bool] = False
    """Whether ops are issued by another machine, which the device waits for and its own profilers do not time."""

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
    def energy(self) -> Energy | None:
        """What is known of its energy: None for devices without numbers and families without energy."""
        return getattr(self.hardware, "energy", None)

    @property
    def default_threads(self) -> int:
        return 1

    @property
    def max_threads(self) -> int:
        """How many threads can be asked for; families with cores say so."""
        return 1

    def calibration_in(self, dtype: str) -> Calibration:
        """The card for one data type: measurements in another do not vouch for it."""
        known = self.calibration
        if dtype in known.by_dtype:
            return known.by_dtype[dtype].model_copy(update={"made_on": known.made_on})
        measured = known.dtypes or (known.made_on and known.made_on.dtypes) or self.runtime.dtypes[:1]
        if dtype in measured or (known.status == "uncalibrated" and not known.dtypes):
            return known
        low, high = UNMEASURED
        return Calibration(
            status="uncalibrated",
            data=f"nothing was measured in {dtype}; in {', '.join(measured)}: {known.data}",
            low_ratio=min(low, known.low_ratio),
            high_ratio=max(high, known.high_ratio),
            made_on=known.made_on,
        )

    def value_at(self, path: str) -> Any:
        """The SI value at a dotted path of YAML words such as ``hardware.clock``."""
        return self._field_at(path)[0]

    def text_at(self, path: str) -> str:
        """The value at a dotted path with its unit, as people write it: ``1.4 GHz``."""
        return _readable(*self._field_at(path))

    def yaml_text(self, path: str, value: float, digits: int = 4) -> str:
        """Another SI value for the number at ``path``, as a profile has it: with the field's unit if it has one."""
        _, unit = self._field_at(path)
        return format_quantity(value, unit, digits) if unit else round_significant(value, digits)

    def value_of(self, path: str, text: str) -> float:
        """The SI value that ``text`` gives the number at ``path``: what ``yaml_text`` wrote."""
        _, unit = self._field_at(path)
        return parse_quantity(text, unit) if unit else float(text)

    def _field_at(self, path: str) -> tuple[Any, str | None]:
        """The value at a dotted path of YAML words, and the unit of its field."""
        value: Any = self
        unit = None
        for word in path.split("."):
            if isinstance(value, Block):
                kind = type(value)
                name = next(name for name, field in fields_of(kind).items() if word in (name, field.word))
                value, unit = getattr(value, name), unit_of(types_of(kind)[name])
            else:
                value = value[word]
        return value, unit

    def source_of(self, path: str) -> Source:
        """The source of the number at a dotted path such as ``hardware.clock``."""
        return self.sources[self.provenance[path]]


def _readable(value: Any, unit: str | None) -> str:
    """A value of a profile as people write it, also inside tuples and blocks."""
    if isinstance(value, (list, tuple)):
        return ", ".join(_readable(part, unit) for part in value) or "none"
    if isinstance(value, Block):
        types = types_of(type(value))
        return " ".join(
            f"{field.word} {_readable(getattr(value, name), unit_of(types[name]))}"
            for name, field in fields_of(type(value)).items()
        )
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if unit and isinstance(value, (int, float)):
        return format_quantity(value, unit, digits=4)
    return round_significant(value, 4) if isinstance(value, float) else str(value)
