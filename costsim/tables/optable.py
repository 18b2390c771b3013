"""The op table: one row per op the device executes, each one canonical loop nest.

The nest is::

    for n, group, c_out_per_group, h_out, w_out:
        for c_in_per_group, kernel_h, kernel_w:
            multiply and accumulate          (kind MAC)
            or apply the op's arithmetic     (kind VECTOR)
            or copy                          (kind MOVE)

Dense, grouped, depthwise, pointwise and fully connected layers are one row shape, so a
device's formulas never ask which layer they see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from costsim.tables.cache import Cache, Caches
from costsim.tables.labels import Labels
from costsim.tables.networks import Networks
from costsim.tables.plan import Plan, Plans
from costsim.tables.row_words import RowWords
from costsim.tables.schema import Array, column, columns_of, stack
from costsim.tables.words import Word, word

MAC, VECTOR, MOVE = 0.0, 1.0, 2.0
"""Values of the ``kind`` column."""


class OpLabel(NamedTuple):
    """The words of one row."""

    name: str
    """The first layer of the row; unique in the table."""
    op: str
    """The device's word for it: conv, depthwise_conv, linear, add, channel_shuffle, ..."""
    op_class: str
    """The class costs are summed by (see ``costsim.lowering.classes``)."""
    block: str
    layers: tuple[str, ...]
    """All layers this row executes: the anchor and what was fused into it."""
    output_shape: tuple[Any, ...]
    known: bool = True
    is_kept: bool = False
    """Whether its output leaves the network though later rows read it."""
    dtype: str | None = None
    """What the network has it compute in: ``int8`` or ``float``; None: whatever the run is in."""
    one_scale: bool = False
    """Whether all its weights have one scale, not one for each output channel."""


@dataclass(frozen=True)
class OpTable:
    """Columns over executed ops, in execution order. Arrays are ``(ops, points)``."""

    labels: Sequence[OpLabel]
    producers: tuple[tuple[int, ...], ...]
    """Per row: the rows whose output it reads; -1 is the network's input."""

    kind: Array = column("enum", "MAC, VECTOR or MOVE")
    n: Array = column("images", "batch size")
    groups: Array = column("groups", "independent groups of channels")
    c_in_per_group: Array = column("channels", "input channels one output reads")
    c_out_per_group: Array = column("channels", "output channels of one group")
    h_in: Array = column("pixels", "input height")
    w_in: Array = column("pixels", "input width")
    h_out: Array = column("pixels", "output height of the loop nest")
    w_out: Array = column("pixels", "output width of the loop nest")
    kernel_h: Array = column("pixels", "kernel height")
    kernel_w: Array = column("pixels", "kernel width")
    stride_h: Array = column("pixels", "vertical stride")
    stride_w: Array = column("pixels", "horizontal stride")
    dilation_h: Array = column("pixels", "vertical dilation")
    dilation_w: Array = column("pixels", "horizontal dilation")
    input_elems: Array = column("elements", "all input tensors, each read once")
    output_elems: Array = column("elements", "the output tensor, written once")
    weight_elems: Array = column("elements", "weights and biases as deployed (norms folded)")
    params: Array = column("elements", "trainable parameters of the row's layers")
    macs: Array = column("multiply-accumulates", "exact, no padding to tiles")
    flops: Array = column("operations", "2*macs plus all other arithmetic of the row, fused ops included")
    epilogue_flops: Array = column("operations", "the part of flops done by ops fused behind the nest")
    elem_bytes: Array = column("bytes", "one activation element")
    weight_elem_bytes: Array = column("bytes", "one weight element")
    plans: Plans | None = None
    """What runs as one group and stays on chip, where the device decides that."""
    starts: tuple[int, ...] = (0,)
    """First row of each network in the table: one, unless tables were joined."""
    shape_ops: tuple[str, ...] = ()
    """Ops that compute nothing but shapes, in the words of the file of the one network in the table."""
    row_words: RowWords | None = field(default=None, repr=False, compare=False)
    """What the labels say of all rows together, where it is known without them."""
    caches: Caches = field(default_factory=Caches, repr=False, compare=False)
    """What is kept of rows whatever table they are in; of whoever makes the tables, and passed on to copies."""
    kept: Cache = field(init=False, default_factory=Cache, repr=False, compare=False)
    """What is kept of this table as a whole, whatever its plan; a copy with other columns begins anew."""

    @classmethod
    def from_rows(
        cls,
        labels: Sequence[OpLabel],
        producers: Sequence[tuple[int, ...]],
        distinct: Sequence[Sequence[Any]],
        row_of: Sequence[int],
        starts: Sequence[int] = (0,),
        caches: Caches | None = None,
        shape_ops: tuple[str, ...] = (),
        row_words: RowWords | None = None,
    ) -> OpTable:
        """Build the columns from the values of distinct rows, in the order of ``COLUMNS``, and which each row is.

        Without ``row_words`` the labels are asked.
        """
        try:
            numbers = [*np.array(distinct, dtype=np.float64).T.copy()[:, row_of, None]]
        except ValueError:  # arrays among them
            numbers = [stack(list(values))[row_of] for values in zip(*distinct, strict=True)]
        columns: dict[str, Any] = {column.name: values for column, values in zip(COLUMNS, numbers, strict=True)}
        return cls(
            labels if isinstance(labels, Labels) else tuple(labels),
            tuple(producers),
            **columns,
            starts=tuple(starts),
            shape_ops=shape_ops,
            row_words=row_words,
            caches=caches or Caches(),
        )

    @classmethod
    def join(cls, tables: Sequence[OpTable]) -> OpTable:
        """The networks of several tables one after another; their plans are left behind."""
        if len(tables) == 1:
            return tables[0]
        begins = np.cumsum([0, *(len(table) for table in tables)]).tolist()
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(table, name) for table in tables]) for name in tables[0].columns()
        }
        return cls(
            labels=tuple(label for table in tables for label in table.labels),
            producers=tuple(
                tuple(p + begin if p >= 0 else -1 for p in row)
                for table, begin in zip(tables, begins, strict=False)
                for row in table.producers
            ),
            starts=tuple(start + begin for table, begin in zip(tables, begins, strict=False) for start in table.starts),
            caches=tables[0].caches,
            **columns,
        )

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def networks(self) -> Networks:
        return Networks(np.array(self.starts), len(self))

    @property
    def points(self) -> int:
        return max(array.shape[1] for array in self.columns().values())

    def columns(self) -> dict[str, Array]:
        """Column name to array."""
        return {c.name: getattr(self, c.name) for c in COLUMNS}

    def take(self, rows: np.ndarray) -> OpTable:
        """The loop nests of the given rows, for formulas that look at one row at a time: what they read is left out."""
        return self._at(rows, producers=((),) * len(rows), starts=(0,))

    def _at(self, rows: np.ndarray, **wiring: Any) -> OpTable:
        labels = self.labels
        columns: dict[str, Any] = {name: array[rows] for name, array in self.columns().items()}
        taken = Labels(len(rows), lambda: [labels[row] for row in rows.tolist()])
        return replace(self, labels=taken, row_words=self._words.take(rows), plans=None, **columns, **wiring)

    def at_networks(self, which: np.ndarray) -> OpTable:
        """The unplanned table of some of its networks, in any order, each as often as it is named."""
        if self.plans is None and np.array_equal(which, np.arange(len(self.networks))):
            return self
        spans = [(int(self.starts[n]), int(self.networks.ends[n]) + 1) for n in which]
        begins = np.cumsum([0, *(end - start for start, end in spans)]).tolist()
        rows = np.concatenate([np.arange(start, end) for start, end in spans])
        producers = tuple(
            tuple(p + begin - start if p >= 0 else -1 for p in row)
            for (start, end), begin in zip(spans, begins, strict=False)
            for row in self.producers[start:end]
        )
        return self._at(rows, producers=producers, starts=tuple(begins[:-1]))

    def split(self) -> list[OpTable]:
        """A table for each network."""
        return [self.at_networks(np.array([network])) for network in range(len(self.networks))]

    def with_plans(self, plans: Plans) -> OpTable:
        """The same table with these plans; it shares what is kept for the other."""
        planned = copy(self)
        object.__setattr__(planned, "plans", plans)
        return planned

    @property
    def plan(self) -> Plan | None:
        """The plans of all points side by side."""
        return None if self.plans is None else self.plans.joined

    def by_plan(self, points: int, fewest: int) -> list[tuple[np.ndarray, OpTable]]:
        """Tables of those points that share a plan, each with it in one column.

        Args:
            points: how many there are.
            fewest: points a plan has to have on average; with fewer, one table of all points is sooner priced.
        """
        parts = () if self.plans is None else self.plans.parts
        if len(parts) == 1 and parts[0][1].group.shape[1] == 1:
            parts = ((np.arange(points), parts[0][1]),)
        elif len(parts) < 2 or len(parts) * fewest > points:
            return [(np.arange(points), self)]
        return [(here, self.with_plans(Plans(((np.arange(1), plan),)))) for here, plan in parts]

    def at_point(self, point: int) -> OpTable:
        """The table of one point only."""
        if self.points == 1:
            return self
        columns: dict[str, Any] = {n: a[:, [min(point, a.shape[1] - 1)]] for n, a in self.columns().items()}
        labels = tuple(
            label._replace(output_shape=tuple(_dim_at(dim, point) for dim in label.output_shape))
            for label in self.labels
        )
        return replace(self, labels=labels, plans=None, **columns)

    def is_op(self, *ops: str) -> np.ndarray:
        """``(ops, 1)`` mask of the rows with one of these device words."""
        return self.by_op(dict.fromkeys(ops, 1.0), 0.0) > 0

    def by_op(self, values: Mapping[str, Any], default: Any) -> Array:
        """``(ops, points)`` what each row's device word stands for in ``values``: numbers, or one per point."""
        words = self._words
        return stack([values.get(word, default) for word in words.words])[words.of_row]

    def by_word(self, meaning: Callable[[Word], Any]) -> Array:
        """``(ops, 1)`` what the table of words says of each row's device word, as numbers."""
        words = self._words
        return np.array([float(meaning(word(op))) for op in words.words])[words.of_row, None]

    @cached_property
    def convolves(self) -> np.ndarray:
        """``(ops, 1)`` mask of the rows that slide a window of weights over a map; transposed ones among them."""
        return self.by_word(lambda word: word.convolves) > 0

    @cached_property
    def is_depthwise(self) -> np.ndarray:
        """``(ops, points)`` mask of the convolutions whose groups read one channel each: no sum over channels.

        A channel may have several outputs. A convolution of a single channel is dense.
        """
        return self.convolves & (self.groups > 1) & (self.c_in_per_group == 1)

    @cached_property
    def is_grouped(self) -> np.ndarray:
        """``(ops, points)`` mask of the convolutions with several groups of several channels.

        The heads of an attention are matrix products side by side and no groups.
        """
        return self.convolves & (self.groups > 1) & (self.c_in_per_group > 1)

    @cached_property
    def is_one_pixel(self) -> np.ndarray:
        """``(ops, points)`` mask of the multiplying rows whose kernel is one pixel."""
        return (self.kind == MAC) & (self.kernel_h * self.kernel_w == 1)

    @cached_property
    def takes_3x3_at_unit_stride(self) -> np.ndarray:
        """``(ops, points)`` mask of the 3 x 3 convolutions of stride 1 without dilation: what Winograd is made for."""
        unit = (self.stride_h == 1) & (self.stride_w == 1) & (self.dilation_h == 1) & (self.dilation_w == 1)
        return self.convolves & (self.kernel_h == 3) & (self.kernel_w == 3) & unit & ~self.is_op("conv_transpose")

    @property
    def word_of(self) -> np.ndarray:
        """``(ops,)`` a number for each row's device word, the same for the same word."""
        return self._words.of_row

    @property
    def device_words(self) -> list[str]:
        """Of each row."""
        return [self._words.words[number] for number in self._words.of_row.tolist()]

    @cached_property
    def _words(self) -> RowWords:
        if self.row_words is not None:
            return self.row_words
        return RowWords.of([label.op for label in self.labels], None, [label.is_kept for label in self.labels])

    @cached_property
    def c_in(self) -> Array:
        return self.groups * self.c_in_per_group

    @cached_property
    def c_out(self) -> Array:
        return self.groups * self.c_out_per_group

    @cached_property
    def input_bytes(self) -> Array:
        return self.input_elems * self.elem_bytes

    @cached_property
    def output_bytes(self) -> Array:
        return self.output_elems * self.elem_bytes

    @cached_property
    def weight_bytes(self) -> Array:
        return self.weight_elems * self.weight_elem_bytes

    @cached_property
    def compulsory_bytes(self) -> Array:
        """Each tensor of the row moved once: what no schedule of a single op can go below."""
        return self.input_bytes + self.output_bytes + self.weight_bytes

    @cached_property
    def mem_access_elems(self) -> Array:
        """Memory access cost of the ShuffleNetV2 paper: inputs, output and weights once each."""
        return self.input_elems + self.output_elems + self.weight_elems

    @cached_property
    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """``(edges,)`` rows that read, in their order, and the rows whose output they read; -1 is the input."""
        counts = [len(producers) for producers in self.producers]
        producer = np.fromiter(chain.from_iterable(self.producers), dtype=int, count=sum(counts))
        return np.repeat(np.arange(len(self)), counts), producer

    @cached_property
    def reads_input(self) -> np.ndarray:
        """``(ops,)`` mask of the rows that read the network's input."""
        reader, producer = self.edges
        mask = np.zeros(len(self), dtype=bool)
        mask[reader[producer < 0]] = True
        return mask

    @cached_property
    def last_reader(self) -> np.ndarray:
        """``(ops,)`` the last row that reads each row's output; -1 where none does."""
        reader, producer = self.edges
        last = np.full(len(self), -1)
        inside = producer >= 0
        np.maximum.at(last, producer[inside], reader[inside])
        return last

    @cached_property
    def leaves(self) -> np.ndarray:
        """``(ops,)`` mask of the rows whose output leaves the network: nobody reads it, or it is kept all the same."""
        return (self.last_reader < 0) | self._words.is_kept

    @cached_property
    def consumers(self) -> tuple[tuple[int, ...], ...]:
        """Per row: the later rows that read its output."""
        readers: list[list[int]] = [[] for _ in self.labels]
        for row, producers in enumerate(self.producers):
            for producer in set(producers) - {-1}:
                readers[producer].append(row)
        return tuple(tuple(r) for r in readers)


def _dim_at(dim: Any, point: int) -> Any:
    return np.ravel(dim)[min(point, np.size(dim) - 1)] if isinstance(dim, np.ndarray) else dim


COLUMNS = columns_of(OpTable)
