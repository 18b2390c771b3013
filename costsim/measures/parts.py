"""Parts of networks that measures are taken over: networks, stages, blocks, or any rows of an op table.

All parts of a table are measured at once, and all its points: arrays are ``(rows, points)`` or ``(parts, points)``.
Sums go down the rows in execution order, so that a network gives the same digits alone, among others and in a sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from costsim.measures.chains import Chains
from costsim.measures.columns import Columns, few_points
from costsim.tables.networks import Networks
from costsim.tables.optable import OpTable
from costsim.tables.runs import put_together, reduce_runs, running_total
from costsim.tables.schema import Array

OUTSIDE = -1
"""Where a part would be numbered: the row is in none."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Rows of an op table, part by part."""

    columns: Columns
    """Of the whole table."""
    rows: np.ndarray
    """Rows of the table: those of each part together, in execution order within it."""
    starts: np.ndarray
    """``(parts,)`` first of them in each part; no part is empty."""

    @classmethod
    def by(cls, part_of: Sequence[int] | np.ndarray, ops: OpTable, given_elems: Array) -> Parts:
        """The parts that ``part_of`` numbers for each row of the table, from 0; OUTSIDE is in none."""
        number = np.asarray(part_of, dtype=int)
        rows = np.argsort(number, kind="stable")[np.count_nonzero(number == OUTSIDE) :]
        return cls(Columns(ops, given_elems), rows, np.unique(number[rows], return_index=True)[1])

    @classmethod
    def networks(cls, ops: OpTable, given_elems: Array) -> Parts:
        """Each network of the table as a whole."""
        return cls(Columns(ops, given_elems), np.arange(len(ops)), np.array(ops.starts))

    @property
    def ops(self) -> OpTable:
        return self.columns.ops

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def lengths(self) -> np.ndarray:
        return np.diff(self.starts, append=len(self.rows))

    @cached_property
    def part_of(self) -> np.ndarray:
        """``(rows,)`` number of the part each row is in."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def blocks(self) -> Parts:
        """The parts, block by block: those of each part together, in the order the blocks first run."""
        number: dict[tuple[int, str], int] = {}
        labels = self.ops.labels
        keys = zip(self.part_of.tolist(), self.rows.tolist(), strict=True)
        block_of = [number.setdefault((part, labels[row].block), len(number)) for part, row in keys]
        order = np.argsort(block_of, kind="stable")
        starts = np.unique(np.array(block_of)[order], return_index=True)[1]
        return Parts(self.columns, self.rows[order], starts)

    def of(self, column: np.ndarray) -> np.ndarray:
        """``(rows, points)`` values of a column of the table."""
        return column if self._is_whole else column[self.rows]

    @cached_property
    def _is_whole(self) -> bool:
        return len(self.rows) == len(self.ops) and bool((np.diff(self.rows) == 1).all())

    def total(self, column: Array) -> Array:
        """``(parts, points)`` sum of each part's rows."""
        return self._layout.total(column)

    def largest(self, column: Array) -> Array:
        """``(parts, points)`` maximum over each part's rows, of those that are not NaN; NaN where all are."""
        return _reduced(np.fmax, column, self.starts)

    def least(self, column: Array) -> Array:
        """``(parts, points)`` the same of the minimum."""
        return _reduced(np.fmin, column, self.starts)

    @cached_property
    def _layout(self) -> Networks:
        return Networks(self.starts, len(self.rows))

    def over_blocks(self, of_block: Array, combine: np.ufunc) -> Array:
        """``(parts, points)`` what a value ``(blocks, points)`` of the blocks comes to: their sum, or the largest."""
        starts = np.unique(self.part_of[self.blocks.starts], return_index=True)[1]
        return _reduced(combine, of_block, starts)

    @cached_property
    def chains(self) -> Chains:
        """How the rows of a part read each other."""
        reader, producer = self._edges
        place = np.arange(len(self.rows)) - self.starts[self.part_of]
        return Chains(reader[self._inside], self._place_of[producer[self._inside]], place)

    @cached_property
    def depth(self) -> Array:
        """``(rows, points)`` convolutions and poolings on the longest chain of the part that ends in the row's output.

        What a convolution adds to its result in the same kernel stands beside it, not before it.
        """
        counts = self.of(self.columns.counts)
        reader, elems = self._edges[0], self.columns.tensor_elems
        operand = np.arange(len(reader)) - np.searchsorted(reader, reader)
        behind = np.flatnonzero((operand > 0) & counts[reader].any(axis=1))  # no first operands
        in_chain = np.ones((len(reader), max(counts.shape[1], elems.shape[1])), dtype=bool)
        if len(behind):
            read = np.zeros((len(behind), elems.shape[1]))  # by the operands before each
            for back in range(1, operand[behind].max() + 1):
                some = np.flatnonzero(operand[behind] >= back)
                read[some] += elems[self._tensor[behind[some] - back]]
            row = reader[behind]
            in_chain[behind] = ~counts[row] | (read < self.columns.input_map_elems[self.rows[row]])
        in_chain = few_points(in_chain[self._inside])
        return self.chains.longest(counts.astype(float), in_chain.astype(float))

    def longest(self, weight: Array) -> Array:
        """``(rows, points)`` the heaviest chain of rows of the part that ends in each, its own weight included."""
        return self.chains.longest(weight)

    @cached_property
    def _place_of(self) -> np.ndarray:
        """``(rows of the table + 1,)`` where each lies among these rows; OUTSIDE if it does not, and for an input."""
        place = np.full(len(self.ops) + 1, OUTSIDE)
        place[self.rows] = np.arange(len(self.rows))
        return place

    @cached_property
    def _edges(self) -> tuple[np.ndarray, np.ndarray]:
        """``(edges,)`` which of these rows reads, ascending, and the row of the table it reads; -1 is the input."""
        reader, producer = self.ops.edges
        at = self._place_of[reader]
        order = np.argsort(at, kind="stable")[np.count_nonzero(at == OUTSIDE) :]
        return at[order], producer[order]

    @cached_property
    def _inside(self) -> np.ndarray:
        """``(edges,)`` mask of those between rows of one part."""
        reader, producer = self._edges
        at = self._place_of[producer]
        return (at != OUTSIDE) & (self.part_of[at] == self.part_of[reader])

    @cached_property
    def _tensor(self) -> np.ndarray:
        """``(edges,)`` number of the tensor that is read: the row that wrote it, or beyond them a network's input."""
        reader, producer = self._edges
        given = len(self.ops) + self.ops.networks.of_row[self.rows[reader]]
        return np.where(producer < 0, given, producer)

    @cached_property
    def tensors_in(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tensors read from outside, each once a part: the part, its last reader there, the tensor's number."""
        outside = np.flatnonzero(~self._inside)
        reader = self._edges[0][outside]
        tensors = len(self.ops) + len(self.ops.networks)
        key = self.part_of[reader] * tensors + self._tensor[outside]
        key, first, of = np.unique(key, return_index=True, return_inverse=True)
        last = np.zeros(len(key), dtype=int)
        np.maximum.at(last, of, reader)
        return key // tensors, last, self._tensor[outside[first]]

    @cached_property
    def leaves(self) -> np.ndarray:
        """``(rows,)`` mask of those whose output is read in another part, or is one of the network's outputs."""
        reader, producer = self.ops.edges
        inner = producer >= 0
        reader, producer = self._place_of[reader[inner]], self._place_of[producer[inner]]
        reader, producer = reader[producer != OUTSIDE], producer[producer != OUTSIDE]
        leaves = np.array(self.ops.leaves)[self.rows]
        elsewhere = np.where(reader == OUTSIDE, OUTSIDE, self.part_of[reader]) != self.part_of[producer]
        leaves[producer[elsewhere]] = True
        return leaves

    @cached_property
    def border_elems(self) -> Array:
        """``(parts, points)`` elements of the tensors that come in and go out, each once."""
        part, _, tensor = self.tensors_in
        elems = self.columns.tensor_elems
        border = np.zeros((len(self), elems.shape[1]))
        put_together(np.add, border, part, elems, tensor)
        left = np.flatnonzero(self.leaves)
        put_together(np.add, border, self.part_of[left], self.ops.output_elems, self.rows[left])
        return border

    @cached_property
    def peak_map_elems(self) -> Array:
        """``(parts, points)`` the most elements of maps at once, each from its writer to its last reader.

        What comes in is there from the start, what leaves stays to the end.
        """
        part, last_in, tensor = self.tensors_in
        elems, written = self.columns.tensor_elems, self.ops.output_elems
        at = np.arange(len(self.rows)) + self.part_of  # one more row a part: what dies with its last op
        live = np.zeros((len(at) + len(self), elems.shape[1]))
        live[at] = self.of(written)
        last = np.arange(len(self.rows))
        np.maximum.at(last, self.chains.source, self.chains.reader)
        dies = np.flatnonzero(~self.leaves)
        put_together(np.subtract, live, at[last[dies]] + 1, written, self.rows[dies])
        put_together(np.add, live, at[self.starts[part]], elems, tensor)
        put_together(np.subtract, live, at[last_in] + 1, elems, tensor)
        starts = self.starts + np.arange(len(self))
        running_total(live, out=live)
        left = np.concatenate([np.zeros_like(live[:1]), live[starts[1:] - 1]])  # what leaves the parts before it
        return _reduced(np.fmax, live, starts) - left


def _reduced(combine: np.ufunc, column: Array, starts: np.ndarray) -> Array:
    """``(parts, points)`` the rows from each start to the next, combined."""
    if len(starts) == 1:
        return combine.reduce(column, axis=0)[None]
    if column.shape[1] == 1:
        return combine.reduceat(column, starts, axis=0)
    return reduce_runs(combine, column, starts)


def numbered(keys: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The distinct keys in the order they first come, and ``(rows,)`` the number of each row's."""
    number: dict[str, int] = {}
    of = np.array([number.setdefault(key, len(number)) for key in keys], dtype=int)
    return list(number), of
