"""The measured networks behind the card of every shipped profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from costsim.calibrate.host.plan import calibration_plan
from costsim.calibrate.paper import paper_rows
from costsim.devices import RunConfig
from costsim.hardware import Profile
from costsim.hardware.calibration import MadeOn
from costsim.network import Network
from costsim.simulate import Simulation, simulate
from costsim.trust.evidence import Case, evidence
from validation import arm_runs, mcu, npu, nvidia_gpus, snapdragon_855, timm, v100
from validation.host import ZEN4
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
"""Of Tables V and VI of Chen et al., JSSC 2017, which time the convolutions alone (``ONLY``)."""


def _ncnn(profile: Profile) -> Iterator[Simulation]:
    table = arm_runs.measurements()
    rows = table[(table.board == profile.name) & (table.dtype == profile.runtime.dtypes[0])]
    for name, threads in zip(rows.network, rows.threads, strict=True):
        yield simulate(arm_runs.network(name), profile, RunConfig(profile.runtime.dtypes[0], int(threads)))


def _paddle(profile: Profile) -> Iterator[Simulation]:
    table = snapdragon_855.measurements()
    for name, threads in zip(table.network, table.threads, strict=True):
        yield simulate(Network(name).graph, profile, RunConfig("fp32", int(threads)))


def _paper(profile: Profile) -> Iterator[Simulation]:
    for row in paper_rows(profile.family):
        yield row.simulate(profile)


def _v100(profile: Profile) -> Iterator[Simulation]:
    if profile.runtime.name != "tensorrt":
        yield from _gpu(profile)
        return
    for name, batch in v100.measurements():
        yield simulate(Network(name, batch=batch).graph, profile, RunConfig("fp32", 1))


def _gpu(profile: Profile) -> Iterator[Simulation]:
    by_timm = any((setting.board, setting.runtime) == (profile.name, profile.runtime.name) for setting in timm.CARDED)
    return timm.measured_on(profile) if by_timm else nvidia_gpus.measured_on(profile)


def _host(profile: Profile) -> Iterator[Simulation]:
    plan = calibration_plan()
    for name in ZEN4.timings("onnxruntime", "calibration"):
        yield simulate(plan[name](), profile, RunConfig("fp32", 1))


def _edge_tpu(profile: Profile) -> Iterator[Simulation]:
    for name, side in EDGE_TPU_MS:
        yield simulate(Network(name, input_size=(3, side, side)).graph, profile, RunConfig.of(profile))


def _eyeriss(profile: Profile) -> Iterator[Simulation]:
    for name, batch in EYERISS_BATCHES.items():
        yield simulate(Network(name, batch=batch).graph, profile, RunConfig.of(profile))


def _stm32n6(profile: Profile) -> Iterator[Simulation]:
    for model, dataset, side, compiler, *_ in STM32N6:
        graph = network_of(model, dataset, side)
        if PROFILES[compiler] != profile.name:
            continue
        if graph is not None and not on_core((done := simulate(graph, profile, RunConfig.of(profile))).ops):
            yield done


SOURCES: dict[str, Callable[[Profile], Iterator[Simulation]]] = {
    "snapdragon_855": _paddle,
    "snapdragon_810_paper": _paper,
    "gtx_1080ti": _paper,
    "v100": _v100,
    "epyc_zen4": _host,
    **dict.fromkeys(npu.PROFILES, npu.measured_on),
    "edge_tpu": _edge_tpu,
    "eyeriss_v1": _eyeriss,
    "stm32n6": _stm32n6,
    "stm32n6_stedgeai2": _stm32n6,
}
"""Profile to predictions of what it was measured on; all others are boards of ncnn's benchmark, or unmeasured."""


ONLY = {"eyeriss_v1": frozenset({"conv", "grouped_conv"})}
"""Profile to the only ops that were timed."""


def made_on(profile: Profile) -> MadeOn:
    """What a profile's card is made on, as ``python -m validation.stamp`` writes it."""
    by_name = {"mcu": mcu.measured_on, "gpu": _gpu}.get(profile.family, _ncnn)
    measured = SOURCES.get(profile.name, by_name)(profile)
    words = ONLY.get(profile.name)
    return evidence(profile, [Case(done.run, done.ops, done.costs, words) for done in measured])
