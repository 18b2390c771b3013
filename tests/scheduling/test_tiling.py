"""Tiles of single ops: the staircase against every candidate priced one by one."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st

from costsim.errors import InputError
from costsim.scheduling.tiling import CANDIDATES, INPUTS_HELD, NEITHER_HELD, WEIGHTS_HELD, Staircase, staircases
from costsim.tables.optable import MAC, OpTable
from tests.scheduling.test_search import lowered
from tests.strategies import conv_graphs

GRAIN = (4, 8)


@st.composite
def tables(draw: st.DrawFn) -> OpTable:
    graph = draw(conv_graphs(max_channels=48, max_side=24))
    try:
        return lowered(graph)
    except InputError:  # nothing but views
        reject()


@given(tables(), st.data())
@settings(max_examples=40, deadline=None, phases=[Phase.generate])
def test_the_best_of_all_candidates_that_fit(ops: OpTable, data: st.DataObject) -> None:
    tiles = priced(ops)
    row = data.draw(st.integers(0, len(ops) - 1))
    options = [tile(ops, row, *candidate) for candidate in CANDIDATES]
    size = data.draw(st.sampled_from(sorted(buffer for buffer, _ in options)))
    expected = min(moved for buffer, moved in options if buffer <= size)
    step = int(np.searchsorted(tiles.buffer_bytes[:, row], size, side="right")) - 1
    assert tiles.offchip_bytes[step, row] == pytest.approx(expected, rel=1e-12)
    assert tiles.least_bytes[row] == pytest.approx(min(buffer for buffer, _ in options))


@given(tables())
@settings(max_examples=40, deadline=None, phases=[Phase.generate])
def test_an_ample_buffer_moves_every_operand_once(ops: OpTable) -> None:
    tiles = priced(ops)
    np.testing.assert_allclose(tiles.offchip_bytes[-1], ops.compulsory_bytes[:, 0])
    assert (np.diff(tiles.offchip_bytes, axis=0) <= 0).all()


def priced(ops: OpTable) -> Staircase:
    return staircases(ops, ops.input_bytes[:, 0], ops.output_bytes[:, 0], ops.weight_bytes[:, 0], grain=GRAIN)


def tile(ops: OpTable, row: int, *candidate: float) -> tuple[float, float]:
    """(buffer, bytes moved) of one candidate of one row, in plain arithmetic."""
    x = {name: float(column[row, 0]) for name, column in ops.columns().items()}
    limits = (x["n"] * x["h_out"], x["c_out_per_group"], x["groups"], x["w_out"], x["c_in_per_group"])
    rows, channels, groups, columns, depth = (min(p, limit) for p, limit in zip(candidate, limits, strict=False))
    held = candidate[5]
    lines, width = ceil(limits[0] / rows), ceil(x["w_out"] / columns)
    group = ceil(x["groups"] / groups)
    kernels = max(ceil(x["c_out_per_group"] / channels), min(GRAIN[1], x["c_out_per_group"])) * group
    deep = max(ceil(x["c_in_per_group"] / depth), min(GRAIN[0], x["c_in_per_group"]))
    window_h, window_w = ((x[f"kernel_{a}"] - 1) * x[f"dilation_{a}"] + 1 for a in "hw")
    lines_in = min((lines - 1) * x["stride_h"] + window_h, x["n"] * x["h_in"])
    width_in = min((width - 1) * x["stride_w"] + window_w, x["w_in"])
    main = min(x["input_elems"], x["n"] * x["groups"] * x["c_in_per_group"] * x["h_in"] * x["w_in"])
    extra = x["input_elems"] - main
    weights = x["weight_elems"] if x["kind"] == MAC else 0.0
    all_weights = max(x["groups"] * x["c_out_per_group"] * x["c_in_per_group"], 1.0)
    everything_in = rows == columns == depth == groups == 1
    every_weight = channels == groups == depth == 1
    keeps_input, keeps_weights = held == INPUTS_HELD or everything_in, held == WEIGHTS_HELD or every_weight
    each_output = 4.0 if held == NEITHER_HELD else 4.0 if extra else 2.0
    buffer = lines_in * width_in * deep * group * (1 if keeps_input else 2)
    buffer += lines * width * kernels * each_output
    buffer += weights / all_weights * kernels * deep * (1 if keeps_weights else 2)
    moved = main * max(columns * width_in / x["w_in"], 1.0) * (1 if keeps_input else channels)
    moved += extra + x["output_elems"] + (x["weight_elems"] - weights)
    moved += weights * (1 if keeps_weights else rows * columns)
    return buffer, moved
