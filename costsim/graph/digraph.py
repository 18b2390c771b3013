"""Networks as networkx graphs and as tables, both ways: what is given out goes in again.

A node is a layer: ``op`` with its fields as attributes (see ``costsim.graph.spoken``) or ``layer`` with a layer
object, and optionally ``block``. An edge is a tensor read; where the order of a layer's operands matters it is
the ``index`` of the edge, or else the order in which the edges were added. Shapes are inferred from the input nodes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from costsim.errors import InputError, nearest
from costsim.graph.layergraph import LayerGraph
from costsim.graph.layers import Layer
from costsim.graph.spoken import is_missing, layer_from

if TYPE_CHECKING:
    import networkx as nx


def from_networkx(graph: nx.DiGraph[Any], layers: Mapping[str, type[Layer]] | None = None) -> LayerGraph:
    """The network in a directed graph whose nodes carry layers.

    Args:
        graph: a ``DiGraph`` or ``MultiDiGraph``; its attributes ``name``, ``source`` and ``notes`` are kept.
        layers: your own layer classes by the ``op`` they go by.

    Raises:
        InputError: no network, or one that cannot be; names the node.
    """
    where = str(graph.graph.get("name") or "graph")
    if not graph.is_directed():
        raise InputError(
            "its edges have no direction", where=where, mend="use nx.DiGraph: edges go from writer to reader"
        )
    names = _names(graph, where)
    order = _order(graph, names, where)
    notes = graph.graph.get("notes") or ()
    notes = tuple(line for line in notes.splitlines() if line) if isinstance(notes, str) else tuple(map(str, notes))
    network = LayerGraph(where, source=str(graph.graph.get("source") or "networkx"), notes=notes)
    for node in order:
        attributes, at = graph.nodes[node], f"{where}: {names[node]}"
        try:
            operands = [names[producer] for producer in _operands(graph, node)]
            shapes = tuple(network[operand].shape for operand in operands)
            layer = layer_from(_attributes(attributes), shapes, layers or {})
        except InputError as error:
            raise _with_hint(error, node, names, attributes).at(at) from None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise _nonsense(error, at) from error
        block = attributes.get("block")
        try:
            network.add(layer, *operands, name=names[node], block=block if isinstance(block, str) else "")
        except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError) as error:
            raise _nonsense(error, at) from error
    if not network.inputs:
        raise InputError("has no input", where=where, mend="add a node with op='input' and shape=(1, 3, 224, 224)")
    if len(network) == len(network.inputs):
        raise InputError("has no layers", where=where, mend="add nodes that read the input")
    return network


def from_records(records: Any, name: str = "table", layers: Mapping[str, type[Layer]] | None = None) -> LayerGraph:
    """The network in a table: one layer a row, with ``op``, its fields, and optionally ``name``, ``block``, ``inputs``.

    Args:
        records: a pandas ``DataFrame`` or an iterable of dictionaries. Empty cells and NaN are fields left out.
            ``inputs`` are names of rows, as a list or as text with commas; left out, a row reads the row before it.
        name: of the network.
        layers: your own layer classes by the ``op`` they go by.

    Raises:
        InputError: no such table, or a network that cannot be; names the row.
    """
    import networkx as nx

    rows = records.to_dict("records") if hasattr(records, "to_dict") and not isinstance(records, Mapping) else records
    if isinstance(rows, (str, Mapping)) or not isinstance(rows, Iterable):
        raise InputError(f"a {type(records).__name__} is no table", where=name, mend="give a list of dictionaries")
    graph: nx.DiGraph[str] = nx.DiGraph(name=name, source="table")
    reads: dict[str, list[str]] = {}
    previous = ""
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InputError(f"row {number} is a {type(row).__name__}", where=name, mend="give dictionaries")
        cells = {str(key): value for key, value in row.items()}
        title, inputs = cells.pop("name", None), cells.pop("inputs", None)
        title = title if isinstance(title, str) and title else f"{cells.get('op', 'layer')}_{number}"
        if title in graph:
            raise InputError(f"row {number}: the name '{title}' is used twice", where=name, mend="name every row once")
        graph.add_node(title, **{key: value for key, value in cells.items() if key.isidentifier()})
        reads[title] = _inputs(inputs, previous, cells.get("op"))
        previous = title
    for title, inputs in reads.items():
        for operand in inputs:
            if operand not in graph:
                near = nearest(operand, reads)
                hint = f"did you mean {near[0]}?" if near else "name a row of the table"
                raise InputError(f"reads '{operand}', which is not there", where=f"{name}: {title}", mend=hint)
        _add_edges(graph, title, inputs)
    return from_networkx(graph, layers)


def _add_edges(graph: nx.DiGraph[str], name: str, inputs: Iterable[str]) -> None:
    """An edge from each distinct operand, with the places it has among them."""
    places: dict[str, list[int]] = {}
    for place, operand in enumerate(inputs):
        places.setdefault(operand, []).append(place)
    for operand, found in places.items():
        graph.add_edge(operand, name, index=",".join(map(str, found)))


def to_networkx(graph: LayerGraph, attributes: Mapping[str, Mapping[str, Any]]) -> nx.DiGraph[str]:
    """See ``LayerGraph.to_networkx``."""
    import networkx as nx  # a tenth of a second that costing a network does not need

    from costsim.graph.spoken import attributes_of

    plain: nx.DiGraph[str] = nx.DiGraph(name=graph.name, source=graph.source, notes="\n".join(graph.notes))
    for node in graph:
        nest = graph.loop_nest(node)
        costs = {"params": graph.params(node), "macs": nest.macs, "flops": nest.flops}
        shape = "x".join(map(str, node.shape))
        own = attributes_of(node.layer)
        more = {key: value for key, value in attributes.get(node.name, {}).items() if value is not None}
        plain.add_node(node.name, **({"block": node.block, "output_shape": shape} | costs | more | own))
        _add_edges(plain, node.name, node.inputs)
    _one_type_an_attribute(plain)
    return plain


def _one_type_an_attribute(plain: nx.DiGraph[str]) -> None:
    """Writes attributes that are numbers at some nodes and text at others as text at all: GEXF declares each once."""
    types: dict[str, set[type]] = {}
    for _, said in plain.nodes(data=True):
        for name, value in said.items():
            types.setdefault(name, set()).add(type(value))
    mixed = {name for name, kinds in types.items() if len(kinds) > 1 and kinds <= {int, float, bool, str}}
    for _, said in plain.nodes(data=True):
        said.update({name: str(said[name]) for name in mixed & said.keys()})


def _names(graph: nx.DiGraph[Any], where: str) -> dict[Any, str]:
    """Node to its name as text."""
    names: dict[Any, str] = {}
    taken: set[str] = set()
    for node in graph:
        name = str(node)
        if not name.strip():
            raise InputError("a node's name is empty", where=where, mend="name every node")
        if name in taken:
            raise InputError("two nodes have this name as text", where=f"{where}: {name}", mend="name them apart")
        if "contraction" in graph.nodes[node]:
            mend = "give the graph before it was contracted"
            raise InputError("holds several layers contracted into one", where=f"{where}: {name}", mend=mend)
        taken.add(name)
        names[node] = name
    return names


def _order(graph: nx.DiGraph[Any], names: Mapping[Any, str], where: str) -> list[Any]:
    """Nodes after what they read, otherwise as they were added.

    Raises:
        InputError: there is a cycle; names the nodes on it.
    """
    nodes = list(graph)
    place = {node: index for index, node in enumerate(nodes)}
    waiting = {node: len(graph.pred[node]) for node in nodes}
    ready = [place[node] for node in nodes if not waiting[node]]
    order = []
    while ready:
        order.append(node := nodes[heapq.heappop(ready)])
        for reader in graph.succ[node]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, place[reader])
    if len(order) < len(nodes):
        cycle = _cycle(graph, {node for node in nodes if waiting[node]})
        path = " -> ".join(
            names[node] for node in (*cycle[:6], *(["..."] if len(cycle) > 6 else []), cycle[0]) if node in names
        )
        raise InputError(f"a cycle: {path}", where=f"{where}: {names[cycle[0]]}", mend="unroll it")
    return order


def _cycle(graph: nx.DiGraph[Any], left: set[Any]) -> list[Any]:
    """The nodes of one cycle, each before its reader; every node left over by the order reads another such."""
    node = next(node for node in graph if node in left)
    seen: dict[Any, int] = {}
    path: list[Any] = []
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        node = next(producer for producer in graph.pred[node] if producer in left)
    return path[seen[node] :][::-1]


def _operands(graph: nx.DiGraph[Any], node: Any) -> list[Any]:
    """What a node reads, in the order of its operands."""
    edges = [
        (producer, data)
        for producer, between in graph.pred[node].items()
        for data in (between.values() if graph.is_multigraph() else (between,))
    ]
    given = [data.get("index") for _, data in edges]
    if all(index is None for index in given):
        return [producer for producer, _ in edges]
    if any(index is None for index in given):
        raise InputError("only some of its edges have an 'index'", mend="give one to every edge into it, or to none")
    at = sorted(
        ((place, producer) for (producer, _), index in zip(edges, given, strict=True) for place in _places(index)),
        key=lambda operand: operand[0],
    )
    if [place for place, _ in at] != list(range(len(at))):
        found = ", ".join(str(place) for place, _ in at)
        raise InputError(f"the 'index' of its edges are {found}", mend="count its operands from 0 without a gap")
    return [producer for _, producer in at]


def _places(index: Any) -> list[int]:
    """One place, or several where a tensor is read more than once: ``0,1``."""
    try:
        return [int(part) for part in index.split(",")] if isinstance(index, str) else [int(index)]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"the 'index' of an edge is {index!r}", mend="write the operand's place: 0, 1, ...") from None


def _inputs(cell: Any, previous: str, op: Any) -> list[str]:
    if isinstance(cell, str) and cell.strip():
        return [name.strip() for name in cell.split(",")]
    if isinstance(cell, (list, tuple)):
        return [str(name) for name in cell]
    return [previous] if previous and op not in ("input", "constant") else []


def _attributes(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    if not is_missing(block := attributes.get("block")) and not isinstance(block, str):
        raise InputError(f"its 'block' is {block!r}", mend="write the path of a block as text, such as 'stage2.unit1'")
    return {str(key): value for key, value in attributes.items()}


def _with_hint(error: InputError, node: Any, names: Mapping[Any, str], attributes: Mapping[str, Any]) -> InputError:
    """A node without any attribute mostly comes from an edge to a misspelt name."""
    if attributes:
        return error
    near = nearest(names[node], [name for other, name in names.items() if other != node])
    hint = f"; only an edge names it: did you mean {near[0]}?" if near else ""
    return InputError(error.what + hint, where=error.where, mend=error.mend)


def _nonsense(error: Exception, where: str) -> InputError:
    text = f"{type(error).__name__} {error}".splitlines()[0]
    return InputError(f"its attributes make no sense: {text}", where=where, mend="check its fields")
