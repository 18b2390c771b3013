"""The predicted schedule as a Chrome trace (Trace Event Format), for Perfetto and chrome://tracing.

Tracks: stages and blocks, the ops, and one per limit, on which an op is as long as that limit alone
would take. Where the network was measured too, a second process holds its layers, summed to the same
ops. Times are microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from costsim.report.page.memory import alive, running
from costsim.report.page.network_graph import NO_BLOCK
from costsim.timed import op_times

if TYPE_CHECKING:
    from costsim.analysis import Analysis
    from costsim.reference.measure import Measurement

Event = dict[str, Any]

PROCESS, MEASURED = 1, 2
STAGES, BLOCKS, OPS = 1, 2, 3
FIRST_LIMIT = 4


def to_trace(analysis: Analysis, measured: Measurement | None = None) -> str:
    """The trace as JSON; ``measured`` is the same network, timed layer by layer."""
    events = [*_names(analysis), *_spans(analysis), *_ops(analysis), *_counters(analysis)]
    about = {"network": analysis.network, "hardware": analysis.hardware, "mode": analysis.mode}
    if measured:
        events += _measured(analysis, measured)
        about["measured"] = measured.where
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms", "otherData": about}, allow_nan=False)


def _names(analysis: Analysis) -> Iterator[Event]:
    limits = (f"limit: {name}" for name in analysis.simulation.costs.limit_names)
    tracks = enumerate(("stages", "blocks", "ops", *limits), start=STAGES)
    yield from _process(PROCESS, f"{analysis.network} on {analysis.hardware} ({analysis.mode})", tracks)


def _process(process: int, title: str, tracks: Iterable[tuple[int, str]]) -> Iterator[Event]:
    yield {"ph": "M", "name": "process_name", "pid": process, "args": {"name": title}}
    yield {"ph": "M", "name": "process_sort_index", "pid": process, "args": {"sort_index": process}}
    for track, name in tracks:
        yield {"ph": "M", "name": "thread_name", "pid": process, "tid": track, "args": {"name": name}}
        yield {"ph": "M", "name": "thread_sort_index", "pid": process, "tid": track, "args": {"sort_index": track}}


def _spans(analysis: Analysis) -> Iterator[Event]:
    """A slice per run of ops of one stage, and of one block."""
    timed = running(analysis)
    for track, key in ((STAGES, lambda block: block.split(".")[0]), (BLOCKS, lambda block: block)):
        for name, members in groupby(timed, lambda item, key=key: key(item[0]["block"])):  # type: ignore[misc]
            spans = [(start_ms, end_ms) for _, start_ms, end_ms in members]
            yield _slice(track, name or NO_BLOCK, spans[0][0], spans[-1][1], {"ops": len(spans)})


def _ops(analysis: Analysis) -> Iterator[Event]:
    shown = ("op", "op_class", "bound", "macs", "params", "dram_bytes", "weight_bytes")
    for record, start_ms, end_ms in running(analysis):
        arguments = {name: record[name] for name in shown} | {"output": record["output_shape"]}
        yield _slice(OPS, record["name"], start_ms, end_ms, arguments)
        for track, (limit, ms) in enumerate(record["ceilings_ms"].items(), start=FIRST_LIMIT):
            if ms > 0:
                yield _slice(track, record["name"], start_ms, min(start_ms + ms, end_ms), {"limit": limit})


def _counters(analysis: Analysis) -> Iterable[Event]:
    for span in alive(analysis):
        yield {
            "ph": "C",
            "name": "live activations",
            "pid": PROCESS,
            "ts": span["from_ms"] * 1e3,
            "args": {"bytes": span["bytes"]},
        }


def _measured(analysis: Analysis, measured: Measurement) -> Iterator[Event]:
    """A slice per predicted op, as long as its layers took, back to back.

    Layers that are no op on the device (views) stand under their own name.
    """
    yield from _process(MEASURED, f"{analysis.network} measured: {measured.where}", [(OPS, "ops")])
    start_ms = 0.0
    for op in op_times(analysis, measured):
        arguments = {"predicted_ms": op.predicted_ms, "layers": list(op.layers), "measured_ms": op.measured_ms}
        yield _slice(OPS, op.name, start_ms, start_ms + op.measured_ms, arguments, process=MEASURED)
        start_ms += op.measured_ms


def _slice(track: int, name: str, start_ms: float, end_ms: float, arguments: Event, *, process: int = PROCESS) -> Event:
    times = {"ts": start_ms * 1e3, "dur": max(end_ms - start_ms, 0.0) * 1e3}
    return {"ph": "X", "name": name, "cat": "costsim", "pid": process, "tid": track, **times, "args": arguments}
