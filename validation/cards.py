"""The measured networks behind the card of every shipped profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from costsim.calibrate.host.plan import calibration_plan
from costsim.calibrate.paper import paper_rows
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.hardware.calibration import MadeOn
from costsim.network import Network
from costsim.simulate import simulate
from costsim.trust.evidence import Case, evidence
from validation import arm_runs, snapdragon_855, v100
from validation.host import timings
from validation.stm32n6 import PROFILES, on_core
from validation.stm32n6 import PUBLISHED as STM32N6
from validation.stm32n6_networks import network_of

EDGE_TPU_MS = {
    ("mobilenet_v1_1x", 224): 2.4,
    ("mobilenet_v2_1x", 224): 2.6,
    ("resnet50_v1", 299): 49.0,
    ("resnet152", 224): 128.0,
    ("vgg16", 224): 296.0,
    ("squeezenet_1_1", 224): 2.1,
    ("densenet121", 224): 20.0,
}
"""(network, input side) to milliseconds published at coral.ai/docs/edgetpu/benchmarks, desktop with USB 3."""

EYERISS_BATCHES = {"vgg16": 3, "alexnet": 4}
"""Of Tables V and VI of Chen et al., JSSC 2017, which time the convolutions alone."""


class Measured(NamedTuple):
    """One measured inference."""

    graph: LayerGraph
    run: RunConfig
    profile: Profile
    """As it was timed: some clocks begin with the input on the device."""
    words: frozenset[str] | None = None
    """The only ops of it that were timed; None: all."""


def _ncnn(profile: Profile) -> Iterator[Measured]:
    table = arm_runs.measurements()
    rows = table[(table.board == profile.name) & (table.dtype == profile.runtime.dtypes[0])]
    for name, threads in zip(rows.network, rows.threads, strict=True):
        yield Measured(arm_runs.network(name), RunConfig(profile.runtime.dtypes[0], int(threads)), profile)


def _paddle(profile: Profile) -> Iterator[Measured]:
    table = snapdragon_855.measurements()
    for name, threads in zip(table.network, table.threads, strict=True):
        yield Measured(Network(name).graph, RunConfig("fp32", int(threads)), profile)


def _paper(profile: Profile) -> Iterator[Measured]:
    for row in paper_rows(profile.family):
        yield Measured(row.graph, RunConfig("fp32", 1), row.timed_on(profile))


def _v100(profile: Profile) -> Iterator[Measured]:
    for name, batch in v100.measurements():
        yield Measured(Network(name, batch=batch).graph, RunConfig("fp32", 1), profile)


def _host(profile: Profile) -> Iterator[Measured]:
    plan = calibration_plan()
    for name in timings("onnxruntime", "calibration"):
        yield Measured(plan[name](), RunConfig("fp32", 1), profile)


def _edge_tpu(profile: Profile) -> Iterator[Measured]:
    for name, side in EDGE_TPU_MS:
        yield Measured(Network(name, input_size=(3, side, side)).graph, RunConfig.of(profile), profile)


def _eyeriss(profile: Profile) -> Iterator[Measured]:
    for name, batch in EYERISS_BATCHES.items():
        timed = frozenset({"conv", "grouped_conv"})
        yield Measured(Network(name, batch=batch).graph, RunConfig.of(profile), profile, timed)


def _stm32n6(profile: Profile) -> Iterator[Measured]:
    for model, dataset, side, compiler, *_ in STM32N6:
        graph = network_of(model, dataset, side)
        if PROFILES[compiler] != profile.name:
            continue
        if graph is not None and not on_core(simulate(graph, profile, RunConfig.of(profile)).ops):
            yield Measured(graph, RunConfig.of(profile), profile)


SOURCES: dict[str, Callable[[Profile], Iterator[Measured]]] = {
    "snapdragon_855": _paddle,
    "snapdragon_810_paper": _paper,
    "gtx_1080ti": _paper,
    "v100": _v100,
    "epyc_zen4": _host,
    "edge_tpu": _edge_tpu,
    "eyeriss_v1": _eyeriss,
    "stm32n6": _stm32n6,
    "stm32n6_stedgeai2": _stm32n6,
}
"""Profile to what it was measured on; all others are boards of ncnn's benchmark, or were not measured."""


def measured(profile: Profile) -> list[Measured]:
    """Every measured inference behind a profile's card."""
    return list(SOURCES.get(profile.name, _ncnn)(profile))


def made_on(profile: Profile) -> MadeOn:
    """What a profile's card is made on, as ``python -m validation.stamp`` writes it."""
    cases = []
    for case in measured(profile):
        done = simulate(case.graph, case.profile, case.run)
        cases.append(Case(case.run, done.ops, done.costs, case.words))
    return evidence(profile, cases)
