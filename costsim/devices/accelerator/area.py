"""Silicon of an array and its buffers, to weigh designs against each other."""

from __future__ import annotations

from typing import Any

FIXED_MM2, MM2_PER_MAC, MM2_PER_KIB = 0.384, 0.00178, 0.00325


def area_mm2(array_macs: Any, onchip_bytes: Any) -> Any:
    """Square millimetres in 28 nm of an int8 array and its buffers, each a number or one a point.

        area = 0.384 + 0.00178 macs a cycle + 0.00325 KiB of buffer

    Source: fitted to the seven configurations of the NVDLA primer (nvdla.org/primer.html, "Example Area and
    Performance", estimated synthesis area, 32 to 2048 multiply-accumulates, 128 to 512 KiB), all within 8 %. An
    estimate for anything else: other nodes scale it, wider numbers and other dataflows change it; no host, no pads.
    """
    return FIXED_MM2 + MM2_PER_MAC * array_macs + MM2_PER_KIB * onchip_bytes / 1024
