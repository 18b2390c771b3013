"""What verbs print, each in the forms registered for it; and what else an analysis can be written to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from costsim.analysis import Analysis
from costsim.files import write_text
from costsim.plugins import REPORTS, load_plugin, plugins, reports_of

if TYPE_CHECKING:
    from costsim.reference.measure import Measurement


FORM = "How it is printed."


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--format, --html, --plots, --trace, --measure, --model-explorer."""
    formats = click.Choice(sorted({*plugins(REPORTS)} - {"card"}))  # a card is for notebooks
    options = (
        click.option("--format", "output", type=formats, default="text", show_default=True, help=FORM),
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


def format_option(verb: str, *own: str) -> Callable[..., Any]:
    """--format with the forms registered for what ``verb`` prints, and its ``own`` that need more than the result."""
    forms = click.Choice(sorted({*plugins(reports_of(verb)), *own}))
    return click.option("--format", "output", type=forms, default="text", show_default=True, help=FORM)


def print_report(verb: str, form: str, *result: Any) -> None:
    """The result of ``verb`` on stdout, in one of its forms; only that form is imported."""
    text = load_plugin(reports_of(verb), form, "report")(*result)
    click.echo(text, nl=not text.endswith("\n"))


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
        from costsim.report.pictures.plots import save_plots

        _say("plots", save_plots(analysis, plots))
    if trace:
        from costsim.report.formats.trace import to_trace

        write_text(trace, to_trace(analysis, _measured(analysis) if measure else None))
        _say("trace", [trace])
    if model_explorer:
        from costsim.report.formats.model_explorer import write_model_explorer

        _say("Model Explorer files", write_model_explorer(analysis, model_explorer))


def _measured(analysis: Analysis) -> Measurement:
    from costsim.reference.measure import measure  # loads torch

    simulation = analysis.simulation
    return measure(simulation.graph, threads=min(int(simulation.run.threads), os.cpu_count() or 1))


def _say(what: str, paths: Iterable[object]) -> None:
    click.echo(f"{what} written to {', '.join(map(str, paths))}", err=True)
