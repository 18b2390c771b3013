"""Tiles of a single op: every candidate at once, and the best that fits any buffer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from costsim.tables.equal_rows import row_keys
from costsim.tables.optable import MAC, OpTable

WHOLE = np.inf

ROW_SPLITS = (1, 2, 4, 8, 16, 32, 64, WHOLE)
"""Parts the output lines are cut in; WHOLE parts is one line a part."""
CHANNEL_SPLITS = (1, 2, 4, 8, 16, 32, 64, WHOLE)
"""Parts the output channels of a group are cut in."""
GROUP_SPLITS = (1, 2, 4, 16, 64, WHOLE)
"""Parts the groups are cut in: each reads its own channels only."""
COLUMN_SPLITS = (1, 4, 16, WHOLE)
"""Parts a line is cut in; the overlap of windows is read twice."""
DEPTH_SPLITS = (4, 16, WHOLE)
"""Parts the input channels are cut in, sums staying on chip."""

WEIGHTS_HELD, INPUTS_HELD, NEITHER_HELD = 0.0, 1.0, 2.0
"""Which operand stays while the other streams past it."""

ONE, TWO = 1.0, 2.0
"""Buffers of an operand: two where the next tile loads while this one is used."""


@dataclass(frozen=True)
class Staircase:
    """For every row, what it moves against the buffer it has. Arrays are ``(steps, rows)``.

    ``buffer_bytes`` ascends along the first axis, what is moved descends: each step is the best of all
    candidates that fit so much. Rows of fewer steps repeat their last.
    """

    buffer_bytes: np.ndarray
    activation_bytes: np.ndarray
    weight_bytes: np.ndarray

    @classmethod
    def of(cls, steps: list[np.ndarray], which: np.ndarray) -> Staircase:
        """From ``(3, steps)`` of each distinct row, and which of them every row is."""
        most = max((s.shape[1] for s in steps), default=1)
        padded = np.empty((3, most, len(steps)))
        for row, s in enumerate(steps):
            padded[:, : s.shape[1], row] = s
            padded[:, s.shape[1] :, row] = s[:, -1:]
        return cls(*padded[:, :, which])

    @property
    def least_bytes(self) -> np.ndarray:
        """``(rows,)`` the least buffer any candidate needs."""
        return self.buffer_bytes[0]

    @property
    def offchip_bytes(self) -> np.ndarray:
        return self.activation_bytes + self.weight_bytes


def candidates() -> np.ndarray:
    """``(candidates, 6)``: parts of rows, channels, groups, columns, depth, and the operand held."""
    orders = (WEIGHTS_HELD, INPUTS_HELD)
    plain = list(product(ROW_SPLITS, CHANNEL_SPLITS, (1,), (1,), (1,), orders))
    grouped = list(product((*ROW_SPLITS[::2], WHOLE), (1, WHOLE), GROUP_SPLITS[1:], (1, WHOLE), (1,), orders))
    columns = list(product((WHOLE,), (*CHANNEL_SPLITS[::2], WHOLE), (1,), COLUMN_SPLITS[1:], (1,), orders))
    deep = list(product((*ROW_SPLITS[::2], WHOLE), CHANNEL_SPLITS, (WHOLE,), (1, WHOLE), DEPTH_SPLITS, (NEITHER_HELD,)))
    return np.array(plain + grouped + columns + deep, dtype=np.float64)


CANDIDATES = candidates()


def staircases(
    ops: OpTable,
    input_bytes: np.ndarray,
    output_bytes: np.ndarray,
    weight_bytes: np.ndarray,
    *,
    rule: Literal["search", "smaller_operand"] = "search",
    grain: tuple[float, float] = (1.0, 1.0),
    separate_weights: float | None = None,
    sum_bytes: float = 4.0,
) -> Staircase:
    """What every row of a table of one point moves in its best tile, for any buffer.

    Args:
        ops: rows, one point.
        input_bytes: ``(rows,)`` all operands, as they lie in memory.
        output_bytes: ``(rows,)`` likewise.
        weight_bytes: ``(rows,)`` weights that are not on chip already.
        rule: which tiles are tried, see the functions below.
        grain: input and output channels the array takes at once; no tile is thinner.
        separate_weights: size of a weight buffer of its own; None where all share one.
        sum_bytes: a partial sum on chip.
    """
    columns = {name: column[:, 0] for name, column in ops.columns().items()}
    columns |= {"input_bytes": input_bytes, "output_bytes": output_bytes, "weight_bytes": weight_bytes}
    context = (rule, grain, separate_weights, sum_bytes)
    keys = [(context, key) for key in row_keys(*columns.values())]

    def work_out(rows: np.ndarray) -> list[np.ndarray]:
        c = {name: column[rows] for name, column in columns.items()}
        if rule == "smaller_operand":
            return _steps(*_smaller_operand_in_parts(c, grain[1]))
        return _steps(*_every_candidate(c, grain, separate_weights, sum_bytes))

    return Staircase.of(*ops.caches.tiles.answers(keys, work_out))


Priced = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Buffer, activation and weight bytes, ``(candidates, rows)``."""


def _every_candidate(
    c: dict[str, np.ndarray], grain: tuple[float, float], separate_weights: float | None, sum_bytes: float
) -> Priced:
    """Every candidate tile of every row.

        input  x channel parts    where weights are held or neither is
        weights x row, column parts    where inputs are held or neither is
        output once; the extra operands of fused ops once

    Buffer: tiles of input, weights and output, two of whatever streams; sums of a cut depth stay, one each.
    Lines roll, so rows are read once; columns overlap by the window. Exact minimum over ``CANDIDATES``.
    """
    parts = CANDIDATES.T[:, :, None]
    rows = np.minimum(parts[0], c["n"] * c["h_out"])
    channels = np.minimum(parts[1], c["c_out_per_group"])
    groups = np.minimum(parts[2], c["groups"])
    columns = np.minimum(parts[3], c["w_out"])
    depth = np.minimum(parts[4], c["c_in_per_group"])
    held = parts[5]
    lines = np.ceil(c["n"] * c["h_out"] / rows)
    width = np.ceil(c["w_out"] / columns)
    deepest, widest = c["c_in_per_group"], c["c_out_per_group"]
    group_each = np.ceil(c["groups"] / groups)
    kernels = np.maximum(np.ceil(widest / channels), np.minimum(grain[1], widest)) * group_each
    inputs_deep = np.maximum(np.ceil(deepest / depth), np.minimum(grain[0], deepest))
    window_h = (c["kernel_h"] - 1) * c["dilation_h"] + 1
    window_w = (c["kernel_w"] - 1) * c["dilation_w"] + 1
    lines_in = np.minimum((lines - 1) * c["stride_h"] + window_h, c["n"] * c["h_in"])
    width_in = np.minimum((width - 1) * c["stride_w"] + window_w, c["w_in"])
    nest_input = c["n"] * c["groups"] * c["c_in_per_group"] * c["h_in"] * c["w_in"]
    read = np.maximum(c["input_elems"], 1.0)  # none where all it reads is stored
    in_bytes, out_bytes = c["input_bytes"] / read, c["output_bytes"] / c["output_elems"]
    main_input = np.minimum(c["input_elems"], nest_input) * in_bytes
    extra_input = np.maximum(c["input_elems"] - nest_input, 0.0) * in_bytes
    input_tile = lines_in * width_in * inputs_deep * group_each * in_bytes
    weight_total = np.where(c["kind"] == MAC, c["weight_bytes"], 0.0)
    weight_tile = weight_total / np.maximum(c["groups"] * c["c_out_per_group"] * c["c_in_per_group"], 1.0)
    weight_tile = weight_tile * kernels * inputs_deep
    output_each = np.where(held == NEITHER_HELD, sum_bytes, out_bytes * TWO * np.where(extra_input > 0, TWO, ONE))
    output_tile = lines * width * kernels * output_each
    whole_input = (rows == 1) & (columns == 1) & (depth == 1) & (groups == 1)
    whole_weights = (channels == 1) & (groups == 1) & (depth == 1)
    input_copies = np.where((held == INPUTS_HELD) | whole_input, ONE, TWO)
    weight_copies = np.where((held == WEIGHTS_HELD) | whole_weights, ONE, TWO)
    overlap = np.maximum(columns * width_in / c["w_in"], 1.0)
    input_passes = np.where((held == INPUTS_HELD) | whole_input, 1.0, channels)
    weight_passes = np.where((held == WEIGHTS_HELD) | whole_weights, 1.0, rows * columns)
    activation = main_input * overlap * input_passes + extra_input + c["output_elems"] * out_bytes
    weights = np.broadcast_to(weight_total * weight_passes + (c["weight_bytes"] - weight_total), activation.shape)
    weight_buffer = weight_tile * weight_copies
    buffer = input_tile * input_copies + output_tile
    if separate_weights is None:
        buffer = buffer + weight_buffer
    else:
        buffer = np.where(weight_buffer <= separate_weights, buffer, np.inf)
    return buffer, activation, weights


def _smaller_operand_in_parts(c: dict[str, np.ndarray], kernels: float) -> Priced:
    """The rule of NVDLA's performance sheet: the smaller operand passes in parts, the larger is read once a part.

        parts = ceil(smaller / (buffer - least of the larger))

    where the least of the input is the lines under one window, that of the weights ``kernels`` kernels.
    """
    input_bytes, output_bytes, weight_bytes = c["input_bytes"], c["output_bytes"], c["weight_bytes"]
    nest_input = c["n"] * c["groups"] * c["c_in_per_group"] * c["h_in"] * c["w_in"]
    main_input = input_bytes * np.minimum(nest_input / np.maximum(c["input_elems"], 1.0), 1.0)
    window = np.minimum((c["kernel_h"] - 1) * c["dilation_h"] + 1, c["h_in"])
    least_input = main_input * window / (c["n"] * c["h_in"])
    least_weights = weight_bytes * np.minimum(kernels / (c["groups"] * c["c_out_per_group"]), 1.0)
    cuts_weights = weight_bytes <= main_input
    smaller = np.where(cuts_weights, weight_bytes, main_input)
    least_larger = np.where(cuts_weights, least_input, least_weights)
    most = np.ceil(smaller / np.maximum(np.where(cuts_weights, least_weights, least_input), 1.0))
    parts = np.minimum(np.arange(1, MOST_PARTS + 1)[:, None], np.maximum(most, 1.0))
    activation = main_input * np.where(cuts_weights, parts, 1.0) + (input_bytes - main_input) + output_bytes
    weights = weight_bytes * np.where(cuts_weights, 1.0, parts)
    return smaller / parts + least_larger, activation, weights


MOST_PARTS = 256
"""Parts the smaller operand is cut in at most."""


def _steps(buffer: np.ndarray, activation: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    """Per row, ``(3, steps)``: the candidates that move less than any that needs no more buffer."""
    priced = np.stack([buffer, activation, weights]).transpose(2, 0, 1)
    order = np.argsort(priced[:, 0], axis=1)  # where two need the same, the later step moves less
    total = np.take_along_axis(priced[:, 1] + priced[:, 2], order, 1)
    least = np.minimum.accumulate(total, axis=1)
    improves = np.hstack([np.ones_like(total[:, :1], dtype=bool), total[:, 1:] < least[:, :-1]])
    return [row[:, kept[better]] for row, kept, better in zip(priced, order, improves, strict=True)]
