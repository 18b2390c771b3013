"""``costsim hw``: the device profiles."""

from __future__ import annotations

import click

from costsim.cli.paragraphs import paragraph
from costsim.hardware import load_profile, profile_names
from costsim.hardware.load import profile_aliases
from costsim.report.words import accuracy_card


@click.group("hw")
def command() -> None:
    """The devices costsim knows by name."""


@command.command("list", short_help="All devices by name, with aliases and calibration.")
def list_profiles() -> None:
    """Print profile names, their aliases, calibration and title."""
    aliases: dict[str, list[str]] = {}
    for alias, name in profile_aliases().items():
        aliases.setdefault(name, []).append(alias)
    for name in profile_names():
        profile = load_profile(name)
        click.echo(paragraph(f"{name}: {profile.title}", indent="    "))
        also = f", also {', '.join(aliases[name])}" if name in aliases else ""
        click.echo(paragraph(f"    {profile.family}, {profile.calibration.status}{also}", indent="    "))


@command.command("show", short_help="Every number of a device, with its source.")
@click.argument("hw")
def show(hw: str) -> None:
    """Print every number of HW with its source, and how far its predictions can be trusted."""
    profile = load_profile(hw)
    runtime = profile.runtime
    click.echo(paragraph(f"{profile.name}: {profile.title}", indent="    "))
    click.echo(f"{profile.family}, {runtime.name} {runtime.version}, {', '.join(runtime.dtypes)}")
    click.echo("\naccuracy card")
    for term, value in accuracy_card(profile.calibration).items():
        click.echo(paragraph(f"    {term:<14} {value}", indent=" " * 19))
    for dtype in runtime.dtypes:
        own = profile.calibration_in(dtype)
        if own != profile.calibration:
            interval = f"{own.low_ratio:.2f} to {own.high_ratio:.2f} times the prediction"
            click.echo(f"    {'in ' + dtype:<14} {own.status}, {interval}")
    click.echo("")
    for path, source in sorted(profile.provenance.items()):
        click.echo(f"{path:<46} {profile.text_at(path):>16}  {source}")
    click.echo("")
    for key in dict.fromkeys(profile.provenance.values()):
        click.echo(paragraph(f"{key} ({profile.sources[key].kind}): {profile.sources[key].text}", indent="    "))


@command.command("check", short_help="Check profiles you wrote.")
@click.argument("files", nargs=-1, required=True, metavar="HW...")
def check(files: tuple[str, ...]) -> None:
    """Check profiles by path or name: their keys and units, a source for every number, contradictions."""
    for file in files:
        profile = load_profile(file)
        click.echo(f"{file}: ok, {len(profile.provenance)} numbers, all with a source")
