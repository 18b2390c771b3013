"""Lists of changes carried out and priced, each network made once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf, prod
from typing import Any

from costsim.advice.changes import OF_RUN, SMALLER, Change, State
from costsim.advice.result import Suggestion
from costsim.advice.score import Score
from costsim.advice.targets import shortfall
from costsim.analysis import Analysis
from costsim.errors import DoesNotFitError, InputError
from costsim.graph import LayerGraph
from costsim.limits import Assertion
from costsim.simulate import Simulation, lowering_for, simulate, simulate_together
from costsim.totals import cost_totals, op_totals

MOST_OPS, MOST_PLANNED_OPS = 400_000, 35_000
"""Ops of priced networks beyond which no further lists are tried, and where a buffer is planned: ten seconds."""

TOGETHER = 16
"""Lists priced in one table."""

EXACT = 2
"""Edits of a list whose network is made to know what it loses; of more it is reckoned."""

List = tuple[Change, ...]


class Tries:
    """Carries changes out on one network and its run, and holds what comes out against the targets."""

    def __init__(self, state: State, targets: tuple[Assertion, ...], score: Score | None) -> None:
        self.state, self.targets, self.score = state, targets, score
        self.nearest: Suggestion | None = None
        self.priced = 0
        self._graphs: dict[tuple[str, ...], LayerGraph | None] = {}
        self._shares: dict[int, tuple[LayerGraph, tuple[float, float]]] = {}
        self._whole = (int(state.graph.total_macs) or 1, int(state.graph.total_params) or 1)
        self.simulation: Simulation | None = None
        with suppress(DoesNotFitError):
            self.simulation = simulate(state.graph, state.profile, state.run)
        self.plans = self.simulation is None or self.simulation.ops.plan is not None
        """Whether a buffer is planned for each network, which takes longer than all else."""
        ops = len(self.simulation.ops) if self.simulation else len(state.graph)
        self._most = (MOST_PLANNED_OPS if self.plans else MOST_OPS) // ops

    def first(self, lists: Sequence[List]) -> Suggestion | None:
        """The first of the lists that meets the targets."""
        for start in range(0, len(lists), TOGETHER):
            if self.priced >= self._most:
                return None
            for chosen in self._promising(lists[start : start + TOGETHER]):
                suggestion = self.suggestion(chosen)
                if suggestion and not suggestion.shortfall_ratio:
                    return suggestion
        return None

    def _promising(self, lists: Sequence[List]) -> Iterator[List]:
        """Those that meet the targets when priced together, and the nearest; all where they have to be priced alone."""
        shortfalls = None if self.plans or len(lists) < EXACT else self._shortfalls(lists)
        if shortfalls is None:
            yield from lists
            return
        self.priced += len(lists)
        yield from (chosen for chosen, short in zip(lists, shortfalls, strict=True) if not short)
        nearest = min(range(len(lists)), key=shortfalls.__getitem__)
        if self.nearest and shortfalls[nearest] < self.nearest.shortfall_ratio:
            yield lists[nearest]

    def _shortfalls(self, lists: Sequence[List]) -> list[float] | None:
        """How far each list is from meeting the targets; None where a target is on no total of a table."""
        found = [inf] * len(lists)
        runs: dict[tuple[str, ...], list[int]] = {}
        for place, chosen in enumerate(lists):
            runs.setdefault(tuple(change.text for change in chosen if change.kind in OF_RUN), []).append(place)
        try:
            for places in runs.values():
                state = self._run(lists[places[0]])
                made_of = {place: graph for place in places if (graph := self.graph(lists[place]))}
                if not made_of:
                    continue
                graphs = list(made_of.values())
                made = simulate_together(graphs, state.profile, state.run, lowering_for(state.profile, state.run))
                columns = op_totals(made[0]) | cost_totals(*made)
                if any(target.metric not in columns for target in self.targets):
                    return None
                for number, place in enumerate(made_of):
                    totals = {name: float(column[number]) for name, column in columns.items()}
                    found[place] = shortfall(self.targets, totals)
        except (DoesNotFitError, InputError):
            return None
        return found

    def expected_losses(self, chosen: List) -> tuple[float, ...]:
        """What it asks for, and the shares of multiply-accumulates and parameters it loses."""
        loss = max(change.loss for change in chosen)
        if loss < SMALLER:
            return (loss, 0.0, 0.0)
        edits = tuple(change for change in chosen if change.kind not in (*OF_RUN, "finding"))  # these keep the MACs
        graph = self.graph(edits) if len(edits) <= EXACT else None
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
