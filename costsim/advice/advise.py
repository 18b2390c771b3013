"""The search: changes of each kind alone, then together, until lists are found that meet all targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from math import prod
from pathlib import Path
from typing import Any

from costsim.advice.changes import ORDER, SMALLER, Change, State, changes
from costsim.advice.result import Advice, Suggestion
from costsim.advice.targets import check_metrics, parse_targets, shortfall
from costsim.analysis import Analysis
from costsim.errors import DoesNotFitError, InputError
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.hardware.load import runtime_names
from costsim.limits import Assertion
from costsim.network import Network
from costsim.simulate import Simulation, run_of, simulate
from costsim.totals import cost_totals, op_totals

ALONE_OR_TWO = 2
"""So many changes are always tried together, all of their values; more only where fewer do not meet the targets."""

MOST_TOGETHER = 4

WORTH_RATIO = 0.02
"""A further change has to keep so many more of the multiply-accumulates to be worth listing."""

MOST_OPS, MOST_PLANNED_OPS = 100_000, 35_000
"""Ops of priced networks beyond which no further combinations are tried, and where a buffer is planned: ten seconds."""

SHOWN = 8


def advise(
    network: Any,
    hw: str | Path | Profile,
    targets: str | Sequence[str],
    *,
    batch: int | None = None,
    input_size: str | tuple[int, ...] | None = None,
    dtype: str | None = None,
    threads: int | str | None = None,
    settings: Mapping[str, str] | None = None,
    runtime: str | None = None,
) -> Advice:
    """The shortest lists of changes that meet all targets, the cheapest loss first.

    Every change is carried out: the changed network goes through the pipeline of ``analyze``, and what is
    promised is what that says. Accuracy is not known: a change that leaves the function as it is stands before one of
    the data type, that before one that needs training anew, that before a smaller network; among those, what keeps
    most multiply-accumulates is first (MobileNet, arXiv 1704.04861, Tables 6 and 7: at equal ones, width and
    resolution cost about the same).

    Args:
        network: what ``analyze`` takes.
        hw: profile name, path, or a loaded profile.
        targets: limits on totals: ``["latency_ms < 30", "dram_bytes <= 4MiB"]``.
        batch: images per inference; the network's own if left out.
        input_size: ``"3x224x224"``; the network's own if left out.
        dtype: the network's own if left out (int8 of a quantised file), else the runtime's first.
        threads: cores used, or ``"all"``; the profile's own if left out.
        settings: profile fields to change, as for ``analyze``.
        runtime: one of the runtimes the board runs; its first if left out. The others are tried.

    Raises:
        InputError: what ``analyze`` refuses, a target that is none, or targets that contradict each other.
    """
    parsed = parse_targets(targets)
    profile = hw if isinstance(hw, Profile) else load_profile(hw, settings, runtime)
    others = [] if isinstance(hw, Profile) else _other_runtimes(hw, profile, settings)
    graph = Network(network, input_size=input_size, batch=batch).graph
    return advise_run(State(graph, run_of(graph, profile, dtype, threads), profile), parsed, others)


def _other_runtimes(hw: str | Path, profile: Profile, settings: Mapping[str, str] | None) -> list[Profile]:
    """The device under what else runs on it, where the settings make sense there."""
    others = []
    for name in runtime_names(hw):
        with suppress(InputError):
            other = load_profile(hw, settings, name)
            if (other.runtime.name, other.runtime.version) != (profile.runtime.name, profile.runtime.version):
                others.append(other)
    return others


def advise_simulation(simulation: Simulation, targets: Sequence[Assertion]) -> Advice:
    """The same for a network that has been simulated."""
    return advise_run(State(simulation.graph, simulation.run, simulation.profile), targets)


def advise_run(state: State, targets: Sequence[Assertion], others: Sequence[Profile] = ()) -> Advice:
    """The same for a network and a run; ``others`` is the device under its other runtimes."""
    search = _Search(state, tuple(targets), tuple(others))
    now = search.simulation
    totals = None
    if now is not None:
        analysis = Analysis(now)
        totals = analysis.summary
        check_metrics(targets, totals, analysis.unknown)
    met = totals is not None and not shortfall(targets, totals)
    found = () if met else tuple(sorted(search.found(), key=_rank))
    nearest = None if met or found else search.nearest
    return Advice(
        state.graph.name, state.profile.name, tuple(targets), state, totals, met, found[:SHOWN], nearest, search.priced
    )


def _rank(suggestion: Suggestion) -> tuple[float, ...]:
    """Cheapest loss first, then the shorter list, then the faster network."""
    loss = max(change.loss for change in suggestion.changes)
    lost = [round(max(0.0, 1 - ratio), 6) for ratio in (suggestion.macs_kept_ratio, suggestion.params_kept_ratio)]
    return (loss, *lost, len(suggestion.changes), suggestion.totals["latency_ms"])


def _is_worth(longer: Suggestion, shorter: Suggestion) -> bool:
    """Whether the further changes save much of what the shorter list loses."""
    (loss, lost, *_), (shorter_loss, shorter_lost, *_) = _rank(longer), _rank(shorter)
    return loss < shorter_loss or lost < shorter_lost - WORTH_RATIO


@dataclass
class _Search:
    state: State
    targets: tuple[Assertion, ...]
    others: tuple[Profile, ...]
    simulation: Simulation | None = field(init=False)
    nearest: Suggestion | None = None
    priced: int = 0
    graphs: dict[tuple[str, ...], LayerGraph | None] = field(default_factory=dict)
    """Changed networks by what was done to them; None where it cannot be done."""

    def __post_init__(self) -> None:
        try:
            self.simulation = simulate(self.state.graph, self.state.profile, self.state.run)
        except DoesNotFitError:
            self.simulation = None
        self.only_upper = all(target.comparison.startswith("<") for target in self.targets)
        self.kinds = changes(self.state, self.simulation, self.others)
        self.whole = (int(self.state.graph.total_macs) or 1, int(self.state.graph.total_params) or 1)
        ops = len(self.simulation.ops) if self.simulation else len(self.state.graph)
        planned = self.simulation is None or self.simulation.ops.plan is not None
        self.most = (MOST_PLANNED_OPS if planned else MOST_OPS) // ops

    def found(self) -> list[Suggestion]:
        """The best list of every set of kinds that has one, unless fewer changes do at no greater loss."""
        found: dict[frozenset[str], Suggestion] = {}
        for count in range(1, MOST_TOGETHER + 1):
            if count > ALONE_OR_TWO and found:
                break
            sets = combinations([kind for kind in ORDER if kind in self.kinds], count)
            for kinds in sorted(sets, key=lambda kinds: prod(len(self.kinds[kind]) for kind in kinds)):
                shorter = [s for chosen, s in found.items() if chosen < set(kinds)]
                if any(max(c.loss for c in s.changes) < SMALLER for s in shorter):
                    continue  # what these kinds add could only lose more
                best = self._best(kinds) if count <= ALONE_OR_TWO else self._bisected(kinds)
                if best and all(_is_worth(best, s) for s in shorter):
                    found[frozenset(kinds)] = best
        return list(found.values())

    def _best(self, kinds: tuple[str, ...]) -> Suggestion | None:
        """The first list of these kinds that meets the targets, tried in the order of what it loses."""
        candidates = self._candidates(kinds)
        if len(kinds) > 1 and self.only_upper:
            strongest = self._suggestion(candidates[-1])
            if strongest is None or strongest.shortfall_ratio:
                return None  # what loses less takes more
        for chosen in candidates:
            if self.priced >= self.most:
                return None
            suggestion = self._suggestion(chosen)
            if suggestion and not suggestion.shortfall_ratio:
                return suggestion
        return None

    def _bisected(self, kinds: tuple[str, ...]) -> Suggestion | None:
        """The same for sets too large to try whole: as if whatever loses more were faster."""
        candidates = self._candidates(kinds)
        if self.priced >= self.most:
            return None
        best = self._suggestion(candidates[-1])
        if best is None or best.shortfall_ratio:
            return None
        low, high = 0, len(candidates) - 1
        while low < high:
            middle = (low + high) // 2
            suggestion = self._suggestion(candidates[middle])
            if suggestion and not suggestion.shortfall_ratio:
                best, high = suggestion, middle
            else:
                low = middle + 1
        return best

    def _candidates(self, kinds: tuple[str, ...]) -> list[tuple[Change, ...]]:
        """Every choice of one change a kind, in the order of what it loses."""
        values = [self.kinds[kind] for kind in kinds]
        if len(kinds) > 1:  # beside other changes, all cores: they cost no accuracy
            values = [v[-1:] if v[0].kind in ("threads", "batch") else v for v in values]
        return sorted(product(*values), key=self._expected_loss)

    def _expected_loss(self, chosen: tuple[Change, ...]) -> tuple[float, ...]:
        loss = max(change.loss for change in chosen)
        if loss < SMALLER:
            return (loss, 0.0, 0.0)
        graph = self._graph(chosen) if len(chosen) <= ALONE_OR_TWO else None
        if graph is None:
            return (loss, 1 - prod(change.kept_ratio for change in chosen), 0.0)
        macs, params = self.whole
        return (loss, max(0.0, 1 - int(graph.total_macs) / macs), max(0.0, 1 - int(graph.total_params) / params))

    def _graph(self, chosen: tuple[Change, ...]) -> LayerGraph | None:
        key = tuple(change.text for change in chosen)
        if not key:
            return self.state.graph
        if key not in self.graphs:
            before = self._graph(chosen[:-1])
            self.graphs[key] = None if before is None else self._changed(chosen[-1], before)
        return self.graphs[key]

    def _changed(self, change: Change, graph: LayerGraph) -> LayerGraph | None:
        try:
            return change.apply(replace(self.state, graph=graph)).graph
        except InputError:
            return None

    def _run(self, chosen: tuple[Change, ...]) -> State:
        """How the network as it is would be run; InputError where the runtime cannot."""
        state = self.state
        for change in chosen:
            if change.kind in ("threads", "runtime", "data type"):
                state = change.apply(state)
        return state

    def _suggestion(self, chosen: tuple[Change, ...]) -> Suggestion | None:
        """The list carried out and priced, or None where it is impossible or does not fit."""
        graph = self._graph(chosen)
        if graph is None:
            return None
        self.priced += 1
        try:
            state = replace(self._run(chosen), graph=graph)
            simulation = simulate(graph, state.profile, state.run)
        except (DoesNotFitError, InputError):
            return None
        short = shortfall(self.targets, self._totals(simulation))
        is_nearest = self.nearest is None or short < self.nearest.shortfall_ratio
        if short and not is_nearest:
            return None
        macs, params = self.whole
        kept = int(graph.total_macs) / macs, int(graph.total_params) / params
        suggestion = Suggestion(chosen, state, Analysis(simulation).summary, *kept, short)
        if is_nearest:
            self.nearest = suggestion
        return suggestion

    def _totals(self, simulation: Simulation) -> dict[str, Any]:
        """The totals the targets speak of, by the shortest way."""
        columns = {**op_totals(simulation.ops), **cost_totals(simulation.ops, simulation.costs)}
        if all(target.metric in columns for target in self.targets):
            return {name: float(column[0]) for name, column in columns.items()}
        return Analysis(simulation).summary
