"""The search: changes of each kind alone, then together, until lists are found that meet all targets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from itertools import chain, combinations, product
from math import prod
from pathlib import Path
from typing import Any

from costsim.advice.changes import OF_NETWORK, ORDER, SMALLER, Change, State, changes
from costsim.advice.result import Advice, Suggestion
from costsim.advice.score import Score
from costsim.advice.targets import check_metrics, parse_targets, shortfall
from costsim.advice.tries import SIZES, List, Tries
from costsim.analysis import Analysis
from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.hardware.load import runtime_names
from costsim.limits import Assertion
from costsim.network import Network
from costsim.simulate import Simulation, run_of

FEW_EDITS = 2
"""Kinds of edits tried together, once there is a list, where networks take long to make (those of findings, which look
for widths of equal multiply-accumulates) or to judge, or where the list leaves the network its size."""

UNSTEADY = ("groups", "activation", "finding", "data type")
"""Kinds of which the value that should save most may save less than another, or nothing."""

WORTH_RATIO = 0.02
"""A further change has to keep so many more of the multiply-accumulates to be worth listing."""

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
    score: Callable[[LayerGraph], float] | None = None,
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
        score: how good a changed network is, higher for better, such as a predicted accuracy: lists then stand by it
            first. It is asked for every network that is tried.

    Raises:
        InputError: what ``analyze`` refuses, a target that is none, targets that contradict each other, or a scoring
            function that raises or gives no number.
    """
    parsed = parse_targets(targets)
    profile = hw if isinstance(hw, Profile) else load_profile(hw, settings, runtime)
    others = [] if isinstance(hw, Profile) else other_runtimes(hw, profile, settings)
    graph = Network(network, input_size=input_size, batch=batch).graph
    state = State(graph, run_of(graph, profile, dtype, threads), profile)
    return advise_run(state, parsed, others, Score(score) if score else None)


def other_runtimes(hw: str | Path, profile: Profile, settings: Mapping[str, str] | None = None) -> list[Profile]:
    """The device under what else runs on it, where the settings make sense there."""
    others = []
    for name in runtime_names(hw):
        with suppress(InputError):
            other = load_profile(hw, settings, name)
            if (other.runtime.name, other.runtime.version) != (profile.runtime.name, profile.runtime.version):
                others.append(other)
    return others


def advise_simulation(simulation: Simulation, targets: Sequence[Assertion], others: Sequence[Profile] = ()) -> Advice:
    """The same for a network that has been simulated; ``others`` is the device under its other runtimes."""
    return advise_run(State(simulation.graph, simulation.run, simulation.profile), targets, others)


def advise_run(
    state: State, targets: Sequence[Assertion], others: Sequence[Profile] = (), score: Score | None = None
) -> Advice:
    """The same for a network and a run; ``others`` is the device under its other runtimes."""
    search = _Search(state, tuple(targets), tuple(others), score)
    now = search.tries.simulation
    totals = None
    if now is not None:
        analysis = Analysis(now)
        totals = analysis.summary
        check_metrics(targets, totals, analysis.unknown)
    met = totals is not None and not shortfall(targets, totals)
    found = () if met else tuple(sorted(search.answers(), key=_rank))
    nearest, priced = None if met or found else search.tries.nearest, search.tries.priced
    return Advice(
        state.graph.name, state.profile.name, tuple(targets), state, totals, met, found[:SHOWN], nearest, priced
    )


def _rank(suggestion: Suggestion) -> tuple[float, ...]:
    """The best score, where one is given; cheapest loss; then the shorter list, then the faster network."""
    return (
        -(suggestion.score or 0.0), *suggestion.losses, len(suggestion.changes), suggestion.totals["latency_ms"],
    )  # fmt: skip


def _is_worth(longer: Suggestion, shorter: Suggestion) -> bool:
    """Whether the further changes save much of what the shorter list loses, or score better."""
    if longer.score != shorter.score:
        return (longer.score or 0.0) > (shorter.score or 0.0)
    return _loses_less(longer.losses, shorter.losses)


def _is_smaller(kinds: Collection[str]) -> bool:
    """Whether there are many lists of these kinds: one of them makes the network smaller, or another one."""
    return any(kind in (*SIZES, "activation") for kind in kinds)


def _loses_less(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether a loss is of a cheaper kind, or of fewer multiply-accumulates by enough to be worth a further change."""
    return one[0] < other[0] or (one[0] == other[0] and one[1] < other[1] - WORTH_RATIO)


class _Search:
    """Which kinds of changes are tried together, and in what order their values."""

    def __init__(
        self, state: State, targets: tuple[Assertion, ...], others: tuple[Profile, ...], score: Score | None
    ) -> None:
        self.tries = Tries(state, targets, score)
        self.kinds = changes(state, self.tries.simulation, others)
        self.ordered: dict[tuple[str, tuple[str, ...]], list[Change]] = {}

    def answers(self) -> list[Suggestion]:
        """Lists that meet the targets; none is looked for where not even the strongest of all does."""
        strongest = self._strongest() if self.tries.eased else None
        if strongest and strongest.shortfall_ratio:
            return []
        return self._found() or ([strongest] if strongest else [])

    def _strongest(self) -> Suggestion | None:
        """What comes nearest to upper limits, by a few dozen lists instead of thousands.

        All kinds of changes at their strongest, then each left out or with another of its values as long as that
        comes nearer: groups, activations, findings and data types may save nothing beside others.
        """
        values = {kind: self._beside_others(kind, self.kinds) for kind in ORDER if kind in self.kinds}
        chosen: dict[str, Change | None] = {kind: some[-1] for kind, some in values.items()}
        best, is_nearer = self._all_of(chosen), True
        while is_nearer and (best is None or best.shortfall_ratio):
            is_nearer = False
            for kind in sorted(chosen, key=lambda kind: kind not in UNSTEADY):
                for value in (None, *(self.kinds[kind] if kind in UNSTEADY else ())):
                    other = chosen | {kind: value}
                    found = self._all_of(other) if value != chosen[kind] else None
                    if found and (best is None or found.shortfall_ratio < best.shortfall_ratio):
                        chosen, best, is_nearer = other, found, True
        return best

    def _all_of(self, chosen: Mapping[str, Change | None]) -> Suggestion | None:
        changes_made = tuple(filter(None, chosen.values()))
        return self.tries.suggestion(changes_made, always=True) if changes_made else None

    def _found(self) -> list[Suggestion]:
        """The best list of every set of kinds, unless fewer do at about no greater loss, and the best of all."""
        found: dict[frozenset[str], Suggestion] = {}
        best: Suggestion | None = None
        for kinds in self._sets():
            if best is not None and not self._is_few(kinds, best):
                continue
            shorter = [s for chosen, s in found.items() if chosen < set(kinds)]
            if self.tries.score is None and any(s.losses[0] < SMALLER for s in shorter):
                continue  # what these kinds add could only lose more
            suggestion = self._best(kinds, shorter, best)
            if suggestion is None:
                continue
            if all(_is_worth(suggestion, s) for s in shorter):
                found[frozenset(kinds)] = suggestion
            if best is None or _rank(suggestion) < _rank(best):
                best = suggestion
        listed = list(found.values())
        return listed if best is None or best in listed else [*listed, best]

    def _is_few(self, kinds: Collection[str], best: Suggestion) -> bool:
        """Whether these kinds are tried though there is a list already."""
        edits = [kind for kind in kinds if kind in OF_NETWORK]
        is_costly = "finding" in edits or self.tries.score is not None or best.losses[0] < SMALLER
        return not is_costly or len(edits) <= FEW_EDITS

    def _sets(self) -> list[tuple[str, ...]]:
        """Sets of kinds, those with the fewest edits of the network first, of those the ones with the fewest lists."""
        kinds = [kind for kind in ORDER if kind in self.kinds]
        sets = chain.from_iterable(combinations(kinds, count) for count in range(1, len(kinds) + 1))
        return sorted(sets, key=lambda some: (
            sum(kind in OF_NETWORK for kind in some), len(some), prod(len(self.kinds[kind]) for kind in some)
        ))  # fmt: skip

    def _best(
        self, kinds: tuple[str, ...], shorter: Sequence[Suggestion], best: Suggestion | None
    ) -> Suggestion | None:
        """The list of these kinds that meets the targets at the least loss, if it is worth its length or the best."""
        lists = self._lists(kinds)
        if self.tries.score is not None:
            return self.tries.first(sorted(lists, key=self.tries.by_score))
        return self.tries.first([some for some in lists if self._is_sought(some, shorter, best)])

    def _is_sought(self, chosen: List, shorter: Sequence[Suggestion], best: Suggestion | None) -> bool:
        losses = self.tries.expected_losses(chosen)
        return all(_loses_less(losses, s.losses) for s in shorter) or (best is not None and losses < best.losses)

    def _lists(self, kinds: tuple[str, ...]) -> list[List]:
        """Every choice of one change a kind, in the order of what it loses; some cannot be carried out."""
        return sorted(product(*self._values(kinds)), key=self.tries.expected_losses)

    def _values(self, kinds: Collection[str]) -> list[list[Change]]:
        """What is tried of each kind, in the order changes are made, the strongest last."""
        in_order = [kind for kind in ORDER if kind in kinds]
        if len(in_order) == 1:
            return [self.kinds[kind] for kind in in_order]
        return [self._beside_others(kind, kinds) for kind in in_order]

    def _beside_others(self, kind: str, kinds: Collection[str]) -> list[Change]:
        """All cores, and the runtime and the finding that save most there: none of them makes a network smaller.

        Where nothing in the list does, there are few lists, and all runtimes and findings are tried.
        """
        if kind in ("threads", "batch"):
            return self.kinds[kind][-1:]
        if kind not in ("runtime", "finding"):
            return self.kinds[kind]
        beside = tuple(self.kinds[other][-1] for other in ("threads", "data type") if other in kinds)
        return self._by_speed(kind, beside)[-1 if _is_smaller(kinds) else 0 :]

    def _by_speed(self, kind: str, beside: tuple[Change, ...]) -> list[Change]:
        """The changes of a kind, the fastest last, with other changes beside them."""
        key = kind, tuple(change.text for change in beside)
        if key not in self.ordered:
            self.ordered[key] = sorted(self.kinds[kind], key=lambda change: -self._latency_ms(change, *beside))
        return self.ordered[key]

    def _latency_ms(self, *changes_made: Change) -> float:
        return self.tries.latency_ms(tuple(sorted(changes_made, key=lambda change: ORDER.index(change.kind))))
