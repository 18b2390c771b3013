"""What VarGNet (Zhang et al. 2019, arXiv 1907.05653, Section 3) argues, each with the model it is held against."""

from __future__ import annotations

import numpy as np

from costsim.errors import DoesNotFitError
from costsim.graph import LayerGraph, NetBuilder, Node
from costsim.graph.layers import Conv2d
from costsim.measures.formulas import block_intensity_ratio, pipeline_backlog_ratio
from costsim.networks import build
from costsim.reproduce.base import SAME, Claim, Verdict
from costsim.reproduce.bench import Bench
from costsim.simulate import simulate
from costsim.tables.plan import STREAMED

GROUP_CHANNELS = 8
"""The paper's larger setting; 1 is the depthwise block."""

KERNEL = 3


def small_maps() -> Claim:
    ours, theirs = (_between_blocks(build(name)) for name in ("vargnet_v1_1x", "mobilenet_v1_1.05x"))
    ratio = theirs / ours
    return Claim(
        "Proposition 1: fewer elements cross block borders than in MobileNet v1 at equal multiply-adds",
        f"{ours / 1e6:.2f} M elements read and written at borders by v1 1x, {theirs / 1e6:.2f} M by MobileNet v1 1.05x "
        f"({ratio:.1f} times as many)",
        Verdict.HOLDS if ratio > 1.03 else Verdict.FAILS,
    )


def against_shufflenet() -> Claim:
    ours, theirs = build("vargnet_v2_1x"), build("shufflenet_v2_c196")
    own, whole = _between_blocks(ours), _between_blocks(theirs)
    halved = whole - _untouched(theirs)
    return Claim(
        "Proposition 1: and than in ShuffleNet v2",
        f"{own / 1e6:.2f} M elements by v2 1x; by ShuffleNet v2 {halved / 1e6:.2f} M if the half that passes through a "
        f"unit stays where it is, {whole / 1e6:.2f} M if whole maps move",
        Verdict.HOLDS if halved > 1.03 * own else Verdict.DIRECTION if whole > 1.03 * own else Verdict.FAILS,
    )


def _between_blocks(graph: LayerGraph) -> float:
    """Elements that cross block borders: each tensor once written, once a reading block read."""
    total = 0
    for node in graph:
        blocks = {reader.block for reader in graph.consumers(node.name)} - {node.block}
        if len(node.shape) == 4 and blocks:
            total += _size(node) * (len(blocks) + bool(node.inputs))
    return float(total)


def _untouched(graph: LayerGraph) -> float:
    """Elements that enter and leave a block unread: slices that only a concatenation takes."""
    slices = (node for node in graph if node.layer.op == "slice")
    passing = (node for node in slices if all(reader.layer.op == "concat" for reader in graph.consumers(node.name)))
    return float(sum(2 * _size(node) for node in passing))


def _size(node: Node) -> int:
    return int(np.prod(node.shape))


def balance() -> Claim:
    """Widths of the stages at 0.25x to 1x. Group convolutions of few channels outweigh the pointwise ones."""
    widths = np.array([8, 16, 32, 64, 128, 256, 512])
    ratio = block_intensity_ratio(widths, GROUP_CHANNELS)
    better = widths[np.abs(np.log(ratio)) < np.abs(np.log(block_intensity_ratio(widths, 1)))]
    return Claim(
        "Proposition 2: groups of 8 channels balance the computational intensity inside a block better than depthwise",
        f"at {len(better)} of {len(widths)} widths, from {better.min()} channels on (the sides meet at 9 sqrt(8) = "
        f"25): pointwise over group multiply-adds {ratio.min():.2f} at {widths.min()} channels, 1 at 72, "
        f"{ratio.max():.1f} at {widths.max()}",
        Verdict.HOLDS if len(better) == len(widths) else Verdict.DIRECTION,
    )


def split_pipeline() -> Claim:
    """The buffer between two layers that each have half of the array."""
    widths = np.array([64, 128, 256])
    depthwise, grouped = (
        pipeline_backlog_ratio(KERNEL**2 * group * widths, widths**2) for group in (1, GROUP_CHANNELS)
    )
    return Claim(
        "Section 1: layers of unlike intensity need more buffer between them (an array split between the two)",
        f"before the pointwise layer {_range(depthwise)} of a map wait behind a depthwise one, {_range(grouped)} "
        f"behind groups of 8, at {widths.min()} to {widths.max()} channels",
        Verdict.HOLDS if (grouped < depthwise).all() else Verdict.FAILS,
    )


def shared_array(bench: Bench) -> Claim:
    """The same where one array takes turns line by line, as the planner fuses: lines depend on widths and kernels."""
    lines = [_lines_between(bench, group) for group in (1, GROUP_CHANNELS)]
    text = "Section 1: the same (one array that takes turns, line by line)"
    if None in lines:
        return Claim(text, f"the block does not fit {bench.hw}", Verdict.OPEN)
    depthwise, grouped = (line / 1024 for line in lines if line is not None)
    return Claim(
        text,
        f"{depthwise:.1f} KiB of lines with a depthwise layer of 64 channels, {grouped:.1f} KiB with groups of 8 "
        f"on {bench.hw}: intensity does not matter",
        Verdict.HOLDS if grouped < (1 - SAME) * depthwise else Verdict.FAILS,
    )


def _range(shares: np.ndarray) -> str:
    return f"{100 * shares.min():.0f} to {100 * shares.max():.0f} %"


def _lines_between(bench: Bench, group_channels: int, c: int = 64, side: int = 256) -> float | None:
    """Bytes of maps on chip while a block of two layers runs line by line; maps too large to stay."""
    net = NetBuilder("pair")
    with net.block("pair"):
        x = net.conv(net.input(1, c, side, side), c, KERNEL, groups=c // group_channels)
        net.conv(x, c)
    try:
        ops = simulate(net.graph, bench.profile, bench.run).ops
    except DoesNotFitError:
        return None
    plan = ops.plan
    if plan is None or (np.asarray(plan.mode) != STREAMED).any():
        return None
    return float(plan.buffer_bytes[0, 0] - plan.weight_bytes.sum())


def two_at_a_time(bench: Bench, network: str = "vargnet_v1_1x") -> Claim:
    """Which blocks have room for all their weights beside their lines, and whether the others have to be cut."""
    text = "Section 3.2: early blocks run whole from the buffer, late ones have to run two layers at a time"
    graph = build(network)
    blocks = [name for name in dict.fromkeys(node.block for node in graph) if name.startswith("stage")]
    needs = np.array([_weights_and_lines(graph, name) * bench.run.elem_bytes for name in blocks])
    whole = needs <= float(bench.profile.hardware.memory.onchip.size_bytes)  # type: ignore[attr-defined]
    plan = _planned(graph, bench, execution="block")
    if plan is None:
        return Claim(text, f"{network} does not fit {bench.hw}", Verdict.OPEN)
    uncut = sum(len({group for label, group in plan if label == name}) == 1 for name in blocks)
    found = (
        f"{whole.sum()} of {len(blocks)} blocks of {network} have room on {bench.hw} for all weights beside their "
        f"lines ({needs.min() / 1024:.0f} to {needs.max() / 1024:.0f} KiB); with whole maps on chip and weights "
        f"passing through, {uncut} run in one piece"
    )
    if not whole.any() or (np.diff(whole.astype(int)) > 0).any():
        return Claim(text, found, Verdict.FAILS)
    return Claim(text, found, Verdict.HOLDS if uncut == whole.sum() else Verdict.DIRECTION)


def _planned(graph: LayerGraph, bench: Bench, execution: str) -> list[tuple[str, int]] | None:
    """Block and group of every executed op; None where the network does not fit."""
    runtime = bench.profile.runtime.model_copy(update={"plan": execution})
    try:
        ops = simulate(graph, bench.profile.model_copy(update={"runtime": runtime}), bench.run).ops
    except DoesNotFitError:
        return None
    groups = np.atleast_2d(ops.plan.group.T)[0] if ops.plan else np.arange(len(ops))
    return [(label.block, int(group)) for label, group in zip(ops.labels, groups, strict=True)]


def _weights_and_lines(graph: LayerGraph, block: str) -> float:
    """Elements on chip in the paper's execution: all weights of the block, and each convolution's rows."""
    total = 0
    for node in graph:
        if node.block == block and isinstance(node.layer, Conv2d):
            _, channels, _, width = graph[node.inputs[0]].shape
            total += graph.params(node) + node.layer.kernel[0] * channels * width
    return float(total)


def fewer_bytes(bench: Bench) -> Claim:
    """The first proposition on a device: DRAM bytes of activations, weights aside."""
    text = "Proposition 1 on a device: less DRAM traffic beside the weights than MobileNet v1 at equal multiply-adds"
    moved = []
    for name in ("vargnet_v1_1x", "mobilenet_v1_1.05x"):
        analysis = bench.analyze(name)
        if analysis is None:
            return Claim(text, f"{name} does not fit {bench.hw}", Verdict.OPEN)
        moved.append(max(analysis.summary["dram_bytes"] - analysis.summary["weight_bytes"], 0) / 1e6)
    found = f"{moved[0]:.2f} MB by v1 1x, {moved[1]:.2f} MB by MobileNet v1 1.05x on {bench.hw}"
    return Claim(text, found, Verdict.HOLDS if moved[0] < moved[1] else Verdict.FAILS)
