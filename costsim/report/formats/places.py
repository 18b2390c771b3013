"""Where in a repository a finding or a limit stands: a file and a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from costsim.errors import InputError, visible
from costsim.files import is_there, read_text, working_folder
from costsim.graph import LayerGraph
from costsim.graph.layergraph import SourceLine
from costsim.guidelines.assertion import Verdict
from costsim.guidelines.base import Finding
from costsim.report.verbs.checked import Checked

TEXT_FORMATS = (".param", ".json")
"""Files of networks in which a layer has a line."""


def place_of(checked: Checked, finding: Finding) -> SourceLine:
    """The first line of code or of the file that one of the finding's layers has, else the file itself."""
    graph = checked.analysis.simulation.graph
    for name in finding.nodes:
        if name in graph.lines:
            return graph.lines[name]
    return _in_text(graph, finding.nodes) or _whole(graph)


def place_of_limit(checked: Checked, verdict: Verdict) -> SourceLine:
    """Where the limit is written, else the network it is of."""
    return checked.written_at.get(verdict.assertion.text) or _whole(checked.analysis.simulation.graph)


def _in_text(graph: LayerGraph, names: Sequence[str]) -> SourceLine | None:
    """Where the layers stand in a file people can read."""
    if not graph.file.endswith(TEXT_FORMATS):
        return None
    try:
        lines = read_text(graph.file).splitlines()
    except InputError:  # it was there when it was read as a network
        return None
    words = {f'"{name}"' for name in names} if graph.file.endswith(".json") else set(names)
    return next((SourceLine(graph.file, n) for n, line in enumerate(lines, 1) if words & _words(line)), None)


def _words(line: str) -> set[str]:
    return set(line.replace(",", " ").split())


def _whole(graph: LayerGraph) -> SourceLine:
    """The file of a network; a network of the zoo has none, its name stands for it."""
    return SourceLine(graph.file or graph.name, 1)


def from_here(file: str) -> str:
    """Relative to the folder the command was called in, where the file lies in it."""
    path = Path(file)
    if not is_there(path):
        return visible(file)
    path, here = path.resolve(), working_folder().resolve()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()
