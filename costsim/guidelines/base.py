"""What a guideline is, and what it says.

A guideline is a function of a ``Case`` that yields ``Suspicion``s. **Its docstring is the message
the user reads**: the first line, with the evidence filled in; the rest is its page of the manual.
It is found by the entry-point group ``costsim.guidelines``; the entry point's name is its id.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from costsim.devices import device_for
from costsim.graph import LayerGraph
from costsim.guidelines.regions import Region, regions
from costsim.hardware import Profile
from costsim.hardware.roles import Role, memories
from costsim.hardware.vary import vary
from costsim.measures import Parts
from costsim.measures.parts import OUTSIDE
from costsim.plugins import GUIDELINES, load_plugin, plugins
from costsim.simulate import Simulation, simulate
from costsim.tables.optable import OpTable

Guideline: TypeAlias = Callable[["Case"], Iterator["Suspicion"]]

Edit: TypeAlias = Callable[[LayerGraph, Collection[str]], LayerGraph]

Evidence: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Suspicion:
    """What a guideline saw, before it is priced.

    Its counterfactual is an ``edit`` of the graph; where there is none, ``saved_s``, by another op
    table or profile.
    """

    location: str
    nodes: tuple[str, ...]
    """The layers it is about; what they take bounds what it can cost."""
    evidence: Evidence
    """Plain numbers and words, for the message and the JSON."""
    edit: Edit | None = None
    """Makes the network the guideline would have, given the layers; InputError if there is none."""
    saved_s: Callable[[], float] | None = None
    """Seconds the counterfactual saves, as the device model prices it."""
    instruction: str = ""
    """What to do about it, in the imperative: the same words wherever the cause is the same."""


UNLIMITED_BYTES = 2.0**40


@dataclass(frozen=True)
class Buffer:
    """The memory in front of DRAM."""

    level: str
    size_bytes: float


class Case:
    """A simulated network before the guidelines."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation

    @property
    def graph(self) -> LayerGraph:
        return self.simulation.graph

    @cached_property
    def regions(self) -> list[Region]:
        return regions(self.graph)

    @cached_property
    def latency_s(self) -> np.ndarray:
        """``(ops,)`` seconds of each executed op."""
        return seconds(self.simulation)

    @cached_property
    def rows_of(self) -> dict[str, list[int]]:
        """Layer to the rows that execute it, several where it runs as its parts; what executes nothing is missing."""
        rows: dict[str, list[int]] = {}
        for row, label in enumerate(self.simulation.ops.labels):
            for name in label.layers:
                rows.setdefault(name, []).append(row)
        return rows

    def rows(self, names: Collection[str]) -> np.ndarray:
        """Rows that execute any of the named layers, in order."""
        return np.array(sorted({row for name in names for row in self.rows_of.get(name, ())}), dtype=int)

    def measured(self) -> Iterator[tuple[Region, Parts]]:
        """The regions that execute something, each as a part of its own to take measures over."""
        for region in self.regions:
            rows = self.rows(region.nodes)
            if len(rows):
                part_of = np.full(len(self.simulation.ops), OUTSIDE)
                part_of[rows] = 0
                yield region, self.simulation.parts(part_of)

    def resimulate(self, graph: LayerGraph | None = None, profile: Profile | None = None) -> Simulation:
        """The same run with another graph or on another profile."""
        now = self.simulation
        return simulate(graph or self.graph, profile or now.profile, now.run, now.ops.caches)

    def reprice(self, ops: OpTable) -> np.ndarray:
        """``(ops,)`` seconds the device model gives another op table."""
        profile, run = self.simulation.profile, self.simulation.run
        device = device_for(profile)
        planned = device.plan(replace(ops, plans=None), profile, run)
        return seconds(replace(self.simulation, ops=planned, costs=device.costs(planned, profile, run)))

    @cached_property
    def on_host(self) -> np.ndarray:
        """``(ops,)`` mask of the rows the device leaves to its host."""
        device_ops = getattr(self.simulation.profile.runtime, "device_ops", None)
        ops = self.simulation.ops
        return np.zeros(len(ops), dtype=bool) if device_ops is None else ~ops.is_op(*device_ops)[:, 0]

    @cached_property
    def buffer(self) -> Buffer | None:
        """The last memory on chip that may be too small, if the profile has one."""
        buffers = memories(self.simulation.profile, Role.BUFFER)
        if not buffers:
            return None
        level, block = list(buffers.items())[-1]
        return Buffer(level, float(np.max(block.size_bytes)))

    @cached_property
    def unlimited_s(self) -> np.ndarray:
        """``(ops,)`` seconds if that memory held everything."""
        if self.buffer is None:
            return self.latency_s
        path = f"hardware.memory.{self.buffer.level}.size"
        return seconds(self.resimulate(profile=vary(self.simulation.profile, {path: np.array([UNLIMITED_BYTES])})))


@dataclass(frozen=True)
class Finding:
    """One priced sentence about a part of a network."""

    id: str
    severity: str
    """``warning`` from 5 % of the latency on, ``note`` from 0.5 %, else ``none``."""
    location: str
    message: str
    cost_ms: float | None
    """What the counterfactual saves; None where there is no counterfactual."""
    cost_low_ms: float | None
    cost_high_ms: float | None
    evidence: Evidence
    instruction: str = ""
    """What to do about it; findings of one guideline with the same words have one cause."""
    nodes: tuple[str, ...] = field(repr=False, default=())
    edit: Edit | None = field(repr=False, compare=False, default=None)

    @property
    def key(self) -> str:
        """How the command line names it: ``G2@stage3``."""
        return f"{self.id}@{self.location}"

    def record(self) -> Evidence:
        """The finding as plain data, as in the JSON contract."""
        names = ("id", "severity", "location", "message", "instruction", "cost_ms", "cost_low_ms", "cost_high_ms")
        return {name: getattr(self, name) for name in names} | {"evidence": _plain(self.evidence)}


@dataclass(frozen=True)
class Cause:
    """Findings of one guideline with one remedy: what is to be done, and what that saves in all."""

    findings: tuple[Finding, ...]
    """Costliest first."""

    @property
    def id(self) -> str:
        return self.findings[0].id

    @property
    def instruction(self) -> str:
        return self.findings[0].instruction

    @property
    def locations(self) -> list[str]:
        return [finding.location for finding in self.findings]

    @property
    def cost_ms(self) -> float | None:
        """The sum of the prices; None where nothing is priced."""
        priced = [finding.cost_ms for finding in self.findings if finding.cost_ms is not None]
        return sum(priced) if priced else None

    @property
    def ends_ms(self) -> tuple[float, float | None]:
        """The interval of the sum; its upper end is None where a price has none."""
        priced = [finding for finding in self.findings if finding.cost_ms and finding.cost_low_ms is not None]
        highs = [finding.cost_high_ms for finding in priced]
        high_ms = None if None in highs else sum(ms for ms in highs if ms is not None)
        return sum(finding.cost_low_ms or 0.0 for finding in priced), high_ms

    def record(self) -> Evidence:
        """As plain data, as in the JSON contract."""
        return {
            "id": self.id,
            "instruction": self.instruction,
            "cost_ms": self.cost_ms,
            "locations": self.locations,
        }


def causes(findings: Iterable[Finding]) -> list[Cause]:
    """Findings with one cause put together, what costs most first."""
    together: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        together.setdefault((finding.id, finding.instruction or finding.location), []).append(finding)
    found = [Cause(tuple(same)) for same in together.values()]
    return sorted(found, key=lambda cause: -(cause.cost_ms or 0.0))


def guideline_ids() -> list[str]:
    """Ids of all registered guidelines."""
    return sorted(plugins(GUIDELINES))


def guideline(rule_id: str) -> Guideline:
    """The rule behind an id.

    Raises:
        InputError: no such rule is registered.
    """
    rule: Guideline = load_plugin(GUIDELINES, rule_id, "guideline")
    return rule


def title(rule: Guideline) -> str:
    """The function's name as words."""
    return rule.__name__.replace("_", " ")


def message_of(rule: Guideline, evidence: Mapping[str, Any]) -> str:
    """The first sentence of the docstring with the evidence filled in."""
    return summary(rule).format(**evidence)


def summary(rule: Guideline) -> str:
    """The first paragraph of the docstring, on one line."""
    return " ".join((inspect.getdoc(rule) or "").split("\n\n")[0].split())


def manual(rule: Guideline) -> str:
    """The docstring as prose: fields of the message named instead of filled in."""
    _, *explanation = (inspect.getdoc(rule) or "").split("\n\n")
    return "\n\n".join([re.sub(r"\{(\w+)[^}]*\}", r"*\1*", summary(rule)), *explanation])


def seconds(simulation: Simulation) -> np.ndarray:
    """``(ops,)`` seconds of each executed op, at the first point."""
    latency = simulation.costs.latency_s
    return np.broadcast_to(latency, (len(simulation.ops), latency.shape[1]))[:, 0]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
