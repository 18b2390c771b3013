"""Networks of torchvision, without weights."""

from __future__ import annotations

from typing import Any

from validation.torchvision_operators import declare_box_operators


def model(name: str) -> Any:
    """A network of torchvision without weights."""
    declare_box_operators()
    import torchvision

    dense = ("deeplab", "fcn_", "lraspp")
    options: dict[str, Any] = {"weights_backbone": None} if name.startswith(dense) else {}
    if name in ("googlenet", "inception_v3"):
        options = {"init_weights": False}  # by default it warns, and draws them for minutes
    return torchvision.models.get_model(name, weights=None, **options)
