"""The folder of a sweep: a manifest, one file a finished shard, and the results made of them."""

from __future__ import annotations

import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from costsim.errors import InputError
from costsim.files import make_folder, write_bytes, write_text
from costsim.sweep.reduce import Reduction, Table
from costsim.sweep.spec import SweepSpec
from costsim.version import VERSION

MANIFEST = "manifest.json"


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
        manifest = {"costsim": VERSION, "spec": json.loads(spec.text), "shard_points": shard_points}
        text = json.dumps(manifest, indent=2) + "\n"  # in order: other axes first would number other points
        path = self.folder / MANIFEST
        if path.exists():
            if path.read_text(encoding="utf-8") != text:
                raise InputError("holds another sweep", where=str(folder), mend="choose another folder or remove it")
        elif any(not found.name.startswith(f".{MANIFEST}.") for found in self.folder.iterdir()):
            raise InputError("is not empty", where=str(folder), mend="choose an empty folder")
        else:
            write_text(path, text)
        make_folder(self.folder / "shards")

    def is_done(self, shard: int) -> bool:
        return self._path(shard, "npz").exists()

    def save(self, shard: int, reduction: Reduction, points: Table | None) -> None:
        """Keep what a shard found; the reduction is written last and marks it as done."""
        if points is not None:
            write_bytes(self._path(shard, "points.parquet"), parquet(points))
        out = io.BytesIO()
        np.savez(out, **reduction)  # type: ignore[arg-type]  # its stub takes the arrays for allow_pickle
        write_bytes(self._path(shard, "npz"), out.getvalue())

    def reduction(self, shard: int) -> Reduction:
        with np.load(self._path(shard, "npz"), allow_pickle=False) as arrays:
            return dict(arrays)

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
