"""Whole kinds left out of the fits: boards, families, op classes, resolutions, threads, batches, a data type.

``python -m validation.left_out`` solves them all (some minutes) and keeps every error in
``validation/results/left_out.csv``; ``validation.trust`` makes the widening factors of it.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from costsim.calibrate.constants import constants_of
from costsim.calibrate.fit import Fit, fit
from costsim.calibrate.problem import MeasuredRun
from costsim.devices import device_for
from costsim.files import write_text
from costsim.hardware import load_profile
from costsim.hardware.vary import vary
from costsim.simulate import lower_for
from costsim.trust.evidence import Case, evidence
from costsim.trust.held import KINDS as ROW_KINDS
from costsim.trust.held import unheld_shares
from validation import v100
from validation.arm import RESULTS
from validation.arm_runs import CORES, all_measurements, measurements, network, ops_of, profile_path, runs_of
from validation.gpu_fit import ALL_CONSTANTS, left_out_errors

OUTCOME = RESULTS / "left_out.csv"
CONSTANTS = constants_of("cpu")
SHARED = [name for name, core in CORES.items() if core.shared]

FAMILIES = {
    "MobileNet v1": ("mobilenet", "mobilenet_ssd", "mobilenet_yolo"),
    "MobileNet v2": ("mobilenet_v2", "mobilenetv2_yolov3"),
    "searched": ("mnasnet", "proxylessnasnet"),
    "EfficientNet": ("efficientnet_b0", "efficientnetv2_b0"),
    "shuffles": ("shufflenet", "nanodet_m", "yolo-fastestv2", "FastestDet"),
    "SqueezeNet": ("squeezenet", "squeezenet_ssd"),
    "ResNet": ("resnet18", "resnet50"),
    "plain": ("vgg16", "alexnet"),
    "YOLO": ("yolov4-tiny", "yolo-fastest-1.1"),
    "BlazeFace": ("blazeface",),
}

LARGE_PIXELS = 230 * 230
"""Above it lie the detectors; below it all classifiers."""

OP_KINDS: dict[str, Callable[[str], bool]] = {
    "depthwise convolutions": lambda name: "depthwise_conv" in _words(name),
    "grouped convolutions and shuffles": lambda name: bool({"grouped_conv", "channel_shuffle"} & _words(name)),
    "swish": lambda name: bool({"swish", "sigmoid"} & _words(name)),
    "kernels of 5 and more": lambda name: bool(np.isin(network_ops(name).kernel_h[_is_mac(name)], (5, 7, 11)).any()),
    "wide channels": lambda name: bool(_widest(name) > 1024),
}


@dataclass(frozen=True)
class LeftOut:
    """One measurement of a kind the fit had nothing of."""

    kind: str
    """What was left out: ``board``, ``threads``, ``resolution``, ``batch``, ``dtype``, ``family`` or ``ops``."""
    group: str
    """Which one."""
    core: str
    board: str
    threads: int
    network: str
    log_error: float
    """log(predicted / measured)."""
    low_ratio: float
    high_ratio: float
    """The card's interval."""
    shares: dict[str, float]
    """Of the predicted time on what the data left did not hold, by kind of row."""


def network_ops(name: str):
    """The ops of a network in fp32, as ncnn executes them."""
    return ops_of(name, "fp32")


def _words(name: str) -> set[str]:
    return {label.op for label in network_ops(name).labels}


def _is_mac(name: str) -> np.ndarray:
    return network_ops(name).macs[:, 0] > 0


def _widest(name: str) -> float:
    ops = network_ops(name)
    convolves = ops.is_op("conv", "grouped_conv", "depthwise_conv")[:, 0]
    return float(np.maximum(ops.c_in, ops.c_out)[convolves].max())


@cache
def whole(core: str) -> tuple[tuple[MeasuredRun, ...], Fit]:
    """The runs of a core type and the fit on all of them."""
    runs = tuple(runs_of(CORES[core]))
    return runs, fit(runs, CONSTANTS.core, CONSTANTS.board)


def boards_left_out() -> Iterator[LeftOut]:
    """Every board by the constants of the next board with its core, from fits without the board."""
    for core in SHARED:
        runs, _ = whole(core)
        boards = list(dict.fromkeys(run.profile.name for run in runs))
        for board, parent in zip(boards, [*boards[1:], boards[0]], strict=True):
            kept = [run for run in runs if run.profile.name != board]
            if not kept:
                continue
            found = fit(kept, CONSTANTS.core, CONSTANTS.board)
            values = next(found.values(kept, i) for i, run in enumerate(kept) if run.profile.name == parent)
            for run in runs:
                if run.profile.name == board:
                    yield from _errors("board", f"{board} by {parent}", core, run, values)


def threads_left_out() -> Iterator[LeftOut]:
    """Every thread count of the boards that were measured on another one too."""
    for core in SHARED:
        runs, _ = whole(core)
        for threads in sorted({run.run.threads for run in runs}):
            kept = [run for run in runs if run.run.threads != threads]
            if not kept:
                continue
            found = fit(kept, CONSTANTS.core, CONSTANTS.board)
            values = {run.profile.name: found.values(kept, i) for i, run in enumerate(kept)}
            for run in runs:
                if run.run.threads == threads and run.profile.name in values:
                    yield from _errors("threads", f"{threads} threads", core, run, values[run.profile.name])


def networks_left_out(kind: str, group: str, left_out: Collection[str]) -> Iterator[LeftOut]:
    """These networks of all runs, from fits on the others."""
    for core in SHARED:
        runs, found = whole(core)
        seen = fit(runs, CONSTANTS.core, CONSTANTS.board, without=left_out, start=found.log_factors)
        for index, run in enumerate(runs):
            names = [name for name in run.networks if name in left_out]
            kept = [name for name in run.networks if name not in left_out]
            shares = _shares(run, seen.values(runs, index), names, kept) if kind == "ops" else {}
            for name in names:
                yield _left_out(kind, group, core, run, name, seen.log_errors[index][name], shares.get(name, {}))


def resolutions_left_out() -> Iterator[LeftOut]:
    """Networks whose input is larger than a classifier's."""
    large = [name for name in _networks() if np.prod(network(name).input_shape[2:]) > LARGE_PIXELS]
    yield from networks_left_out("resolution", "inputs above 230 x 230", large)


def families_left_out() -> Iterator[LeftOut]:
    """Every family."""
    for family, names in FAMILIES.items():
        yield from networks_left_out("family", family, names)


def ops_left_out() -> Iterator[LeftOut]:
    """Every kind of op, with all networks that hold it; attention, which no fit has seen, as the fits stand."""
    for title, holds in OP_KINDS.items():
        yield from networks_left_out("ops", title, [name for name in _networks() if holds(name)])
    yield from _attention()


def _attention() -> Iterator[LeftOut]:
    rows = all_measurements()
    rows = rows[rows.network == "vision_transformer"]
    graph = network("vision_transformer")
    for core in SHARED:
        runs, found = whole(core)
        values = {run.profile.name: found.values(runs, i) for i, run in enumerate(runs)}
        for board, number, threads, seconds in zip(
            rows.board, rows.run, rows.threads, rows.latency_ms / 1e3, strict=True
        ):
            known = next((r for r in runs if r.profile.name == board and r.run.threads == threads), None)
            if known is None:
                continue
            table = lower_for(graph, known.profile, known.run)
            run = MeasuredRun(
                f"{board} {number}", known.profile, known.run,
                {**known.tables, "vision_transformer": table}, {"vision_transformer": seconds},
            )  # fmt: skip
            shares = _shares(run, values[board], ["vision_transformer"], list(known.networks))
            yield from _errors("ops", "attention", core, run, values[board], shares)


def dtype_left_out() -> Iterator[LeftOut]:
    """Boards whose cores compute in fp16, run in fp32: by the core's constants from fp16."""
    for core, fp32 in (("a55", "a55_fp32"), ("a76", "a76_fp32")):
        runs, found = whole(core)
        shared = {path: v for path, v in found.values(runs, 0).items() if path in {c.path for c in CONSTANTS.core}}
        for run in runs_of(CORES[fp32]):
            yield from _errors("dtype", f"fp32 by fp16 on {CORES[core].title}", core, run, shared)


def batches_left_out() -> Iterator[LeftOut]:
    """Each batch size on the V100, from the others."""
    run, card = v100.run(), load_profile("v100").calibration
    batches = sorted({int(name.split()[-1]) for name in run.networks})
    folds = [[n for n in run.networks if int(n.split()[-1]) == batch] for batch in batches]
    for name, error in left_out_errors(run, folds, ALL_CONSTANTS).items():
        yield LeftOut("batch", f"batch {name.split()[-1]}", "gpu", "v100", 1, name, error,
                      card.low_ratio, card.high_ratio, {})  # fmt: skip


def _errors(kind: str, group: str, core: str, run: MeasuredRun, values: dict[str, float],
            shares: dict[str, dict[str, float]] | None = None) -> Iterator[LeftOut]:  # fmt: skip
    columns = {path: np.array([value]) for path, value in values.items()}
    log_errors = np.log(run.predict(columns)[:, 0]) - run.log_measured
    for name, error in zip(run.networks, log_errors.tolist(), strict=True):
        yield _left_out(kind, group, core, run, name, error, (shares or {}).get(name, {}))


def _left_out(kind: str, group: str, core: str, run: MeasuredRun, name: str, error: float, shares: dict[str, float]):
    card = load_profile(profile_path(run.profile.name)).calibration
    return LeftOut(
        kind, group, core, run.profile.name, int(run.run.threads), name, float(error),
        card.low_ratio, card.high_ratio, shares,
    )  # fmt: skip


def _shares(
    run: MeasuredRun, values: dict[str, float], names: Sequence[str], kept: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Per network: the shares of its predicted time on rows that the networks kept do not hold."""
    profile = vary(run.profile, {path: np.array([value]) for path, value in values.items()})
    device = device_for(profile)

    def priced(name: str):
        ops = device.plan(run.tables[name], profile, run.run)
        return ops, device.costs(ops, profile, run.run)

    held = evidence(profile, [Case(run.run, *priced(name)) for name in kept])
    shares = {name: unheld_shares(*priced(name), held) for name in names}
    return {name: {kind: float(share[0]) for kind, share in of.items()} for name, of in shares.items()}


def _networks() -> list[str]:
    return measurements().network.unique().tolist()


KINDS = {
    "board": boards_left_out,
    "threads": threads_left_out,
    "resolution": resolutions_left_out,
    "family": families_left_out,
    "ops": ops_left_out,
    "dtype": dtype_left_out,
    "batch": batches_left_out,
}


def outcome() -> list[LeftOut]:
    """As it was last solved."""
    with OUTCOME.open(encoding="utf-8") as lines:
        return [_read(row) for row in csv.DictReader(lines)]


def _read(row: dict[str, str]) -> LeftOut:
    shares = {kind: float(row[kind]) for kind in ROW_KINDS if float(row[kind])}
    return LeftOut(
        row["kind"], row["group"], row["core"], row["board"], int(row["threads"]), row["network"],
        float(row["log_error"]), float(row["low_ratio"]), float(row["high_ratio"]), shares,
    )  # fmt: skip


def _write(cases: Iterable[LeftOut]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ("kind", "group", "core", "board", "threads", "network", "log_error", "low_ratio", "high_ratio")
    writer.writerow([*names, *ROW_KINDS])
    for case in cases:
        values = [getattr(case, name) for name in names]
        values[6] = f"{case.log_error:.4g}"
        writer.writerow([*values, *(f"{case.shares.get(kind, 0):.3g}" for kind in ROW_KINDS)])
    write_text(OUTCOME, text.getvalue())


def main(kinds: Sequence[str]) -> None:
    """Solve some or all kinds and keep them beside those there are."""
    kept = [
        case for case in outcome() if case.kind not in (kinds or KINDS)
    ]  # "fallback" is of python -m validation.stm32n6 FILE if OUTCOME.exists() else []
    for kind in kinds or KINDS:
        print(kind, file=sys.stderr)
        kept += KINDS[kind]()
    _write(kept)


if __name__ == "__main__":
    main(sys.argv[1:])
