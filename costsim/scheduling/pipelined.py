"""A pipeline of ops: each runs on cores of its own with its weights beside it, and maps stream through line by line.

What has no room at once is cut into parts that take turns. A part then loads its weights at every turn, so a batch
that goes through before the next part comes pays for them once.
"""

from __future__ import annotations

import numpy as np

from costsim.errors import DoesNotFitError
from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.planner import BufferRules, Planner
from costsim.scheduling.search import Pricing
from costsim.scheduling.segments import Segments, segments
from costsim.scheduling.whole import whole_kib
from costsim.tables.optable import OpTable
from costsim.tables.plan import STREAMED, Plan
from costsim.units import format_quantity


class PipelinedPlans(Planner):
    """Parts of consecutive rows, each as long as weights, lines and stages allow."""

    def __init__(self, ops: OpTable, rules: BufferRules) -> None:
        super().__init__(ops, rules)
        self._groups: Segments = segments(self.flow, self.weights)

    def plans(self, sizes: np.ndarray, price: Pricing) -> list[tuple[np.ndarray, Plan]]:
        distinct, which = np.unique(sizes, return_inverse=True)
        return [(np.flatnonzero(which == number), self._plan(size)) for number, size in enumerate(distinct.tolist())]

    def _plan(self, size: float) -> Plan:
        flow, need, rows = self.flow, self._groups.streamed_bytes, np.arange(self.flow.rows)
        first = self._firsts(size)
        part = np.searchsorted(first, rows, side="right") - 1
        last = np.append(first[1:] - 1, flow.rows - 1)[part]
        leaves = flow.last_use > last
        columns = {
            "group": part,
            "mode": np.full(flow.rows, STREAMED),
            "input_bytes": self._groups.reads[first[part], rows],
            "output_bytes": np.where(leaves, flow.output_bytes, 0.0),
            "weight_bytes": self.weights.offchip_bytes * (len(first) > 1),
            "buffer_bytes": need[first[part], last],
            "least_bytes": np.diagonal(need),
            "spilled_bytes": np.where(leaves & (flow.last_use < flow.rows), flow.output_bytes, 0.0),
            "fitting_bytes": np.full(flow.rows, need[0, -1]),
        }
        return Plan.of_point(columns)

    def _firsts(self, size: float) -> np.ndarray:
        """The first row of every part.

        Raises:
            DoesNotFitError: a row has no room even alone.
        """
        need, most, rows = self._groups.streamed_bytes, self.rules.stages or self.flow.rows, self.flow.rows
        alone = np.diagonal(need)
        if alone.max() > size:
            row = int(np.argmax(alone))
            raise DoesNotFitError(
                f"its weights and lines need {whole_kib(alone[row])} KiB on chip, the "
                f"device has {format_quantity(size, 'B')} and cannot run a part of an op; narrow it to at most "
                f"{size / alone[row]:.2f} of its weights",
                where=self.ops.labels[row].name,
            )
        firsts = [0]
        while True:
            begin = firsts[-1]
            end = min(rows, begin + most)
            fits = need[begin, begin:end] <= size
            after = begin + (int(np.argmin(fits)) if not fits.all() else end - begin)
            if after >= rows:
                return np.array(firsts)
            firsts.append(max(after, begin + 1))


def fill_ratio(ops: OpTable) -> np.ndarray:
    """``(rows,)`` what each op adds to the wait for the first output line, in parts of the time of one image.

    Every stage takes the same time for an image and hands on lines as they are made; the first line of the slowest
    path waits for the windows on it, whole maps where an op needs those. Ops beside that path add nothing. Of a table
    of one network and point.
    """
    flow = Dataflow.of(ops, ops.input_bytes[:, 0], ops.output_bytes[:, 0])
    begins, slowest = np.zeros(len(ops)), np.full(len(ops), -1)
    columns = (flow.source, flow.reader, flow.lead_ratio)
    for tensor, row, lead in zip(*(column.tolist() for column in columns), strict=True):
        ready = (begins[tensor] if tensor >= 0 else 0.0) + lead
        if ready > begins[row]:
            begins[row], slowest[row] = ready, tensor
    added, row = np.zeros(len(ops)), int(np.argmax(begins))
    while row >= 0:
        before = slowest[row]
        added[row] = begins[row] - (begins[before] if before >= 0 else 0.0)
        row = before
    return added
