"""Tiles of a single op: every candidate at once, and the best that fits any buffer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

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
    """For every row, what it moves against the buffer it has. Arrays are ``(candidates, rows)``.

    ``buffer_bytes`` ascends along the first axis; entry ``i`` of the others is the best of the
    candidates 0 to i. So a larger buffer never moves more.
    """

    buffer_bytes: np.ndarray
    activation_bytes: np.ndarray
    weight_bytes: np.ndarray

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
    grain: tuple[float, float] = (1.0, 1.0),
    separate_weights: float | None = None,
    sum_bytes: float = 4.0,
) -> Staircase:
    """Price every candidate tile of every row of a table of one point.

        input  x channel parts    where weights are held or neither is
        weights x row, column parts    where inputs are held or neither is
        output once; the extra operands of fused ops once

    Buffer: tiles of input, weights and output, two of whatever streams; sums of a cut depth stay, one each.
    Lines roll, so rows are read once; columns overlap by the window. Exact minimum over ``CANDIDATES``.

    Args:
        ops: rows, one point.
        input_bytes: ``(rows,)`` all operands, as they lie in memory.
        output_bytes: ``(rows,)`` likewise.
        weight_bytes: ``(rows,)`` weights that are not on chip already.
        grain: input and output channels the array takes at once; no tile is thinner.
        separate_weights: size of a weight buffer of its own; None where all share one.
        sum_bytes: a partial sum on chip.
    """
    parts = CANDIDATES.T[:, :, None]
    c = {name: column[:, 0][None, :] for name, column in ops.columns().items()}
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
    in_bytes = (input_bytes / c["input_elems"][0])[None, :]
    out_bytes = (output_bytes / c["output_elems"][0])[None, :]
    main_input = np.minimum(c["input_elems"], nest_input) * in_bytes
    extra_input = np.maximum(c["input_elems"] - nest_input, 0.0) * in_bytes
    input_tile = lines_in * width_in * inputs_deep * group_each * in_bytes
    weight_total = np.where(c["kind"] == MAC, weight_bytes[None, :], 0.0)
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
    weights = np.broadcast_to(weight_total * weight_passes + (weight_bytes[None, :] - weight_total), activation.shape)
    weight_buffer = weight_tile * weight_copies
    buffer = input_tile * input_copies + output_tile
    if separate_weights is None:
        buffer = buffer + weight_buffer
    else:
        buffer = np.where(weight_buffer <= separate_weights, buffer, np.inf)
    return _staircase(buffer, activation, weights)


def smaller_operand_staircases(
    ops: OpTable, input_bytes: np.ndarray, output_bytes: np.ndarray, weight_bytes: np.ndarray, kernels: float
) -> Staircase:
    """The rule of NVDLA's performance sheet: the smaller operand passes in parts, the larger is read once a part.

        parts = ceil(smaller / (buffer - least of the larger))

    where the least of the input is the lines under one window, that of the weights ``kernels`` kernels.
    Same arguments and result as ``staircases``.
    """
    c = {name: column[:, 0] for name, column in ops.columns().items()}
    nest_input = c["n"] * c["groups"] * c["c_in_per_group"] * c["h_in"] * c["w_in"]
    main_input = input_bytes * np.minimum(nest_input / c["input_elems"], 1.0)
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
    return _staircase(smaller / parts + least_larger, activation, weights)


MOST_PARTS = 256
"""Parts the smaller operand is cut in at most."""


def _staircase(buffer: np.ndarray, activation: np.ndarray, weights: np.ndarray) -> Staircase:
    total = activation + weights
    order = np.lexsort((total, buffer), axis=0)
    buffer, total, activation, weights = (np.take_along_axis(a, order, 0) for a in (buffer, total, activation, weights))
    steps = np.arange(len(total))[:, None]
    best = np.minimum.accumulate(total, axis=0)
    improves = np.vstack([np.ones_like(total[:1], dtype=bool), total[1:] < best[:-1]])
    at = np.maximum.accumulate(np.where(improves, steps, 0), axis=0)
    return Staircase(buffer, np.take_along_axis(activation, at, 0), np.take_along_axis(weights, at, 0))
