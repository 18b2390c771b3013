"""``costsim validate``: predictions beside measurements."""

from __future__ import annotations

import click

from costsim.calibrate.sources import validate_against
from costsim.calibrate.validate import Validation, table_rows
from costsim.cli.options import parse_settings
from costsim.hardware import load_profile


@click.command("validate", short_help="Hold predictions against measurements.")
@click.argument("hw")
@click.argument("networks", nargs=-1, metavar="[NETWORK]...")
@click.option(
    "--against",
    required=True,
    metavar="FILE|paper|torch",
    help="A CSV or log of measurements, the ShuffleNet V2 paper's tables, or torch timed on this machine.",
)
@click.option("--input-size", metavar="CxHxW", help="Of the networks torch runs: 3x224x224.")
@click.option("--dtype", metavar="TYPE", help="What the measurements were made in.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a field of the profile.")
@click.option("--plot", metavar="FILE", help="Draw predicted over measured: .png, .svg or .pdf.")
def command(
    hw: str,
    networks: tuple[str, ...],
    against: str,
    input_size: str | None,
    dtype: str | None,
    settings: tuple[str, ...],
    plot: str | None,
) -> None:
    """Hold predictions of HW against measurements: errors, ranks, orderings, the worst cases and why.

    NETWORKs are what torch is to run; the paper and files bring their own. Torch is always timed on this machine,
    so its times judge HW only where this machine is HW; elsewhere read the orderings.
    """
    profile = load_profile(hw, parse_settings(settings))
    validation = validate_against(against, profile, dtype, networks, input_size)
    _print(validation)
    if plot:
        from costsim.calibrate.plot import draw  # matplotlib is only loaded where a picture is asked for

        draw(validation, plot)
        click.echo(f"picture written to {plot}", err=True)


def _print(validation: Validation) -> None:
    profile = validation.profile
    click.echo(f"predicted: in {validation.dtype} by profile {profile.name}, {profile.title}")
    click.echo(f"measured:  {validation.against}\n")
    rows = table_rows(validation.cases)
    widths = {key: max(len(key), *(len(row[key]) for row in rows)) for key in rows[0]}
    for row in [{key: key for key in widths}, *rows]:
        first, *rest = widths
        click.echo(f"{row[first]:<{widths[first]}}  " + "  ".join(f"{row[key]:>{widths[key]}}" for key in rest))
    summary, (wrong, pairs) = validation.summary, validation.swapped_pairs()
    correlation = validation.rank_correlation
    click.echo(
        f"\nmeasurements         {summary.count}\n"
        f"mean error           {summary.mean_ratio:.1%}\n"
        f"median error         {summary.median_ratio:.1%}\n"
        f"within 10 %          {summary.within_10_percent_ratio:.0%}\n"
        f"in the 90 % interval {validation.coverage_ratio:.0%}\n"
        f"orderings            {pairs - wrong} of {pairs} pairs that differ by more than 10 % are ordered right\n"
        f"rank correlation     {'no three networks of similar size' if correlation is None else f'{correlation:.2f}'}"
        " among networks within a factor of 2 in MACs"
    )
    for case in validation.worst:
        click.echo(f"worst                {case.name}: {case.error_ratio:+.1%}, ruled by {case.ruled_by}")
