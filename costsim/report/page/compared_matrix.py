"""Networks by devices as a table that can be sorted, shaded, and read as multiples of one of the networks."""

from __future__ import annotations

from math import log
from typing import Any

from costsim.compare import Comparison
from costsim.report.verbs.matrix import flips, latencies, ratio


def compared_matrix(comparison: Comparison) -> dict[str, Any]:
    """``units`` a device, ``rows`` a network, ``feet`` on trust, and ``flips``, a line each."""
    units, *rows = latencies(comparison)
    networks, feet = rows[: len(comparison.networks)], rows[len(comparison.networks) :]
    heats = {hw: _heats(comparison, hw) for hw in comparison.devices}
    return {
        "units": units[1:],
        "rows": [
            {"network": network, "cells": [
                {"text": text, "ms": comparison.analyses[network, hw].latency_ms, "heat": heats[hw][network],
                 "interval": str(comparison.analyses[network, hw].interval)}
                for hw, text in zip(comparison.devices, texts, strict=True)
            ]}
            for network, *texts in networks
        ],
        "feet": feet,
        "flips": list(flips(comparison)),
    }  # fmt: skip


def multiples(comparison: Comparison) -> dict[str, list[list[str]]]:
    """What the cells say relative to each network: rows and columns as in the table."""
    return {
        first: [
            ["1" if network == first else ratio(comparison, first, network, hw) for hw in comparison.devices]
            for network in comparison.networks
        ]
        for first in comparison.networks
    }


def _heats(comparison: Comparison, hw: str) -> dict[str, float]:
    """Where between the fastest and the slowest on a device each network stands, 0 to 1, by the logarithm."""
    logs = {network: log(max(comparison.analyses[network, hw].latency_ms, 1e-9)) for network in comparison.networks}
    least, span = min(logs.values()), max(logs.values()) - min(logs.values())
    return {network: round((value - least) / span, 3) if span else 0.0 for network, value in logs.items()}
