"""``costsim guidelines``: what each guideline is worth on a device."""

from __future__ import annotations

import click

from costsim.cli.outputs import format_option, print_report
from costsim.worth import worth


@click.command("guidelines", short_help="What each guideline is worth on a device, predicted and measured.")
@click.option("--hw", required=True, metavar="HW", help="A name of 'costsim hw list' or the path of a profile.")
@click.option("--dtype", metavar="TYPE", help="fp32, fp16 or int8; the runtime's first if left out.")
@click.option("--threads", type=int, metavar="N", help="Cores used; the profile's own if left out.")
@format_option("guidelines")
def command(hw: str, dtype: str | None, threads: int | None, output: str) -> None:
    """Price the measure behind every guideline on HW, and say what measurements make of it.

    The price of a fragment, of a million elements that cross between blocks, and so on, is what the model adds to
    networks of equal multiply-adds that differ in little else. Beside it stands, where networks were measured on the
    device, how much each measure explains of the time that multiply-adds leave open. docs/measures.md defines the
    measures.

    \b
    costsim guidelines --hw rpi4b
    costsim guidelines --hw gtx_1080ti --format markdown
    """  # noqa: D301  click wants a real backspace
    print_report("guidelines", output, worth(hw, dtype=dtype, threads=threads))
