"""The report page in a notebook cell: charts, graph, sliders and table, with no server behind them."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from costsim.analysis import Analysis
from costsim.api import analyze
from costsim.hardware import Profile

HEIGHT = 900


class Exploration:
    """An analysis whose cell is its whole page, in a frame that can reach nothing of the notebook."""

    def __init__(self, analysis: Analysis, height: int = HEIGHT) -> None:
        self.analysis = analysis
        self.height = height

    def _repr_html_(self) -> str:
        page = escape(self.analysis.to_html(), quote=True)
        title = escape(f"{self.analysis.network} on {self.analysis.hardware}", quote=True)
        style = f"width:100%;height:{self.height}px;border:0"
        return (
            f'<iframe srcdoc="{page}" title="{title}" sandbox="allow-scripts allow-downloads" style="{style}"></iframe>'
        )

    def __repr__(self) -> str:
        return repr(self.analysis)


def explore(network: Any, hw: str | Path | Profile, *, height: int = HEIGHT, **run: Any) -> Exploration:
    """Show a network on a device in a cell of Jupyter or marimo: the report page with graph, charts and sliders.

    Args:
        network: zoo name, path, graph, or an object an importer takes, such as a ``torch.nn.Module``.
        hw: profile name, alias, path, or a loaded profile.
        height: of the frame, in pixels.
        **run: options of ``analyze``: ``batch``, ``input_size``, ``dtype``, ``threads``, ``settings``, ``runtime``.

    Raises:
        InputError: anything above that is unknown or impossible.
        DoesNotFitError: the device cannot run the network at all.
    """
    return Exploration(analyze(network, hw, **run), height)
