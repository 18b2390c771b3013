"""Lists of networks as text and JSON: names, files, zoo networks with options, arguments of a constructor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from costsim.errors import CostsimError, DoesNotFitError, InputError, shortened
from costsim.graph import LayerGraph
from costsim.importers.json import FORMAT, from_dict
from costsim.importers.python import call, named
from costsim.jsonfile import parse_json
from costsim.networks import build
from costsim.predict.predictor import Predictor


@dataclass(frozen=True)
class Prediction:
    """The latency of one entry of a list, or why there is none."""

    network: str
    latency_ms: float | None
    reason: str = ""
    """Why there is none."""

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {"network": self.network, "latency_ms": self.latency_ms, "reason": self.reason or None}


def read_entries(text: str, where: str) -> list[Any]:
    """The entries of a list: a JSON array, or one a line, where ``{`` and ``[`` begin JSON and ``#`` a remark.

    Raises:
        InputError: JSON that is none, or nothing in it.
    """
    if text.lstrip().startswith("["):
        try:
            entries = parse_json(text, where, MEND)
        except InputError:
            if len(_lines(text)) < 2:
                raise
        else:
            return _some(entries, where)
    lines = _lines(text)
    return _some([_entry(line, f"{where}: line {number}") for number, line in lines], where)


MEND = 'write names, one a line, or a JSON array: ["shufflenet_v2_1x", {"network": "mobilenet_v2_1x", "width": 0.5}]'


def _lines(text: str) -> list[tuple[int, str]]:
    stripped = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    return [(number, line) for number, line in stripped if line and not line.startswith("#")]


def _entry(line: str, where: str) -> Any:
    return parse_json(line, where, MEND) if line.startswith(("{", "[")) else line


def _some(entries: list[Any], where: str) -> list[Any]:
    if not entries:
        raise InputError("holds no networks", where=where, mend=MEND)
    return entries


def graph_of(predictor: Predictor, entry: Any, constructor: str | None) -> LayerGraph:
    """The network of one entry.

    Args:
        predictor: gives it its batch and input size.
        entry: a name or a path; a mapping of options, with the zoo network's name under ``network`` unless there is
            a constructor; a list of arguments; or a network as costsim's JSON has it.
        constructor: ``module.py:function`` that takes the options or arguments.

    Raises:
        InputError: none of these, or an impossible network.
    """
    if isinstance(entry, dict) and entry.get("format") == FORMAT:
        return predictor.graph(from_dict(entry))
    if constructor is not None:
        arguments, options = _arguments(entry)
        return predictor.graph(call(constructor, named(constructor), *arguments, **options))
    if isinstance(entry, str):
        return predictor.graph(entry)
    if isinstance(entry, dict) and isinstance(entry.get("network"), str):
        options = {key: tuple(v) if isinstance(v, list) else v for key, v in entry.items() if key != "network"}
        return predictor.graph(build(entry["network"], **options))
    raise InputError(f"{shortened(json.dumps(entry))} names no network", mend=MEND)


def _arguments(entry: Any) -> tuple[Sequence[Any], dict[str, Any]]:
    if isinstance(entry, dict):
        return (), entry
    return (entry if isinstance(entry, list) else [entry]), {}


def predict_entries(
    predictor: Predictor, entries: Sequence[Any], constructor: str | None, first: int = 1, keep_going: bool = False
) -> list[Prediction]:
    """The latency of every entry of a list, priced together.

    Args:
        predictor: the device.
        entries: see ``graph_of``.
        constructor: see ``graph_of``.
        first: number of the first entry, for messages.
        keep_going: give the reason where there is no latency, instead of raising.

    Raises:
        InputError: an entry is no network; says which.
        DoesNotFitError: the device cannot run one of them.
    """
    graphs: list[LayerGraph] = []
    found: list[Prediction | None] = []
    for number, entry in enumerate(entries, start=first):
        try:
            graphs.append(graph_of(predictor, entry, constructor))
            found.append(None)
        except CostsimError as error:
            if not keep_going:
                raise _numbered(error, number, len(entries)) from None
            found.append(Prediction(_written(entry), None, str(error)))
    priced = iter(_priced(predictor, graphs, keep_going))
    names = (_written(entry) for entry in entries)
    return [
        Prediction(name, *next(priced)) if failed is None else failed for name, failed in zip(names, found, strict=True)
    ]


def _priced(predictor: Predictor, graphs: Sequence[LayerGraph], keep_going: bool) -> Iterable[tuple[float | None, str]]:
    try:
        return [(float(ms), "") for ms in predictor(graphs)]
    except CostsimError:
        if not keep_going:
            raise
    return [_alone(predictor, graph) for graph in graphs]


def _alone(predictor: Predictor, graph: LayerGraph) -> tuple[float | None, str]:
    try:
        return float(predictor([graph])[0]), ""
    except (InputError, DoesNotFitError) as error:
        return None, str(error)


def _written(entry: Any) -> str:
    """The entry as it was given, on one line."""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, dict) and entry.get("format") == FORMAT:
        return str(entry.get("name"))
    return json.dumps(entry)


def _numbered(error: CostsimError, number: int, count: int) -> CostsimError:
    return error.at(f"network {number}") if isinstance(error, InputError) and count + number > 2 else error
