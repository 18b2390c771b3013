"""The networks of STMicroelectronics' model zoo, by the names its READMEs give them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from costsim.graph import LayerGraph
from costsim.network import Network
from costsim.networks import build

ZOO: dict[str, tuple[str, dict[str, Any]]] = {
    "mobilenet_v1_0.25": ("mobilenet_v1_0.25x", {}),
    "mobilenet_v1_0.5": ("mobilenet_v1_0.5x", {}),
    "mobilenet_v1_1.0": ("mobilenet_v1_1x", {}),
    "mobilenet_v2_0.35": ("mobilenet_v2_1x", {"width": 0.35}),
    "mobilenet_v2_1.0": ("mobilenet_v2_1x", {}),
    "mobilenetv2_w035_pt": ("mobilenet_v2_1x", {"width": 0.35}),
    "mnasnet_d050_pt": ("mnasnet_b1", {"width": 0.5}),
    "st_fdmobilenet_v1_tfs": ("fd_mobilenet_0.25x", {}),
    "squeezenetv11_tfs": ("squeezenet_1_1", {}),
    "yolov8n": ("yolov8n", {}),
    "yolo11n": ("yolo11n", {}),
    "st_yolo_x_nano_0.33_0.25": ("st_yoloxn_d033_w025", {}),
    "st_yolo_x_nano_0.5_0.4": ("st_yoloxn_d050_w040", {}),
    "st_yoloxn_d050_w040": ("st_yoloxn_d050_w040", {}),
    "st_yoloxn_d067_w025": ("st_yoloxn_d067_w025", {}),
    "st_yoloxn_d100_w025": ("st_yoloxn_d100_w025", {}),
    "ssd_mobilenetv1_pt": ("ssd_mobilenet_v1", {}),
    "ssdlite_mobilenetv1_pt": ("ssdlite_mobilenet_v1", {}),
}
"""A README's name to the zoo's, and the options that make it the same network."""

FINE_TUNED = "_fft"
"""Ending of networks whose weights alone differ."""

CLASSES = {"Imagenet": 1000, "food-101": 101, "COCO": 80, "COCO-80": 80, "VOC": 20, "COCO-Person": 1, "ST-Person": 1}

PYTORCHCV = {
    "mobilenetv2b": "mobilenetv2",
    "preresnet18": "preresnet",
    **{name: name for name in ("shufflenetv2", "shufflenetv2b", "mobilenet", "mobilenetb", "mobilenetv2")},
    "fdmobilenet": "fdmobilenet",
}
"""Families of pytorchcv and the module each is in; a README adds the width and ``_pt``."""

WIDTHS = {"a025": "wd4", "a050": "wd2", "a075": "w3d4", "a100": "w1", "x050": "wd2", "x100": "w1"}

PYTORCHCV_NAMES = {
    "dla46c_pt": ("dla", "dla46c"),
    "dla60xc_pt": ("dla", "dla60xc"),
    "squeezenetv10_pt": ("squeezenet", "squeezenet_v1_0"),
    "darknettiny_pt": ("darknet", "darknet_tiny"),
    "proxylessnas_pt": ("proxylessnas", "proxylessnas_mobile"),
    "regnetx002_pt": ("regnet", "regnetx002"),
    "semnasnet100_pt": ("mnasnet", "mnasnet_a1"),
}
"""Other READMEs' names to module and function of pytorchcv."""


def network_of(model: str, dataset: str, side: int) -> LayerGraph | None:
    """The network of a README's row; None where its layers are not published, or not known here."""
    size = (3, side, side)
    model = model.removesuffix(FINE_TUNED)
    if model in ZOO:
        name, options = ZOO[model]
        background = name.startswith("ssd")
        return Network(build(name, **options, classes=CLASSES[dataset] + background), input_size=size).graph
    found = PYTORCHCV_NAMES.get(model) or _pytorchcv_width(model)
    if found is None:
        return None
    module, function = found
    return Network(getattr(import_module(f"pytorchcv.models.{module}"), function)().eval(), input_size=size).graph


def _pytorchcv_width(model: str) -> tuple[str, str] | None:
    family, _, width = model.removesuffix("_pt").partition("_")
    return (PYTORCHCV[family], f"{family}_{WIDTHS[width]}") if family in PYTORCHCV and width in WIDTHS else None
