"""What a sweep or search gives of each point: totals always, measures and derived columns where they are asked for.

A derived column is arithmetic over other metrics, as text: ``latency_ms / kernels``.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.errors import InputError, shortened, unknown_name
from costsim.measures import BY_NAME, MEASURES, Measure, Parts, values
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

OP_METRICS = ("params", "macs", "flops", "mem_access_elems", "weight_bytes", "peak_activation_bytes")
COST_METRICS = ("latency_ms", "dram_bytes", "energy_mj")
TOTALS = (*OP_METRICS, *COST_METRICS)

OF_DEVICE = ("array_macs", "onchip_bytes", "area_mm2")
"""Figures of the device itself: multiply-accumulates a cycle, its buffers, an estimate of its silicon."""

WORKED_OUT = {"energy_delay_mj_ms": "energy_mj * latency_ms"}
"""Columns that need not be written in a specification."""

BLOCKS = ("hardware.", "runtime.", "fitted.")
"""Beginnings of the fields of a profile, each of which is a metric too."""

OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg,
}  # fmt: skip


@dataclass(frozen=True)
class Derived:
    """A column worked out from other metrics of the same point."""

    name: str
    text: str
    tree: ast.expr
    needs: frozenset[str]

    @classmethod
    def parse(cls, name: str, text: str) -> Derived:
        """The column in a text.

        Raises:
            InputError: no arithmetic, or a name that is taken.
        """
        where = f"columns: {name}"
        taken = name in TOTALS or name in BY_NAME or name in OF_DEVICE
        if taken or not name.isidentifier():
            raise InputError(f"'{shortened(name)}' is no name for a column", where=where, mend="take a word of its own")
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise _no_arithmetic(text, where) from None
        inner = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
        known = (ast.BinOp, ast.UnaryOp, ast.Name, ast.Constant)
        operators = [type(node.op) for node in inner if isinstance(node, ast.BinOp | ast.UnaryOp)]
        numbers = [node.value for node in inner if isinstance(node, ast.Constant)]
        if (
            not all(isinstance(node, known) for node in inner)
            or not all(kind in OPERATORS for kind in operators)
            or not all(type(number) in (int, float) for number in numbers)
            or len(inner) > MOST_TERMS
        ):
            raise _no_arithmetic(text, where)
        return cls(name, text, tree, frozenset(node.id for node in inner if isinstance(node, ast.Name)))

    def of(self, columns: Mapping[str, Any]) -> Any:
        """Its values; NaN where they are not finite."""
        with np.errstate(all="ignore"):
            found = np.asarray(_value(self.tree, columns), dtype=float)
        return np.where(np.isfinite(found), found, np.nan)


MOST_TERMS = 100


def _no_arithmetic(text: str, where: str) -> InputError:
    return InputError(f"'{shortened(text)}' is no arithmetic", where=where, mend="write 'latency_ms / kernels'")


def _value(node: ast.expr, columns: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return columns[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return np.float64(node.value)
    if isinstance(node, ast.UnaryOp):
        return OPERATORS[type(node.op)](_value(node.operand, columns))
    assert isinstance(node, ast.BinOp)
    return OPERATORS[type(node.op)](_value(node.left, columns), _value(node.right, columns))


@dataclass(frozen=True)
class Metrics:
    """What is asked for of every point."""

    measures: tuple[Measure, ...]
    derived: tuple[Derived, ...]
    of_device: tuple[str, ...] = ()
    """Figures and fields of the device."""

    @classmethod
    def asked(cls, names: list[str], derived: Mapping[str, str], where: str) -> Metrics:
        """The measures among ``names``, and those that derived columns need.

        Raises:
            InputError: a name that is no total, measure, figure, field or derived column, with the nearest ones.
        """
        texts = {name: text for name, text in WORKED_OUT.items() if name in names and name not in derived} | {**derived}
        columns = tuple(Derived.parse(name, text) for name, text in texts.items())
        known, needed = {*TOTALS, *BY_NAME, *OF_DEVICE}, {*names}
        for column in columns:
            for name in sorted(column.needs - known):
                raise unknown_name("metric", name, known, where=f"columns: {column.name}")
            needed |= column.needs
            known.add(column.name)
        for name in names:
            if name not in known and not name.startswith(BLOCKS):
                raise unknown_name("metric", name, known | {*WORKED_OUT}, where=where)
        of_device = tuple(sorted(name for name in needed if name in OF_DEVICE or name.startswith(BLOCKS)))
        return cls(tuple(row for row in MEASURES if row.name in needed), columns, of_device)

    @property
    def names(self) -> tuple[str, ...]:
        """Every column of the table, totals first."""
        return (*TOTALS, *(row.name for row in self.measures), *self.of_device, *self.worked_out)

    @property
    def worked_out(self) -> tuple[str, ...]:
        """The columns that are derived from others."""
        return tuple(column.name for column in self.derived)

    def of_ops(self, ops: OpTable, given_elems: Array) -> dict[str, Array]:
        """The measures that no device enters: ``(networks * points,)`` each."""
        of_ops = [row for row in self.measures if not row.of_time]
        if not of_ops:
            return {}
        found = values(Parts.networks(ops, given_elems), of_ops)
        return {name: column.reshape(-1) for name, column in found.items()}

    def of_costs(self, ops: OpTable, costs: CostTable) -> dict[str, Array]:
        """The measures made of times: ``(networks * points,)`` each."""
        of_time = [row for row in self.measures if row.of_time]
        if not of_time:
            return {}
        parts = ops.kept.get("parts", (), lambda: Parts.networks(ops, np.zeros((len(ops.networks), 1))))
        found = values(parts, of_time, np.broadcast_to(costs.row_latency_s, (len(ops), costs.latency_s.shape[1])))
        return {name: column.reshape(-1) for name, column in found.items()}

    def derive(self, columns: Mapping[str, Array]) -> dict[str, Array]:
        """The derived columns that these columns are enough for; a column may need those before it."""
        known = dict(columns)
        for column in self.derived:
            if column.needs <= known.keys() and column.name not in known:
                known[column.name] = column.of(known)
        return {name: found for name, found in known.items() if name not in columns}
