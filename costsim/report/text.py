"""The terminal report, made to be read on 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from costsim.units import format_count, format_quantity

if TYPE_CHECKING:
    from costsim.analysis import Analysis

COSTLIEST = 10


def print_analysis(analysis: Analysis, console: Console | None = None) -> None:
    """Print the report to stdout."""
    (console or Console(highlight=False)).print(render(analysis))


def render(analysis: Analysis) -> Group:
    """Header, totals, time by op class, costliest layers, warnings."""
    parts: list[Any] = [_header(analysis), "", _totals(analysis), "", _classes(analysis), "", _costliest(analysis)]
    if analysis.warnings:
        parts += ["", *(Text.assemble(("note  ", "yellow"), warning) for warning in analysis.warnings)]
    return Group(*parts)


def _header(analysis: Analysis) -> Text:
    graph, profile, run = (getattr(analysis.simulation, part) for part in ("graph", "profile", "run"))
    threads = "1 thread" if run.threads == 1 else f"{run.threads} threads"
    shape = "x".join(str(d) for d in graph.input_shape)
    coverage = analysis.summary["coverage_ratio"]
    partly = Text(f" (only {coverage:.0%} of its layers are known)" if coverage < 1 else "", "bold red")
    return Text.assemble(
        (graph.name, "bold"), partly, " on ", (profile.title, "bold"),
        f"\n{profile.runtime.name} {profile.runtime.version}, {run.dtype}, {threads}, input {shape}",
    )  # fmt: skip


def _totals(analysis: Analysis) -> Table:
    s, calibration = analysis.summary, analysis.simulation.profile.calibration
    interval = f"{_ms(s['latency_low_ms'])} to {_ms(s['latency_high_ms'])}"
    trust = "90 % interval" if calibration.status == "calibrated" else "not calibrated"
    shares = ((r["bound"], r["share_ratio"]) for r in analysis.bound_records)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("latency", Text.assemble((_ms(s["latency_ms"]), "bold"), f"   {interval} ({trust})"))
    table.add_row("bound by", ", ".join(f"{name} {share:.0%}" for name, share in shares if share >= 0.005))
    table.add_row("parameters", format_count(s["params"]))
    table.add_row("MACs, FLOPs", f"{format_count(s['macs'])}, {format_count(s['flops'])}")
    table.add_row("memory access", f"{format_count(s['mem_access_elems'])} elements")
    table.add_row("DRAM traffic", _bytes(s["dram_bytes"]))
    table.add_row("weights", _bytes(s["weight_bytes"]))
    table.add_row("activations", f"{_bytes(s['peak_activation_bytes'])} at the peak")
    energy = s["energy_mj"]
    table.add_row("energy", f"{energy:.3g} mJ" if energy is not None else f"unknown: {analysis.unknown['energy_mj']}")
    return table


def _classes(analysis: Analysis) -> Table:
    table = _table("Where the time goes", "op class", "ops", "time", "share", "MACs", "DRAM")
    for r in analysis.class_records:
        table.add_row(
            r["op_class"], str(r["ops"]), _ms(r["latency_ms"]), f"{r['share_ratio']:.1%}",
            format_count(r["macs"]), _bytes(r["dram_bytes"]),
        )  # fmt: skip
    return table


def _costliest(analysis: Analysis) -> Table:
    costliest = sorted(analysis.layer_records, key=lambda r: -r["latency_ms"])[:COSTLIEST]
    title = f"Costliest {len(costliest)} of {len(analysis.layer_records)} executed ops"
    table = _table(title, "layer", "output", "time", "share", "MACs", "bound by")
    for r in costliest:
        table.add_row(
            r["name"], "x".join(map(str, r["output_shape"][1:])), _ms(r["latency_ms"]), f"{r['share_ratio']:.1%}",
            format_count(r["macs"]), ", ".join(r["near_bounds"]),
        )  # fmt: skip
    return table


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold")
    for column in columns:
        textual = column in ("bound by", "output")
        table.add_column(column, justify="left" if textual else "right", no_wrap=not textual)
    return table


def _ms(milliseconds: float) -> str:
    return format_quantity(milliseconds / 1e3, "s") if milliseconds < 1 else f"{milliseconds:.4g} ms"


def _bytes(count: float) -> str:
    return format_quantity(count, "B")
