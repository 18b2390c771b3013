"""A part of a network that measures are taken over: some rows of an op table, at its first point."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

ELEMENTWISE = ("element-wise", "activation", "normalisation", "shuffle", "data movement")
"""Op classes that compute next to nothing and move whole maps."""

NETWORK_INPUT = -1
"""The producer of what a network reads (see ``OpTable.producers``)."""


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of an op table: an op, a block, a stage, a network."""

    ops: OpTable
    rows: np.ndarray
    """Indices, in execution order."""
    latency_s: np.ndarray
    """``(ops,)`` seconds of every row of the table."""
    network_input_elems: float
    """Elements of what the network is given; of several inputs together."""

    def of(self, column: Array) -> np.ndarray:
        """``(rows,)`` values of a column of the table."""
        return column[self.rows, 0]

    @cached_property
    def blocks(self) -> tuple[Part, ...]:
        """The part, block by block, in the order the blocks first run."""
        rows: dict[str, list[int]] = {}
        for row in self.rows.tolist():
            rows.setdefault(self.ops.labels[row].block, []).append(row)
        return tuple(replace(self, rows=np.array(own)) for own in rows.values())

    @cached_property
    def over_maps(self) -> np.ndarray:
        """``(rows,)`` mask of the convolutions over more than one pixel; squeeze-excite is not meant."""
        ops = self.ops
        return self.of(ops.convolves & ~ops.is_op("conv_transpose") & (ops.h_out * ops.w_out > 1))

    @cached_property
    def pointwise(self) -> np.ndarray:
        """``(rows,)`` mask of the 1x1 convolutions among them."""
        return self.over_maps & self.of(self.ops.is_one_pixel)

    @cached_property
    def pixels(self) -> np.ndarray:
        """``(rows,)`` pixels of the output maps, of all images."""
        return self.of(self.ops.n * self.ops.h_out * self.ops.w_out)

    @cached_property
    def input_map_elems(self) -> np.ndarray:
        """``(rows,)`` elements of the map a row's loop nest reads: what is fused behind it reads none of it."""
        ops = self.ops
        return self.of(ops.n * ops.c_in * ops.h_in * ops.w_in)

    @cached_property
    def output_map_elems(self) -> np.ndarray:
        return self.pixels * self.of(self.ops.c_out)

    @cached_property
    def multiplied_weights(self) -> np.ndarray:
        """``(rows,)`` weights that multiply: no biases."""
        ops = self.ops
        return self.of(ops.c_out * ops.c_in_per_group * ops.kernel_h * ops.kernel_w) * self.of(ops.convolves)

    @cached_property
    def fragments(self) -> np.ndarray:
        """``(rows,)`` pieces: 1 a convolution or pooling over a map, and one a group of a group convolution."""
        ops = self.ops
        pools = self.of(ops.is_op("max_pool", "avg_pool")) & (self.pixels > self.of(ops.n))
        transposed = self.of(ops.is_op("conv_transpose"))
        groups = np.where(self.of(ops.is_depthwise), 1, self.of(ops.groups))
        return np.where(self.over_maps | transposed, groups, pools.astype(float))

    @cached_property
    def depth(self) -> np.ndarray:
        """``(rows,)`` convolutions and poolings on the longest chain within the part that ends in the row's output.

        What a convolution adds to its result in the same kernel stands beside it, not before it.
        """
        reached: dict[int, float] = {}
        for row, own, reads in zip(self.rows.tolist(), self.fragments.tolist(), self.input_map_elems, strict=True):
            chain = beside = 0.0
            for producer in self.ops.producers[row]:
                before = reached.get(producer, 0.0)
                if not own or reads > 0:
                    chain = max(chain, before)
                else:
                    beside = max(beside, before)
                reads -= self._elems(producer)
            reached[row] = max(chain + (own > 0), beside)
        return np.array(list(reached.values()))

    def longest(self, weight: np.ndarray) -> np.ndarray:
        """``(rows,)`` the heaviest chain of rows of the part that ends in each, its own weight included."""
        reached: dict[int, float] = {}
        for row, own in zip(self.rows.tolist(), weight.tolist(), strict=True):
            before = (reached.get(producer, 0.0) for producer in self.ops.producers[row])
            reached[row] = max(before, default=0.0) + own
        return np.array(list(reached.values()))

    def _elems(self, producer: int) -> float:
        """Elements of the tensor a row writes, or the network is given."""
        return self.network_input_elems if producer == NETWORK_INPUT else float(self.ops.output_elems[producer, 0])

    @cached_property
    def elementwise(self) -> np.ndarray:
        """``(rows,)`` mask of the element-wise and copying ops."""
        return np.array([self.ops.labels[row].op_class in ELEMENTWISE for row in self.rows])

    def tensors_in(self) -> dict[int, float]:
        """Tensors read from outside, by the row that wrote them, and their elements."""
        inside = set(self.rows.tolist())
        read = dict.fromkeys(producer for row in inside for producer in self.ops.producers[row])
        return {producer: self._elems(producer) for producer in read if producer not in inside}

    def tensors_out(self) -> dict[int, float]:
        """Tensors written here and read elsewhere, or nowhere: the network's outputs."""
        inside = set(self.rows.tolist())
        return {
            row: self._elems(row)
            for row in self.rows.tolist()
            if self.ops.leaves[row] or not inside.issuperset(self.ops.consumers[row])
        }

    def peak_map_elems(self) -> float:
        """The most elements of maps at once, each from its writer to its last reader; what leaves stays to the end."""
        live = self.tensors_in()
        leaving, inside = self.tensors_out(), set(self.rows.tolist())
        last_reader = {producer: row for row in self.rows.tolist() for producer in self.ops.producers[row]}
        peak = 0.0
        for row in self.rows.tolist():
            live[row] = self._elems(row)
            peak = max(peak, sum(live.values()))
            for producer in {*self.ops.producers[row], row}:
                if last_reader.get(producer, row) == row and not (producer in inside and producer in leaving):
                    live.pop(producer, None)
        return peak

    @cached_property
    def line_bytes(self) -> np.ndarray:
        """``(rows,)`` bytes each row needs to run line by line over one image: its kernel's lines and one it writes."""
        ops = self.ops
        reach = np.minimum(self.of(ops.dilation_h * (ops.kernel_h - 1) + 1), self.of(ops.h_in))
        whole = self.of(ops.by_word(lambda word: word.whole_input)) > 0
        lines = np.where(whole, self.of(ops.h_in), reach)
        elems = lines * self.of(ops.w_in * ops.c_in) + self.of(ops.w_out * ops.c_out)
        return elems * self.of(ops.elem_bytes)
