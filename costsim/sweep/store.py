"""The folder of a sweep: a manifest, one file a finished shard, and the results made of them."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from costsim.errors import InputError
from costsim.files import make_folder, read_text, write_bytes, write_text
from costsim.jsonfile import read_json
from costsim.sweep.reduce import Reduction, Table
from costsim.sweep.spec import SweepSpec
from costsim.version import VERSION

MANIFEST = "manifest.json"

SEAL = "seal"
"""The array of a shard's file that says what it belongs to."""


def claim(folder: Path, manifest: str, kind: str) -> None:
    """Make the folder that of the sweep or search a manifest tells of; several may do so at once for the same one.

    Raises:
        InputError: it holds another, or anything else; ``kind`` names it.
    """
    path = folder / MANIFEST
    holds_more = any(not found.name.startswith(f".{MANIFEST}.") for found in folder.iterdir())
    if not path.exists():  # looked at second: whoever puts anything there writes the manifest before
        if holds_more:
            raise InputError("is not empty", where=str(folder), mend="choose an empty folder")
        write_text(path, manifest)
    elif read_text(path) != manifest:
        read_json(path, mend="choose another folder or remove it")  # says so if it was cut
        raise InputError(f"holds another {kind}", where=str(folder), mend="choose another folder or remove it")


class Store:
    """Whatever is in the folder is whole: files appear by renaming, and a shard's reduction comes last."""

    def __init__(self, folder: str | Path, spec: SweepSpec, shard_points: int) -> None:
        """Open the folder, new or to go on with.

        Raises:
            InputError: it holds another sweep, or anything else; or Parquet cannot be written.
        """
        if find_spec("pyarrow") is None:
            raise InputError("pyarrow is not installed", where="sweep", mend="pip install 'costsim[sweep]'")
        self.folder = make_folder(folder)
        self._keeps_points = spec.keep_points
        manifest = {"costsim": VERSION, "spec": json.loads(spec.text), "shard_points": shard_points}
        text = json.dumps(manifest, indent=2) + "\n"  # in order: other axes first would number other points
        self._key = hashlib.sha256(text.encode()).hexdigest()
        claim(self.folder, text, "sweep")
        make_folder(self.folder / "shards")

    def is_done(self, shard: int) -> bool:
        """Whether all a shard found is there, whole and of this sweep; what is not is priced again."""
        try:
            self.reduction(shard)
        except InputError:
            return False
        return True

    def save(self, shard: int, reduction: Reduction, points: Table | None) -> None:
        """Keep what a shard found; the reduction is written last and marks it as done."""
        content = b"" if points is None else parquet(points)
        if points is not None:
            write_bytes(self._path(shard, "points.parquet"), content)
        out = io.BytesIO()
        np.savez(out, **reduction, **{SEAL: self._seal(shard, content)})  # type: ignore[arg-type]  # its stub takes the arrays for allow_pickle
        write_bytes(self._path(shard, "npz"), out.getvalue())

    def reduction(self, shard: int) -> Reduction:
        """What a shard found.

        Raises:
            InputError: its files are missing, damaged, or those of another shard or sweep.
        """
        path = self._path(shard, "npz")
        try:
            content = self._path(shard, "points.parquet").read_bytes() if self._keeps_points else b""
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
                found = dict(arrays)
            if str(found.pop(SEAL)) == self._seal(shard, content):
                return found
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
            pass
        raise InputError("is missing or damaged", where=str(path), mend="run the sweep again: it is priced anew")

    def _seal(self, shard: int, points: bytes) -> str:
        """What tells a shard's files from those of another shard or sweep."""
        return f"{self._key} {shard} {hashlib.sha256(points).hexdigest()}"

    def write_result(self, name: str, table: Table) -> None:
        write_bytes(self.folder / f"{name}.parquet", parquet(table))

    def write_summary(self, summary: dict[str, Any]) -> None:
        write_text(self.folder / "summary.json", json.dumps(summary, indent=2, sort_keys=True) + "\n")

    def _path(self, shard: int, suffix: str) -> Path:
        return self.folder / "shards" / f"{shard:08d}.{suffix}"


def parquet(table: Table) -> bytes:
    """The table as Parquet; values that are no numbers as text."""
    import pyarrow as pa
    from pyarrow.parquet import write_table

    out = io.BytesIO()
    write_table(pa.table({name: _plain(table[name]) for name in table}), out, compression="zstd")
    return out.getvalue()


def _plain(column: np.ndarray) -> Any:
    return column if column.dtype != object else [_text(value) for value in column]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
