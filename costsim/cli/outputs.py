"""What the verbs about one network and one device can write: to stdout, and beside it to files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from costsim.analysis import Analysis
from costsim.files import write_text
from costsim.plugins import REPORTS, plugins

if TYPE_CHECKING:
    from costsim.reference.measure import Measurement
    from costsim.report.checked import Checked


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--format, --html, --plots, --trace, --measure, --model-explorer."""
    formats = click.Choice(sorted({*plugins(REPORTS)} - {"card"}))  # a card is for notebooks
    options = (
        click.option("--format", "output", type=formats, default="text", show_default=True),
        click.option("--html", metavar="FILE", help="Also write the report page."),
        click.option("--plots", metavar="DIR", help="Also draw roofline, breakdown and memory as PNG and SVG."),
        click.option("--trace", metavar="FILE", help="Also write the schedule as a Chrome trace, for Perfetto."),
        click.option("--measure", type=click.Choice(["torch"]),
                     help="Time the layers on this machine; they stand beside the predicted ones in --trace."),
        click.option("--model-explorer", metavar="DIR", help="Also write the graph and its costs for Model Explorer."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def print_checked(checked: Checked, output: str) -> None:
    """Findings and limits on stdout. Each format is imported only where it is asked for."""
    if output == "json":
        click.echo(json.dumps(checked.document(), indent=2, allow_nan=False))
    elif output == "text":
        from costsim.report.check_text import text

        click.echo(text(checked), nl=False)
    else:
        from costsim.report import ci

        click.echo({"sarif": ci.sarif, "junit": ci.junit, "github": ci.github}[output](checked))


def write_files(
    analysis: Analysis,
    *,
    html: str | None,
    plots: str | None,
    trace: str | None,
    measure: str | None,
    model_explorer: str | None,
) -> None:
    """The files asked for. Called after the result is printed, so that a bad path loses nothing."""
    if html:
        analysis.to_html(html, command=click.get_current_context().obj)
        _say("report", [html])
    if plots:
        from costsim.report.plots import save_plots

        _say("plots", save_plots(analysis, plots))
    if trace:
        from costsim.report.trace import to_trace

        write_text(trace, to_trace(analysis, _measured(analysis) if measure else None))
        _say("trace", [trace])
    if model_explorer:
        from costsim.report.model_explorer import write_model_explorer

        _say("Model Explorer files", write_model_explorer(analysis, model_explorer))


def _measured(analysis: Analysis) -> Measurement:
    from costsim.reference.measure import measure  # loads torch

    simulation = analysis.simulation
    return measure(simulation.graph, threads=min(int(simulation.run.threads), os.cpu_count() or 1))


def _say(what: str, paths: Iterable[object]) -> None:
    click.echo(f"{what} written to {', '.join(map(str, paths))}", err=True)
