"""Measured latencies as users have them: a CSV file, Vela's summary among them, or the log of a benchmark program.

The CSV has a header with ``network`` and ``latency_ms`` (or ``latency_us``, ``latency_s``) and, if
wanted, ``threads`` and ``batch``. A network is a zoo name or a path to a file an importer reads.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costsim.calibrate.logs import parse_log
from costsim.errors import InputError, shortened
from costsim.files import is_there, read_text
from costsim.graph import LayerGraph
from costsim.network import Network
from costsim.profiled.formats import parse_op_profile
from costsim.profiled.profile import OpProfile

VELA_TIME = "inference_time"

UNITS = {"latency_s": 1.0, "latency_ms": 1e-3, "latency_us": 1e-6, VELA_TIME: 1.0}
"""Columns of times; the last is that of the summary Arm's Vela writes, ``NETWORK_summary_SYSTEM.csv``, in seconds."""

CONTRADICTION_RATIO = 1.3
"""Two measurements of the same thing may differ by this factor; the faster one is kept."""


@dataclass(frozen=True)
class Measurement:
    """One network, measured."""

    network: str
    latency_s: float
    threads: int | None = None
    """None where the source does not say."""
    batch: int | None = None
    """Images in one run; None: as many as the network's file has."""
    profile: OpProfile | None = None
    """Its ops one by one, where a profiler timed them."""

    @property
    def name(self) -> str:
        """What it is called in fits and messages."""
        return self.network if self.batch is None else f"{self.network} batch {self.batch}"

    def graph(self) -> LayerGraph:
        """Its layers, at its batch.

        Raises:
            InputError: an unknown network.
        """
        return Network(self.network, batch=self.batch).graph


def read_measurements(path: str | Path) -> list[Measurement]:
    """The measurements in a CSV file, a log of ``benchncnn`` or TFLite's ``benchmark_model``, or an op profile.

    Op profiles of most runtimes do not name their network: ``NETWORK=FILE`` does, and with a batch
    ``NETWORK batch 8=FILE``.

    Raises:
        InputError: not such a file, a unit missing or mixed, times that cannot be, measurements
            that contradict each other.
    """
    network, where = _named(path)
    text = read_text(where, mend="give a CSV file or a log")
    if network:
        return [_checked(_profiled(network, text, where), where)]
    found: Sequence[tuple[Any, ...]] = parse_log(text) if not _is_csv(text) else _parse_csv(text, where)
    if not found:
        raise InputError(
            "neither a CSV of measurements nor a log of benchncnn or benchmark_model",
            where=where,
            mend="write a CSV with the header network,latency_ms,threads; an op profile as NETWORK=FILE",
        )
    measurements = [_checked(Measurement(*entry), where) for entry in found]
    return _without_duplicates(measurements, where)


def _named(path: str | Path) -> tuple[str, str]:
    """The network that ``NETWORK=FILE`` names, and the file; no network where a file is given alone."""
    network, equals, file = str(path).rpartition("=")
    return (network, file) if equals and not is_there(str(path)) else ("", str(path))


def _profiled(named: str, text: str, where: str) -> Measurement:
    """One run from an op profile; its ops together where it has no time of the whole."""
    profile = parse_op_profile(text, where)
    network, _, batch = named.partition(" batch ")
    seconds = profile.ops_s if profile.whole_s is None else profile.whole_s
    return Measurement(network, seconds, profile.threads, _count(batch, where, "images") if batch else None, profile)


def _is_csv(text: str) -> bool:
    header = next((line for line in text.splitlines() if line.strip()), "")
    return "network" in [name.strip().lower() for name in header.split(",")]


def _parse_csv(text: str, where: str) -> list[tuple[str, float, int | None, int | None]]:
    try:
        rows = list(csv.DictReader(text.strip().splitlines(), skipinitialspace=True))
    except csv.Error as error:
        raise InputError(f"not valid CSV: {error}", where=where, mend="mend that line") from None
    names = [name.strip().lower() for name in (rows[0] if rows else {}) if name]
    units = [name for name in names if name in UNITS]
    if len(units) != 1:
        wrong = f"has the columns {' and '.join(units)}" if units else "has no column of times"
        raise InputError(
            f"{wrong}; mixed or missing units", where=where, mend="have one of latency_ms, latency_us, latency_s"
        )
    found = []
    for number, raw in enumerate(rows, start=2):
        row = {(key or "").strip().lower(): value for key, value in raw.items()}
        place = f"{where}:{number}"
        threads, batch = ((row.get(column) or "").strip() for column in ("threads", "batch"))
        found.append(
            (
                _network((row.get("network") or "").strip(), units[0], where),
                _number(row[units[0]], place) * UNITS[units[0]],
                _count(threads, place) if threads else None,
                _count(batch, place, "images") if batch else None,
            )
        )
    return found


def _network(name: str, unit: str, where: str) -> str:
    """Its name, or the file beside a summary of Vela's that was compiled."""
    compiled = Path(where).parent / f"{name}.tflite"
    return str(compiled) if unit == VELA_TIME and compiled.is_file() else name


def _number(text: str | None, place: str) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise InputError(
            f"'{shortened(text)}' is not a number", where=place, mend="the unit stands in the header alone"
        ) from None


def _count(text: str, place: str, of: str = "threads") -> int:
    if not re.fullmatch("[0-9]{1,6}", text) or int(text) < 1:
        raise InputError(f"'{shortened(text)}' {of}", where=place, mend="give a whole number from 1 on")
    return int(text)


def _checked(measurement: Measurement, where: str) -> Measurement:
    place = f"{where}: {measurement.network or 'a row without a network'}"
    if not measurement.network:
        raise InputError("the network is missing", where=place, mend="name one in every row")
    if not (math.isfinite(measurement.latency_s) and measurement.latency_s > 0):
        raise InputError(f"a latency of {measurement.latency_s * 1e3:g} ms", where=place, mend="it is above 0")
    return measurement


def _without_duplicates(measurements: list[Measurement], where: str) -> list[Measurement]:
    fastest: dict[tuple[str, int | None], Measurement] = {}
    for m in measurements:
        other = fastest.setdefault((m.name, m.threads), m)
        slow, fast = max(m.latency_s, other.latency_s), min(m.latency_s, other.latency_s)
        if slow > CONTRADICTION_RATIO * fast:
            raise InputError(
                f"measured twice, {fast * 1e3:g} ms and {slow * 1e3:g} ms",
                where=f"{where}: {m.name}",
                mend="keep the one that holds",
            )
        fastest[m.name, m.threads] = m if m.latency_s == fast else other
    return list(fastest.values())
