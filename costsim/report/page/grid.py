"""A grid of settings priced into the page: what its sliders look up. Nothing is interpolated."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from costsim.devices import RunConfig, device_for
from costsim.errors import CostsimError, DoesNotFitError
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.hardware.fingerprint import is_as_carded
from costsim.hardware.vary import at_points, vary
from costsim.network import parse_input_size
from costsim.networks import build
from costsim.report.page.choices import Choice, choices
from costsim.report.page.whatif import too_long_to_replan
from costsim.report.page.widths import widths
from costsim.simulate import lower_for
from costsim.sweep.lowered import RESIZES
from costsim.sweep.networks import graphs
from costsim.sweep.points import members, numbered
from costsim.tables.cache import Caches
from costsim.tables.optable import OpTable
from costsim.totals import cost_totals, seconds_by_bound
from costsim.trust.off_card import off_card, widened

if TYPE_CHECKING:
    from costsim.analysis import Analysis

Record = dict[str, Any]

DTYPE, WIDTH = "dtype", "width"
MOST_POINTS = 2100
MOST_ROWS = 6000
"""Ops of all networks and plans together that are worked out for one grid: a second at most."""

SHAPING = (DTYPE, *RESIZES, WIDTH)
"""Choices that ask for another op table."""

THINNED = ("batch",)
"""Choices of which every second value is enough."""

MOST_TOGETHER = 600
"""Layers of a network that is priced at all its shapes in one call: of longer ones that repeat themselves, a shape at
a time is sooner done, for equal layers of plain numbers are lowered once.
"""

DIGITS = 5
FEWEST_PER_PLAN = 1


@dataclass
class Point:
    """One setting of all choices."""

    latency_ms: float | None
    """None where the network does not fit the device, or cannot be built so."""
    limits: tuple[str, ...] = ()
    shares: np.ndarray | None = None
    """Of its time, what the ops take that each limit bounds."""
    interval: tuple[float, float | None] = (1.0, 1.0)
    """A 90 % interval as multiples of the latency; no upper end where ops without a cost model are in."""

    @property
    def bound(self) -> str:
        return "" if self.shares is None else self.limits[int(self.shares.argmax())]


def grid(analysis: Analysis, command: str) -> Record | None:
    """The choices, the points in row-major order of them, and how to say each on the command line.

    None where nothing can be turned, or where planning once more would take too long.
    """
    now = analysis.simulation
    if too_long_to_replan(now):
        return None
    networks = widths(now.graph) if analysis.network == now.graph.name else {}
    turned = _affordable(now.graph, now.profile, now.run, now.ops, networks)
    if not turned:
        return None
    points = priced(now.graph, now.profile, now.run, turned, networks)
    names = list(now.costs.limit_names)
    intervals, interval_of = _distinct([_rounded(point) for point in points])
    shares, shares_of = _distinct([() if p.shares is None else tuple(_percent(p, names)) for p in points])
    return {
        "choices": [
            {
                "key": choice.key, "label": choice.label, "texts": choice.texts, "own": choice.own,
                **({"networks": [networks[text] for text in choice.texts]} if choice.key == WIDTH else
                   {"arguments": [shlex.join(choice.arguments(text)) for text in choice.texts]}),
            }
            for choice in turned
        ],
        "limits": names,
        "latency_ms": [None if p.latency_ms is None else float(f"{p.latency_ms:.{DIGITS}g}") for p in points],
        "bound": [names.index(p.bound) if p.bound in names else -1 for p in points],
        "shares": shares,
        "shares_of": shares_of,
        "intervals": intervals,
        "interval_of": interval_of,
        "command": _base_command(analysis, command),
    }  # fmt: skip


def _distinct(values: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """The distinct values, in the order they are met in, and which of them each is: settings share most of theirs."""
    number: dict[Any, int] = {}
    places = [number.setdefault(value, len(number)) for value in values]
    return list(number), places


def _rounded(point: Point) -> tuple[float | None, ...]:
    return tuple(None if end is None else round(end, 2) for end in point.interval)


def priced(
    graph: LayerGraph, profile: Profile, run: RunConfig, turned: Sequence[Choice], networks: Mapping[str, str]
) -> list[Point]:
    """Every combination of the choices' values, the last choice fastest: what ``analyze`` says of each.

    ``networks`` are the names of the network at other widths.
    """
    places = np.array(list(product(*(range(len(c.texts)) for c in turned)))).reshape(-1, len(turned))
    at = {choice.key: places[:, number] for number, choice in enumerate(turned)}
    texts = {choice.key: choice.texts for choice in turned}
    each = device_for(profile).plans_each_network or len(graph) > MOST_TOGETHER
    apart = SHAPING if each else (DTYPE, WIDTH)
    shapes = numbered(at, [key for key in SHAPING if key in at])
    sizes = numbered(at, [choice.key for choice in turned if _is_size(choice)])
    carded = np.full(len(places), is_as_carded(profile))
    for choice in turned:
        if choice.fields:
            carded &= at[choice.key] == choice.own
    found = [Point(None)] * len(places)
    caches = Caches()
    for rows in members(numbered(at, [key for key in apart if key in at])):
        first = {key: texts[key][at[key][rows[0]]] for key in at}
        own = build(networks[first[WIDTH]]).with_input(*graph.input_shape) if WIDTH in at else graph
        sides = {key: _sides(texts[key], own)[at[key][rows]] for key in RESIZES if key in at}
        for part in graphs(own, {}, sides, len(rows)):
            here = rows[part.points]
            columns, threads = _columns(profile, run, turned, places[here])
            setting = RunConfig(first.get(DTYPE, run.dtype), threads)
            try:
                ops = lower_for(part.graph, profile, setting, caches)
                points = _priced(ops, vary(profile, columns), setting, _Places(shapes[here], sizes[here], carded[here]))
            except CostsimError:
                continue
            for place, point in zip(here, points, strict=True):
                found[place] = point
    return found


def _sides(texts: Sequence[str], graph: LayerGraph) -> np.ndarray:
    """Batches and input sizes as a graph takes them: numbers where all are square, so that one graph has them all."""
    channels = graph.input_shape[1]
    shapes = [parse_input_size(text) for text in texts]
    if all(len(s) == 1 or (s[0] == channels and len(set(s[1:])) == 1) for s in shapes):
        return np.array([s[-1] for s in shapes])
    return np.array(texts, dtype=object)


class _Places(NamedTuple):
    """What is known of points before they are priced, ``(points,)`` each."""

    shapes: np.ndarray
    """By number: the dimensions of the network."""
    sizes: np.ndarray
    """By number: the memories of the device."""
    carded: np.ndarray
    """Whether the device has the numbers of its card."""

    def at(self, here: np.ndarray) -> _Places:
        return _Places(*(column[here] for column in self))


def _priced(ops: OpTable, profile: Profile, run: RunConfig, places: _Places) -> list[Point]:
    """The points of one graph; whether it fits hangs on its shape and the sizes of memories."""
    shapes, sizes, _ = places
    try:
        return _planned(ops, profile, run, places.carded)
    except DoesNotFitError:
        apart = shapes if (shapes != shapes[0]).any() else sizes
        if (apart == apart[0]).all():
            return [Point(None)] * len(sizes)
    found = [Point(None)] * len(sizes)
    for here in members(apart):
        table = ops if apart is sizes else ops.at_point(int(here[0]))
        points = _priced(table, at_points(profile, here), _at(run, here), places.at(here))
        for place, point in zip(here, points, strict=True):
            found[place] = point
    return found


def _planned(ops: OpTable, profile: Profile, run: RunConfig, carded: np.ndarray) -> list[Point]:
    device = device_for(profile)
    planned = device.plan(ops, profile, run)
    found = [Point(None)] * len(carded)
    card, known = profile.calibration_in(run.dtype), all(label.known for label in ops.labels)
    for here, table in planned.by_plan(len(carded), FEWEST_PER_PLAN):
        of_here, run_here = at_points(profile, here), _at(run, here)
        costs = device.kind_costs(table, of_here, run_here)
        ends = widened(card, off_card(of_here, run_here, table, costs, carded[here]))
        low, high = (np.broadcast_to(end, here.shape).tolist() for end in ends)
        latency_ms = np.broadcast_to(cost_totals(table, costs)["latency_ms"], here.shape)
        seconds = seconds_by_bound(table, costs)
        shares = np.broadcast_to(seconds / np.maximum(seconds.sum(axis=0), 1e-30), (len(seconds), len(here)))
        for i, place in enumerate(here):
            interval = low[i], high[i] if known else None
            found[place] = Point(float(latency_ms[i]), costs.limit_names, shares[:, i], interval)
    return found


def _percent(point: Point, names: Sequence[str]) -> list[int]:
    """Whole percents by the page's limits, the ends that are 0 left out."""
    shares = dict(zip(point.limits, point.shares if point.shares is not None else (), strict=True))
    percents = [round(100 * float(shares.get(name, 0.0))) for name in names]
    return percents[: max((i + 1 for i, percent in enumerate(percents) if percent), default=0)]


def _at(run: RunConfig, here: np.ndarray) -> RunConfig:
    return RunConfig(run.dtype, _column(run.threads[here])) if np.ndim(run.threads) else run


def _column(counts: np.ndarray) -> Any:
    """A number where all agree, as at one point."""
    return int(counts[0]) if (counts == counts[0]).all() else counts


def _columns(
    profile: Profile, run: RunConfig, others: Sequence[Choice], settings: np.ndarray
) -> tuple[dict[str, np.ndarray], Any]:
    """Profile fields and threads as columns, one value a setting."""
    columns, threads = {}, run.threads
    for number, choice in enumerate(others):
        if choice.key == "threads":
            counts = np.array([int(text) for text in choice.texts])[settings[:, number]]
            threads = _column(counts)
        for field in choice.fields:
            values = np.array([profile.value_of(field, text) for text in choice.texts])
            columns[field] = values[settings[:, number]]
    return columns, threads


def _affordable(
    graph: LayerGraph, profile: Profile, run: RunConfig, ops: OpTable, networks: Mapping[str, str]
) -> list[Choice]:
    """As many choices as the limits allow, those that a device of this kind is chosen by first; some in part."""
    offered = [c for c in choices(graph, profile, run=run) if c.key != "runtime"]
    if networks:
        offered.append(Choice(WIDTH, WIDTH, tuple(networks), list(networks.values()).index(graph.name)))
    kept: list[Choice] = []
    for choice in sorted(offered, key=lambda c: _rank(c, planned=ops.plan is not None)):
        few = _thinned(choice)
        for tried in ([*kept, few if choice.key in THINNED else choice], [*kept, few], [*kept, _thinned(few)]):
            tables = prod(len(c.texts) for c in tried if _new_table(c, ops))
            if prod(len(c.texts) for c in tried) <= MOST_POINTS and tables * len(ops) <= MOST_ROWS:
                kept = tried
                break
    return [c for c in kept if len(c.texts) > 1]


def _thinned(choice: Choice) -> Choice:
    """Every second value, its own among them."""
    kept = [i for i in range(len(choice.texts)) if i % 2 == choice.own % 2]
    return replace(choice, texts=tuple(choice.texts[i] for i in kept), own=kept.index(choice.own))


def _rank(choice: Choice, planned: bool) -> int:
    """Where a plan manages a buffer, the buffer and what feeds it; elsewhere how the network is run."""
    run = [f" {key}" for key in ("threads", "input_size", WIDTH, "batch", "dtype")]
    device = [word for word in (" size", ".dram bandwidth", ".array", ".clock") if planned]
    order = [*device, *run]
    return next((i for i, word in enumerate(order) if f" {choice.key}".endswith(word)), len(order))


def _new_table(choice: Choice, ops: OpTable) -> bool:
    return choice.key in SHAPING or (ops.plan is not None and _is_size(choice))


def _is_size(choice: Choice) -> bool:
    """Whether a plan, and what fits, hangs on it."""
    return choice.key.endswith((" size", "array"))


def _base_command(analysis: Analysis, command: str) -> str:
    """The command line that made the page without its output, or one that makes the same analysis."""
    words = list(_without_outputs(shlex.split(command))) if command.startswith("costsim ") else []
    if words[1:2] != ["analyze"] or len(words) < len(("costsim", "analyze", "NETWORK", "--hw", "HW")):
        words = ["costsim", "analyze", analysis.network, "--hw", analysis.hardware]
    return shlex.join(words)


def _without_outputs(words: list[str]) -> Iterator[str]:
    skipped = False
    for word in words:
        if skipped or word.startswith(("--html=", "--format=")):
            skipped = False
        elif word in ("--html", "--format"):
            skipped = True
        else:
            yield word
