"""ONNX Runtime, which runs what is exported and what was imported."""

from __future__ import annotations

import os
from typing import Any


def onnx_runtime() -> Any:
    """The library; since version 1.32 it would keep and send usage data unless told not to.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime
