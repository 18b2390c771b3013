"""One side of a difference: an analysis made now, or one that was saved as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costsim.analysis import Analysis, Record
from costsim.errors import InputError
from costsim.jsonfile import read_json
from costsim.version import SCHEMA_VERSION, VERSION

MADE_BY = "write it with 'costsim analyze NETWORK --hw HW --format json'"

COUNTS = ("params", "macs", "mem_access_elems", "latency_ms")
"""What a layer of a baseline must have as a number."""


@dataclass(frozen=True)
class Side:
    """A network on a device, as far as a difference needs it."""

    network: str
    hw: str
    run: Mapping[str, Any]
    """What has to be equal on both sides: the version of costsim, input shape, data type and threads."""
    latency_ms: float
    layers: tuple[Record, ...]

    @classmethod
    def of(cls, analysis: Analysis) -> Side:
        simulation = analysis.simulation
        run = {
            "version": VERSION,
            "input": [int(d) for d in simulation.graph.input_shape],
            "data type": simulation.run.dtype,
            "threads": simulation.run.threads,
        }
        return cls(analysis.network, analysis.hardware, run, analysis.latency_ms, tuple(analysis.layer_records))

    def differs_from(self, other: Side) -> str:
        """In words what makes the two no pair but their layers; empty where nothing does."""
        mine = {"network": self.network, "device": self.hw, **self.run}
        theirs = {"network": other.network, "device": other.hw, **other.run}
        unequal = [name for name in mine if mine[name] != theirs[name]]
        return ", ".join(f"{name} {_shown(mine[name])} instead of {_shown(theirs[name])}" for name in unequal)


def _shown(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)


def read_baseline(path: str | Path) -> Side:
    """A saved ``analyze --format json``.

    Raises:
        InputError: not readable, no JSON, no analysis of a network, or one in another form.
    """
    document = read_json(path, mend=MADE_BY)
    form = document.get("schema_version", SCHEMA_VERSION) if isinstance(document, dict) else SCHEMA_VERSION
    if form != SCHEMA_VERSION:
        raise InputError(f"schema version {form!r}", where=str(path), mend=f"this costsim reads {SCHEMA_VERSION}")
    try:
        network, hardware = document["network"], document["hardware"]
        layers = tuple(document["layers"])
        for layer in layers:
            for name in COUNTS:
                if not isinstance(layer[name], int | float):
                    raise TypeError(name)
            for name in ("name", "op", "op_class", "bound"):
                if not isinstance(layer[name], str):
                    raise TypeError(name)
            tuple(map(int, layer["output_shape"]))
        run = {
            "version": document["tool"]["version"],
            "input": [int(d) for d in network["input_shape"]],
            "data type": network["dtype"],
            "threads": hardware["threads"],
        }
        latency_ms = float(document["totals"]["latency_ms"])
        return Side(str(network["name"]), str(hardware["profile"]), run, latency_ms, layers)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError("is no saved analysis", where=str(path), mend=MADE_BY) from None
