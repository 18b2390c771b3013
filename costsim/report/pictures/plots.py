"""Static pictures for papers and slides: roofline, breakdown and memory as PNG and SVG."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from costsim.errors import InputError, unknown_name, visible
from costsim.files import is_there, make_folder, read_text, write_bytes
from costsim.report.page.charts import MODE_COLOURS, PLAIN_COLOUR, ROOF_COLOUR
from costsim.report.page.memory import capacities, held
from costsim.report.page.roofline import roofline
from costsim.report.palette import class_colours

if TYPE_CHECKING:
    from costsim.analysis import Analysis

MARKERS = {"macs": "o", "vector": "D", "copy": "s"}
LARGEST_POINT = 500
STYLE: Any = {
    "figure.figsize": (6.5, 3.6),
    "figure.dpi": 150,
    "figure.titlesize": "large",
    "legend.fontsize": "small",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "svg.hashsalt": "costsim",  # the same picture is the same file
    "svg.fonttype": "none",
}


def save_plots(analysis: Analysis, folder: str | Path, style: str | None = None) -> list[Path]:
    """Write ``roofline``, ``breakdown`` and ``memory`` as PNG and SVG into ``folder``, which is made.

    Raises:
        InputError: it cannot be written, or the style is none.
    """
    plots = {kind: partial(draw, analysis) for kind, draw in drawings().items()}
    return save_figures(plots, _title(analysis), folder, style)


def figure_of(analysis: Analysis, kind: str) -> Figure:
    """One of the pictures, to be shown or changed further.

    Raises:
        InputError: another kind.
    """
    if kind not in drawings():
        raise unknown_name("picture", kind, drawings())
    with matplotlib.rc_context(STYLE):
        return _figure(partial(drawings()[kind], analysis), _title(analysis))


def drawings() -> dict[str, Callable[[Analysis, Axes], None]]:
    """Every kind of picture."""
    return {"roofline": draw_roofline, "breakdown": draw_breakdown, "memory": draw_memory}


def _title(analysis: Analysis) -> str:
    return f"{analysis.network} on {analysis.hardware}, {analysis.mode}"


def unmarked(name: str) -> str:
    """A name as matplotlib draws it letter by letter: between dollars it would be read as a formula."""
    return visible(name).replace("$", r"\$")


def save_figures(
    drawings: Mapping[str, Callable[[Axes], None]], title: str, folder: str | Path, style: str | None = None
) -> list[Path]:
    """Draw every picture and write it as PNG, SVG, and the ``savefig.format`` of the style.

    ``style`` is a style of matplotlib over the one here, by name or file: fonts, figure size, colours of axes, format.

    Raises:
        InputError: the folder cannot be made or written, or the style is none.
    """
    look = STYLE | _style(style)
    folder = make_folder(folder)
    written = []
    for name, draw in drawings.items():
        with matplotlib.rc_context(look), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # names in any script
            figure = _figure(draw, title)
            for suffix in dict.fromkeys(("png", "svg", matplotlib.rcParams["savefig.format"])):
                written.append(folder / f"{name}.{suffix}")
                write_bytes(written[-1], _rendered(figure, suffix))
    return written


def _style(style: str | None) -> dict[str, Any]:
    """The settings of a style of matplotlib, by name or by the path of a file."""
    if style is None:
        return {}
    library: Any = matplotlib.style.library
    if style in library:
        return dict(library[style])
    if not is_there(style):
        raise unknown_name("style", style, matplotlib.style.available, where="--plot-style")
    lines = (line.partition("#")[0].partition(":") for line in read_text(style).splitlines())
    settings = {key.strip(): value.strip() for key, _, value in lines if key.strip()}
    for key, value in settings.items():
        if key not in matplotlib.rcParams:
            raise unknown_name("setting", key, matplotlib.rcParams, where=style)
        try:
            settings[key] = matplotlib.rcParams.validate[key](value)
        except ValueError as error:
            raise InputError(f"{key}: {error}", where=style, mend="write it as in a matplotlibrc") from None
    return settings


def _figure(draw: Callable[[Axes], None], title: str) -> Figure:
    """One picture under the style that holds."""
    figure = Figure(layout="constrained")
    draw(figure.subplots())
    figure.suptitle(unmarked(title))
    return figure


def _rendered(figure: Figure, suffix: str) -> bytes:
    buffer = io.BytesIO()
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    figure.savefig(buffer, format=suffix, metadata=undated.get(suffix))
    return buffer.getvalue()


def draw_roofline(analysis: Analysis, axes: Axes) -> None:
    """Every op against the roofs of DRAM, its area the share of the time."""
    points, roofs = roofline(analysis)
    level = roofs[0]["level"]
    records, colours = analysis.layer_records, class_colours(r["op_class"] for r in analysis.class_records)
    for roof in ("bandwidth", "arithmetic"):
        corners = [r for r in roofs if r["level"] == level and r["roof"] == roof]
        axes.plot([c["x"] for c in corners], [c["y"] for c in corners], color=ROOF_COLOUR)
        if corners:
            label = f"{level} {corners[1]['text']}" if roof == "bandwidth" else corners[1]["text"]
            at = (corners[1]["x"], corners[1]["y"])
            axes.annotate(unmarked(label), at, (-6, 5), textcoords="offset points", ha="right", fontsize="small")
    most = max(r["share_ratio"] for r in records) or 1.0
    for op_class, colour in colours.items():
        for kind, marker in MARKERS.items():
            shown = [
                p for p in points
                if p["level"] == level and p["kind"] == kind and records[p["row"]]["op_class"] == op_class
            ]  # fmt: skip
            sizes = [4 + LARGEST_POINT * records[p["row"]]["share_ratio"] / most for p in shown]
            xs, ys = [p["x"] for p in shown], [p["y"] for p in shown]
            axes.scatter(xs, ys, sizes, color=colour, marker=marker, alpha=0.7, linewidths=0)
        axes.plot([], [], "o", color=colour, label=unmarked(op_class))
    axes.set(xscale="log", yscale="log", xlabel=f"FLOP per byte of {unmarked(level)} traffic", ylabel="GFLOP/s")
    _legend(axes)
    axes.grid(color="#dddddd", linewidth=0.5)


def draw_breakdown(analysis: Analysis, axes: Axes) -> None:
    """Time by op class, costliest on top."""
    records = analysis.class_records[::-1]
    colours = class_colours(r["op_class"] for r in records)
    bars = axes.barh(
        [unmarked(r["op_class"]) for r in records],
        [r["latency_ms"] for r in records],
        color=[colours[r["op_class"]] for r in records],
    )
    axes.bar_label(bars, [f"{r['share_ratio']:.1%}" for r in records], padding=3)
    axes.margins(x=0.12)
    axes.set_xlabel("time [ms]")


def draw_memory(analysis: Analysis, axes: Axes) -> None:
    """Bytes held over time under the sizes of the memories."""
    groups = held(analysis)
    colours = MODE_COLOURS | {"activations": PLAIN_COLOUR}
    for mode in dict.fromkeys(g["mode"] for g in groups):
        shown = [g for g in groups if g["mode"] == mode]
        axes.bar(
            [g["from_ms"] for g in shown], [g["bytes"] / 2**10 for g in shown],
            [g["to_ms"] - g["from_ms"] for g in shown], align="edge", color=colours[mode], label=mode,
        )  # fmt: skip
    for capacity in capacities(analysis):
        axes.axhline(capacity["bytes"] / 2**10, color=ROOF_COLOUR, linestyle="--", label=unmarked(capacity["memory"]))
    axes.set(xlabel="time [ms]", ylabel="held [KiB]")
    _legend(axes)


def _legend(axes: Axes) -> None:
    """Beside the axes, where it hides nothing."""
    figure = axes.get_figure(root=True)
    if figure is not None:
        figure.legend(frameon=False, loc="outside right center")
