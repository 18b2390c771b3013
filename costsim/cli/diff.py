"""``costsim diff``: what got slower between two networks, and why."""

from __future__ import annotations

import os
from pathlib import Path

import click

from costsim.api import analyze
from costsim.cli.options import SeveralValues, parse_settings, run_options
from costsim.cli.outputs import format_option, print_report
from costsim.diff import DeviceDiff, Side, diff, parse_limit, read_baseline
from costsim.errors import AssertionFailedError, InputError
from costsim.files import is_there
from costsim.project import FILE, Project, project_of
from costsim.report.verbs.diffed import summary
from costsim.units import counted


@click.command("diff", short_help="What got slower between two networks, and why.", cls=SeveralValues)
@click.argument("networks", nargs=-1, metavar="[OLD] NEW")
@click.option("--hw", multiple=True, metavar="HW...", help="One device or several; that of the baseline if left out.")
@click.option("--baseline", metavar="FILE", help="The old side: a saved 'costsim analyze --format json'.")
@click.option("--base", metavar="FOLDER", help="Another checkout: each network of [tool.costsim] against that there.")
@click.option("--config", metavar="FILE", help=f"The {FILE} with [tool.costsim]; the nearest above if left out.")
@click.option("--fail-if", "limit", metavar="LIMIT", help="Exit with 3 if it is slower by more: +3%, +0.5ms.")
@run_options
@format_option("diff")
def command(
    networks: tuple[str, ...], hw: tuple[str, ...], baseline: str | None, base: str | None, config: str | None,
    limit: str | None, output: str, settings: tuple[str, ...], **run: object,
) -> None:  # fmt: skip
    """Say what got slower from OLD to NEW, layer by layer, on each device.

    OLD and NEW are names or files; --baseline FILE stands for OLD. With --base FOLDER, another checkout of the
    repository, every network of [tool.costsim] is compared with its own file there. Layers are matched in order, by
    what they are and then by name. A difference is '~' where the model cannot tell which of the two is faster; only
    what is surely slower fails.

    \b
    costsim diff old/net.onnx new/net.onnx --hw rpi4b gtx_1080ti --fail-if +3%
    costsim diff net.onnx --baseline base.json --format markdown
    costsim diff --base ../main --fail-if +3% --format github
    """  # noqa: D301  click wants a real backspace
    allowed = parse_limit(limit) if limit else None
    wanted = 0 if base else 1 if baseline else 2
    if len(networks) != wanted:
        mend = "write OLD NEW, or NEW --baseline FILE, or --base FOLDER alone"
        raise InputError(counted(len(networks), "network"), where="diff", mend=mend)
    options = {"settings": parse_settings(settings), **run}
    if base:
        diffs = _of_project(project_of(config), Path(base), hw, options)
    elif baseline:
        diffs = [_against(baseline, networks[0], hw, options)]
    else:
        if not hw:
            raise InputError("--hw is missing", where="diff", mend="name one device or several")
        sides = [[Side.of(analyze(network, h, **options)) for network in networks] for h in hw]  # type: ignore[arg-type]
        diffs = [diff(old, new) for old, new in sides]
    print_report("diff", output, diffs, allowed)
    if allowed and (failed := [summary(one) for one in diffs if one.regresses(allowed)]):
        raise AssertionFailedError(f"beyond {allowed.text}: {'; '.join(failed)}")


def _of_project(project: Project, base: Path, hw: tuple[str, ...], options: dict) -> list[DeviceDiff]:
    """Every network of a project that has a file, against the file of the same name in another checkout.

    Raises:
        InputError: the folder is no checkout of it, or no network has a file in both.
    """
    diffs, given = [], {name: value for name, value in options.items() if value is not None}
    for entry in project.entries:
        file, colon, name = entry.network.partition(":")
        old = base / os.path.relpath(file, project.path.parent)
        if not is_there(file) or not is_there(old):
            if is_there(file):
                click.echo(f"costsim: {file} is new: nothing to compare it with", err=True)
            continue
        for device in (one for one in entry.devices if not hw or one in hw):
            run = {**entry.run, **given}
            sides = [Side.of(analyze(network, device, **run)) for network in (f"{old}{colon}{name}", entry.network)]
            diffs.append(diff(*sides))
    if not diffs:
        raise InputError("no network of it has a file there and here", where=str(base), mend="name another checkout")
    return diffs


def _against(baseline: str, network: str, hw: tuple[str, ...], options: dict) -> DeviceDiff:
    """The network against a saved analysis, which has to be of the same run.

    Raises:
        InputError: several devices, or a baseline of another version, device, network or run.
    """
    old = read_baseline(baseline)
    if len(hw) > 1:
        raise InputError("a baseline is of one device", where="--baseline", mend=f"write --hw {old.hw}")
    new = Side.of(analyze(network, *(hw or (old.hw,)), **options))
    if differs := old.differs_from(new):
        raise InputError(f"is of another run: {differs}", where=baseline, mend="make the baseline anew")
    return diff(old, new)
