"""Two papers' design steps as edits, one at a time, all at the multiply-adds of the network they begin with.

From ShuffleNet to ShuffleNet V2 (arXiv 1807.11164): equal widths, no groups, a channel split, no sums, then the paper's
own network. From MobileNet to VarGNet (arXiv 1907.05653): a fixed number of channels in a group, then blocks that
expand inside and return, then the paper's own network. After each step the measures behind the guidelines stand beside
the counts and the latency_ms of three devices. Takes seconds.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from costsim import analyze
from costsim.files import make_folder, write_text
from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks import build
from costsim.networks.shufflenet_v1 import REPEATS, shufflenet_v1
from costsim.networks.shufflenet_v2 import shufflenet_v2
from costsim.networks.vargnet import vargnet_v1
from costsim.networks.vargnet_blocks import Style, normal_block, separable, vgc

DEVICES = ("gtx_1080ti", "rpi4b", "ethos_u65_512")
MEASURES = (
    "access_ratio", "group_access_ratio", "fragmentation_ratio", "elementwise_access_ratio", "border_elems",
    "intensity_ratio",
)  # fmt: skip
GROUPS = 3
GROUP_CHANNELS = 8

MOBILENET_STAGES = ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 2, 6), (1024, 2, 2))
"""Channels, stride and pairs of convolutions of MobileNet v1's stages."""

Step = tuple[str, Callable[[Any], LayerGraph], np.ndarray]
"""What is done, the network of a width, and the widths tried."""


def shuffle_steps() -> list[Step]:
    """Widths are the channels of stage 2, in whole groups of whole halves."""
    even, grouped = np.arange(24, 400, 4), np.arange(24, 400, 12)
    return [
        ("ShuffleNet v1, 3 groups", lambda c: shufflenet_v1(groups=GROUPS, stage2=c, stem=24), grouped),
        ("equal widths (G1)", lambda c: shuffle_path(c, groups=GROUPS), grouped),
        ("no groups (G2)", lambda c: shuffle_path(c), even),
        ("channel split", lambda c: shuffle_path(c, split=True), even),
        ("no sums (G4)", lambda c: shuffle_path(c, split=True, add=False), even),
        ("ShuffleNet v2", lambda c: shufflenet_v2(channels=(c, 2 * c, 4 * c, 1024)), even),
    ]


def shuffle_path(c: Any, *, groups: int = 1, split: bool = False, add: bool = True) -> LayerGraph:
    """ShuffleNet v1 with units of equal widths."""
    net = NetBuilder("shuffle_path", source="arXiv 1807.11164")
    x = net.input(1, 3, 224, 224)
    with net.block("conv1"):
        x = net.max_pool(net.conv_bn(x, 24, 3, stride=2), 3, 2, padding=1)
    for stage, units in enumerate(REPEATS, start=2):
        for unit in range(units):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                x = _unit(net, x, groups, split, add) if unit else _down(net, x, c * 2 ** (stage - 2), groups, stage)
    net.classifier(x, 1000, bias=False)
    return net.graph


def _unit(net: NetBuilder, x: Tensor, groups: int, split: bool, add: bool) -> Tensor:
    kept, worked = net.split(x, x.c // 2, x.c // 2) if split else (None, x)
    y = _branch(net, worked, worked.c, worked.c, groups, 1, groups)
    y = net.act(net.add_tensors(worked, y) if add else y)
    return net.shuffle(net.concat(kept, y), 2) if kept is not None else y


def _down(net: NetBuilder, x: Tensor, c_out: Any, groups: int, stage: int) -> Tensor:
    first = 1 if stage == 2 else groups  # the stem's channels are too few to group
    y = _branch(net, x, c_out // 2, c_out - x.c, groups, 2, first)
    return net.act(net.concat(net.avg_pool(x, 3, 2, padding=1), y))


def _branch(net: NetBuilder, x: Tensor, c_mid: Any, c_out: Any, groups: int, stride: int, first: int) -> Tensor:
    y = net.conv_bn(x, c_mid, 1, groups=first)
    y = net.shuffle(y, groups) if groups > 1 else y
    y = net.depthwise_bn(y, 3, act=None, stride=stride)
    return net.conv_bn(y, c_out, 1, act=None, groups=groups)


def mobile_steps() -> list[Step]:
    """Widths scale all channels."""
    widths = np.arange(0.2, 1.6, 0.01)
    return [
        ("MobileNet v1", lambda width: build("mobilenet_v1_1x", width=width), np.array([1.0])),
        ("8 channels a group (V2)", lambda width: mobile_path(width), widths),
        ("expand, then return (V1)", lambda width: mobile_path(width, expand=True), widths),
        ("VarGNet v1, G = 8", lambda width: vargnet_v1(group_channels=GROUP_CHANNELS, width=width), widths),
    ]


def mobile_path(width: Any, *, expand: bool = False) -> LayerGraph:
    """MobileNet v1 with variable group convolutions; ``expand`` makes two pairs a block with a shortcut."""
    net, style = NetBuilder("mobile_path", source="arXiv 1907.05653"), Style(GROUP_CHANNELS)
    x = net.input(1, 3, 224, 224)
    with net.block("conv1"):
        x = net.conv_bn(x, style.channels(32, width), 3, stride=2)
    for stage, (channels, stride, pairs) in enumerate(MOBILENET_STAGES, start=1):
        c = style.channels(channels, width)
        for pair in range(pairs // 2 + 1 if expand else pairs):
            with net.block(f"stage{stage}"), net.block(f"block{pair + 1}"):
                if pair == 0:
                    x = separable(net, x, x.c, c, style, stride=stride)
                else:
                    x = normal_block(net, x, style) if expand else net.conv_bn(vgc(net, x, c, style), c, 1)
    net.classifier(x, 1000)
    return net.graph


def path(steps: list[Step], macs: float) -> pd.DataFrame:
    """A row a step: each network at the width whose multiply-adds come nearest to ``macs``."""
    return pd.DataFrame([{"step": name, **_measured(_at(macs, make, widths))} for name, make, widths in steps])


def _at(macs: float, make: Callable[[Any], LayerGraph], widths: np.ndarray) -> LayerGraph:
    """All widths are built at once."""
    tried = make(widths if len(widths) > 1 else widths.item())
    off = np.where(tried.valid, np.abs(np.broadcast_to(tried.total_macs, widths.shape) - macs), np.inf)
    return make(widths[np.argmin(off)].item())


def paths() -> dict[str, pd.DataFrame]:
    """Both of them, by title."""
    starts = {name: float(build(name).total_macs) for name in ("shufflenet_v1_g3_1x", "mobilenet_v1_1x")}
    return {
        "ShuffleNet to ShuffleNet V2": path(shuffle_steps(), starts["shufflenet_v1_g3_1x"]),
        "MobileNet to VarGNet": path(mobile_steps(), starts["mobilenet_v1_1x"]),
    }


def _measured(graph: LayerGraph) -> dict[str, Any]:
    found = {hw: analyze(graph, hw) for hw in DEVICES}
    first = found[DEVICES[0]]
    counts = {name: first.summary[name] for name in ("macs", "params", "mem_access_elems")}
    measures = {name: analyze(graph, "snapdragon_810").measures[name] for name in ("fragments", *MEASURES)}
    return counts | measures | {f"latency_ms@{hw}": analysis.latency_ms for hw, analysis in found.items()}


def drawing(tables: dict[str, pd.DataFrame]) -> str:
    """Latency of each step over that of the first, a line a device, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(tables), figsize=(12, 4.5), sharey=True)
    for axis, (title, table) in zip(axes, tables.items(), strict=True):
        for hw in DEVICES:
            latency_ms = table[f"latency_ms@{hw}"]
            axis.plot(table["step"], latency_ms / latency_ms[0], marker="o", label=hw)
        axis.set_title(title)
        axis.axhline(1, color="grey", linewidth=0.5)
        axis.tick_params(axis="x", labelrotation=25)
    axes[0].set_ylabel("latency over the first step's")
    axes[0].set_ylim(bottom=0)
    axes[0].legend()
    figure.tight_layout()
    text = io.StringIO()
    figure.savefig(text, format="svg")
    plt.close(figure)
    return text.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="reports", metavar="FOLDER", help="where the page is written")
    given, _ = parser.parse_known_args()
    tables = paths()
    shown = {
        title: table.set_index("step").T.to_string(float_format="{:,.4g}".format) for title, table in tables.items()
    }
    print("\n\n".join(f"{title}\n\n{text}" for title, text in shown.items()))
    parts = "".join(f"<h2>{escape(title)}</h2><pre>{escape(text)}</pre>" for title, text in shown.items())
    head = '<!doctype html><meta charset="utf-8"><title>Design paths</title><h1>Design paths</h1>'
    target = make_folder(given.output) / "design_paths.html"
    write_text(target, f"{head}<p><code>python examples/design_paths.py</code></p>{drawing(tables)}{parts}")
    print(f"report written to {Path(target)}")


if __name__ == "__main__":
    main()
