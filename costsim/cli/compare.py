"""``costsim compare``: networks against each other."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from costsim.cli.options import SeveralValues, parse_names, parse_settings, run_options
from costsim.cli.outputs import format_option, plot_style_option, print_report
from costsim.compare import compare
from costsim.compare.dtypes import compare_dtypes
from costsim.compare.measures import by_measure as measured_differences
from costsim.errors import InputError


@click.command("compare", short_help="Networks side by side, and where they differ.", cls=SeveralValues)
@click.argument("networks", nargs=-1, metavar="NETWORK NETWORK...")
@click.option(
    "--hw", multiple=True, required=True, metavar="HW...", help="One device or several: --hw rpi4b gtx_1080ti."
)
@click.option(
    "--name", "names", multiple=True, metavar="NAME=NETWORK", help="What to call a network: --name old=a/net.onnx."
)
@partial(run_options, several_dtypes=True)
@click.option("--by-measure", is_flag=True, help="By the papers' measures: which of them explains the difference.")
@format_option("compare")
@click.option("--html", metavar="FILE", help="Also write it as a page with charts.")
@click.option("--plots", metavar="DIR", help="Also draw the matrix and the latencies as PNG and SVG.")
@plot_style_option
def command(
    networks: tuple[str, ...],
    hw: tuple[str, ...],
    names: tuple[str, ...],
    settings: tuple[str, ...],
    dtype: tuple[str, ...],
    by_measure: bool,
    output: str,
    html: str | None,
    plots: str | None,
    plot_style: str | None,
    **run: Any,
) -> None:
    """Set networks side by side on devices, say where differences come from and where ranks flip.

    Networks are aligned by their outermost blocks if those have the same names, else by the size of their maps. All
    are compared with the first. With --by-measure: what the papers' measures are of each, what breaking each guideline
    costs it there, and which guideline explains what the multiply-adds leave of a difference.

    One network with several data types is set beside itself, with what decides: why int8 is faster than floats there,
    or why it is not.

    One network on several devices is a line a device.

    \b
    costsim compare shufflenet_v2_1x mobilenet_v2_1x --hw rpi4b gtx_1080ti
    costsim compare a.onnx b.onnx c.onnx --hw rpi5 stm32n6 --html table.html
    costsim compare mobilenet_v2_1x --dtype fp32 fp16 int8 --hw rpi5
    """  # noqa: D301  click wants a real backspace
    called = parse_names(names)
    given = (*networks, *(network for network in called if network not in networks))
    run |= {"settings": parse_settings(settings), "names": called}
    if by_measure and len(dtype) > 1:
        raise InputError("of several data types", where="--by-measure", mend="give one --dtype")
    if len(dtype) > 1:
        result = compare_dtypes(given, hw, dtype, **run)
    else:
        result = compare(given, hw, dtype=next(iter(dtype), None), **run)
    if by_measure:
        print_report("compare_measures", output, measured_differences(result))
    else:
        print_report("compare", output, result)
    if html:  # after the result is printed, so that a bad path loses nothing
        from costsim.files import write_text
        from costsim.report.page.compared_page import page

        write_text(html, page(result, command=click.get_current_context().obj))
        click.echo(f"report written to {html}", err=True)
    if plots:
        from costsim.report.pictures.compared_plots import save_compared_plots

        click.echo(f"plots written to {', '.join(map(str, save_compared_plots(result, plots, plot_style)))}", err=True)
