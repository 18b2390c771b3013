"""A network's counts beside what torch executed, its outputs beside the original's, its ops' times: text and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.units import counted, format_milliseconds

if TYPE_CHECKING:
    from costsim.reference.judge import Judgement
    from costsim.reference.outputs import OutputCheck, Outputs
    from costsim.timed import Timed

COLUMNS = ("shape", "params", "macs", "elements read", "elements weights", "elements written")

COSTLIEST = 10
"""Ops that are told one by one, those that take longest."""

REASONS = 5
"""Layers whose values are the original's that are told one by one."""


def text(found: Judgement, times: Timed | None = None, width: int | None = None) -> str:
    """How many layers were held in each quantity, every layer that differs, then outputs and times if there are any."""
    checks = found.checks
    head = Text.assemble(
        (found.network, "bold"), f": {len(checks) - len(found.mismatches)} of {len(checks)} layers agree with torch\n"
    )
    table = plain_table(show_edge=False)
    for column in ("quantity", "layers held", "differ"):
        table.add_column(column, justify="left" if column == "quantity" else "right", no_wrap=True)
    for name, held, differ in quantities(found):
        table.add_row(name, str(held), str(differ))
    parts: list[Text | Table] = [head, table, *_told(found), *_outputs(found), *(_times(times) if times else ())]
    return as_text(Group(*parts), width)


def quantities(found: Judgement) -> list[tuple[str, int, int]]:
    """Of each quantity how many layers were held, and how many differ."""
    rows = []
    for name in COLUMNS:
        pairs = [check.pairs[name] for check in found.checks if name in check.pairs]
        rows.append((name, len(pairs), sum(own != executed for own, executed in pairs)))
    return rows


def executed(found: Judgement) -> list[str]:
    """Kernels, branches and the peak, a sentence each."""
    views = sum(check.torch_elems is None for check in found.checks)
    stated = sum(check.stated for check in found.checks)
    shared = f"{counted(stated, 'layer')} with parameters that others have too, or stored in another form: not held"
    return [
        *((shared,) if stated else ()),
        f"torch ran {found.kernels} kernels; {views} layers are views, whose elements are not held",
        f"at most {counted(found.branches, 'layer')} with multiply-adds could run side by side",
        f"at most {found.torch_peak.elems:,} elements of maps exist at once, while {found.torch_peak.at} runs",
    ]


def _told(found: Judgement) -> list[Text]:
    own = found.peak
    off = () if own == found.torch_peak else (Text(f"the graph says {own.elems:,}, while {own.at} runs", "red"),)
    return [Text("\n" + "\n".join(executed(found))), *off, *(Text(f"\n{check}", "red") for check in found.mismatches)]


def _outputs(found: Judgement) -> list[Text]:
    if found.outputs is None:
        return [Text(f"\noutputs not held: {found.outputs_missing}")] if found.outputs_missing else []
    first = found.outputs.first_off
    told = [Text(f"\n{line}") if not place else Text(line) for place, line in enumerate(compared(found.outputs))]
    return [*told, *([Text(f"the first layer that differs is {difference(first)}", "red")] if first else [])]


def compared(outputs: Outputs) -> list[str]:
    """What came out of the outputs, a sentence each."""
    largest, taken = outputs.largest, outputs.taken
    lines = [f"outputs against {outputs.against}, with the original's weights: {len(outputs.held)} layers held"]
    if outputs.of_results is not None:
        lines.append(f"the network's outputs differ by {outputs.of_results:.2g} of their largest magnitude")
    if largest is not None:
        lines.append(f"the largest difference is {difference(largest)}")
    if outputs.handed_on:
        count = counted(len(outputs.handed_on), "layer")
        lines.append(f"rounding grows: {count} over the tolerance, not so when run on the original's own operands")
    if taken:
        told = "; ".join(f"{check.name} {check.reason}" for check in taken[:REASONS])
        more = f"; {len(taken) - REASONS} more" if len(taken) > REASONS else ""
        lines.append(f"{len(taken)} layers do not say in full what they compute and are not held: {told}{more}")
    return lines


def difference(check: OutputCheck) -> str:
    """A layer and how far it is off."""
    return f"{check.name} ({check.op}), by {check.difference:.2g}"


def _times(times: Timed) -> list[Text | Table]:
    head = (
        f"\n{times.where}: {format_milliseconds(times.measured_ms)} (noise {times.noise_ratio:.0%}), "
        f"{times.hardware} predicts {format_milliseconds(times.predicted_ms)}\n"
    )
    table = plain_table(show_edge=False)
    for column in ("costliest ops", "measured", "predicted", "predicted / measured"):
        table.add_column(column, justify="left" if column == "costliest ops" else "right", overflow="fold")
    for op in sorted(times.ops, key=lambda op: -op.measured_ms)[:COSTLIEST]:
        ratio = f"{op.predicted_ms / op.measured_ms:.2f}" if op.measured_ms else ""
        table.add_row(op.name, format_milliseconds(op.measured_ms), format_milliseconds(op.predicted_ms), ratio)
    return [Text(head), table]


def to_json(found: Judgement, times: Timed | None = None) -> str:
    """All of it, layer by layer, as a JSON document."""
    return stamped_json({**found.record(), "measured": times.record() if times else None}, indent=None)
