"""Measurements kept as they are made, so that a run killed at any moment goes on where it was.

One JSON object a line. The first says what the measurements are of (machine, runtime, versions,
threads); each other is one visit to one network. A line is appended with one write; a last line
cut off by a kill is not read and is written over by the next.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from costsim.errors import InputError
from costsim.files import is_there, read_text
from costsim.jsonfile import parse_json
from costsim.timing import Timing

FORMAT = "costsim host measurements"

MEND = "give another path, or delete it"


class Journal:
    """The visits in one file, or in memory alone where ``path`` is None."""

    def __init__(self, path: Path | None, conditions: Mapping[str, str | int]) -> None:
        """Open or begin it.

        Raises:
            InputError: the file is something else, was measured under other conditions, or cannot be written.
        """
        self.path = path
        self._rounds: defaultdict[str, list[float]] = defaultdict(list)
        head = {"format": FORMAT, **conditions}
        content = _content(path) if path else ""
        lines = content[: content.rfind("\n") + 1].splitlines()
        if content and not lines and not json.dumps(head).startswith(content):  # no first line that a kill cut off
            raise self._no_journal()
        if lines:
            self._read(lines, head)
        elif path:
            self._append(json.dumps(head), begin=True)

    def rounds(self, name: str) -> tuple[float, ...]:
        """Seconds of each visit to a network so far."""
        return tuple(self._rounds[name])

    def timing(self, name: str) -> Timing:
        return Timing(self.rounds(name))

    def add(self, name: str, seconds: float) -> None:
        """Keep one visit."""
        kept = float(f"{seconds:.5g}")  # as it is read back, so that a run in two parts ends like one in one
        self._rounds[name].append(kept)
        if self.path:
            self._append(json.dumps({"network": name, "seconds": kept}))

    def _read(self, lines: list[str], head: Mapping[str, str | int]) -> None:
        try:
            found, *visits = (parse_json(line, str(self.path), MEND) for line in lines)
            if found.get("format") != FORMAT:
                raise ValueError
            for visit in visits:
                self._rounds[visit["network"]].append(_seconds(visit["seconds"]))
        except (InputError, ValueError, KeyError, TypeError, AttributeError):
            raise self._no_journal() from None
        changed = [key for key in head if found.get(key) != head[key]]
        if changed:
            key = changed[0]
            raise InputError(
                f"was measured with {key} {found.get(key)}, this is {head[key]}",
                where=str(self.path),
                mend="give another path, or delete it to measure anew",
            )

    def _no_journal(self) -> InputError:
        return InputError("is no journal of measurements", where=str(self.path), mend=MEND)

    def _append(self, line: str, begin: bool = False) -> None:
        assert self.path is not None
        try:
            with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as file:
                file.truncate(0 if begin else len(_whole(file.read())))
                file.seek(0, os.SEEK_END)
                file.write(line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", where=str(self.path), mend=MEND) from None
        except ValueError as error:  # a null byte in the path
            named = str(self.path).replace("\0", "\\0")
            raise InputError(f"cannot be written: {error}", where=named, mend=MEND) from None


def _content(path: Path) -> str:
    return read_text(path, MEND) if is_there(path) else ""


def _seconds(written: object) -> float:
    """A visit's time, above 0."""
    seconds = float(written) if isinstance(written, int | float) else 0.0
    if seconds <= 0:
        raise ValueError
    return seconds


def _whole(content: bytes) -> bytes:
    """Up to the last line that was written to its end."""
    return content[: content.rfind(b"\n") + 1]
