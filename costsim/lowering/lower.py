"""Lowering: layer graphs and a runtime's rules become the op table the device sees."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from costsim.errors import InputError
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Constant, Input, Output
from costsim.lowering.fusion import FusedOp, fuse
from costsim.lowering.parts import in_parts
from costsim.lowering.rows import Row
from costsim.tables.cache import Caches
from costsim.tables.labels import Labels
from costsim.tables.optable import OpTable
from costsim.tables.row_words import RowWords

NEVER_EXECUTED = frozenset({"dropout", "identity", Input.op, Output.op, Constant.op})
"""Layers that do nothing at inference on any runtime."""


def lower(
    graph: LayerGraph,
    *,
    fusion: Mapping[str, Collection[str]],
    views: Collection[str],
    elem_bytes: float,
    weight_elem_bytes: float,
) -> OpTable:
    """The op table of one graph; the arguments are those of ``Lowering``.

    Raises:
        InputError: nothing is left to execute.
    """
    return Lowering(fusion, views, elem_bytes, weight_elem_bytes).table([graph])


class Lowering:
    """One runtime's way to execute graphs.

    Remembers the row of every chain of layers it has met: networks repeat their blocks, and the
    networks of a search each other's. Keep it for graphs whose dimensions are numbers.
    """

    def __init__(
        self,
        fusion: Mapping[str, Collection[str]],
        views: Collection[str],
        elem_bytes: float,
        weight_elem_bytes: float,
        kept: int = 2**15,
        runs: Collection[str] | None = None,
        caches: Caches | None = None,
    ) -> None:
        """The rules of a runtime in one data type.

        Args:
            fusion: anchor op to the ops that may run in its kernel.
            views: ops the runtime answers with a view of their input instead of a copy.
            elem_bytes: bytes of one activation element.
            weight_elem_bytes: bytes of one weight element.
            kept: rows remembered, less than 1 KiB each; as many more that were not met since then.
            runs: ops the target has; composite ones it lacks are executed as their parts. None: it has all.
            caches: what is kept of rows by whoever prices the tables; new ones if left out.
        """
        self._fusion = {anchor: frozenset(ops) for anchor, ops in fusion.items()}
        self._skipped = NEVER_EXECUTED | frozenset(views)
        self._element = elem_bytes, weight_elem_bytes
        self._rows: dict[Any, Row] = {}
        self._older: dict[Any, Row] = {}
        self._kept = kept
        self._caches = caches or Caches()
        self._runs = None if runs is None else frozenset(runs) | self._skipped

    @property
    def rules(self) -> Hashable:
        """All that decides what is executed: two lowerings of equal rules make equal tables."""
        return frozenset(self._fusion.items()), self._skipped, self._element, self._runs

    def table(self, graphs: Iterable[LayerGraph]) -> OpTable:
        """The op table of the graphs, one after another.

        Raises:
            InputError: a graph in which nothing is left to execute.
        """
        if len(self._rows) > self._kept:
            self._rows, self._older = {}, self._rows
        named: list[tuple[Row, Sequence[Node], Mapping[str, str], bool]] = []
        producers: list[tuple[int, ...]] = []
        starts: list[int] = []
        number: dict[Row, int] = {}
        row_of: list[int] = []
        shape_ops: tuple[str, ...] = ()
        for graph in graphs:
            shape_ops = graph.shape_ops if not starts else ()
            starts.append(len(named))
            graph, belongs = (graph, {}) if self._runs is None else in_parts(graph, self._runs)
            for chain, row, read, is_kept in self._lowered(graph, len(named)):
                named.append((row, chain.members, belongs, is_kept))
                producers.append(read)
                row_of.append(number.setdefault(row, len(number)))
        labels = Labels(
            len(named), lambda: [row.label(members, belongs, kept) for row, members, belongs, kept in named]
        )
        words = RowWords.of([row.op for row in number], row_of, [kept for _, _, _, kept in named])
        columns = [row.columns for row in number]
        return OpTable.from_rows(labels, producers, columns, row_of, starts, self._caches, shape_ops, words)

    def _lowered(self, graph: LayerGraph, first: int) -> Iterable[tuple[FusedOp, Row, tuple[int, ...], bool]]:
        """Chains in execution order, their rows, the rows they read, and whether their output leaves the network
        though it is read further on; the graph begins at row ``first``.
        """
        chains, aside = fuse(graph, self._fusion, self._skipped)
        if not chains:
            raise InputError(
                "executes nothing: all its layers are views", where=graph.name, mend="add a layer that computes"
            )
        writers: dict[str, tuple[int, ...]] = {
            chain.members[-1].name: (row,) for row, chain in enumerate(chains, first)
        }
        held = _read_through(aside, writers)
        kept = {row for node in aside if isinstance(node.layer, Output) for row in writers[node.name]}
        charged: set[Node] = set()
        for number, chain in enumerate(chains, first):
            reads = chain.reads
            if held and not held.keys().isdisjoint(reads):
                row = self._reading_constants(graph, chain, reads, held, charged)
            else:
                row = self._known(graph, chain, reads)
            producers = writers[reads[0]] if len(reads) == 1 else _distinct(writers, reads)
            yield chain, row, producers, number in kept

    def _known(self, graph: LayerGraph, chain: FusedOp, reads: Sequence[str]) -> Row:
        """The row of a chain: its layers in their places say it all, but for how many operands are its own."""
        layers = tuple([node.placed for node in chain.members])
        key = (layers, len(reads))
        row = self._rows.get(key)
        if row is None:
            row = self._older.get(key) or Row.of(layers, [graph[name].shape for name in reads], self._element)
            self._rows[key] = row
        return row

    def _reading_constants(
        self, graph: LayerGraph, chain: FusedOp, reads: Sequence[str], held: Mapping[str, Held], charged: set[Node]
    ) -> Row:
        """The row of a chain that reads constants; their parameters are ``charged`` to the first that does.

        A constant read for itself is a weight of the row; one that views have joined to an activation is read with it.
        """
        constants = {node: None for name in reads if name in held for node in held[name].constants}
        alone = {node: None for name in reads if name in held and held[name].alone for node in held[name].constants}
        new = [node.placed for node in constants if node not in charged]
        charged.update(constants)
        tensors = [graph[name].shape for name in reads if name not in held or not held[name].alone]
        layers = [node.placed for node in chain.members]
        return Row.of(layers, tensors, self._element, [node.placed for node in alone], new)


class Held(NamedTuple):
    """The stored constants behind a tensor that no row writes."""

    constants: tuple[Node, ...]
    alone: bool
    """Whether nothing but constants is behind it."""


def _read_through(aside: Sequence[Node], writers: dict[str, tuple[int, ...]]) -> dict[str, Held]:
    """Add to ``writers`` the rows that really write what is not executed; of it, what holds stored constants.

    Views are looked through, to constants as well. The network's input is -1; a constant has no writer.
    """
    held: dict[str, Held] = {}
    for node in aside:
        if isinstance(node.layer, Constant):
            held[node.name] = Held((node,), alone=True)
        elif any(name in held for name in node.inputs):
            behind = [held.get(name, Held((), alone=False)) for name in node.inputs]
            constants = dict.fromkeys(constant for one in behind for constant in one.constants)
            held[node.name] = Held(tuple(constants), all(one.alone for one in behind))
        writers[node.name] = (-1,) if isinstance(node.layer, Input) else _distinct(writers, node.inputs)
    return held


def _distinct(writers: Mapping[str, tuple[int, ...]], names: Sequence[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys([row for name in names for row in writers[name]]))
