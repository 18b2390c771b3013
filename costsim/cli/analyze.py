"""``costsim analyze``: one network on one device."""

from __future__ import annotations

import click

from costsim.api import analyze
from costsim.cli.options import parse_settings, run_options


@click.command("analyze")
@click.argument("network")
@click.option("--hw", required=True, metavar="HW", help="Profile name, alias or YAML file.")
@run_options
@click.option("--strict", is_flag=True, help="Refuse networks with ops costsim has no model for.")
@click.option("--format", "output", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.option("--html", metavar="FILE", help="Also write the report page.")
def command(network: str, hw: str, settings: tuple[str, ...], output: str, html: str | None, **run: object) -> None:
    """Predict parameters, MACs, memory access and latency of NETWORK on HW, and say what bounds it.

    NETWORK is a zoo name ('costsim nets list') or the path of an ONNX, JSON or ncnn .param file.
    """
    analysis = analyze(network, hw, settings=parse_settings(settings), **run)  # type: ignore[arg-type]
    if output == "json":
        from costsim.report.document import to_json

        click.echo(to_json(analysis))
    elif output == "csv":
        from costsim.report.csv import to_csv

        click.echo(to_csv(analysis), nl=False)
    else:
        from costsim.report.text import print_analysis

        print_analysis(analysis)
    if html:  # after the result is printed, so that a bad path loses nothing
        analysis.to_html(html, command=click.get_current_context().obj)
        click.echo(f"report written to {html}", err=True)
