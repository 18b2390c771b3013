"""Models of timm, torchvision and pytorchcv, built without weights and counted by torch."""

from __future__ import annotations

import importlib
from itertools import pairwise
from typing import Any

import pytest

from validation.torchvision_operators import declare_box_operators

torch = pytest.importorskip("torch")

declare_box_operators()

INFERENCE_ONLY = {"aux_logits": False, "init_weights": False}
TORCHVISION_OPTIONS = {
    "googlenet": INFERENCE_ONLY,
    "inception_v3": INFERENCE_ONLY,
    "lraspp_mobilenet_v3_large": {"weights_backbone": None},
}


def library_model(library: str, model: str, form: str, size: int) -> Any:
    """A module on the meta device.

    ``form`` says what is done to it: ``sized`` builds it for the image, ``fused`` adds its branches up.
    """
    pytest.importorskip(library)
    if library == "pytorchcv":
        file, _, name = model.partition(".")
        with torch.device("meta"):
            return getattr(importlib.import_module(f"pytorchcv.models.{file}"), name)().eval()
    if library == "segmentation_models_pytorch":
        import segmentation_models_pytorch

        return segmentation_models_pytorch.DeepLabV3Plus(model, encoder_weights=None, classes=21).eval().to("meta")
    if library == "torchvision":
        import torchvision

        with torch.device("meta"):
            return torchvision.models.get_model(model, **TORCHVISION_OPTIONS.get(model, {})).eval()
    import timm

    if form == "fused":
        from timm.utils import reparameterize_model

        return reparameterize_model(timm.create_model(model)).eval().to("meta")
    with torch.device("meta"):
        return timm.create_model(model, **({"img_size": size} if form == "sized" else {})).eval()


def counted_by_torch(net: Any, *shape: int) -> tuple[int, int]:
    """(multiply-accumulates, parameters); attention is counted product by product."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        net(torch.zeros(*shape, device="meta"))
    return counter.get_total_flops() // 2, sum(parameter.numel() for parameter in net.parameters())


def norms_left(net: Any) -> int:
    """Parameters of the batch norms behind convolutions in a fused model, less the biases they would leave if folded.

    A norm in front of attention has no convolution to be folded into; the zoo keeps it as the library does.
    """
    pairs = [pair for parent in net.modules() for pair in pairwise(parent.children())]
    return sum(
        norm.num_features
        for before, norm in pairs
        if isinstance(before, torch.nn.Conv2d) and isinstance(norm, torch.nn.BatchNorm2d)
    )


def macs_seen_by_hooks(net: Any, *shape: int) -> int:
    """Multiply-accumulates of the convolutions and fully connected layers that are called as modules."""
    seen = []

    def count(module: Any, inputs: Any, output: Any) -> None:
        seen.append(output.numel() * module.weight[0].numel())

    for module in net.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            module.register_forward_hook(count)
    with torch.no_grad():
        net(torch.zeros(*shape, device="meta"))
    return sum(seen)
