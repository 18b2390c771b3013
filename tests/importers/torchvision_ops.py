"""torchvision without its compiled part: the ops it registers shapes for exist, so that it can be imported."""

from __future__ import annotations

from typing import Any

import torch

_library = torch.library.Library("torchvision", "FRAGMENT")


def define_missing() -> None:
    """Define what importing torchvision needs, where a build for another torch does not bring it along."""
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            _library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def model(name: str) -> Any:
    """A network of torchvision without weights."""
    define_missing()
    import torchvision

    dense = ("deeplab", "fcn_", "lraspp")
    options = {"weights_backbone": None} if name.startswith(dense) else {}
    return torchvision.models.get_model(name, weights=None, **options)
