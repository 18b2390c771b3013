"""``costsim hw``: the device profiles."""

from __future__ import annotations

from pathlib import Path

import click

from costsim.cli.options import check_new_profile
from costsim.cli.outputs import format_option, print_report
from costsim.cli.paragraphs import paragraph
from costsim.errors import InputError
from costsim.hardware import load_profile, write_profile
from costsim.hardware.folders import profile_aliases, profile_files, profile_folders
from costsim.plugins import DEVICES, plugins
from costsim.report.words import accuracy_card


@click.group("hw", short_help="The devices costsim knows by name.")
def command() -> None:
    """The devices costsim knows by name: its own, those of installed packages, and the YAML files in hwprofiles of
    your configuration directory (~/.config/costsim on Linux).
    """


@command.command("list", short_help="All devices by name, with family, data types and interval.")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@format_option("hw_list")
def list_profiles(words: tuple[str, ...], output: str) -> None:
    """Print the devices whose name, title, family or alias hold every WORD; without one, all of them.

    The interval holds 90 % of predictions, as a factor on each.

    \b
    costsim hw list gpu
    costsim hw list cortex-a72
    """  # noqa: D301  click wants a real backspace
    from costsim.report.verbs.profiles import row

    aliases: dict[str, list[str]] = {}
    for alias, name in profile_aliases().items():
        aliases.setdefault(name, []).append(alias)
    folders = {folder: source for source, folder in profile_folders().items()}
    rows = []
    for name, path in profile_files().items():
        try:
            profile = load_profile(path)
            said = " ".join([name, profile.title, profile.family, *aliases.get(name, ())]).lower()
            if all(word.lower() in said for word in words):
                rows.append(row(name, profile, aliases.get(name, ()), folders[path.parent]))
        except InputError as error:  # one file that cannot be read hides no other
            click.echo(f"costsim: left out: {error}", err=True)
    if not rows:
        raise InputError("no device is like that", where="hw list", mend="ask for less")
    print_report("hw_list", output, rows)


@command.command("show", short_help="Every number of a device, with its source.")
@click.argument("hw")
def show(hw: str) -> None:
    """Print every number of HW with its source, and how far its predictions can be trusted.

    \b
    costsim hw show rpi4b
    """  # noqa: D301  click wants a real backspace
    from costsim.report.formats.terminal import as_text
    from costsim.report.verbs.profiles import numbers
    from costsim.trust import standing

    profile = load_profile(hw)
    runtime = profile.runtime
    click.echo(paragraph(f"{profile.name}: {profile.title}", indent="    "))
    click.echo(f"{profile.family}, {runtime.name} {runtime.version}, {', '.join(runtime.dtypes)}")
    click.echo("\naccuracy card")
    for term, value in accuracy_card(profile.calibration).items():
        click.echo(paragraph(f"    {term:<14} {value}", indent=" " * 19))
    click.echo("\ntrust, as the profile stands")
    for dtype in runtime.dtypes:
        worth = standing(profile, dtype)
        interval = f"{worth.low_ratio:.2f} to {worth.high_ratio:.2f} times the prediction"
        click.echo(f"    {dtype:<14} {worth.status}, {interval}")
        for reason in worth.reasons:
            click.echo(paragraph(f"{'':19}{reason}", indent=" " * 19))
    click.echo("")
    click.echo(as_text(numbers(profile)), nl=False)
    click.echo("")
    for key in dict.fromkeys(profile.provenance.values()):
        click.echo(paragraph(f"{key} ({profile.sources[key].kind}): {profile.sources[key].text}", indent="    "))


@command.command("check", short_help="Check profiles you wrote.")
@click.argument("files", nargs=-1, required=True, metavar="HW...")
def check(files: tuple[str, ...]) -> None:
    """Check profiles by path or name: their keys and units, a source for every number, contradictions.

    \b
    costsim hw check mine.yaml
    """  # noqa: D301  click wants a real backspace
    for file in files:
        profile = load_profile(file)
        click.echo(f"{file}: ok, {len(profile.provenance)} numbers, all with a source")


@command.command("new", short_help="A commented template for a device of your own.")
@click.option("--family", required=True, type=click.Choice(sorted(plugins(DEVICES))), help="What kind of device it is.")
@click.option("-o", "--output", "target", required=True, metavar="FILE", help="The YAML file to write.")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def new(family: str, target: str, force: bool) -> None:
    """Write a profile with every field a device of this family has, its unit and what it means, to be filled in.

    \b
    costsim hw new --family cpu -o mine.yaml
    """  # noqa: D301  click wants a real backspace
    from costsim.hardware.template import template

    path = Path(target)
    check_new_profile(path, force=force)
    write_profile(path, template(family, path.stem))
    click.echo(f"{path}: every value is an example; replace them, then run 'costsim hw check {path}'", err=True)
