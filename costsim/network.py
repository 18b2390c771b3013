"""Any way to name a network, and the graph behind it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costsim.errors import InputError, unknown_name
from costsim.files import is_there
from costsim.graph import LayerGraph
from costsim.graph.blocks import name_blocks
from costsim.graph.resize import InputSize, resized
from costsim.networks import build, network_names

if TYPE_CHECKING:
    import networkx as nx

LIMITS = ("boxes",)
"""What can be limited: values that pass a threshold, a mask or a suppression."""


class Network:
    """A network ready to be costed.

    >>> Network("shufflenet_v2_1x").macs
    145814296
    """

    def __init__(
        self,
        spec: Any,
        *,
        input_size: str | InputSize = None,
        batch: int | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        """``spec`` is a zoo name, a path, a ``LayerGraph``, or any object an importer takes.

        ``limits`` says how many values an op is taken to make whose number the data decide: ``{"boxes": 300}``.

        Raises:
            InputError: unknown name, unreadable file, or a size that does not pass through it.
        """
        check_batch(batch)
        size = parse_input_sizes(input_size) if isinstance(input_size, str) else input_size
        if isinstance(size, (int, np.integer)):
            size = (int(size),)  # a vector
        if size is not None and not isinstance(size, (Sequence, Mapping, np.ndarray)):
            raise InputError(f"{size!r} is not a size", where="--input-size", mend="write (3, 224, 224)")
        self.graph = _resolve(spec, size, batch, _checked(limits))

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


def check_batch(batch: int | None) -> None:
    """Refuse a batch that is no whole number above 0.

    Raises:
        InputError: it is none.
    """
    if batch is not None and (isinstance(batch, bool) or not isinstance(batch, (int, np.integer))):
        raise InputError(f"batch {batch!r} is no whole number", where="--batch", mend="write one: batch=8")
    if batch is not None and batch < 1:
        raise InputError(f"batch {batch}", where="--batch", mend="it is at least 1")


def _resolve(spec: Any, size: InputSize, batch: int | None, limits: Mapping[str, int]) -> LayerGraph:
    if isinstance(spec, Network):
        spec = spec.graph
    elif isinstance(spec, str) and not _is_path(spec):
        return _from_zoo(spec, size, batch)
    if isinstance(spec, LayerGraph):
        return resized(spec, size, batch)
    from costsim.importers import load_network

    graph = load_network(spec, size, batch, limits)  # a file may leave its sizes open: it is bound while read
    name_blocks(graph)
    return graph


def _checked(limits: Mapping[str, int] | None) -> Mapping[str, int]:
    """Limits as whole numbers above 0, of the kinds there are."""
    for name, count in (limits or {}).items():
        if name not in LIMITS:
            raise unknown_name("limit", name, LIMITS, where="--limit")
        if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
            raise InputError(f"{name} {count!r} is no whole number above 0", where="--limit", mend="write boxes=300")
    return limits or {}


def _from_zoo(name: str, size: InputSize, batch: int | None) -> LayerGraph:
    """The zoo network at this size: resized, or written anew where it holds tables of one size (positions, windows)."""
    graph = build(name)
    try:
        return resized(graph, size, batch)
    except InputError as refused:
        if isinstance(size, Mapping):
            raise
        shape = (batch or graph.input_shape[0], *(size or graph.input_shape[1:]))
        if len(shape) != len(graph.input_shape):
            raise
        try:
            return build(name, input_shape=shape)
        except InputError:
            raise refused from None


def _is_path(text: str) -> bool:
    """Whether a text names a file: by a folder or suffix, or there is one and no network of that name."""
    if {"/", "\\", ":"} & set(text) or re.fullmatch(r"\.[A-Za-z]\w*", Path(text).suffix):
        return True
    return is_there(text) and text not in network_names()


def distinct_names(given: Sequence[str], graphs: Sequence[LayerGraph]) -> list[str]:
    """What each network is called: its own name, or what it was given as where several have that name."""
    own = Counter(graph.name for graph in graphs)
    return [text if own[graph.name] > 1 else graph.name for text, graph in zip(given, graphs, strict=True)]


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


def parse_input_sizes(text: str) -> InputSize:
    """``3x224x224``, or the sizes of several inputs by name: ``image=3x224x224,words=1x128``.

    Raises:
        InputError: a size that is none, or a name given twice.
    """
    if "=" not in text:
        return parse_input_size(text)
    sizes: dict[str, tuple[int, ...]] = {}
    for part in text.split(","):
        name, _, size = part.rpartition("=")
        if name.strip() in sizes:
            raise InputError(f"'{name.strip()}' is given twice", where="--input-size", mend="give it once")
        sizes[name.strip()] = parse_input_size(size.strip())
    return sizes
