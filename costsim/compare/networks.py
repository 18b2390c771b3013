"""Networks against each other, on one device or several: how much, where from, and why ranks flip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from costsim.analysis import Analysis, Record
from costsim.api import analyze
from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.hardware import load_profile
from costsim.network import Network, distinct_names
from costsim.orders import shared_ms, told_apart
from costsim.units import format_milliseconds


@dataclass(frozen=True)
class Contribution:
    """What one kind of op in one part adds to a difference."""

    part: str
    op_class: str
    difference_ms: float


@dataclass(frozen=True)
class Difference:
    """One network's latency less another's, and where it comes from."""

    first: str
    second: str
    hw: str
    difference_ms: float
    """Of the second over the first."""
    contributions: tuple[Contribution, ...]
    """They add up to the difference; largest first, whatever their sign."""
    why: str = ""
    """One sentence in place of the usual one, where something else decides than parts and kinds of op."""

    @property
    def parts(self) -> dict[str, float]:
        """Milliseconds by part, in the order of the networks."""
        return _summed((c.part, c.difference_ms) for c in sorted(self.contributions, key=_in_order))

    @property
    def op_classes(self) -> dict[str, float]:
        """Milliseconds by kind of op."""
        return _summed((c.op_class, c.difference_ms) for c in self.contributions)

    @property
    def summary(self) -> str:
        """``B takes 7.3 ms more than A on rpi4b: +6.4 ms (88%) from grouped conv in stage4, ...``."""
        if self.why:
            return self.why
        if not self.difference_ms:
            return f"{self.second} takes as long as {self.first} on {self.hw}"
        more = "more" if self.difference_ms > 0 else "less"
        along = [c for c in self.contributions if c.difference_ms * self.difference_ms > 0]
        against = [c for c in self.contributions if c.difference_ms * self.difference_ms < 0]
        said = ", ".join(map(self._said, along[:2]))
        if against and abs(against[0].difference_ms) > 0.2 * abs(self.difference_ms):
            said += f", against {self._said(against[0])}"
        difference = format_milliseconds(abs(self.difference_ms))
        return f"{self.second} takes {difference} {more} than {self.first} on {self.hw}: {said}"

    def _said(self, contribution: Contribution) -> str:
        share = contribution.difference_ms / self.difference_ms
        percent = f" ({share:.0%})" if 0 < share <= 1 else ""
        difference = signed_milliseconds(contribution.difference_ms)
        return f"{difference}{percent} from {contribution.op_class} in {contribution.part}"


def signed_milliseconds(difference_ms: float) -> str:
    """A difference as people read it: ``+3.1 ms``, ``-817 us``."""
    sign = "+" if difference_ms > 0 else "-" if difference_ms < 0 else ""
    return f"{sign}{format_milliseconds(abs(difference_ms))}"


@dataclass(frozen=True)
class Flip:
    """Two networks that change places between two devices."""

    faster_here: str
    faster_there: str
    here: str
    there: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """Everything a comparison says."""

    analyses: dict[tuple[str, str], Analysis]
    """By network and device."""
    networks: tuple[str, ...]
    devices: tuple[str, ...]
    differences: tuple[Difference, ...]
    """Of every other network against the first, on every device."""
    flips: tuple[Flip, ...]

    def record(self) -> Record:
        """All of it as plain data."""
        return {
            "networks": list(self.networks),
            "devices": list(self.devices),
            "totals": [
                {"network": network, "hw": hw, **analysis.summary, "trust": analysis.trust.record()}
                for (network, hw), analysis in self.analyses.items()
            ],
            "differences": [
                {"first": d.first, "second": d.second, "hw": d.hw, "difference_ms": d.difference_ms,
                 "summary": d.summary, "parts_ms": d.parts, "contributions": [vars(c) for c in d.contributions]}
                for d in self.differences
            ],
            "flips": [vars(flip) for flip in self.flips],
        }  # fmt: skip


def compare(
    networks: Sequence[Any], hw: Sequence[Any], *, names: Mapping[str, str] | None = None, **run: Any
) -> Comparison:
    """Every network on every device, with the options of ``analyze``.

    Networks are called by their own name, or by the path they were given as where two have one name.

    Args:
        networks: what ``analyze`` takes.
        hw: profile names, paths or profiles.
        names: what to call a network that is given as a name or path.
        run: options of ``analyze``.

    Raises:
        InputError: one network on one device, one given twice or under two names, or what ``analyze`` refuses.
    """
    if len(networks) * len(hw) < 2:
        mend = "name two networks, or several devices"
        raise InputError("one network has nothing to be compared with", where="compare", mend=mend)
    for what, given in (("network", networks), ("device", hw)):
        if twice := next((item for index, item in enumerate(given) if item in given[:index]), None):
            raise InputError(f"the {what} {twice} is given twice", where="compare", mend="name each once")
    profiles = [load_profile(h, run.get("settings"), run.get("runtime")) if isinstance(h, str) else h for h in hw]
    if twice := next((p.name for i, p in enumerate(profiles) if p.name in {q.name for q in profiles[:i]}), None):
        raise InputError(f"the device {twice} is given twice", where="compare", mend="name each once")
    size, batch = run.pop("input_size", None), run.pop("batch", None)
    graphs = [Network(network, input_size=size, batch=batch).graph for network in networks]
    labels = _labels(networks, graphs, names or {})
    options = {key: value for key, value in run.items() if key not in ("settings", "runtime")}
    analyses: dict[tuple[str, str], Analysis] = {}
    for label, graph in zip(labels, graphs, strict=True):
        for profile in profiles:
            analyses[label, profile.name] = analyze(graph.renamed(label), profile, **options)
    devices = tuple(profile.name for profile in profiles)
    first, *others = labels
    differences = tuple(
        difference(analyses[first, device], analyses[other, device]) for other in others for device in devices
    )
    return Comparison(analyses, labels, devices, differences, tuple(rank_flips(analyses, labels, devices)))


def _labels(networks: Sequence[Any], graphs: Sequence[LayerGraph], names: Mapping[str, str]) -> tuple[str, ...]:
    """What each network is called: as ``names`` say, else its own name, else the path of it.

    Raises:
        InputError: two networks are one, or two are called by one name.
    """
    for index, graph in enumerate(graphs):
        for earlier, other in zip(networks[:index], graphs[:index], strict=True):
            if graph.same_layers(other):
                what = f"{networks[index]} is another name of {earlier}, given before"
                raise InputError(what, where="compare", mend="name each once")
    given = [str(n) if isinstance(n, str | Path) else g.name for n, g in zip(networks, graphs, strict=True)]
    labels = [names.get(text) or label for text, label in zip(given, distinct_names(given, graphs), strict=True)]
    if twice := next((label for label, count in Counter(labels).items() if count > 1), None):
        raise InputError(f"two networks are called {twice}", where="compare", mend="give them names: --name old=PATH")
    return tuple(labels)


def difference(first: Analysis, second: Analysis) -> Difference:
    """Where the second takes longer than the first, part by part and by kind of op."""
    part_of = parts(first.simulation.graph, second.simulation.graph)
    sums: dict[tuple[str, str], float] = {}
    for sign, analysis in ((-1, first), (1, second)):
        for record in analysis.layer_records:
            key = part_of(record), record["op_class"]
            sums[key] = sums.get(key, 0.0) + sign * record["latency_ms"]
    contributions = sorted((Contribution(*key, ms) for key, ms in sums.items()), key=lambda c: -abs(c.difference_ms))
    return Difference(
        first.network, second.network, first.hardware, second.latency_ms - first.latency_ms, tuple(contributions)
    )


def parts(first: LayerGraph, second: LayerGraph) -> Callable[[Record], str]:
    """How the two are aligned: by their outermost blocks if both use the same names, else by the size of their maps."""
    blocks = [{node.block.split(".")[0] for node in graph if node.inputs} for graph in (first, second)]
    if blocks[0] == blocks[1] and blocks[0] != {""}:
        return lambda record: record["block"].split(".")[0] or "(no block)"
    return _by_map


def _by_map(record: Record) -> str:
    shape = record["output_shape"]
    if len(shape) != 4 or shape[2] * shape[3] == 1:
        return "vectors"
    return f"{shape[2]}x{shape[3]}"


def rank_flips(
    analyses: dict[tuple[str, str], Analysis], names: Sequence[str], devices: Sequence[str]
) -> Iterator[Flip]:
    """Pairs of networks of which one is ahead on one device and the other on another."""
    for a, b in combinations(names, 2):
        for here, there in combinations(devices, 2):
            winners = [faster(analyses, a, b, hw) for hw in (here, there)]
            if set(winners) == {a, b}:
                yield Flip(winners[0], winners[1], here, there, _why(analyses, winners[0], winners[1], here, there))


def faster(analyses: Mapping[tuple[str, str], Analysis], a: str, b: str, hw: str) -> str:
    """The one that is ahead by more than the model can be wrong about the two, or nobody."""
    one, other = analyses[a, hw], analyses[b, hw]
    if not told_apart(one.latency_ms, other.latency_ms, shared_ms(one.layer_records, other.layer_records)):
        return ""
    return a if one.latency_ms < other.latency_ms else b


def _why(analyses: dict[tuple[str, str], Analysis], winner: str, loser: str, here: str, there: str) -> str:
    """The kind of op whose part in the difference, as a share of the winner's time, changes most."""
    times = {
        key: _summed((r["op_class"], r["latency_ms"]) for r in analyses[key].layer_records)
        for key in ((name, hw) for name in (winner, loser) for hw in (here, there))
    }

    def share(op_class: str, hw: str) -> float:
        more_ms = times[loser, hw].get(op_class, 0.0) - times[winner, hw].get(op_class, 0.0)
        return more_ms / analyses[winner, hw].latency_ms

    classes = {name: None for of_one in times.values() for name in of_one}
    cause = max(classes, key=lambda name: abs(share(name, here) - share(name, there)))
    terms = []
    for hw in (here, there):
        bound = _bound(analyses[loser, hw], cause) or _bound(analyses[winner, hw], cause)
        took = [f"{_time(times[name, hw].get(cause))} in {name}" for name in (winner, loser)]
        terms.append(f"{' and '.join(took)} on {hw} ({bound} bound)")
    return f"{cause} takes {', '.join(terms)}"


def _time(ms: float | None) -> str:
    return "no time" if not ms else format_milliseconds(ms)


def _bound(analysis: Analysis, op_class: str) -> str:
    """The limit that bounds most of a class's time."""
    limits = _summed((r["bound"], r["latency_ms"]) for r in analysis.layer_records if r["op_class"] == op_class)
    return max(limits, key=lambda name: limits[name]) if limits else ""


def _summed(pairs: Any) -> dict[str, float]:
    sums: dict[str, float] = {}
    for name, ms in pairs:
        sums[name] = sums.get(name, 0.0) + ms
    return sums


def _in_order(contribution: Contribution) -> tuple[float, str]:
    """Maps from large to small; blocks by name."""
    height = contribution.part.split("x")[0]
    return (-float(height) if height.isdigit() else 0.0, contribution.part)
