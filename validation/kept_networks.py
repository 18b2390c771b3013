"""Networks of other packages, read through torch once and kept as a file of this package."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from costsim.graph import LayerGraph
from costsim.importers.json import from_dict, to_dict


@dataclass(frozen=True)
class KeptNetworks:
    """A zip archive of layer graphs, one entry a name."""

    path: Path

    def graph(self, name: str) -> LayerGraph:
        with zipfile.ZipFile(self.path) as kept:
            return from_dict(json.loads(kept.read(_entry(name))), where=name)

    def add(self, graphs: Mapping[str, LayerGraph]) -> None:
        """Keep these too, or instead of those of the same name: the same bytes for the same networks."""
        texts = {_entry(name): json.dumps(to_dict(graph), separators=(",", ":")) for name, graph in graphs.items()}
        if self.path.exists():
            with zipfile.ZipFile(self.path) as kept:
                texts = {entry: kept.read(entry).decode() for entry in kept.namelist()} | texts
        with zipfile.ZipFile(self.path, "w") as kept:
            for entry, text in sorted(texts.items()):
                kept.writestr(zipfile.ZipInfo(entry), text, zipfile.ZIP_DEFLATED, 9)


def _entry(name: str) -> str:
    return f"{name}.json"
