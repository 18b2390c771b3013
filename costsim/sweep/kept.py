"""Candidates of a search kept as they are priced, so that one killed at any moment loses at most a generation.

One candidate a line: a checksum, then JSON. The checksum is of the search too, so a line that a power cut damaged, that
two searches wrote across each other, or that another search left is no line: its candidate is priced again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any
from zlib import crc32

from costsim.errors import InputError
from costsim.files import check_regular, is_there

Candidate = tuple[int, ...]

MEND = "choose another folder or remove it"


class KeptRows:
    """Rows by candidate, in a file."""

    def __init__(self, path: Path, search: str) -> None:
        """Those a file holds so far; ``search`` is the text that tells one search from another.

        Raises:
            InputError: it is no regular file, or cannot be read.
        """
        self._path, self._seed = path, crc32(search.encode())
        self.rows: dict[Candidate, dict[str, Any]] = {}
        content = _content(path)
        self._cut_off = content[-1:] not in (b"", b"\n")
        for line in content.splitlines():
            checksum, _, text = line.partition(b" ")
            if checksum == self._checksum(text):
                entry = json.loads(text)
                self.rows[tuple(entry["candidate"])] = entry["row"]

    def add(self, rows: Mapping[Candidate, Mapping[str, Any]]) -> None:
        """Keep more; they are on the disk when this returns, and read back as any other run will read them.

        Raises:
            InputError: the file cannot be written.
        """
        texts = [json.dumps({"candidate": key, "row": _finite(row)}).encode() for key, row in rows.items()]
        lines = b"".join(b"%s %s\n" % (self._checksum(text), text) for text in texts)
        try:
            with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666), "wb") as file:
                file.write(b"\n" * self._cut_off + lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", where=str(self._path), mend=MEND) from None
        self._cut_off = False
        self.rows |= {key: json.loads(text)["row"] for key, text in zip(rows, texts, strict=True)}

    def missing(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Those not kept yet, each once."""
        return [candidate for candidate in dict.fromkeys(candidates) if candidate not in self.rows]

    def _checksum(self, text: bytes) -> bytes:
        return b"%08x" % crc32(text, self._seed)


def _content(path: Path) -> bytes:
    if not is_there(path):
        return b""
    check_regular(path, MEND)
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), mend=MEND) from None


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no infinities: what a device cannot do is unknown."""
    return {name: None if isinstance(x, float) and not isfinite(x) else x for name, x in row.items()}
