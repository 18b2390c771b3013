"""The terminal report, made to be read on 80 columns."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Group
from rich.table import Table
from rich.text import Text

from costsim.measures.table import BY_NAME, HEADLINES
from costsim.report.formats.terminal import as_text, plain_table
from costsim.report.words import byte_count, energy_line, fit_line, measured, run_line, shape, traffic, trust, verdict
from costsim.units import format_count, format_milliseconds, time_column, unit_of

if TYPE_CHECKING:
    from costsim.analysis import Analysis
    from costsim.profiled import Beside

COSTLIEST = 10


def text(analysis: Analysis, width: int | None = None) -> str:
    """Header, totals, time by op class, costliest layers, warnings."""
    first = (header(analysis), "", _totals(analysis), "", verdict(analysis), "")
    parts: list[Any] = [*first, _classes(analysis), "", _costliest(analysis)]
    if analysis.beside is not None:
        parts += ["", _measured(analysis, analysis.beside)]
    parts += ["", _guidelines(analysis)]
    if analysis.warnings:
        parts += ["", *(Text.assemble(("note  ", "yellow"), warning) for warning in analysis.warnings)]
    return as_text(Group(*parts), width)


def header(analysis: Analysis) -> Text:
    """What ran where: the network and the profile's name, the device in full, the runtime."""
    coverage = analysis.summary["coverage_ratio"]
    partly = Text(f" (only {coverage:.0%} of its layers are known)" if coverage < 1 else "", "bold red")
    below = f"\n{analysis.simulation.profile.title}\n{run_line(analysis)}"
    return Text.assemble((analysis.network, "bold"), partly, " on ", (analysis.hardware, "bold"), below)


def _totals(analysis: Analysis) -> Table:
    s = analysis.summary
    shares = ((r["bound"], r["share_ratio"]) for r in analysis.bound_records)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    if s["fits"] is not None:
        table.add_row(*(Text(part, "bold") for part in fit_line(s)))
        if s["fits"] is False:
            from costsim.advice.fitting import what_would_fit  # a fifth of a cold start, for the few that do not fit

            if (fitting := what_would_fit(analysis.simulation)) is not None:
                table.add_row("", Text(f"it would fit with {fitting}"))
    table.add_row(
        "latency",
        Text.assemble((format_milliseconds(s["latency_ms"]), "bold"), f"   {analysis.interval} ({trust(analysis)})"),
    )
    for reason in analysis.trust.reasons:
        table.add_row("", Text(reason))
    if (full := analysis.filled) is not None:
        table.add_row("throughput", f"{s['throughput_per_s']:,.0f} images/s; the device fills at batch {full.batch}, "
                      f"it reaches {full.best_per_s:,.0f} images/s")  # fmt: skip
    table.add_row("bound by", ", ".join(f"{name} {share:.0%}" for name, share in shares if share >= 0.005))
    table.add_row("parameters", format_count(s["params"]))
    table.add_row("MACs, FLOPs", f"{format_count(s['macs'])}, {format_count(s['flops'])}")
    table.add_row("memory access", f"{format_count(s['mem_access_elems'])} elements")
    table.add_row(*traffic(analysis))
    table.add_row("weights", byte_count(s["weight_bytes"]))
    table.add_row("activations", f"{byte_count(s['peak_activation_bytes'])} at the peak")
    if s["process_bytes"] is not None:
        table.add_row("process", f"{byte_count(s['process_bytes'])} of main memory, weights and runtime included")
    table.add_row("energy", energy_line(analysis))
    return table


def _classes(analysis: Analysis) -> Table:
    head, times = time_column("time", (r["latency_ms"] for r in analysis.class_records))
    dram = ("DRAM",) if "dram" in analysis.traffic_bytes else ()
    shown = table("Where the time goes", "op class", "ops", head, "share", "MACs", *dram)
    for r, time in zip(analysis.class_records, times, strict=True):
        shown.add_row(
            r["op_class"], str(r["ops"]), time, f"{r['share_ratio']:.1%}", format_count(r["macs"]),
            *(byte_count(r["dram_bytes"]) for _ in dram),
        )  # fmt: skip
    return shown


def _costliest(analysis: Analysis) -> Table:
    costliest = sorted(analysis.layer_records, key=lambda r: -r["latency_ms"])[:COSTLIEST]
    title = f"Costliest {len(costliest)} of {len(analysis.layer_records)} executed ops"
    head, times = time_column("time", (r["latency_ms"] for r in costliest))
    shown = table(title, "layer", "output", head, "share", "MACs", "bound by")
    for r, time in zip(costliest, times, strict=True):
        shown.add_row(
            r["name"], shape(r["output_shape"][1:]), time, f"{r['share_ratio']:.1%}",
            format_count(r["macs"]), ", ".join(r["near_bounds"]),
        )  # fmt: skip
    return shown


def _measured(analysis: Analysis, beside: Beside) -> Group:
    """Measured beside predicted: the ops that differ most, and what lies between the ops."""
    pairs = [r for r in analysis.layer_records if r["measured_ms"] is not None]
    pairs.sort(key=lambda r: -abs(r["measured_ms"] - r["latency_ms"]))
    first = pairs[:COSTLIEST]
    unit = unit_of(r["measured_ms"] for r in first)
    measured_head, measured_times = time_column("measured", (r["measured_ms"] for r in first), unit=unit)
    head, times = time_column("predicted", (r["latency_ms"] for r in first), unit=unit)
    heads = (measured_head, head, "ratio", "bound by")
    shown = table(f"Measured beside predicted: {len(pairs)} ops", "layer", *heads)
    for r, *both in zip(first, measured_times, times, strict=True):
        ratio = r["latency_ms"] / r["measured_ms"] if r["measured_ms"] else None
        shown.add_row(r["name"], *both, "" if ratio is None else f"{ratio:.2f}", ", ".join(r["near_bounds"]))
    profile = beside.profile
    gap = "" if profile.gap_s is None else f", {format_milliseconds(profile.gap_s * 1e3)} between the ops"
    whole = "" if profile.whole_s is None else f" of a run of {format_milliseconds(profile.whole_s * 1e3)}"
    line = f"{profile.source}: {format_milliseconds(profile.ops_s * 1e3)} in {len(profile.ops)} ops{whole}{gap}"
    return Group(shown, Text(line))


def _guidelines(analysis: Analysis) -> Table:
    """The measure of each guideline: of the network, and of the block where it is largest."""
    shown = table("By the guidelines", "measure", "rule", "value", "largest", "block")
    for name in HEADLINES:
        value, of = analysis.measures[name], BY_NAME[name]
        if value is None:
            shown.add_row(name, of.guideline, "none", "", "")
            continue
        blocks = {block: own for block, found in analysis.block_measures.items() if (own := found[name]) is not None}
        worst = max(blocks, key=blocks.__getitem__)
        shown.add_row(name, of.guideline, measured(value, of), measured(blocks[worst], of), worst)
    return shown


def table(title: str, first: str, *columns: str, padded: Collection[str] = ()) -> Table:
    """A titled table of numbers, right-aligned but for names, words and what is ``padded`` to its column's width."""
    shown = plain_table(title=title, title_justify="left", title_style="bold", padding=(0, 1, 0, 0), show_edge=False)
    shown.add_column(first, overflow="fold", min_width=len(first))
    for column in columns:
        textual, is_padded = (
            column in ("bound by", "output", "block", "settings"),
            column.endswith("]") or column in padded,
        )
        justify: Literal["left", "right"] = "left" if textual or is_padded else "right"
        shown.add_column(column, justify=justify, no_wrap=not textual, overflow="fold")
    return shown
