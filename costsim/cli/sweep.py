"""``costsim sweep``: a design space, priced."""

from __future__ import annotations

import os

import click

from costsim.cli.outputs import format_option, plot_style_option, print_report


@click.command("sweep", short_help="Price a design space.")
@click.argument("spec", metavar="SPEC.yaml")
@click.option(
    "-o", "--output", "folder", required=True, metavar="FOLDER", help="Where results are kept; resumes there."
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    show_default="all cores",
    metavar="N",
    help="Local processes.",
)
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786, instead of local processes.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Visit N points instead of all.")
@format_option("sweep")
@click.option("--html", metavar="FILE", help="Also write it as a page with charts.")
@click.option("--plots", metavar="DIR", help="Also draw the Pareto front and each axis as PNG and SVG.")
@plot_style_option
def command(
    spec: str, folder: str, workers: int, scheduler: str | None, sample: int | None, output: str, html: str | None,
    plots: str | None, plot_style: str | None,
) -> None:  # fmt: skip
    """Price every point of SPEC.yaml: networks, devices and settings as axes (docs/sweeps.md has all of them).

    \b
    network: [shufflenet_v2_1x, mobilenet_v2_1x]
    hw: [rpi4b, gtx_1080ti]
    axes: {input_size: [128, 160, 192, 224], batch: 1 .. 4}
    objectives: {latency_ms: min, macs: max}
    """  # noqa: D301  click wants a real backspace
    from costsim.allocator import keep_freed_memory
    from costsim.report.progress import progress_bar
    from costsim.sweep import load_spec, sweep

    keep_freed_memory()  # this process is ours
    parsed = load_spec(spec, sample)
    with progress_bar("pricing", "points") as progress:
        result = sweep(parsed, folder, workers=workers, scheduler=scheduler, progress=progress)
    print_report("sweep", output, result, parsed)
    if html:  # after the result is printed, so that a bad path loses nothing
        from costsim.files import write_text
        from costsim.report.page.swept_page import page

        write_text(html, page(result, parsed, command=click.get_current_context().obj))
        click.echo(f"report written to {html}", err=True)
    if plots:
        from costsim.report.pictures.swept_plots import save_sweep_plots

        written = save_sweep_plots(result, parsed, plots, plot_style)
        click.echo(f"plots written to {', '.join(map(str, written))}", err=True)
