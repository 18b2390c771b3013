"""``costsim validate``: predictions beside measurements."""

from __future__ import annotations

from pathlib import Path

import click

from costsim.calibrate.sources import validate_against
from costsim.cli.options import input_size_option, parse_settings
from costsim.cli.outputs import format_option, print_report
from costsim.hardware import load_profile
from costsim.report.progress import progress_bar


@click.command("validate", short_help="Hold predictions against measurements.")
@click.argument("hw")
@click.argument("networks", nargs=-1, metavar="[NETWORK]...")
@click.option(
    "--against",
    required=True,
    metavar="FILE|paper|torch|onnxruntime",
    help="A CSV or log of measurements, the ShuffleNet V2 paper's tables, or a runtime timed on this machine.",
)
@input_size_option("Channels, height and width of what the runtime runs: 3x224x224.")
@click.option("--measurements", metavar="FILE", help="Keep what the runtime takes; a later run goes on from it.")
@click.option("--dtype", metavar="TYPE", help="What the measurements were made in.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a field of the profile: clock=1.8GHz."
)
@format_option("validate")
@click.option("--plot", metavar="FILE", help="Draw predicted over measured: .png, .svg or .pdf.")
def command(
    hw: str,
    networks: tuple[str, ...],
    against: str,
    input_size: str | None,
    measurements: str | None,
    dtype: str | None,
    settings: tuple[str, ...],
    output: str,
    plot: str | None,
) -> None:
    """Hold predictions of HW against measurements: errors, ranks, orderings, the worst cases and why.

    NETWORKs are what the runtime is to run, names of the zoo or ONNX files; the paper and files bring their own. Left
    out, a profile that 'calibrate --host' made is held against networks it was not fitted on, others against
    five small ones. A runtime is always timed on this machine, on one thread, so its times judge HW only where this
    machine is HW; elsewhere read the orderings.

    \b
    costsim validate rpi4b --against measured.csv
    costsim validate gtx_1080ti --against paper
    costsim validate this_machine.yaml --against onnxruntime
    """  # noqa: D301  click wants a real backspace
    profile = load_profile(hw, parse_settings(settings))
    kept = Path(measurements) if measurements else None
    with progress_bar("measuring") as progress:
        validation = validate_against(against, profile, dtype, networks, input_size, kept, progress)
    print_report("validate", output, validation)
    if plot:
        from costsim.calibrate.plot import draw  # matplotlib is only loaded where a picture is asked for

        draw(validation, plot)
        click.echo(f"picture written to {plot}", err=True)
