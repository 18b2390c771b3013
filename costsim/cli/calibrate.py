"""``costsim calibrate``: a profile of a board out of a few measurements, or of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from costsim.calibrate.bases import Fitted, doubts, ranking
from costsim.calibrate.card import write_stamped
from costsim.calibrate.few_shot import FewShot, calibrate, measured_runs
from costsim.calibrate.measurements import read_measurements
from costsim.calibrate.profile_file import profile_text
from costsim.cli.host import calibrate_this_machine
from costsim.cli.options import check_new_profile, parse_settings
from costsim.errors import InputError
from costsim.hardware import Profile, load_profile, profile_names
from costsim.hardware.load import ON_COMMAND_LINE


@click.command("calibrate", short_help="Fit a profile to your own measurements.")
@click.option("--base", metavar="HW", help="The profile nearest to the board; the likeliest CPU if left out.")
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="FILE",
    help="CSV (network,latency_ms,threads,batch), a log of benchncnn or benchmark_model, or NETWORK=FILE with an op "
    "profile: on a GPU each of its kernels is fitted.",
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
    sources: tuple[str, ...],
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
    their uncertainty allows; the file says for each what it was before. One board of every other core is fitted too
    and listed, the likeliest first, so that a base of the wrong core is found out.

    With --host --runtime R this machine is measured, on one thread: chains of layers and a few networks, each
    in several rounds that lie apart. It takes some minutes; killed at any moment, it goes on where it was.

    \b
    costsim calibrate --base rpi4b --from measured.csv -o mine.yaml
    costsim calibrate --host --runtime onnxruntime -o this_machine.yaml
    """  # noqa: D301  click wants a real backspace
    target = Path(output)
    if host or runtime or measurements:
        _check_alone(host, runtime, base, sources, dtype, settings)
        check_new_profile(target, force=force)
        calibrate_this_machine(str(runtime), target, Path(measurements) if measurements else None)
        return
    if not sources:
        raise InputError("--from is missing", mend="give --from FILE, or --host --runtime onnxruntime")
    check_new_profile(target, force=force)
    given = parse_settings(settings)
    measured = [m for source in sources for m in read_measurements(source)]
    wanted = None if base is None else load_profile(base, given)
    if wanted is not None:
        _check_base(wanted, target)
        measured_runs(wanted, measured, dtype)  # says what is wrong with them
    for measurement in measured:
        measurement.graph()
    ranked = ranking(wanted, measured, dtype, given)
    if not ranked:
        raise InputError("no profile runs these measurements", where=sources[0], mend="name one: --base HW")
    chosen = ranked[0] if wanted is None else next(found for found in ranked if found.base is wanted)
    _check_base(chosen.base, target)
    profile, result = chosen.base, calibrate(chosen.base, measured, dtype)  # to the last digit
    text = profile_text(
        target.stem, profile, result, " and ".join(Path(source).name for source in sources), _known(profile, given)
    )
    write_stamped(target, text, result.runs, profile)
    click.echo(_summary(result, target))
    click.echo(_ranked(ranked, chosen))
    for doubt in doubts(ranked, profile):
        click.echo(f"warning: {doubt}", err=True)


def _check_alone(host: bool, runtime: str | None, *of_a_board: object) -> None:
    if not host or runtime is None:
        what = "--host" if not host else "--runtime"
        raise InputError(f"{what} is missing", mend="write --host --runtime onnxruntime, or torch")
    if any(of_a_board):
        raise InputError(
            "this machine is measured as it is", where="--host", mend="leave out --base, --from, --dtype and --set"
        )


def _check_base(base: Profile, target: Path) -> None:
    if target.stem == base.name:
        mend = f"give -o another name than {base.name}"
        raise InputError("the new profile would extend itself", where=str(target), mend=mend)
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


def _ranked(ranked: Sequence[Fitted], chosen: Fitted) -> str:
    """The bases, likeliest first, with what each fit left and bent."""
    from costsim.report.formats.terminal import as_text, plain_table

    table = plain_table(show_edge=False)
    table.add_column("base", no_wrap=True)
    table.add_column("core", overflow="fold")
    for head in ("misfit", "error"):
        table.add_column(head, no_wrap=True, justify="right")
    for found in ranked:
        name = f"{found.base.name}{' (taken)' if found is chosen else ''}"
        table.add_row(name, found.core, f"{found.result.misfit:.2f}", f"{found.result.after.mean_ratio:.1%}")
        if found.result.implausible:
            table.add_row("", f"out of its range: {', '.join(found.result.implausible[:2])}")
    return f"\n{as_text(table).rstrip()}"


def _summary(result: FewShot, target: Path) -> str:
    from costsim.report.formats.terminal import as_text

    before, after = result.before, result.after
    return "\n".join(
        (
            as_text(f"{target}: fitted on {', '.join(result.networks)}").rstrip(),
            f"mean error     {before.mean_ratio:.1%} before, {after.mean_ratio:.1%} after",
            f"within 10 %    {before.within_10_percent_ratio:.0%} before, {after.within_10_percent_ratio:.0%} after",
            f"90 % interval  {result.low_ratio:.2f} to {result.high_ratio:.2f} times a prediction",
        )
    )
