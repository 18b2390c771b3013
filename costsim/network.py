"""Any way to name a network, and the graph behind it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costsim.errors import InputError
from costsim.files import is_there
from costsim.graph import LayerGraph
from costsim.networks import build, network_names

if TYPE_CHECKING:
    import networkx as nx


class Network:
    """A network ready to be costed.

    >>> Network("shufflenet_v2_1x").macs
    145814296
    """

    def __init__(self, spec: Any, *, input_size: str | tuple[int, ...] | None = None, batch: int | None = None) -> None:
        """``spec`` is a zoo name, a path, a ``LayerGraph``, or any object an importer takes.

        Raises:
            InputError: unknown name, unreadable file, or a size that does not pass through it.
        """
        if batch is not None and (isinstance(batch, bool) or not isinstance(batch, (int, np.integer))):
            raise InputError(f"batch {batch!r} is no whole number", where="--batch", mend="write one: batch=8")
        if batch is not None and batch < 1:
            raise InputError(f"batch {batch}", where="--batch", mend="it is at least 1")
        size = parse_input_size(input_size) if isinstance(input_size, str) else input_size
        self.graph = _resolve(spec, size, batch)

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def params(self) -> int:
        """Trainable parameters."""
        return int(self.graph.total_params)

    @property
    def macs(self) -> int:
        """Exact multiply-accumulates of convolutions, fully connected layers and products."""
        return int(self.graph.total_macs)

    def to_networkx(self) -> nx.DiGraph[str]:
        return self.graph.to_networkx()

    def __repr__(self) -> str:
        return repr(self.graph).replace("LayerGraph", "Network")


def _resolve(spec: Any, size: tuple[int, ...] | None, batch: int | None) -> LayerGraph:
    if isinstance(spec, Network):
        spec = spec.graph
    elif isinstance(spec, str) and not _is_path(spec):
        spec = build(spec)
    if isinstance(spec, LayerGraph):
        return _resize(spec, size, batch)
    from costsim.importers import load_network

    return load_network(spec, size, batch)  # a file may leave its sizes open: it is bound while read


def _is_path(text: str) -> bool:
    """Whether a text names a file: it has a folder or a file's suffix, or there is a file and no network of that name."""
    if {"/", "\\", ":"} & set(text) or re.fullmatch(r"\.[A-Za-z]\w*", Path(text).suffix):
        return True
    return is_there(text) and text not in network_names()


def _resize(graph: LayerGraph, size: tuple[int, ...] | None, batch: int | None) -> LayerGraph:
    if size is None:
        return graph if batch is None else graph.with_batch(batch)
    if len(size) != len(graph.input_shape) - 1:
        text, wanted = "x".join(map(str, size)), "x".join(map(str, graph.input_shape[1:]))
        raise InputError(f"'{text}' is not a size of its input", where="--input-size", mend=f"write it like {wanted}")
    return graph.with_input(batch or graph.input_shape[0], *size)


def parse_input_size(text: str) -> tuple[int, ...]:
    """``3x224x224`` as (channels, height, width); inputs of other ranks have fewer or more numbers: ``1x16000``.

    Raises:
        InputError: not positive numbers with an x between them.
    """
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", text):
        raise InputError(
            f"'{text}' is not a size", where="--input-size", mend="write channels x height x width: 3x224x224"
        )
    return tuple(int(part) for part in text.split("x"))
