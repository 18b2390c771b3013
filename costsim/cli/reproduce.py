"""``costsim reproduce``: a paper's tables, computed and set beside what it printed."""

from __future__ import annotations

import click

from costsim.cli.options import SeveralValues
from costsim.cli.outputs import format_option, print_report
from costsim.reproduce.papers import reproduce


@click.command("reproduce", short_help="A paper's tables, computed beside the printed ones.", cls=SeveralValues)
@click.argument("paper")
@click.option("--hw", multiple=True, metavar="HW...", help="One device or several in place of the paper's own.")
@format_option("reproduce")
@click.option("--html", metavar="FILE", help="Also write it as a page with plots.")
def command(paper: str, hw: tuple[str, ...], output: str, html: str | None) -> None:
    """Compute the tables and figures of PAPER and say of each value whether it holds.

    PAPER is shufflenetv1, shufflenetv2, vargnet, condensenetv2, or matrix for the four guidelines of ShuffleNetV2 on
    all devices.

    A row holds within the tolerance its table states, holds in direction only, or does not hold here; a table is what
    80 % of its rows are. With --hw the question is whether a paper's findings hold on another device.

    \b
    costsim reproduce shufflenetv2 --html tables.html
    costsim reproduce matrix --hw rpi4b gtx_1080ti
    """  # noqa: D301  click wants a real backspace
    result = reproduce(paper, hw)
    print_report("reproduce", output, result)
    if html:
        from costsim.files import write_text
        from costsim.report.page.reproduced_page import page

        named = "".join(f" --hw {name}" for name in hw)
        write_text(html, page(result, f"costsim reproduce {paper}{named}"))
        click.echo(f"report written to {html}", err=True)
