"""``costsim calibrate``: a profile of a board out of a few measurements, or of this machine."""

from __future__ import annotations

from pathlib import Path

import click

from costsim.calibrate.card import write_stamped
from costsim.calibrate.few_shot import FewShot, calibrate
from costsim.calibrate.measurements import read_measurements
from costsim.calibrate.profile_file import profile_text
from costsim.cli.host import calibrate_this_machine
from costsim.cli.options import check_new_profile, parse_settings
from costsim.errors import InputError
from costsim.hardware import Profile, load_profile, profile_names
from costsim.hardware.load import ON_COMMAND_LINE


@click.command("calibrate", short_help="Fit a profile to your own measurements.")
@click.option("--base", metavar="HW", help="The profile nearest to the board.")
@click.option(
    "--from",
    "source",
    metavar="FILE",
    help="CSV (network,latency_ms,threads) or a log of benchncnn or benchmark_model.",
)
@click.option("--host", is_flag=True, help="Measure this machine instead; takes --runtime.")
@click.option("--runtime", metavar="onnxruntime|torch", help="What computes on this machine.")
@click.option(
    "--measurements",
    metavar="FILE",
    help="With --host: keep what is measured; a later run fits from it without measuring again.",
)
@click.option("-o", "--output", required=True, metavar="FILE", help="Where the profile goes, ending in .yaml.")
@click.option("--dtype", metavar="TYPE", help="What the measurements were made in.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A known difference to the base: clock=1.8GHz."
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def command(
    base: str | None,
    source: str | None,
    host: bool,
    runtime: str | None,
    measurements: str | None,
    output: str,
    dtype: str | None,
    settings: tuple[str, ...],
    force: bool,
) -> None:
    """Fit a profile to measured networks, starting from the constants of a similar board.

    Five networks unlike each other are enough. Constants move as far as the measurements ask and
    their uncertainty allows; the file says for each what it was before.

    With --host --runtime R this machine is measured, on one thread: chains of layers and a few networks, each
    in several rounds that lie apart. It takes some minutes; killed at any moment, it goes on where it was.
    """
    target = Path(output)
    if host or runtime or measurements:
        _check_alone(host, runtime, base, source, dtype, settings)
        check_new_profile(target, force=force)
        calibrate_this_machine(str(runtime), target, Path(measurements) if measurements else None)
        return
    if base is None or source is None:
        missing = "--base" if base is None else "--from"
        raise InputError(f"{missing} is missing", mend="give --base HW --from FILE, or --host --runtime onnxruntime")
    check_new_profile(target, force=force)
    given = parse_settings(settings)
    profile = load_profile(base, given)
    _check_base(profile, target)
    result = calibrate(profile, read_measurements(source), dtype)
    text = profile_text(target.stem, profile, result, Path(source).name, _known(profile, given))
    write_stamped(target, text, result.runs, profile)
    click.echo(_summary(result, target))


def _check_alone(host: bool, runtime: str | None, *of_a_board: object) -> None:
    if not host or runtime is None:
        what = "--host" if not host else "--runtime"
        raise InputError(f"{what} is missing", mend="write --host --runtime onnxruntime, or torch")
    if any(of_a_board):
        raise InputError(
            "this machine is measured as it is", where="--host", mend="leave out --base, --from, --dtype and --set"
        )


def _check_base(base: Profile, target: Path) -> None:
    if base.name not in profile_names() and not (target.parent / f"{base.name}.yaml").is_file():
        raise InputError(
            f"the new profile could not find '{base.name}', which it extends",
            where=str(target),
            mend="write it beside the base profile",
        )


def _known(profile: Profile, given: dict[str, str]) -> dict[str, str]:
    """The settings by their full paths."""
    paths = [path for path, source in profile.provenance.items() if source == ON_COMMAND_LINE]
    return {path: text for key, text in given.items() for path in paths if path == key or path.endswith(f".{key}")}


def _summary(result: FewShot, target: Path) -> str:
    before, after = result.before, result.after
    return "\n".join(
        (
            f"{target}: fitted on {', '.join(result.networks)}",
            f"mean error     {before.mean_ratio:.1%} before, {after.mean_ratio:.1%} after",
            f"within 10 %    {before.within_10_percent_ratio:.0%} before, {after.within_10_percent_ratio:.0%} after",
            f"90 % interval  {result.low_ratio:.2f} to {result.high_ratio:.2f} times a prediction",
        )
    )
