"""``costsim hw``: the device profiles."""

from __future__ import annotations

import click

from costsim.hardware import load_profile, profile_names
from costsim.hardware.load import profile_aliases
from costsim.report.words import accuracy_card


@click.group("hw")
def command() -> None:
    """The devices costsim knows by name."""


@command.command("list")
def list_profiles() -> None:
    """Print profile names, their aliases, calibration and title."""
    aliases: dict[str, list[str]] = {}
    for alias, name in profile_aliases().items():
        aliases.setdefault(name, []).append(alias)
    for name in profile_names():
        profile = load_profile(name)
        click.echo(f"{name}: {profile.title}")
        also = f", also {', '.join(aliases[name])}" if name in aliases else ""
        click.echo(f"    {profile.family}, {profile.calibration.status}{also}")


@command.command("show")
@click.argument("hw")
def show(hw: str) -> None:
    """Print every number of HW with its source, and how far its predictions can be trusted."""
    profile = load_profile(hw)
    runtime = profile.runtime
    click.echo(f"{profile.name}: {profile.title}")
    click.echo(f"{profile.family}, {runtime.name} {runtime.version}, {', '.join(runtime.dtypes)}")
    click.echo("\naccuracy card")
    for term, value in accuracy_card(profile.calibration).items():
        click.echo(f"    {term:<14} {value}")
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
        click.echo(f"{key} ({profile.sources[key].kind}): {profile.sources[key].text}")


@command.command("check")
@click.argument("files", nargs=-1, required=True)
def check(files: tuple[str, ...]) -> None:
    """Check profiles by path or name: keys, units, sources, contradictions."""
    for file in files:
        profile = load_profile(file)
        click.echo(f"{file}: ok, {len(profile.provenance)} numbers, all with a source")
