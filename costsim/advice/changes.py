"""What can be changed of a network and its run: every change is carried out, none is estimated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from math import ceil
from typing import Any

from costsim.devices import RunConfig
from costsim.edit import (
    balance_channels,
    fewer_groups,
    fix_group_channels,
    group_convs,
    merge_branches,
    round_widths,
    scale_widths,
    swap_activations,
)
from costsim.edit.sizes import CHEAPER_ACTIVATIONS, activations, spoken
from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.guidelines import Finding, check
from costsim.guidelines.pricing import apply_findings, takes_minutes
from costsim.hardware import Profile
from costsim.networks.zoo import build, family_of
from costsim.simulate import Simulation

AS_TRAINED, ROUNDED, RETRAINED, SMALLER = range(4)
"""What a change asks for: nothing, weights of another data type, training anew, training of a smaller network."""

LOSSES = (
    "computes the same",
    "rounded to another data type",
    "to be trained anew, as large as before",
    "to be trained anew, smaller",
)


@dataclass(frozen=True)
class State:
    """A network and how it is run."""

    graph: LayerGraph
    run: RunConfig
    profile: Profile


@dataclass(frozen=True)
class Change:
    """One thing done to a network or its run."""

    kind: str
    """Changes of one kind exclude each other."""
    text: str
    """What to do, as an instruction."""
    loss: int
    """One of ``AS_TRAINED`` to ``SMALLER``."""
    apply: Callable[[State], State]
    """Raises InputError where the network cannot have it."""
    kept_ratio: float = 1.0
    """Share of the multiply-accumulates it keeps, roughly: what is tried first."""


OF_NETWORK = ("width", "input size", "groups", "activation", "finding")
OF_RUN = ("batch", "threads", "runtime", "data type")
ORDER = (*OF_NETWORK, *OF_RUN)
"""In which changes are made: a network of the zoo is built anew before anything else is done to it."""

WIDTHS = tuple(round(0.95 - 0.05 * step, 2) for step in range(15))
"""Width multipliers, 0.95 to 0.25: what the papers of the MobileNets span."""

LEAST_SIDE_RATIO = 0.4
"""The smallest input tried, as a share of the network's own side: a choice. MobileNet has been published at 128 of 224
pixels, 0.57 of the side (arXiv 1704.04861, Table 7); below that accuracy is known to fall, not by how much."""

GROUPS = (2, 4, 8)

MOST_FINDINGS = 4

TRAINABLE = (balance_channels, fewer_groups, fix_group_channels, merge_branches, round_widths)
"""Edits of the guidelines that leave a network one can train. A network without its activations is none."""


def changes(state: State, simulation: Simulation | None, others: Sequence[Profile] = ()) -> dict[str, list[Change]]:
    """Everything that can be tried, by kind; within a kind what keeps most first.

    Args:
        state: the network and how it is run.
        simulation: of the network as it is; where it does not fit, there is none and no finding.
        others: the same device under its other runtimes.
    """
    profile = state.profile
    found = [
        *_threads(state, profile), *_runtimes(others), *_dtypes(state, profile), *_batches(state),
        *_findings(simulation), *_activations(state), *input_sizes(state), *widths(state), *_groups(state),
    ]  # fmt: skip
    kinds: dict[str, list[Change]] = {}
    for change in found:
        kinds.setdefault(change.kind, []).append(change)
    return kinds


def _threads(state: State, profile: Profile) -> Iterator[Change]:
    for threads in range(int(state.run.threads) + 1, profile.max_threads + 1):
        yield Change("threads", f"run on {threads} threads", AS_TRAINED, partial(_on_threads, threads=threads))


def _on_threads(state: State, threads: int) -> State:
    return replace(state, run=replace(state.run, threads=threads))


def _runtimes(others: Sequence[Profile]) -> Iterator[Change]:
    for other in others:
        guess = ", whose times are an estimate" if other.calibration.status == "uncalibrated" else ""
        yield Change("runtime", f"run with {other.runtime.name}{guess}", AS_TRAINED, partial(_under, other=other))


def _under(state: State, other: Profile) -> State:
    """Raises InputError where that runtime has not the data type or the threads."""
    run = RunConfig.of(other, state.run.dtype, int(state.run.threads))
    return replace(state, run=run, profile=other)


def _dtypes(state: State, profile: Profile) -> Iterator[Change]:
    for dtype in profile.runtime.dtypes:
        if RunConfig(dtype).elem_bytes < state.run.elem_bytes:
            yield Change("data type", f"run in {dtype}", ROUNDED, partial(_in_dtype, dtype=dtype))


def _in_dtype(state: State, dtype: str) -> State:
    """Raises InputError where the runtime has not the data type."""
    return replace(state, run=RunConfig.of(state.profile, dtype, int(state.run.threads)))


def _batches(state: State) -> Iterator[Change]:
    batch = state.graph.input_shape[0] if state.graph.input_shape else 1
    while isinstance(batch, int) and batch > 1:
        batch //= 2
        text = f"batch {batch} instead of {state.graph.input_shape[0]}"
        yield Change("batch", text, AS_TRAINED, partial(_of_batch, batch=batch))


def _of_batch(state: State, batch: int) -> State:
    return replace(state, graph=state.graph.with_batch(batch))


def _findings(simulation: Simulation | None) -> Iterator[Change]:
    if simulation is None or takes_minutes(simulation):
        return
    found = [f for f in check(simulation) if _edit(f) in TRAINABLE and f.cost_ms and f.severity != "none"]
    for finding in found[:MOST_FINDINGS]:
        yield _of_findings([finding])
    for rule in dict.fromkeys(f.id for f in found):
        if len(same := [f for f in found if f.id == rule]) > 1:
            yield _of_findings(same)


def _of_findings(found: list[Finding]) -> Change:
    edit = _edit(found[0])
    text = f"{found[0].instruction} in {', '.join(f.location for f in found)} ({found[0].id})"
    loss = AS_TRAINED if edit is merge_branches else RETRAINED
    return Change("finding", text, loss, partial(_with_findings, found=found))


def _edit(finding: Finding) -> Any:
    """The function behind the finding's edit."""
    return finding.edit.func if isinstance(finding.edit, partial) else finding.edit


def _with_findings(state: State, found: list[Finding]) -> State:
    notes = state.graph.notes
    graph = apply_findings(state.graph, found)
    graph.notes = notes
    return replace(state, graph=graph)


def _activations(state: State) -> Iterator[Change]:
    for old in activations(state.graph):
        for new in CHEAPER_ACTIVATIONS.get(old, ()):
            text = f"replace {spoken(old)} by {spoken(new)}"
            yield Change("activation", text, RETRAINED, partial(_with_activation, old=old, new=new))


def _with_activation(state: State, old: str, new: str) -> State:
    return replace(state, graph=swap_activations(state.graph, old, new))


def input_sizes(state: State) -> Iterator[Change]:
    """Smaller inputs of the same shape: the shorter side in multiples of 32, or of 8 where it is below 128."""
    shape = state.graph.input_shape
    if len(state.graph.inputs) != 1 or len(shape) != 4:
        return
    _, c, h, w = shape
    short = min(h, w)
    step = 32 if short >= 128 else 8
    for side in range(ceil(short / step) * step - step, 0, -step):
        if side < LEAST_SIDE_RATIO * short:
            return
        height, width = (max(step, round(full * side / short / step) * step) for full in (h, w))
        text = f"input {height} x {width} instead of {h} x {w}"
        resized = partial(_of_size, shape=(c, height, width))
        yield Change("input size", text, SMALLER, resized, height * width / (h * w))


def _of_size(state: State, shape: tuple[int, int, int]) -> State:
    return replace(state, graph=state.graph.with_input(state.graph.input_shape[0], *shape))


def widths(state: State) -> Iterator[Change]:
    """Narrower networks, by the multiplier of their family, or with all widths scaled by one factor."""
    in_zoo = _zoo_width(state.graph)
    for factor in WIDTHS:
        if in_zoo is not None:
            text = f"width multiplier {in_zoo * factor:.4g} instead of {in_zoo:g}"
        else:
            text = f"all widths times {factor:g}"
        narrower = partial(_of_width, factor=factor, in_zoo=in_zoo)
        yield Change("width", text, SMALLER, narrower, factor**2)


def _of_width(state: State, factor: float, in_zoo: float | None) -> State:
    graph = state.graph
    if in_zoo is not None:
        narrow = build(graph.name, width=in_zoo * factor).with_input(*graph.input_shape)
        return replace(state, graph=narrow)
    return replace(state, graph=scale_widths(graph, factor))


def _zoo_width(graph: LayerGraph) -> float | None:
    """The width multiplier a network of the zoo was built with, if its family has one."""
    try:
        family = family_of(graph.name)
        parameters = signature(family.constructor).parameters
        if "width" not in parameters or not build(graph.name).with_input(*graph.input_shape).same_layers(graph):
            return None
        value = family.variants[graph.name].get("width", parameters["width"].default)
        return float(value) if isinstance(value, (int, float)) else None
    except InputError:
        return None


def _groups(state: State) -> Iterator[Change]:
    for groups in GROUPS:
        text = f"dense convolutions in {groups} groups"
        yield Change("groups", text, SMALLER, partial(_in_groups, groups=groups), 1 / groups)


def _in_groups(state: State, groups: int) -> State:
    return replace(state, graph=group_convs(state.graph, groups))
