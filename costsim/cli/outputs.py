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
EXCEL = "costsim.excel"


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--format, --excel, --html, --plots, --trace, --measure, --model-explorer."""
    formats = click.Choice(sorted({*plugins(REPORTS)} - {"card"}))  # a card is for notebooks
    options = (
        click.option("--format", "output", type=formats, default="text", show_default=True, help=FORM),
        excel_option("Also write totals, layers, blocks and findings as a workbook, .xlsx."),
        click.option("--html", metavar="FILE", help="Also write the report page."),
        click.option("--plots", metavar="DIR", help="Also draw roofline, breakdown and memory as PNG and SVG."),
        plot_style_option,
        click.option("--trace", metavar="FILE", help="Also write the schedule as a Chrome trace, for Perfetto."),
        click.option("--measure", type=click.Choice(["torch"]),
                     help="Time the layers on this machine; they stand beside the predicted ones in --trace."),
        click.option("--model-explorer", metavar="DIR", help="Also write the graph and its costs for Model Explorer."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def format_option(verb: str) -> Callable[..., Any]:
    """--format with the forms registered for what ``verb`` prints, and --excel where CSV is one of them."""
    forms = sorted(plugins(reports_of(verb)))
    form = click.option("--format", "output", type=click.Choice(forms), default="text", show_default=True, help=FORM)
    if "csv" not in forms:
        return form
    excel = excel_option("Also write what csv prints as a workbook, .xlsx.", expose_value=False, callback=_kept)
    return lambda command: form(excel(command))


def excel_option(help: str, **options: Any) -> Callable[..., Any]:
    """--excel."""
    return click.option("--excel", metavar="FILE", help=help, **options)


plot_style_option = click.option(
    "--plot-style", metavar="STYLE", help="Fonts, sizes and formats of the plots: a matplotlib style, by name or file."
)


def _kept(context: click.Context, param: click.Parameter, path: str | None) -> None:
    """The workbook asked for, kept for ``print_report``: no verb has to pass it on."""
    context.meta[EXCEL] = path


def print_report(verb: str, form: str, *result: Any) -> None:
    """The result of ``verb`` on stdout, in one of its forms; only that form is imported. Then --excel."""
    text = load_plugin(reports_of(verb), form, "report")(*result)
    click.echo(text, nl=not text.endswith("\n"))
    if workbook := click.get_current_context().meta.get(EXCEL):
        from costsim.report.formats.excel import tables_to_excel

        tables_to_excel(load_plugin(reports_of(verb), "csv", "report")(*result), workbook)
        _say("workbook", [workbook])


def write_files(
    analysis: Analysis,
    *,
    excel: str | None,
    html: str | None,
    plots: str | None,
    plot_style: str | None,
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

        _say("plots", save_plots(analysis, plots, plot_style))
    if trace:
        from costsim.report.formats.trace import to_trace

        write_text(trace, to_trace(analysis, _measured(analysis) if measure else None))
        _say("trace", [trace])
    if model_explorer:
        from costsim.report.formats.model_explorer import write_model_explorer

        _say("Model Explorer files", write_model_explorer(analysis, model_explorer))
    if excel:
        analysis.to_excel(excel)
        _say("workbook", [excel])


def _measured(analysis: Analysis) -> Measurement:
    from costsim.reference.measure import measure  # loads torch

    simulation = analysis.simulation
    return measure(simulation.graph, threads=min(int(simulation.run.threads), os.cpu_count() or 1))


def _say(what: str, paths: Iterable[object]) -> None:
    click.echo(f"{what} written to {', '.join(map(str, paths))}", err=True)
