"""The networks that vendors of NPUs time, from the zoo, timm, pytorchcv, torchvision, or written here.

A definition is a word for where the network is from, its name there, and options: ``zoo resnet18``,
``timm convnext_atto``, ``pytorchcv hardnet hardnet39ds`` (module and function), ``here yolov5 s``. Networks of timm
that are trained in branches run with these folded into one convolution, as vendors deploy them.

Those of other packages are kept as a file. ``python -m validation.npu_networks`` reads them again, or those whose
definition has one of the words given, through torch; no weights are loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from costsim.graph import LayerGraph, NetBuilder
from costsim.network import Network
from costsim.networks import build
from costsim.networks.resnet import DEPTHS, WIDTHS, bottleneck_branch
from validation import npu_detectors
from validation.kept_networks import KeptNetworks
from validation.torchvision_operators import declare_box_operators

DATA = Path(__file__).parent / "data"
ROWS = DATA / "npu.csv"
KEPT = KeptNetworks(DATA / "npu_networks.zip")

Size = tuple[int, int, int]


@cache
def network_of(definition: str, input_size: str) -> LayerGraph:
    """The network at batch 1, its input as ``3x224x224``."""
    source, *words = definition.split()
    if source in READERS:
        return KEPT.graph(f"{definition} {input_size}")
    return SOURCES[source](_size(input_size), *words)


def _size(text: str) -> Size:
    channels, height, width = map(int, text.split("x"))
    return channels, height, width


def _zoo(size: Size, name: str, *options: str) -> LayerGraph:
    settings: dict[str, Any] = {key: _number(value) for key, value in (word.split("=") for word in options)}
    return build(name, input_shape=(1, *size), **settings)


def _timm(size: Size, name: str) -> LayerGraph:
    utils = import_module("timm.utils")
    model = import_module("timm").create_model(name, exportable=True).eval()
    return Network(utils.reparameterize_model(model), input_size=size).graph


def _pytorchcv(size: Size, module: str, function: str, *at_size: str) -> LayerGraph:
    options = {"in_size": size[1:]} if at_size else {}
    make = getattr(import_module(f"pytorchcv.models.{module}"), function)
    return Network(make(**options).eval(), input_size=size).graph


def _torchvision(size: Size, name: str) -> LayerGraph:
    make = getattr(import_module("torchvision.models"), name)
    return Network(make(init_weights=False, aux_logits=False).eval(), input_size=size).graph


def _here(size: Size, name: str, *options: str) -> LayerGraph:
    return HERE[name]((1, *size), *options)


def _number(text: str) -> float:
    return float(text) if "." in text else int(text)


def slim_resnet(shape: tuple[int, int, int, int], depth: str, *, preactivated: bool = False) -> LayerGraph:
    """TensorFlow-Slim's ResNet: the last unit of a stage halves the map, in its 3x3, beside a strided pooling.

    ``preactivated`` (v2) normalises before each unit and not after its last convolution.
    """
    repeats, _ = DEPTHS[int(depth)]
    net = NetBuilder(f"slim_resnet_{'v2' if preactivated else 'v1'}_{depth}")
    x = net.input(*shape)
    x = net.max_pool(net.conv_bn(x, 64, 7, stride=2), 3, 2, padding=1)
    for stage, (width, units) in enumerate(zip(WIDTHS, repeats, strict=True), start=2):
        for unit in range(1, units + 1):
            stride = 2 if unit == units and stage < 5 else 1
            with net.block(f"conv{stage}_x"), net.block(f"unit{unit}"):
                before = net.act(net.bn(x)) if preactivated else x
                if unit == 1:
                    beside = net.conv_bn(before, 4 * width, 1, act=None, stride=stride)
                else:
                    beside = net.max_pool(x, 1, stride) if stride > 1 else x
                added = net.add_tensors(bottleneck_branch(net, before, 4 * width, width, stride), beside)
                x = added if preactivated else net.act(added)
    net.classifier(net.act(net.bn(x)) if preactivated else x, 1000)
    return net.graph


def slim_resnet_v2(shape: tuple[int, int, int, int], depth: str) -> LayerGraph:
    """The same, preactivated."""
    return slim_resnet(shape, depth, preactivated=True)


def vgg19(shape: tuple[int, int, int, int]) -> LayerGraph:
    """VGG-19: a fourth convolution in the last three stages."""
    return build("vgg16", stages=((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)), input_shape=shape)


READERS: dict[str, Callable[..., LayerGraph]] = {
    "timm": _timm,
    "pytorchcv": _pytorchcv,
    "torchvision": _torchvision,
}
"""Sources that need torch and their package."""

SOURCES: dict[str, Callable[..., LayerGraph]] = {"zoo": _zoo, "here": _here}

HERE: dict[str, Callable[..., LayerGraph]] = {
    "vgg19": vgg19,
    "tfresnet": slim_resnet,
    "tfresnetv2": slim_resnet_v2,
    "yolov5": npu_detectors.yolo_v5,
    "yolov8": npu_detectors.yolo_v8,
    "yolov8cls": npu_detectors.yolo_v8_classifier,
}


def main(words: list[str]) -> None:
    """Read the networks of other packages again and write the file anew."""
    declare_box_operators()
    rows = pd.read_csv(ROWS).drop_duplicates(["definition", "input"])
    for definition, size in zip(rows.definition, rows.input, strict=True):
        source, *how = definition.split()
        if source not in READERS or (words and not set(words) & {source, *how}):
            continue
        KEPT.add({f"{definition} {size}": READERS[source](_size(size), *how)})
        print(definition, size, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
