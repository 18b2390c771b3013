"""The report page: one file that opens offline, and the card a notebook shows."""

from __future__ import annotations

import base64
import gzip
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from costsim.compare import signed_milliseconds
from costsim.files import as_folder
from costsim.guidelines.base import causes, guideline, manual
from costsim.guidelines.pricing import check, takes_minutes
from costsim.report import words
from costsim.report.page import charts, memory
from costsim.report.page.datasets import datasets, finite
from costsim.report.page.grid import grid
from costsim.report.page.measure_strip import strip, strip_chart
from costsim.report.page.network_graph import NO_BLOCK, network_graph, outer_blocks
from costsim.report.page.timeline import timeline_chart
from costsim.report.page.whatif import too_long_to_replan, what_if
from costsim.report.palette import class_colours, limit_colours
from costsim.units import format_count, format_milliseconds
from costsim.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from costsim.analysis import Analysis
    from costsim.guidelines import Finding
    from costsim.guidelines.assertion import Verdict

HERE = as_folder(Path(__file__).parent)
SCRIPTS = (
    *("charts.js", "sorting.js", "table.js", "graph_tree.js", "graph_layout.js", "graph_camera.js", "graph.js"),
    *("whatif.js", "turned.js", "state.js", "page.js"),
)
FIRST_ROWS = 300
"""Rows of a long layer table that are laid out; the others are shown on request."""

LAYOUT = "dagre.min.js"
CHARTS = ("vega.min.js", "vega-lite.min.js", "vega-embed.min.js")
"""The libraries of every page with charts; pages with a graph hold ``LAYOUT`` as well."""


def page(
    analysis: Analysis, command: str = "", findings: Iterable[Finding] | None = None, verdicts: Iterable[Verdict] = ()
) -> str:
    """The whole report as HTML.

    Args:
        analysis: what is reported.
        command: the command line that made it.
        findings: of the guidelines; they are asked here if nobody did before.
        verdicts: limits the analysis was held to.
    """
    data = datasets(analysis)
    classes = class_colours(r["op_class"] for r in analysis.class_records)
    changes = what_if(analysis)
    if findings is None:
        findings = [] if takes_minutes(analysis.simulation) else check(analysis.simulation)
    found = causes(findings)
    data |= {
        "changes": finite(changes["single"]),
        "measures": finite(strip(analysis)),
        "held": finite(memory.held(analysis)),
        "alive": finite(memory.alive(analysis)),
        "arena": finite(memory.arena(analysis)),
        "offchip": finite(memory.offchip(analysis)),
        "capacities": memory.capacities(analysis),
    }
    limits = limit_colours(analysis.simulation.costs.limit_names)
    shown = _charts(analysis, data, classes, limits)
    turned = grid(analysis, command)
    if turned is not None:
        shown["along"], data["along"] = charts.along_chart(_met(limits, turned)), []
    return environment().get_template("analyze.html").render(
        analysis=analysis,
        summary=analysis.summary,
        classes=classes,
        charts=shown,
        whatif=changes,
        limits=limits,
        grid=turned,
        blocks=[path or NO_BLOCK for path in outer_blocks([record["block"] for record in analysis.block_records])],
        causes=found,
        rules={cause.id: manual(guideline(cause.id)).split("\n\n") for cause in found},
        verdicts=list(verdicts),
        replanned=not too_long_to_replan(analysis.simulation),
        payload={
            "specs": shown, "data": data, "whatif": changes, "graph": network_graph(analysis), "limits": limits,
            "grid": turned, "colours": {"class": classes, "bound": limits},
        },
        scripts=SCRIPTS,
        first_rows=FIRST_ROWS,
        libraries=(*CHARTS, LAYOUT),
        profile=analysis.simulation.profile,
        accuracy_card=words.accuracy_card(analysis.simulation.calibration),
        provenance=_provenance(analysis),
        levels=list(analysis.simulation.costs.traffic),
        verdict=words.verdict(analysis),
        run_line=words.run_line(analysis),
        trust=words.trust(analysis),
        command=command,
        version=VERSION,
    )  # fmt: skip


def notebook_card(analysis: Analysis) -> str:
    """A small table for a notebook cell, with bars; it needs no script and no style sheet."""
    low_ms, high_ms = analysis.trust.ends(analysis.latency_ms)
    most_ms = high_ms or 2 * analysis.latency_ms
    low, at, high = (round(100 * ms / (most_ms or 1.0), 1) for ms in (low_ms, analysis.latency_ms, most_ms))
    colours = class_colours(r["op_class"] for r in analysis.class_records)
    classes = [(record, colours[record["op_class"]]) for record in analysis.class_records]
    return (
        environment()
        .get_template("card.html")
        .render(
            analysis=analysis,
            summary=analysis.summary,
            trust=words.trust(analysis),
            verdict=words.verdict(analysis),
            low=low,
            at=at,
            high=high,
            classes=classes,
        )
    )


def _charts(
    analysis: Analysis, data: dict[str, Any], classes: dict[str, str], limits: dict[str, str]
) -> dict[str, charts.Spec]:
    """Chart name to its specification, in the order of the page."""
    stages, blocks = (len({r[name] for r in data[f"{name}s"]}) for name in ("stage", "block"))
    shown = {
        "roofline": charts.roofline_chart(
            list(analysis.simulation.costs.traffic), classes, whole=analysis.simulation.run.dtype.startswith("int")
        ),
        "classes": charts.group_bars("classes", "class", classes, data["classes"]),
        "limits": charts.group_bars("limits", "limit", limits, data["limits"]),
        "stages": charts.block_bars("stages", "stage", classes, stages),
    }
    if blocks > stages:
        shown["blocks"] = charts.block_bars("blocks", "block", classes, blocks)
    shown["measures"] = strip_chart("measures", blocks)
    shown["timeline"] = timeline_chart(classes, limits, measured=analysis.beside is not None)
    planned = analysis.simulation.ops.plan is not None
    modes = {record["mode"] for record in data["held"]}
    shown["memory"] = charts.memory_chart(planned, modes, bool(data["capacities"]), _largest(data["held"]))
    if data["arena"]:
        shown["arena"] = charts.arena_chart(max(record["to_bytes"] for record in data["arena"]))
    if data["offchip"]:
        shown["offchip"] = charts.offchip_chart(_largest(data["offchip"]))
    shown["whatif"] = charts.change_bars("changes", data["changes"])
    return shown


def _met(limits: dict[str, str], grid: dict[str, Any]) -> dict[str, str]:
    """The limits that bind somewhere in the grid."""
    return {name: colour for name, colour in limits.items() if grid["limits"].index(name) in grid["bound"]}


def _largest(records: list[dict[str, Any]]) -> float:
    return max((record["bytes"] for record in records), default=0.0)


def _provenance(analysis: Analysis) -> list[dict[str, Any]]:
    """Every number of the profile beside its source."""
    profile = analysis.simulation.profile
    return [
        {"path": path, "value": profile.text_at(path), "key": key, "source": profile.sources[key]}
        for path, key in sorted(profile.provenance.items())
    ]


@cache
def environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "allow_nan": False, "separators": (",", ":")}
    environment.filters |= {
        "ms": format_milliseconds,
        "signed": signed_milliseconds,
        "bytes": words.byte_count,
        "count": format_count,
        "percent": words.percent,
        "shape": words.shape,
        "breakable": _breakable,
        "prose": _prose,
        "number": words.number,
        "traffic": words.traffic,
    }
    environment.globals |= {"packed": packed, "libraries": CHARTS, "static": _static}
    return environment


def _breakable(name: str) -> Markup:
    """A dotted name that may only break behind a dot."""
    return Markup(".<wbr>").join(name.split("."))


def _prose(paragraph: str) -> Markup:
    """A paragraph of a docstring: names in backticks as code, those in asterisks in italics."""
    text = re.sub(r"`+([^`]+)`+", r"<code>\1</code>", str(escape(paragraph)))
    return Markup(re.sub(r"\*(\w+)\*", r"<em>\1</em>", text))


def vendored(name: str) -> str:
    """A library's code."""
    return (HERE / "vendor" / name).read_text(encoding="utf-8")


@cache
def packed(names: tuple[str, ...]) -> Markup:
    """Libraries as ``libraries.js`` unpacks them. Safe to embed: no part of them comes from a network's names."""
    code = "\n".join(map(vendored, names)).encode()
    return Markup(base64.b64encode(gzip.compress(code, mtime=0)).decode())


def _static(name: str) -> Markup:
    return Markup((HERE / "static" / name).read_text(encoding="utf-8"))
