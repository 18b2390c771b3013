"""torchvision's operators, where its compiled half is missing: builds of torch for CPUs do not bring it along."""

from __future__ import annotations

_LIBRARIES: list[object] = []
"""Operators live as long as the library that declared them."""


def declare_box_operators() -> None:
    """Make torchvision importable where its compiled part is of another torch: timm imports it, and calls none."""
    import torch

    for operator in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operator):
            library = torch.library.Library("torchvision", "FRAGMENT")
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _LIBRARIES.append(library)
