"""Lists of changes carried out and priced, each network made once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf, prod
from typing import Any

from costsim.advice.changes import OF_RUN, SMALLER, Change, State
from costsim.advice.extents import Extents
from costsim.advice.result import Suggestion
from costsim.advice.score import Score
from costsim.advice.targets import is_eased, shortfall
from costsim.analysis import Analysis
from costsim.errors import DoesNotFitError, InputError
from costsim.graph import LayerGraph
from costsim.limits import Assertion
from costsim.lowering import Lowering
from costsim.simulate import Simulation, lowering_for, simulate, simulate_together
from costsim.tables.cache import Caches
from costsim.totals import cost_totals, op_totals

MOST_OPS, MOST_PLANNED_OPS = 400_000, 35_000
"""Ops of priced networks beyond which no further lists are tried, and where a buffer is planned: ten seconds."""

UNSTEADY_RATIO = 0.5
"""Where kernels are chosen by channels, a network may take more time than a larger one: grouped ResNet-18 on an
Arm Cortex-A76 up to 0.32 more, where channels fill no pack. Only a list that misses by more excludes larger ones."""

TOGETHER = 8
"""Lists priced in one table."""

SIZES = ("width", "input size", "groups")
"""Edits that make layers smaller and change nothing else of them but their groups."""

List = tuple[Change, ...]


class Tries:
    """Carries changes out on one network and its run, and holds what comes out against the targets."""

    def __init__(self, state: State, targets: tuple[Assertion, ...], score: Score | None) -> None:
        self.state, self.targets, self.score = state, targets, score
        self.nearest: Suggestion | None = None
        self.priced = 0
        self._graphs: dict[tuple[str, ...], LayerGraph | None] = {}
        self._shares: dict[int, tuple[LayerGraph, tuple[float, float]]] = {}
        self._sized: dict[int, Extents] = {}
        self._lowerings: dict[tuple[str, ...], Lowering] = {}
        self._caches = Caches()
        self.eased = all(map(is_eased, targets))
        """Whether a smaller network is never further from the targets."""
        self._whole = (int(state.graph.total_macs) or 1, int(state.graph.total_params) or 1)
        self.simulation: Simulation | None = None
        with suppress(DoesNotFitError):
            self.simulation = simulate(state.graph, state.profile, state.run)
        self.plans = self.simulation is None or self.simulation.ops.plan is not None
        """Whether a buffer is planned for each network, which takes longer than all else."""
        ops = len(self.simulation.ops) if self.simulation else len(state.graph)
        self._unsteady_ratio = 0.0 if self.plans else UNSTEADY_RATIO
        self._most = (MOST_PLANNED_OPS if self.plans else MOST_OPS) // ops

    def first(self, lists: Sequence[List]) -> Suggestion | None:
        """The first of the lists that meets the targets, by pricing few of them.

        One that meets the targets leaves those before it; one that does not takes with it all that make the network
        smaller in no layer than it does, run in the same way. The last list of each way is priced first, then such as
        are spread evenly over those that are left.
        """
        left, best = list(lists), None
        places = self._last_of_each_way(left)
        while left and self.priced < self._most:
            tried = {place: left[place] for place in places}
            shortfalls = dict(zip(tried, self._shortfalls(list(tried.values())), strict=True))
            end = len(left)
            for place in sorted(place for place, short in shortfalls.items() if short == 0):
                suggestion = self.suggestion(tried[place])
                if suggestion and not suggestion.shortfall_ratio:
                    best, end = suggestion, place
                    break
            missed = [tried[place] for place, short in shortfalls.items() if short and short > self._unsteady_ratio]
            left = [
                chosen
                for place, chosen in enumerate(left[:end])
                if place not in tried and not any(self._needs_no_less(chosen, other) for other in missed)
            ]
            count = min(TOGETHER, len(left))
            places = [int((number + 0.5) * len(left) / count) for number in range(count)]
        return best

    def _last_of_each_way(self, lists: Sequence[List]) -> list[int]:
        """Places of the lists that lose most, of all that differ in the size of layers alone."""
        last = {self._way(chosen): place for place, chosen in enumerate(lists)}
        return sorted(last.values())

    def _way(self, chosen: List) -> tuple[str, ...]:
        """All of a list that does not change how large layers are."""
        return tuple(change.text for change in chosen if change.kind not in SIZES)

    def _needs_no_less(self, one: List, other: List) -> bool:
        """Whether a list is sure to be as far from targets that smaller networks meet sooner as another one."""
        if not self.eased or self._way(one) != self._way(other):
            return False
        larger, smaller = self._extents(one), self._extents(other)
        return larger is not None and smaller is not None and larger.cover(smaller)

    def _extents(self, chosen: List) -> Extents | None:
        graph = self.graph(tuple(change for change in chosen if change.kind in SIZES))
        if graph is None:
            return None
        if id(graph) not in self._sized:
            self._sized[id(graph)] = Extents.of(graph)
        return self._sized[id(graph)]

    def _shortfalls(self, lists: Sequence[List]) -> list[float | None]:
        """How far each list is from the targets; infinite where it does not fit, None where it cannot be had."""
        found: list[float | None] = [None] * len(lists)
        runs: dict[tuple[str, ...], list[int]] = {}
        for place, chosen in enumerate(lists):
            runs.setdefault(tuple(change.text for change in chosen if change.kind in OF_RUN), []).append(place)
        for places in runs.values():
            with suppress(InputError):
                state = self._run(lists[places[0]])
                graphs = {place: graph for place in places if (graph := self.graph(lists[place])) is not None}
                for place, short in zip(graphs, self._priced(list(graphs.values()), state), strict=True):
                    found[place] = short
                    if short is not None and (self.nearest is None or short < self.nearest.shortfall_ratio):
                        self.suggestion(lists[place])
        return found

    def _priced(self, graphs: Sequence[LayerGraph], state: State) -> list[float | None]:
        """How far each network is from the targets, priced in one table where the targets are on its totals."""
        if not graphs:
            return []
        self.priced += len(graphs)
        try:
            made = simulate_together(graphs, state.profile, state.run, self._lowering(state))
        except (DoesNotFitError, InputError) as error:
            if len(graphs) > 1:
                return [short for graph in graphs for short in self._priced([graph], state)]
            return [inf if isinstance(error, DoesNotFitError) else None]
        columns = op_totals(made[0]) | cost_totals(*made)
        if all(target.metric in columns for target in self.targets):
            each = ({name: float(column[at]) for name, column in columns.items()} for at in range(len(graphs)))
            return [shortfall(self.targets, totals) for totals in each]
        simulations = (simulate(graph, state.profile, state.run) for graph in graphs)
        return [shortfall(self.targets, Analysis(simulation).summary) for simulation in simulations]

    def _lowering(self, state: State) -> Lowering:
        """One way to run, with what is known of rows from the networks priced before."""
        key = state.profile.runtime.name, state.profile.runtime.version, state.run.dtype
        if key not in self._lowerings:
            self._lowerings[key] = lowering_for(state.profile, state.run, self._caches)
        return self._lowerings[key]

    def expected_losses(self, chosen: List) -> tuple[float, ...]:
        """What it asks for, and the shares of multiply-accumulates and parameters it loses."""
        loss = max(change.loss for change in chosen)
        if loss < SMALLER:
            return (loss, 0.0, 0.0)
        edits = tuple(change for change in chosen if change.kind in SIZES)  # all others keep the MACs
        graph = self.graph(edits)
        if graph is None:
            return (loss, 1 - prod(change.kept_ratio for change in edits), 0.0)
        return (loss, *(round(max(0.0, 1 - kept), 6) for kept in self._kept(graph)))

    def _kept(self, graph: LayerGraph) -> tuple[float, float]:
        """Shares of multiply-accumulates and parameters, reckoned once a network."""
        if id(graph) not in self._shares:
            macs, params = self._whole
            self._shares[id(graph)] = graph, (int(graph.total_macs) / macs, int(graph.total_params) / params)
        return self._shares[id(graph)][1]

    def by_score(self, chosen: List) -> float:
        """A key that puts the list first whose network scores best."""
        graph = self.graph(chosen)
        return 0.0 if self.score is None or graph is None else -self.score(graph)

    def latency_ms(self, chosen: List) -> float:
        """Of the network with the changes; infinite where that is impossible."""
        suggestion = self.suggestion(chosen, always=True)
        return suggestion.totals["latency_ms"] if suggestion else inf

    def graph(self, chosen: List) -> LayerGraph | None:
        """The changed network; None where it cannot be had. Changes of the run leave it as it is."""
        edits = tuple(change for change in chosen if change.kind not in OF_RUN or change.kind == "batch")
        key = tuple(change.text for change in edits)
        if not key:
            return self.state.graph
        if key not in self._graphs:
            before = self.graph(edits[:-1])
            self._graphs[key] = None if before is None else self._changed(edits[-1], before)
        return self._graphs[key]

    def _changed(self, change: Change, graph: LayerGraph) -> LayerGraph | None:
        try:
            return change.apply(replace(self.state, graph=graph)).graph
        except InputError:
            return None

    def _run(self, chosen: List) -> State:
        """How the network as it is would be run; InputError where the runtime cannot."""
        state = self.state
        for change in chosen:
            if change.kind in OF_RUN and change.kind != "batch":
                state = change.apply(state)
        return state

    def suggestion(self, chosen: List, always: bool = False) -> Suggestion | None:
        """The list carried out and priced.

        None where it is impossible or does not fit; unless wanted ``always``, also where it is further from the
        targets than another was.
        """
        graph = self.graph(chosen)
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
        if short and not is_nearest and not always:
            return None
        score = self.score(graph) if self.score else None
        suggestion = Suggestion(chosen, state, Analysis(simulation).summary, *self._kept(graph), short, score)
        if is_nearest:
            self.nearest = suggestion
        return suggestion

    def _totals(self, simulation: Simulation) -> dict[str, Any]:
        """The totals the targets speak of, by the shortest way."""
        columns = op_totals(simulation.ops) | cost_totals(simulation.ops, simulation.costs)
        if all(target.metric in columns for target in self.targets):
            return {name: float(column[0]) for name, column in columns.items()}
        return Analysis(simulation).summary
