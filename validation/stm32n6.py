"""STM32N6: internal RAM, spills and latencies that STMicroelectronics publishes for its model zoo.

``python -m validation.stm32n6 FILE`` prints every figure. FILE is a table of the READMEs of stm32ai-modelzoo with
the columns model, dataset, resolution, internal_ram_kib, external_ram_kib, inference_ms and stedgeai_core. It is
not kept here: the READMEs do not say that they may be copied.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.scheduling import verdict
from costsim.simulate import simulate
from costsim.tables.optable import OpTable
from costsim.tables.plan import HOST
from validation.stm32n6_networks import network_of

OLD, NEW = "2.0.0", "3.0.0"

PROFILES = {OLD: "stm32n6_stedgeai2", NEW: "stm32n6"}
"""By the compiler a row was measured with."""

PUBLISHED = [
    ("mobilenet_v1_0.25", "Imagenet", 224, OLD, 588.0, 3.57),
    ("mobilenet_v1_0.5", "Imagenet", 224, OLD, 588.0, 7.38),
    ("mobilenet_v1_1.0_fft", "food-101", 224, OLD, 1568.0, 16.94),
    ("mobilenet_v2_0.35", "Imagenet", 128, OLD, 240.0, 6.35),
    ("mobilenet_v2_0.35", "Imagenet", 224, OLD, 980.0, 9.14),
    ("mobilenet_v2_1.0", "Imagenet", 224, OLD, 2058.0, 21.08),
    ("st_fdmobilenet_v1_tfs", "food-101", 128, OLD, 96.0, 1.07),
    ("st_fdmobilenet_v1_tfs", "food-101", 224, OLD, 294.0, 1.81),
    ("mobilenetv2_w035_pt", "Imagenet", 224, NEW, 931.0, 8.58),
    ("mnasnet_d050_pt", "Imagenet", 224, NEW, 612.5, 11.21),
    ("squeezenetv11_tfs", "food-101", 128, NEW, 240.25, 3.82),
    ("squeezenetv11_tfs", "food-101", 224, NEW, 803.52, 7.97),
    ("yolov8n", "COCO-Person", 192, OLD, 697.5, 18.91),
    ("yolov8n", "COCO-Person", 256, OLD, 1626.0, 28.6),
    ("yolov8n", "COCO-Person", 320, OLD, 2162.5, 38.32),
    ("yolov8n", "COCO-Person", 416, OLD, 2704.0, 63.03),
    ("st_yolo_x_nano_0.33_0.25", "COCO-Person", 192, OLD, 324.0, 5.99),
    ("st_yolo_x_nano_0.33_0.25", "COCO-Person", 256, OLD, 624.0, 8.5),
    ("st_yolo_x_nano_0.33_0.25", "COCO-Person", 320, OLD, 968.5, 11.59),
    ("st_yolo_x_nano_0.33_0.25", "COCO-Person", 416, OLD, 2640.62, 17.99),
    ("st_yoloxn_d050_w040", "COCO-Person", 256, NEW, 833.0, 20.12),
    ("st_yoloxn_d067_w025", "ST-Person", 416, NEW, 2681.41, 24.37),
    ("st_yoloxn_d100_w025", "ST-Person", 416, NEW, 2676.12, 27.02),
    ("st_yoloxn_d100_w025", "COCO-Person", 480, NEW, 2707.5, 35.8),
    ("ssd_mobilenetv1_pt", "VOC", 300, NEW, 2373.05, 42.36),
    ("ssdlite_mobilenetv1_pt", "VOC", 300, NEW, 2373.05, 29.25),
    ("yolo11n", "COCO-Person", 256, NEW, 656.0, 26.37),
]
"""README name, dataset, input side, compiler, internal RAM in KiB, ms: figures cited of the zoo's networks."""

DETECTORS = ("yolov8n", "yolo11n", "st_yoloxn_d033_w025", "st_yoloxn_d067_w025", "st_yoloxn_d100_w025")


@dataclass(frozen=True)
class Prediction:
    """What costsim says of one network on one compiler."""

    ram_kib: float
    spill_kib: float
    latency_ms: float
    on_core: tuple[str, ...]
    """Words of the ops that run on the Cortex-M55."""


@dataclass(frozen=True)
class Row:
    """A line of the table beside its prediction."""

    name: str
    ram_kib: float
    spill_kib: float
    latency_ms: float
    predicted: Prediction

    @property
    def ram_ratio(self) -> float:
        return self.predicted.ram_kib / self.ram_kib

    @property
    def latency_ratio(self) -> float:
        return self.predicted.latency_ms / self.latency_ms

    @property
    def spill_is_right(self) -> bool:
        return (self.spill_kib > 0) == (self.predicted.spill_kib > 0)


def predict(model: str, dataset: str, side: int, compiler: str) -> Prediction | None:
    """The prediction for a README's row; None where the network's layers are not known."""
    graph = network_of(model, dataset, side)
    if graph is None:
        return None
    profile = load_profile(PROFILES[compiler])
    simulation = simulate(graph, profile, RunConfig.of(profile))
    found = verdict(simulation.ops, float(profile.hardware.memory.onchip.size_bytes))
    seconds = float(simulation.costs.latency_s.sum())
    return Prediction(found.used_bytes / 1024, found.spilled_bytes / 1024, seconds * 1e3, on_core(simulation.ops))


def on_core(ops: OpTable) -> tuple[str, ...]:
    """Words of the ops on the Cortex-M55."""
    plan, labels = ops.plan, ops.labels
    assert plan is not None
    return tuple(sorted({label.op for label, mode in zip(labels, plan.mode[:, 0], strict=True) if mode == HOST}))


def read(path: Path) -> tuple[list[Row], list[str]]:
    """Every line of the table with its prediction, and the names of networks that are not known."""
    known, unknown = [], []
    with path.open(encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            predicted = predict(line["model"], line["dataset"], int(line["resolution"]), line["stedgeai_core"])
            if predicted is None:
                unknown.append(line["model"])
            else:
                name = f"{line['model']} {line['resolution']}"
                figures = (float(line[key]) for key in ("internal_ram_kib", "external_ram_kib", "inference_ms"))
                known.append(Row(name, *figures, predicted))
    return known, unknown


def cliff(name: str, profile_name: str) -> int:
    """The smallest input side, in steps of 32 pixels, at which maps of a detector spill."""
    profile = load_profile(profile_name)
    for side in range(160, 1025, 32):
        simulation = simulate(Network(name, input_size=(3, side, side)).graph, profile, RunConfig.of(profile))
        assert simulation.ops.plan is not None
        if not simulation.ops.plan.fits.all():
            return side
    raise AssertionError(f"{name} never spills")


def report(known: list[Row], unknown: list[str]) -> Iterable[str]:
    """The lines of the report, network by network and then summed up."""
    yield f"{'':28s} {'RAM KiB':>8s} ratio spill KiB predicted {'ms':>7s} ratio  on the core"
    for row in known:
        ram = f"{row.ram_kib:8.2f} {row.ram_ratio:5.2f} {row.spill_kib:9.1f} {row.predicted.spill_kib:9.1f}"
        words = ", ".join(row.predicted.on_core)
        yield f"{row.name:28s} {ram} {row.latency_ms:7.2f} {row.latency_ratio:5.2f}  {words}"
    yield f"\n{len(known)} rows; {len(unknown)} more of unknown layers: {', '.join(dict.fromkeys(unknown))}"
    inside = [row for row in known if row.spill_kib == 0]
    off = np.array([abs(row.ram_ratio - 1) for row in inside])
    yield (
        f"internal RAM of the {len(inside)} that do not spill: {(off <= 0.1).mean():.0%} within 10 %, "
        f"{(off <= 0.001).mean():.0%} within 0.1 %"
    )
    yield f"spill or not: right for {np.mean([row.spill_is_right for row in known]):.0%} of {len(known)}"
    alone = [row for row in inside if not row.predicted.on_core]
    fallen = [row for row in inside if row.predicted.on_core]
    for words, some in (("nothing", alone), ("ops", fallen)):
        error = np.array([abs(row.latency_ratio - 1) for row in some])
        yield f"latency of {len(some)} with {words} on the core: mean error {error.mean():.1%}, worst {error.max():.0%}"
    for name in DETECTORS:
        sides = (f"{cliff(name, profile)} pixels ({compiler})" for compiler, profile in PROFILES.items())
        yield f"{name} spills from {' and '.join(sides)}"


def main(arguments: list[str]) -> None:
    """Print the report of the table named on the command line."""
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    for line in report(*read(Path(arguments[0]))):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
