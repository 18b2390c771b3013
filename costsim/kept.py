"""Plain data that one process keeps for the next, in the user's cache folder: what can be made again, but slowly.

Nothing depends on it. Where the folder is missing, read-only or damaged, or there is no home, things are made again.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from costsim.errors import InputError
from costsim.files import make_folder, write_bytes

MOST_WRITTEN = 8
"""Files one process writes: a command that reads every profile there is would wait for the disk again and again."""

_written: list[str] = []


def cache_folder() -> Path | None:
    """``costsim`` in the user's folder of caches, which need not be there.

    None for a user without a home, and for a package in a zip, whose copies of data lie elsewhere in each process.
    """
    if not Path(__file__).exists():
        return None
    home = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "HOME")
    usual = {"win32": "", "darwin": "Library/Caches"}.get(sys.platform, ".cache")
    base = os.environ.get("XDG_CACHE_HOME") or (home and str(Path(home, usual)))
    return Path(base, "costsim") if base and Path(base).is_absolute() else None


def kept(name: str, made_of: list[list[Any]] | None, make: Callable[[], Any]) -> Any:
    """What ``make`` gives, or what it gave when it was called for the same stamp; plain data in either case."""
    found = read_kept(name)
    if made_of and found and found["made_of"] == made_of:
        return found["made"]
    made = make()
    if made_of:
        keep(name, {"made_of": made_of, "made": made})
    return made


def read_kept(name: str) -> Any:
    """What was kept under this name; None where nothing is, or what is there was damaged."""
    folder = cache_folder()
    if folder is None:
        return None
    with suppress(OSError, ValueError):
        check, _, content = (folder / f"{name}.json").read_bytes().partition(b"\n")
        if int(check, 16) == zlib.crc32(content):
            return json.loads(content)
    return None


def keep(name: str, value: Any) -> None:
    """Keep plain data under a name, in the place of what was kept there; nothing happens where that cannot be."""
    folder = cache_folder()
    if folder is None or len(_written) >= MOST_WRITTEN:
        return
    content = json.dumps(value).encode()
    with suppress(InputError):
        write_bytes(make_folder(folder) / f"{name}.json", b"%08x\n" % zlib.crc32(content) + content)
        _written.append(name)


def stamp(*paths: str | Path) -> list[list[Any]] | None:
    """Each path with the time of its last change and its size; None where one cannot be asked, as inside a zip."""
    with suppress(OSError):
        found = [(str(path), Path(path).stat()) for path in paths]
        return [[path, status.st_mtime_ns, status.st_size] for path, status in found]
    return None


def short(*words: object) -> str:
    """A name for what these words say together."""
    return f"{zlib.crc32(repr(words).encode()):08x}"
