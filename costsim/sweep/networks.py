"""Graphs of a chunk: one for all its points where their dimensions can be arrays, else one for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from costsim.errors import CostsimError, InputError, shortened, unknown_name
from costsim.graph import LayerGraph
from costsim.graph.equal import NodeNumbers
from costsim.graph.layers import Conv2d
from costsim.hardware.vary import folded
from costsim.importers.python import named
from costsim.network import Network, parse_input_size
from costsim.networks.zoo import family_of
from costsim.sweep.points import columns_at

Options = Mapping[str, np.ndarray]
"""Constructor option to its value at each point."""

REFUSES_ARRAYS = (InputError, TypeError, ValueError, IndexError)
"""What constructors and layers raise that take no arrays, or at no point the sizes they hold."""


class Built:
    """Networks of plain numbers, each built once; options that make equal networks give one and the same."""

    def __init__(self) -> None:
        self._by_options: dict[Hashable, LayerGraph] = {}
        self._by_nodes: dict[bytes, LayerGraph] = {}
        self._nodes = NodeNumbers()

    def once(self, place: Hashable, build: Callable[[], LayerGraph]) -> LayerGraph:
        """The network of a constructor and its options."""
        graph = self._by_options.get(place)
        if graph is None:
            graph = build()
            graph = self._by_options[place] = self._by_nodes.setdefault(self._nodes.key(graph), graph)
        return graph


class Part(NamedTuple):
    """Points of a chunk and their graph."""

    points: np.ndarray
    graph: LayerGraph
    varies: bool
    """Whether its dimensions hold one value for each of the points; else they all have this very network."""


def graphs(network: Any, options: Options, resize: Options, points: int, built: Built | None = None) -> Iterator[Part]:
    """The graphs of a chunk; points whose network is impossible are in none.

    Networks of plain numbers are kept in ``built``, where it is given, and taken from there.

    One topology is built once with array-valued dimensions. Points whose convolutions are of
    other kinds (dense, grouped, depthwise) run other kernels, so they are parted; a constructor
    that cannot take arrays is called once per distinct set of options.
    """
    everywhere = np.arange(points)
    _check_options(network, options)
    builder = _builder(network)
    words = {name: values for name, values in resize.items() if values.dtype == object}
    for where, scalars, arrays in _same_objects({**options, **words}, everywhere):
        scalars = {name: value for name, value in scalars.items() if name not in words}
        build = builder(scalars)
        if built is not None:
            build = _once(build, built, (network_key(network), *scalars.items()))
        sizes = columns_at(resize, where)
        try:
            yield from _by_arrays(build, arrays, sizes, where)
        except (*REFUSES_ARRAYS, _NotAlike):
            yield from _one_by_one(build, arrays, sizes, where)


def network_key(network: Any) -> Any:
    """A key for a value of the axis ``network``: a name, or the words of a mapping."""
    return json.dumps(network, sort_keys=True, default=str) if isinstance(network, dict) else network


def _same_objects(options: Options, where: np.ndarray) -> Iterator[tuple[np.ndarray, dict[str, Any], Options]]:
    """Points that share all options which are no numbers."""
    words = {name: values for name, values in options.items() if values.dtype == object}
    numbers = {name: values for name, values in options.items() if name not in words}
    if not words:
        yield where, {}, dict(numbers)
        return
    for key, here in _equal_rows(list(words.values())):
        yield where[here], dict(zip(words, key, strict=True)), columns_at(numbers, here)


def _equal_rows(columns: list[np.ndarray]) -> Iterator[tuple[tuple[Any, ...], np.ndarray]]:
    """The distinct values of the columns together, and the rows that have them."""
    rows_of: dict[tuple[Any, ...], list[int]] = {}
    for row, key in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        rows_of.setdefault(key, []).append(row)
    yield from ((key, np.array(rows)) for key, rows in rows_of.items())


def _by_arrays(build: Callable[..., LayerGraph], numbers: Options, sizes: Options, where: np.ndarray) -> Iterator[Part]:
    options = {name: folded(values) for name, values in numbers.items()}
    graph = _resized(build(**options), sizes)
    if not any(np.ndim(value) for value in [*options.values(), *map(folded, sizes.values())]):
        yield Part(where, graph, varies=False)
        return
    valid = np.broadcast_to(graph.valid, where.shape)
    if not valid.all():
        rest = np.flatnonzero(valid)
        if len(rest):
            yield from _by_arrays(build, columns_at(numbers, rest), columns_at(sizes, rest), where[rest])
        return
    kinds = _conv_kinds(graph, len(where))
    if (kinds == kinds[:, :1]).all():
        _check(graph, build, numbers, sizes)
        yield Part(where, graph, varies=True)
        return
    distinct, kind_of = np.unique(kinds, axis=1, return_inverse=True)
    for kind in range(distinct.shape[1]):
        rest = np.flatnonzero(kind_of.ravel() == kind)
        yield from _by_arrays(build, columns_at(numbers, rest), columns_at(sizes, rest), where[rest])


class _NotAlike(Exception):
    """A constructor took arrays but made another network of them."""


def _check(graph: LayerGraph, build: Callable[..., LayerGraph], numbers: Options, sizes: Options) -> None:
    """Compare the first point with the network built for it alone."""
    if not any(np.ndim(folded(values)) for values in numbers.values()):
        return
    alone = _resized(build(**_scalars(numbers, 0)), columns_at(sizes, np.array([0])))
    alike = len(alone) == len(graph)
    for count in ("total_macs", "total_params"):
        alike = alike and np.ravel(getattr(alone, count))[0] == np.ravel(getattr(graph, count))[0]
    if not alike:
        raise _NotAlike


def _one_by_one(
    build: Callable[..., LayerGraph], numbers: Options, sizes: Options, where: np.ndarray
) -> Iterator[Part]:
    for key, here in _equal_rows(list(numbers.values())) if numbers else [((), np.arange(len(where)))]:
        try:
            graph = build(**dict(zip(numbers, key, strict=True)))
        except InputError:  # the points are impossible
            continue
        yield from _sized(graph, columns_at(sizes, here), where[here])


def _sized(graph: LayerGraph, sizes: Options, where: np.ndarray) -> Iterator[Part]:
    """One network at other sizes; those it cannot have, where it cannot tell them apart in an array, are left out."""
    try:
        yield from _by_arrays(lambda: graph, {}, sizes, where)
    except REFUSES_ARRAYS:
        alone = _equal_rows(list(sizes.values())) if sizes else ()
        for here in [rows for _, rows in alone if len(rows) < len(where)]:
            yield from _sized(graph, columns_at(sizes, here), where[here])


def _conv_kinds(graph: LayerGraph, points: int) -> np.ndarray:
    """``(convolutions, points)`` code of dense, grouped and depthwise, which fusion rules tell apart.

    Only of those that may differ from point to point.
    """
    nests = [graph.loop_nest(node) for node in graph if isinstance(node.layer, Conv2d)]
    varied = [n for n in nests if np.ndim(n.groups) or np.ndim(n.c_in_per_group)]
    codes = [np.where(np.equal(n.groups, 1), 0, np.where(np.equal(n.c_in_per_group, 1), 1, 2)) for n in varied]
    return np.array([np.broadcast_to(code, (points,)) for code in codes], dtype=np.int8).reshape(-1, points)


def _resized(graph: LayerGraph, sizes: Options) -> LayerGraph:
    """The graph at other batch and input sizes."""
    if not sizes:
        return graph
    if "input_size" not in sizes:
        return graph.with_batch(folded(sizes["batch"]))
    n, *own = graph.input_shape
    batch = folded(sizes["batch"]) if "batch" in sizes else n
    size = folded(sizes["input_size"])
    if isinstance(size, str):
        size = parse_input_size(size)
    if not isinstance(size, tuple):  # of every spatial axis; what has none is a vector of that length
        size = (own[0], *[size] * (len(own) - 1)) if len(own) > 1 else (size,)
    return graph.with_input(batch, *size)


def _builder(network: Any) -> Callable[[dict[str, Any]], Callable[..., LayerGraph]]:
    """Takes the options that are no numbers, and gives what calls the constructor with the numeric ones."""
    if isinstance(network, dict):
        constructor = _python(network)
        return lambda options: partial(constructor, **options)
    if isinstance(network, str):
        return lambda options: lambda **numbers: _zoo(network, {**options, **numbers})
    return lambda options: lambda: network


def _once(build: Callable[..., LayerGraph], built: Built, key: tuple[Any, ...]) -> Callable[..., LayerGraph]:
    """The constructor; called with plain numbers it builds each network once."""

    def build_once(**numbers: Any) -> LayerGraph:
        if any(np.ndim(value) for value in numbers.values()):
            return build(**numbers)
        return built.once((key, *numbers.items()), partial(build, **numbers))

    return build_once


def _check_options(network: Any, options: Options) -> None:
    """Refuse a network or an option that is not there: that is no impossible point but a wrong specification."""
    if isinstance(network, dict):
        _python(network)
    elif isinstance(network, str) and not options:
        _fixed(network)
    elif isinstance(network, str):
        family = family_of(network)
        known = family.constructor.__kwdefaults__ or {}
        for option in options:
            if option not in known and option not in family.variants[network]:
                raise unknown_name("option", option, [*known, *family.variants[network]], where=network)


def check_values(network: Any, options: Mapping[str, tuple[Any, ...]]) -> None:
    """Refuse values of a zoo network's options that are not of the kind of the ones it has.

    Raises:
        InputError: a fraction or a list where its own value is a whole number, a list or text where it is a number.
    """
    if not isinstance(network, str) or not options:
        return
    family = family_of(network)
    own = {**(family.constructor.__kwdefaults__ or {}), **family.variants[network]}
    for option, values in options.items():
        usual = own.get(option)
        if isinstance(usual, bool) or not isinstance(usual, (int, float)):
            continue
        known = [
            (family.constructor.__kwdefaults__ or {}).get(option),
            *(v.get(option) for v in family.variants.values()),
        ]
        whole = not any(isinstance(value, float) for value in known)
        for value in values:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or (whole and value != int(value)):
                raise InputError(
                    f"{shortened(repr(value))} is no {option}",
                    where=f"axes: network.{option}",
                    mend=f"write a {'whole ' * whole}number, as {usual}, which {network} has",
                )


def _zoo(network: str, options: dict[str, Any]) -> LayerGraph:
    return family_of(network).build(network, **options) if options else _fixed(network)


@cache
def _fixed(network: str) -> LayerGraph:
    return Network(network).graph


def _python(network: dict[str, str]) -> Callable[..., LayerGraph]:
    """The user's own constructor, written ``module:function`` or ``file.py:function``.

    Raises:
        InputError: it cannot be imported.
        CostsimError: when called, what it gives is no graph.
    """
    text = str(network.get("python"))
    constructor = named(text)

    def checked(**options: Any) -> LayerGraph:
        graph = constructor(**options)
        if not isinstance(graph, LayerGraph):
            raise CostsimError(f"network: {text} gives a {type(graph).__name__}; it must give a LayerGraph")
        return graph

    return checked


def _scalars(options: Options, point: int) -> dict[str, Any]:
    return {name: values[point].item() for name, values in options.items()}
