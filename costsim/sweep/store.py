"""The folder of a sweep: a manifest, one file a finished shard, and the results made of them."""

from __future__ import annotations

import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from costsim.errors import InputError
from costsim.files import make_folder, write_bytes, write_text
from costsim.sweep.spec import SweepSpec
from costsim.version import VERSION

MANIFEST = "manifest.json"


class Store:
    """Whatever is in the folder is whole: files appear by renaming, and a shard's summary comes last."""

    def __init__(self, folder: str | Path, spec: SweepSpec, shard_points: int) -> None:
        """Open the folder, new or to go on with.

        Raises:
            InputError: it holds another sweep, or anything else; or Parquet cannot be written.
        """
        if find_spec("pyarrow") is None:
            raise InputError("pyarrow is not installed", where="sweep", mend="pip install 'costsim[sweep]'")
        self.folder = make_folder(folder)
        manifest = {"costsim": VERSION, "spec": json.loads(spec.text), "shard_points": shard_points}
        path = self.folder / MANIFEST
        if path.exists():
            if json.loads(path.read_text(encoding="utf-8")) != manifest:
                raise InputError("holds another sweep", where=str(folder), mend="choose another folder or remove it")
        elif any(self.folder.iterdir()):
            raise InputError("is not empty", where=str(folder), mend="choose an empty folder")
        else:
            write_text(path, json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        make_folder(self.folder / "shards")

    def is_done(self, shard: int) -> bool:
        return self._path(shard, "json").exists()

    def save(self, shard: int, summary: dict[str, Any], tables: dict[str, pd.DataFrame]) -> None:
        """Keep what a shard found; the summary is written last and marks it as done."""
        for name, table in tables.items():
            write_bytes(self._path(shard, f"{name}.parquet"), parquet(table))
        write_text(self._path(shard, "json"), json.dumps(summary, sort_keys=True))

    def summary(self, shard: int) -> dict[str, Any]:
        return json.loads(self._path(shard, "json").read_text(encoding="utf-8"))

    def table(self, shard: int, name: str) -> pd.DataFrame:
        return pd.read_parquet(self._path(shard, f"{name}.parquet"))

    def write_result(self, name: str, table: pd.DataFrame) -> None:
        write_bytes(self.folder / f"{name}.parquet", parquet(table))

    def write_summary(self, summary: dict[str, Any]) -> None:
        write_text(self.folder / "summary.json", json.dumps(summary, indent=2, sort_keys=True) + "\n")

    def _path(self, shard: int, suffix: str) -> Path:
        return self.folder / "shards" / f"{shard:08d}.{suffix}"


def parquet(table: pd.DataFrame) -> bytes:
    """The table as Parquet; values that are no numbers as text."""
    words = {name: table[name].map(_text) for name in table.columns if table[name].dtype == object}
    out = io.BytesIO()
    table.assign(**words).to_parquet(out, index=False, engine="pyarrow", compression="zstd")
    return out.getvalue()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
