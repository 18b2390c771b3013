"""The figures of docs/stories.md, drawn anew by every build from what costsim predicts and papers published."""

from __future__ import annotations

import io
from collections.abc import Callable

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import costsim
from costsim.report.palette import class_colours
from costsim.reproduce.papers import reproduce

SIZE_INCHES = (7.2, 2.8)
PUBLISHED, PREDICTED = "#8a929c", "#0072B2"


def channel_ratio(axes: Axes) -> None:
    """Speed over the ratio of input to output channels, as published and as predicted."""
    table = next(table for table in reproduce("shufflenetv2").tables if table.title.startswith("Table 1"))
    rows = [row for row in table.rows if row.label.endswith("x1")]
    ratios = [row.label.split("=")[1].split(",")[0] for row in rows]
    for name, colour, values in (
        ("measured (Ma et al. 2018, GTX 1080 Ti)", PUBLISHED, [row.published_ratio for row in rows]),
        ("predicted", PREDICTED, [row.computed_ratio for row in rows]),
    ):
        axes.plot(ratios, values, "o-", color=colour, label=name)
    axes.set_ylim(0, 1.1)
    axes.set_xlabel("input channels : output channels, all with the same multiply-accumulates")
    axes.set_ylabel("speed over that of 1:1")
    axes.legend(frameon=False)


def threads(axes: Axes) -> None:
    """Time by op class on one to four threads."""
    counts = [1, 2, 3, 4]
    analyses = [costsim.analyze("shufflenet_v2_1x", "rpi4b", threads=count) for count in counts]
    classes = [record["op_class"] for record in analyses[0].class_records]
    bottom = [0.0] * len(counts)
    for name, colour in class_colours(classes).items():
        times = [_ms_of(analysis, name) for analysis in analyses]
        axes.bar(counts, times, bottom=bottom, color=colour, label=name, width=0.6)
        bottom = [below + ms for below, ms in zip(bottom, times, strict=True)]
    axes.plot(counts, [bottom[0] / count for count in counts], "k--", linewidth=1, label="one thread / threads")
    axes.set_xticks(counts)
    axes.set_xlabel("threads on a Raspberry Pi 4")
    axes.set_ylabel("time [ms]")
    axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _ms_of(analysis: costsim.Analysis, op_class: str) -> float:
    return sum(r["latency_ms"] for r in analysis.class_records if r["op_class"] == op_class)


def buffer(axes: Axes) -> None:
    """Latency and DRAM traffic over the size of the on-chip buffer, at two bandwidths of the DRAM."""
    sizes_kib = [128, 256, 512, 1024, 2048, 4096, 8192]
    for bandwidth, colour in (("0.4 GB/s", "#56B4E9"), ("3.2 GB/s", PREDICTED)):
        analyses = [_buffered(kib, bandwidth) for kib in sizes_kib]
        times = [analysis.latency_ms for analysis in analyses]
        axes.plot(sizes_kib, times, "o-", color=colour, label=f"latency [ms] with DRAM of {bandwidth}")
    moved = [analysis.summary["dram_bytes"] / 2**20 for analysis in analyses]
    axes.plot(sizes_kib, moved, "s--", color="#D55E00", label="moved to and from DRAM [MiB]")
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes_kib, [str(kib) for kib in sizes_kib])
    axes.set_ylim(0, None)
    axes.set_xlabel("on-chip buffer [KiB]")
    axes.legend(frameon=False)


def _buffered(kib: int, bandwidth: str) -> costsim.Analysis:
    settings = {"hardware.memory.onchip.size": f"{kib} KiB", "hardware.memory.dram.bandwidth": bandwidth}
    return costsim.analyze("yolov8n", "embedded_buffer", settings=settings)


def once(axes: Axes) -> None:
    """What each kind of layer has of AlexNet's arithmetic, parameters and time."""
    analysis = costsim.analyze("alexnet", "rpi4b")
    parts = ("multiply-accumulates", "parameters", "time")
    left = [0.0] * len(parts)
    records = sorted(analysis.class_records, key=lambda r: -r["latency_ms"])
    for record in records:
        own = [r for r in analysis.layer_records if r["op_class"] == record["op_class"]]
        shares = [
            sum(r[key] for r in own) / sum(r[key] for r in analysis.layer_records)
            for key in ("macs", "params", "latency_ms")
        ]
        axes.barh(parts, shares, left=left, label=record["op_class"], **_coloured(record["op_class"]))
        left = [before + share for before, share in zip(left, shares, strict=True)]
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _coloured(op_class: str) -> dict[str, str]:
    return {"color": class_colours([op_class])[op_class]}


FIGURES: dict[str, Callable[[Axes], None]] = {
    "channel_ratio": channel_ratio, "threads": threads, "buffer": buffer, "once": once,
}  # fmt: skip


def svg(name: str) -> str:
    """A figure as SVG text."""
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    FIGURES[name](axes)
    axes.spines[["top", "right"]].set_visible(False)
    out = io.StringIO()
    with rc_context({"svg.hashsalt": name}):  # the same bytes from every build
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()
