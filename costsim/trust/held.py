"""Which rows of an op table the measured networks of a card held, and what share of the time is on the others."""

from __future__ import annotations

from math import prod

import numpy as np

from costsim.hardware import Profile
from costsim.hardware.calibration import MadeOn
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable

CONVOLUTION, PRODUCT, OTHER = "convolutions", "matrix products", "other ops"
KINDS = (CONVOLUTION, PRODUCT, OTHER)
"""Kinds of row that are widened by factors of their own."""

WAITS_FOR_HOST = "dispatch"
"""The overhead of devices whose host issues ops ahead of them: what they wait for it."""


def row_words(ops: OpTable) -> list[str]:
    """Per row: the word evidence is kept by.

    A ``linear`` over several positions of an image is a product of two matrices, another kernel than one over a vector.
    """
    return [
        "linear over rows" if label.op == "linear" and np.max(prod(label.output_shape[1:-1])) > 1 else label.op
        for label in ops.labels
    ]


def row_kinds(ops: OpTable) -> list[str]:
    """Per row: convolution (kernels and channels matter), matrix product, or any other op."""
    multiplies = ops.macs.max(axis=1) > 0
    flat = [word.startswith(("linear", "matmul")) for word in row_words(ops)]
    return [(PRODUCT if f else CONVOLUTION) if m else OTHER for m, f in zip(multiplies, flat, strict=True)]


def kernels(ops: OpTable) -> np.ndarray:
    """``(ops,)`` the larger side of each kernel, in pixels."""
    return np.maximum(ops.kernel_h, ops.kernel_w).max(axis=1)


def channels(ops: OpTable) -> tuple[np.ndarray, np.ndarray]:
    """``(ops,)`` the fewest and the most channels each row reads or writes."""
    return np.minimum(ops.c_in, ops.c_out).min(axis=1), np.maximum(ops.c_in, ops.c_out).max(axis=1)


def is_held(ops: OpTable, made_on: MadeOn) -> np.ndarray:
    """``(ops,)`` mask of the rows whose op, kernel and width the measured networks held."""
    size, (fewest, most) = kernels(ops), channels(ops)
    held = np.zeros(len(ops), dtype=bool)
    for row, (word, kind) in enumerate(zip(row_words(ops), row_kinds(ops), strict=True)):
        if kind == OTHER:
            held[row] = word in made_on.others
        elif word in made_on.products:
            known = made_on.products[word]
            low, high = known.channels
            held[row] = size[row] in known.kernels and low <= fewest[row] and most[row] <= high
    return held


def _shares(ops: OpTable, costs: CostTable) -> np.ndarray:
    """``(ops, points)`` share of the predicted time."""
    seconds = np.broadcast_to(costs.row_latency_s, (len(ops), costs.row_latency_s.shape[1]))
    total: np.ndarray = seconds.sum(axis=0)
    return seconds / np.where(total > 0, total, 1.0)


def time_shares(ops: OpTable, costs: CostTable) -> np.ndarray:
    """``(ops,)`` share of the predicted time, at the first point."""
    return _shares(ops, costs)[:, 0]


def host_waits(profile: Profile, costs: CostTable) -> np.ndarray:
    """``(points,)`` share of the predicted time in which the device waits for the host to issue ops."""
    waits = costs.overheads.get(WAITS_FOR_HOST) if profile.issued_by_host else None
    if waits is None:
        return np.zeros(1)
    total: np.ndarray = costs.row_latency_s.sum(axis=0)
    return (waits if costs.kind_of is None else waits[costs.kind_of]).sum(axis=0) / np.where(total > 0, total, 1.0)


def host_wait(profile: Profile, costs: CostTable) -> float:
    """The same at the first point."""
    return float(host_waits(profile, costs)[0])


def unheld_shares(ops: OpTable, costs: CostTable, made_on: MadeOn) -> dict[str, np.ndarray]:
    """Kind of row to the share of the time on rows of it that the measured networks did not hold, ``(points,)``."""
    missing = ~is_held(ops, made_on) & np.array([label.known for label in ops.labels])
    shares, of_row = _shares(ops, costs), np.array(row_kinds(ops))
    sums = {kind: shares[missing & (of_row == kind)].sum(axis=0) for kind in KINDS}
    return {kind: share for kind, share in sums.items() if np.any(share > 0)}


def unheld_words(ops: OpTable, costs: CostTable, made_on: MadeOn, kind: str) -> list[str]:
    """What those rows of one kind are called, costliest first: ``conv 7x7``, ``linear over rows``."""
    missing, shares, size = ~is_held(ops, made_on), time_shares(ops, costs), kernels(ops)
    sums: dict[str, float] = {}
    for row, (word, of_row) in enumerate(zip(row_words(ops), row_kinds(ops), strict=True)):
        if missing[row] and of_row == kind and ops.labels[row].known:
            name = f"{word} {size[row]:.0f}x{size[row]:.0f}" if kind == CONVOLUTION else word
            sums[name] = sums.get(name, 0.0) + float(shares[row])
    return sorted(sums, key=lambda name: -sums[name])
