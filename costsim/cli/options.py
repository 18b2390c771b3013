"""Options shared by the verbs that cost a network on a device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from costsim.devices.base import ALL
from costsim.errors import InputError
from costsim.files import is_there


class SeveralValues(click.Command):
    """A command whose ``--hw`` takes all words up to the next option, ``--hw X Y``; so does a repeated ``--dtype``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        repeated = {name for option in self.params if getattr(option, "multiple", False) for name in option.opts}
        several = repeated & {"--hw", "--dtype"}
        spread: list[str] = []
        inside = ""
        for word in args:
            if word.startswith("-"):
                inside = word if word in several else ""
            elif inside and spread[-1] != inside:
                spread.append(inside)
            spread.append(word)
        return super().parse_args(ctx, spread)


class Threads(click.ParamType):
    """A whole number, or ``all``."""

    name = "threads"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value == ALL else click.INT.convert(value, param, ctx)


class Batch(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # a generic only in later versions
    """A number of images, or ``max``."""

    name = "batch"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if value == "max" or isinstance(value, int):
            return value
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number of images nor 'max'.", param, ctx)


def input_size_option(help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--input-size, once for all inputs or once for each."""

    def joined(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> str | None:
        return ",".join(given) or None

    return click.option("--input-size", metavar="CxHxW", multiple=True, callback=joined, help=help)


def run_options(command: Callable[..., Any], batch: Any = int, *, several_dtypes: bool = False) -> Callable[..., Any]:
    """--batch, --input-size, --dtype, --threads, --runtime, --set."""
    dtypes = "fp32, fp16, int8 ...; if left out, that of a quantised file, else the runtime's first."
    if several_dtypes:
        dtypes += " Several set one network beside itself."
    options: tuple[Callable[[Any], Any], ...] = (
        click.option("--batch", type=batch, metavar="N",
                     help="Images per inference; the network's own, mostly 1, if left out"
                          + (".", "; max is the most that fit.")[batch is not int]),
        input_size_option("Channels x height x width: 3x224x224; of several by name: image=3x64x64,words=1x128."),
        click.option("--dtype", metavar="TYPE", multiple=several_dtypes, help=dtypes),
        click.option("--threads", type=Threads(), metavar="N|all",
                     help="Cores used; the profile's own, mostly 1, if left out."),
        click.option("--runtime", metavar="NAME", help="What runs the network there; the profile's first if left out."),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE",
                     help="Change a field of the profile, as often as wanted: memory.onchip.size=512KiB."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def parse_limits(limits: tuple[str, ...]) -> dict[str, int]:
    """``boxes=300`` pairs.

    Raises:
        InputError: no '=' in it, or what follows is no whole number.
    """
    parsed: dict[str, int] = {}
    for limit in limits:
        name, _, count = limit.partition("=")
        if not count.isdecimal():
            raise InputError(f"'{limit}' is no limit", where="--limit", mend="write boxes=300")
        parsed[name] = int(count)
    return parsed


def parse_settings(settings: tuple[str, ...]) -> dict[str, str]:
    """``key=value`` pairs.

    Raises:
        InputError: no '=' in it, or a key given twice.
    """
    parsed: dict[str, str] = {}
    for setting in settings:
        key, _, value = (part.strip() for part in setting.partition("="))
        if not key or not value:
            raise InputError(f"'{setting}' is not KEY=VALUE", where="--set", mend="write memory.onchip.size=512KiB")
        if key in parsed:
            raise InputError(f"'{key}' is set twice", where="--set", mend="set it once")
        parsed[key] = value
    return parsed


def check_new_profile(target: Path, *, force: bool) -> None:
    """Refuse a name no profile can have, and a file that is there unless ``force`` says to overwrite it."""
    if target.suffix not in (".yaml", ".yml"):
        raise InputError("a profile's name ends in .yaml", where=f"-o {target}", mend=f"write -o {target.stem}.yaml")
    if is_there(target) and not force:
        raise InputError("is there already", where=str(target), mend="give another name, or --force to overwrite it")


def parse_names(names: tuple[str, ...]) -> dict[str, str]:
    """``name=network`` pairs as network to name.

    Raises:
        InputError: no '=' in it, or a network or a name given twice.
    """
    called: dict[str, str] = {}
    for pair in names:
        name, _, network = (part.strip() for part in pair.partition("="))
        if not name or not network:
            raise InputError(f"'{pair}' is not NAME=NETWORK", where="--name", mend="write --name old=a/net.onnx")
        if network in called or name in called.values():
            raise InputError(f"'{pair}' names again what has a name", where="--name", mend="give each network one name")
        called[network] = name
    return called
