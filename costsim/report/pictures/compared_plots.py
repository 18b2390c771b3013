"""Static pictures of a comparison: networks by devices as a heat map, and latencies with their intervals."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from costsim.compare import Comparison
from costsim.report.page.charts import PLAIN_COLOUR
from costsim.report.page.compared_charts import LOG_FROM_RATIO
from costsim.report.page.compared_matrix import compared_matrix
from costsim.report.palette import limit_colours
from costsim.report.pictures.plots import save_figures, unmarked

DARKEST_RATIO = 0.6
"""How much of the colour the slowest network of a device has: black numbers stay readable."""


def save_compared_plots(comparison: Comparison, folder: str | Path, style: str | None = None) -> list[Path]:
    """Write ``matrix`` and ``latencies`` as PNG and SVG into ``folder``, which is made.

    Raises:
        InputError: it cannot be written, or the style is none.
    """
    drawings = {"matrix": partial(draw_matrix, comparison), "latencies": partial(draw_latencies, comparison)}
    return save_figures(drawings, "Predicted latency", folder, style)


def draw_matrix(comparison: Comparison, axes: Axes) -> None:
    """A cell a network and device, the darker the slower it is among the networks on that device."""
    matrix = compared_matrix(comparison)
    rows = matrix["rows"]
    axes.imshow([[to_rgba(PLAIN_COLOUR, DARKEST_RATIO * cell["heat"]) for cell in row["cells"]] for row in rows],
                aspect="auto")  # fmt: skip
    for y, row in enumerate(rows):
        for x, cell in enumerate(row["cells"]):
            axes.text(x, y, cell["text"], ha="center", va="center")
    heads = [f"{unmarked(hw)}\n[{unit}]" for hw, unit in zip(comparison.devices, matrix["units"], strict=True)]
    axes.set_xticks(range(len(heads)), heads)
    axes.set_yticks(range(len(rows)), [unmarked(row["network"]) for row in rows])
    axes.tick_params(length=0, labelsize="small")
    axes.spines[:].set_visible(False)


def draw_latencies(comparison: Comparison, axes: Axes) -> None:
    """A dot a network and device with its interval, networks one above the other, a colour a device."""
    colours = limit_colours(comparison.devices)
    step = 0.7 / len(comparison.devices)
    for number, hw in enumerate(comparison.devices):
        analyses = [comparison.analyses[network, hw] for network in comparison.networks]
        places = [row + (number - (len(colours) - 1) / 2) * step for row in range(len(analyses))]
        ends = [analysis.trust.ends(analysis.latency_ms) for analysis in analyses]
        times = [analysis.latency_ms for analysis in analyses]
        lows, highs = [low for low, _ in ends], [high or ms for (_, high), ms in zip(ends, times, strict=True)]
        axes.hlines(places, lows, highs, color=colours[hw], linewidth=2, alpha=0.5)
        axes.plot(times, places, "o", color=colours[hw], markersize=4, label=unmarked(hw))
    everything = [analysis.latency_ms for analysis in comparison.analyses.values() if analysis.latency_ms > 0]
    if everything and max(everything) > LOG_FROM_RATIO * min(everything):
        axes.set_xscale("log")
    axes.set_yticks(range(len(comparison.networks)), list(map(unmarked, comparison.networks)))
    axes.invert_yaxis()
    axes.set_xlabel("latency [ms]")
    axes.grid(axis="x", color="#dddddd", linewidth=0.5)
    axes.legend(frameon=False)
