"""Profiles as they were after their last check: to parse and check one takes longer than to analyse a network on it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from costsim.errors import InputError
from costsim.files import read_text
from costsim.hardware.declared import Block
from costsim.hardware.folders import profile_folders
from costsim.hardware.profile import Profile
from costsim.kept import keep, read_kept, short, stamp
from costsim.yamlfile import texts_read

KIND = ""
"""The key under which plain data of a block names its class: no field has this name."""


def kept_profile(path: Path, runtime: str | None, load: Callable[[], Profile]) -> Profile:
    """What ``load`` gives, or what it gave while all files it read and all code that checks them were as they are.

    Files are compared by their text, folders in which a file could come before one that was read by the time of their
    last change, code by its files' times.
    """
    name = f"profile-{short(path.absolute(), runtime, __file__)}"
    kept = read_kept(name)
    if kept is not None and _is_current(kept):
        with suppress(AttributeError, ImportError, KeyError, TypeError):  # of another version of costsim
            return _block(kept["profile"])
    with texts_read() as texts:
        profile = load()
    plain = _plain(profile)
    made_of = _made_of(path, plain)
    if made_of and _block(plain) == profile:  # values that plain data cannot tell apart are read again
        keep(name, {"texts": texts, "made_of": made_of, "profile": plain})
    return profile


def _is_current(kept: dict[str, Any]) -> bool:
    made_of, texts = kept["made_of"], kept["texts"]
    with suppress(InputError):
        return stamp(*(path for path, *_ in made_of)) == made_of and all(
            read_text(path) == text for path, text in texts.items()
        )
    return False


def _made_of(path: Path, plain: dict[str, Any]) -> list[list[Any]] | None:
    """The folders that were looked through, and the code of blocks and of what reads them."""
    homes = {Path(str(sys.modules[module].__file__)).parent for module in _modules(plain)} | {Path(__file__).parent}
    code = sorted(file for home in homes for file in home.glob("*.py"))
    folders = [folder for folder in (path.absolute().parent, *profile_folders().values()) if folder.is_dir()]
    return stamp(*folders, *code) if code else None


def _modules(plain: Any) -> set[str]:
    parts = plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else ()
    own = {plain[KIND].partition(":")[0]} if isinstance(plain, dict) and KIND in plain else set()
    return own.union(*map(_modules, parts))


def _plain(value: Any) -> Any:
    if isinstance(value, Block):
        kind = type(value)
        return {KIND: f"{kind.__module__}:{kind.__qualname__}", **{name: _plain(part) for name, part in value}}
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def _block(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple(map(_block, plain))
    if not isinstance(plain, dict):
        return plain
    values = {name: _block(part) for name, part in plain.items()}
    if KIND not in values:
        return values
    module, _, name = values.pop(KIND).partition(":")
    kind = getattr(import_module(module), name)
    if not issubclass(kind, Block):
        raise TypeError(f"{name} is no block of a profile")
    return kind.of(values)
