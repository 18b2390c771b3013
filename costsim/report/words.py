"""Quantities and places as people read them, the same in every report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from costsim.limits import value_of
from costsim.units import DIGITS, format_count, format_milliseconds, format_quantity, round_significant

if TYPE_CHECKING:
    from costsim.analysis import Analysis
    from costsim.devices import RunConfig
    from costsim.hardware import Profile
    from costsim.hardware.profile import Calibration
    from costsim.measures import Measure
    from costsim.sweep.axes import Axis


def byte_count(value: float) -> str:
    return format_quantity(value, "B")


def traffic(analysis: Analysis) -> tuple[str, str]:
    """The traffic of a run and its bytes: that of DRAM, or of each memory of a device that has none."""
    if "dram" in analysis.traffic_bytes:
        return "DRAM traffic", byte_count(analysis.traffic_bytes["dram"])
    return "traffic", ", ".join(f"{name} {byte_count(moved)}" for name, moved in analysis.traffic_bytes.items())


def percent(ratio: float) -> str:
    return f"{ratio:.1%}"


def number(value: Any) -> str:
    """A number of any size in a few digits, also inside lists and mappings; other values as they are."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(number, value))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return format_count(value) if abs(value) >= 1e4 else f"{value:.4g}"


def short_name(path: str) -> str:
    """The end of a long path: ``onchip.size``; of an option of a network its own name: ``width``."""
    return ".".join(path.split(".")[-2:]).removeprefix("network.")


def axis_value(axis: Axis, value: Any) -> str:
    """A value of a sweep's axis, with its unit if it has one."""
    if axis.unit:
        return format_quantity(float(value), axis.unit)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def metric(name: str, value: float) -> str:
    """A total by its name, for a column whose head has the unit: counts with their letter, bytes with theirs."""
    if name.partition("@")[0].endswith("_bytes"):
        return format_quantity(value, "B")
    is_plain = name.partition("@")[0].endswith(("_ms", "_mj", "_mm2", "_ratio"))
    return round_significant(value, DIGITS) if is_plain else format_count(value)


def shape(dims: Iterable[Any]) -> str:
    return "x".join(str(d) for d in dims)


def run_line(analysis: Analysis) -> str:
    """How the network ran: runtime, data type, cores where there is a choice, input."""
    simulation = analysis.simulation
    run, all_ms = runtime_line(simulation.profile, simulation.run), analysis.on_all_cores_ms
    run += f" ({simulation.profile.max_threads}: {format_milliseconds(all_ms)})" if all_ms is not None else ""
    return f"{run}, input {shape(simulation.graph.input_shape)}"


def runtime_line(profile: Profile, run: RunConfig) -> str:
    """The runtime, the data type and, where there is a choice, the cores used: ``1 of 4 cores``."""
    cores = f", {run.threads:g} of {profile.max_threads} cores" if profile.max_threads > 1 else ""
    return f"{profile.runtime.name} {profile.runtime.version}, {run.dtype}{cores}"


def trust(analysis: Analysis) -> str:
    """What the interval is worth."""
    return analysis.trust.label


def accuracy_card(calibration: Calibration) -> dict[str, str]:
    """What a profile's predictions were held against and how far off they were."""
    c, within, unknown = calibration, calibration.within_10_percent_ratio, "unknown"
    trained = " (training error)" if c.error_of == "training error" else ""
    return {
        "status": c.status,
        "data": c.data,
        "date": c.date or unknown,
        "mean error": unknown if c.mean_error_ratio is None else percent(c.mean_error_ratio) + trained,
        "within 10 %": unknown if within is None else f"{within:.0%} of predictions",
        "90 % interval": f"{c.low_ratio:.2f} to {c.high_ratio:.2f} times the prediction",
    }


def verdict(analysis: Analysis) -> str:
    """One sentence: what bounds the network, where that time is, and what it would take without."""
    first, costs = analysis.bound_records[0], analysis.simulation.costs
    limit = first["bound"]
    bounded = [r for r in analysis.layer_records if r["bound"] == limit]
    classes: dict[str, float] = {}
    for record in bounded:
        classes[record["op_class"]] = classes.get(record["op_class"], 0.0) + record["latency_ms"]
    worst = max(classes, key=lambda name: classes[name])
    share = classes[worst] / (first["latency_ms"] or 1.0)
    where = f"all of it in {worst}" if len(classes) == 1 else f"{share:.0%} of that in {worst}"
    lifted_ms = float(costs.without({limit}).sum(axis=0)[0]) * 1e3
    return (
        f"{first['share_ratio']:.0%} of the time goes to the {first['ops']} of {len(analysis.layer_records)} ops "
        f"bound by {limit}, {where}; with {limit} lifted the network would take "
        f"{format_milliseconds(lifted_ms)} instead of {format_milliseconds(analysis.latency_ms)}."
    )


def fit_line(summary: Mapping[str, Any]) -> tuple[str, str]:
    """Whether the network fits the memory on chip, and what it takes: ``("fits", "448 KiB of 512 KiB on chip")``."""
    where = "of DTCM" if summary["arena_memory"] == "DTCM" else "on chip"
    held = f"{byte_count(summary['onchip_used_bytes'])} of {byte_count(summary['onchip_bytes'])} {where}"
    if summary["flash_bytes"] is not None:
        held += f", {byte_count(summary['flash_bytes'])} of flash"
    if summary["arena_peak"] is not None:
        held += f"; the arena is set by {summary['arena_peak']}"
    if summary["spilled_bytes"]:
        away = "in external RAM" if summary["arena_memory"] == "external RAM" else "leave the chip"
        held += f"; {byte_count(summary['spilled_bytes'])} of maps {away}"
    return "fits" if summary["fits"] else "does not fit", held


def energy_line(analysis: Analysis) -> str:
    """Joules with their interval and where they go: ``1.2 mJ   800 uJ to 1.8 mJ; offchip 60%, idle 40%``."""
    whole, low, high = (analysis.summary[f"energy{end}_mj"] for end in ("", "_low", "_high"))
    if whole is None or analysis.energy_parts_mj is None:
        return f"unknown: {analysis.unknown['energy_mj']}"
    ends = f"at least {_joules(low)}" if high is None else f"{_joules(low)} to {_joules(high)}"
    shares = (f"{part} {mj / whole:.0%}" for part, mj in analysis.energy_parts_mj.items() if mj >= 0.005 * whole)
    return f"{_joules(whole)}   {ends}; {', '.join(shares)}"


def _joules(millijoules: float) -> str:
    return format_quantity(millijoules / 1e3, "J")


def total(name: str, value: float | None) -> str:
    """A total by its name, with its unit: ``26.96 ms``, ``3.02 MiB``, ``145.8 M``."""
    return "unknown" if value is None else value_of(name, value)


def total_name(name: str) -> str:
    """A total's name as people say it: ``latency``, ``peak activation``, ``MACs``."""
    stem = name.removesuffix("_ms").removesuffix("_bytes").removesuffix("_ratio")
    return {"macs": "MACs", "flops": "FLOPs", "params": "parameters", "dram": "DRAM traffic"}.get(
        stem, stem.replace("_", " ")
    )


def measured(value: float, measure: Measure) -> str:
    """A measure's value with its unit in short: ``1.21``, ``3.2 M``, ``512.0 KiB``."""
    if measure.unit == "bytes":
        return byte_count(value)
    return format_count(value) if measure.unit == "elements" else f"{value:.3g}"
