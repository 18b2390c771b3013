"""What each measure explains of measured times, on every device whose networks were measured.

``python -m validation.guidelines_worth`` writes ``costsim/worth/measured.csv``, which ``costsim guidelines`` prints
beside the model's own prices; some five minutes, two of them to read networks through pytorchcv. With STM's table
(see ``validation.stm32n6``) as its argument the STM32N6 is in as well; without it, its rows are kept as they are.
The statistics and what they leave out are told in ``costsim.worth.statistics``.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from costsim.analysis import Analysis
from costsim.calibrate.paper import paper_rows, reconstructed_rows
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.measures import MEASURES, Measure
from costsim.network import Network
from costsim.simulate import simulate
from costsim.worth.evidence import FILE
from costsim.worth.statistics import enough, explained, rank_correlation
from validation import arm_runs, host, snapdragon_855, stm32n6, timm, v100
from validation.stm32n6_networks import network_of

FAMILIES = {
    "nanodet": "shufflenet", "fastestdet": "shufflenet", "yolo-fastestv": "shufflenet", "yolo-fastest-": "mobilenet",
    "condensenet": "condensenet", "resnext": "resnet", "spnasnet": "mnasnet", "darknet": "yolo", "proxyless": "mnasnet",
} | {
    family: family
    for family in (
        "shufflenet", "mobilenet", "mnasnet", "resnet", "densenet", "regnet", "squeezenet", "efficientnet", "xception",
        "yolo",
    )
}  # fmt: skip
"""What is in a network's name, and its family: a detector belongs to its backbone's; others are their first letters."""


@dataclass(frozen=True)
class Measured:
    """Networks timed in one way on one device."""

    profile: Profile
    run: RunConfig
    how: str
    source: str
    networks: dict[str, tuple[LayerGraph, float]]
    """Name to network and seconds."""

    @property
    def families(self) -> list[str]:
        return [family(name) for name in self.networks]


def family(name: str) -> str:
    """``mobilenet`` of ``mobilenetv2_yolov3``."""
    own = name.lower()
    listed = next((stands for word, stands in FAMILIES.items() if word in own), None)
    return listed or re.split(r"[^a-z]", own)[0]


def arm_boards() -> Iterator[Measured]:
    """The benchmark of ncnn: of each board the run with the most networks, of equal ones the one of fewest threads."""
    table = arm_runs.measurements()
    for board, rows in table.groupby("board", sort=False):
        runs = [own for _, own in rows.groupby("run")]
        own = max(runs, key=lambda r: (len(r), -r.threads.iloc[0]))
        dtype, threads = str(own.dtype.iloc[0]), int(own.threads.iloc[0])
        networks = {n: (arm_runs.network(n), ms / 1e3) for n, ms in zip(own.network, own.latency_ms, strict=True)}
        how = f"ncnn, {dtype}, {threads} thread{'s' * (threads > 1)}"
        yield Measured(load_profile(str(board)), RunConfig(dtype, threads), how, "Tencent/ncnn benchmark", networks)


def eager_gpus() -> Iterator[Measured]:
    """Large batches of timm, fp16."""
    for setting in timm.EAGER:
        own = timm.measurements(setting)
        networks = {n: (timm.network(n), step_s) for n, step_s in zip(own.network, own.step_s, strict=True)}
        profile = load_profile(setting.board, timm.ROOM, runtime=setting.runtime)
        how = "PyTorch eager, fp16, batches of 256 to 1024"
        yield Measured(profile, RunConfig(timm.DTYPE, 1), how, "pytorch-image-models results", networks)


def v100_tensorrt() -> Iterator[Measured]:
    """PaddleClas's table at batch 1."""
    seconds = {name: s for (name, batch), s in v100.measurements().items() if batch == 1}
    profile = load_profile("v100")
    networks = {name: (Network(name).graph, s) for name, s in seconds.items()}
    yield Measured(profile, RunConfig.of(profile), "TensorRT, fp32, batch 1", "PaddleClas", networks)


def paper_devices() -> Iterator[Measured]:
    """Table 8 of ShuffleNet V2; without the networks whose widths are not printed there would be three families."""
    for hw, kind, how in (
        ("gtx_1080ti", "gpu", "Table 8 with reconstructed networks, fp32, batch 8"),
        ("snapdragon_810_paper", "cpu", "Table 8 with reconstructed networks, fp32, 1 thread"),
    ):
        rows = [row for row in paper_rows(kind) if not row.is_micro] + list(reconstructed_rows(kind))
        profile, run = rows[0].protocol.on(load_profile(hw))
        networks = {row.variant: (row.graph, row.latency_s) for row in rows}
        yield Measured(profile, run, how, "arXiv 1807.11164", networks)


def phones() -> Iterator[Measured]:
    """Paddle Lite on one core of a Snapdragon 855: MobileNets alone."""
    table = snapdragon_855.measurements()
    own = table[table.threads == 1]
    networks = {n: (Network(n).graph, ms / 1e3) for n, ms in zip(own.network, own.latency_ms, strict=True)}
    how = "Paddle Lite, fp32, 1 thread"
    yield Measured(load_profile(snapdragon_855.PROFILE), RunConfig("fp32", 1), how, snapdragon_855.SOURCE, networks)


def x86() -> Iterator[Measured]:
    """One core under onnxruntime, networks that no fit saw."""
    timings = host.timings("onnxruntime", "judge")
    networks = {name: (host.graph_of(name), timing.latency_s) for name, timing in timings.items()}
    how = "onnxruntime, fp32, 1 thread"
    yield Measured(load_profile(host.PROFILE), RunConfig("fp32", 1), how, "own measurements", networks)


def stm32n6_board(table: str) -> Iterator[Measured]:
    """STM32N6 by the newer compiler, networks whose layers are published."""
    with Path(table).open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["stedgeai_core"] == stm32n6.NEW]
    networks = {}
    for row in rows:
        graph = network_of(row["model"], row["dataset"], int(row["resolution"]))
        if graph is not None:
            name = f"{row['model']} {row['dataset']} {row['resolution']}"
            networks[name] = (graph, float(row["inference_ms"]) / 1e3)
    profile = load_profile(stm32n6.PROFILES[stm32n6.NEW])
    how = "ST Edge AI 3.0, int8"
    yield Measured(profile, RunConfig.of(profile), how, "STMicroelectronics/stm32ai-modelzoo", networks)


def rows_of(measured: Measured) -> Iterator[dict[str, object]]:
    """A row a measure that differs among the networks."""
    analyses = {
        name: Analysis(simulate(graph, measured.profile, measured.run))
        for name, (graph, _) in measured.networks.items()
    }
    macs = np.array([float(a.simulation.ops.macs.sum()) for a in analyses.values()])
    measured_s = np.array([seconds for _, seconds in measured.networks.values()])
    predicted_s = np.array([a.latency_ms * 1e-3 for a in analyses.values()])
    for measure in MEASURES:
        x = np.array([term(measure, a.measures[measure.name]) for a in analyses.values()])
        if measure.of_time or not np.isfinite(x).all() or np.ptp(x) < 1e-9:
            continue
        told = {
            f"{prefix}{name}": round(value, 3)
            for prefix, seconds in (("", measured_s), ("predicted_", predicted_s))
            for name, value in (
                ("rank_correlation", rank_correlation(macs, seconds, x)),
                ("explained_ratio", explained(macs, seconds, x, measured.families)),
            )
        }
        yield {
            "profile": measured.profile.name, "measure": measure.name, **told,
            "networks": len(analyses), "families": len(set(measured.families)),
            "run": measured.how, "source": measured.source,
        }  # fmt: skip


def term(measure: Measure, value: float | None) -> float:
    """What enters the regression: a logarithm, of shares the share; what has nothing to pay for is at its best."""
    value = measure.or_best(value)
    if value is None:
        return np.nan
    return float(value) if measure.unit == "0..1" else float(np.log1p(value))


def keep(measured: Measured) -> None:
    """The device's rows in the package's file, in place of those there are."""
    rows: list[dict[str, object]] = list(rows_of(measured))
    if FILE.is_file():
        with FILE.open(encoding="utf-8") as lines:
            rows += [row for row in csv.DictReader(lines) if row["profile"] != measured.profile.name]
    rows.sort(key=lambda row: str(row["profile"]))  # stable: measures stay in the order of their table
    with FILE.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(arguments: list[str]) -> None:
    """Every device, written to the package as it is done."""
    sources = [paper_devices(), v100_tensorrt(), x86(), *map(stm32n6_board, arguments), arm_boards(), phones()]
    for measured in chain(*sources, eager_gpus()):
        families = sorted(set(measured.families))
        few = "" if enough(measured.families) else "too few: "
        print(f"{few}{measured.profile.name}, {len(measured.networks)} networks: {', '.join(families)}", flush=True)
        if not few:
            keep(measured)


if __name__ == "__main__":
    main(sys.argv[1:])
