"""``costsim search``: the best of a design space too large to visit."""

from __future__ import annotations

import click

from costsim.cli.outputs import format_option, print_report


@click.command("search", short_help="The best of a design space too large to visit.")
@click.argument("spec", metavar="SPEC.yaml")
@click.option(
    "-o", "--output", "folder", required=True, metavar="FOLDER", help="Where results are kept; resumes there."
)
@format_option("search")
def command(spec: str, folder: str, output: str) -> None:
    """Search the space of SPEC.yaml for the best candidates on all its devices (docs/sweeps.md has every key).

    \b
    network: shufflenet_v2_1x
    hw: [rpi4b, gtx_1080ti]
    axes: {network.width: 0.25 .. 2 step 0.05, input_size: [160, 192, 224]}
    constraints: ["latency_ms@rpi4b < 60"]
    objectives: {macs: max, latency_ms: min}
    evaluations: 500
    """  # noqa: D301  click wants a real backspace
    from costsim.report.progress import progress_bar
    from costsim.sweep.search import SearchSpec, search
    from costsim.sweep.spec import load_spec

    parsed = load_spec(spec, kind=SearchSpec)
    with progress_bar("pricing", "points") as progress:
        result = search(parsed, folder, progress=progress)
    print_report("search", output, result, parsed)
