"""Axes, ranges and samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costsim.errors import InputError
from costsim.sweep.axes import Axis, parse_axis
from costsim.sweep.space import Space


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("1 .. 4", (1, 2, 3, 4)),
        ("0.5 .. 2 step 0.5", (0.5, 1, 1.5, 2)),
        ("64 KiB .. 512 KiB log2", (65536.0, 131072.0, 262144.0, 524288.0)),
        ("1 GB/s .. 3 GB/s x 3", (1e9, 2e9, 3e9)),
        ("1 GB/s .. 100 GB/s log x 3", (1e9, 1e10, 1e11)),
        (["1 KiB", "3 KiB"], (1024.0, 3072.0)),
        ([[1, 2], [3, 4]], ((1, 2), (3, 4))),
        (["a", "b"], ("a", "b")),
        (7, (7,)),
    ],
)
def test_lists_and_ranges(written, values):
    assert (
        parse_axis("x", written).values == pytest.approx(values) if not isinstance(values[0], str | tuple) else values
    )


def test_steps_carry_no_noise_of_binary_sums():
    values = parse_axis("x", "0.25 .. 2 step 0.05").values
    assert [str(value) for value in values] == [f"{5 * k / 100:g}" for k in range(5, 41)]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ([], "no values"),
        ("1 GB/s .. 3 GB/s", "how many"),
        ("0.5 .. 2", "how many"),
        ("4 .. 1", "ends before"),
        ("small .. large", "not a number"),
    ],
)
def test_what_is_no_axis_is_refused(written, says):
    with pytest.raises(InputError, match=says):
        parse_axis("x", written)


AXES = (Axis("a", (1, 2, 3)), Axis("b", tuple(range(5))), Axis("c", ("x", "y")))


def test_a_grid_visits_every_combination_once():
    space = Space(AXES)
    indices = space.indices(0, space.points)
    seen = set(zip(*(indices[axis.name].tolist() for axis in AXES), strict=True))
    assert len(seen) == space.points == 30


@given(st.integers(1, 400), st.integers(0, 5), st.data())
def test_a_latin_sample_meets_every_stratum_once_and_knows_no_other_chunk(points, seed, data):
    axis = Axis("a", tuple(range(points)))
    space = Space((axis,), "latin", points, seed)
    whole = space.indices(0, points)["a"]
    assert sorted(whole.tolist()) == list(range(points))
    cut = data.draw(st.integers(0, points))
    np.testing.assert_array_equal(np.r_[space.indices(0, cut)["a"], space.indices(cut, points)["a"]], whole)


def test_a_random_sample_is_spread_and_repeatable():
    space = Space(AXES, "random", 3000, seed=1)
    again = Space(AXES, "random", 3000, seed=1)
    other = Space(AXES, "random", 3000, seed=2)
    for axis in AXES:
        drawn = space.indices(0, 3000)[axis.name]
        counts = np.bincount(drawn, minlength=len(axis.values))
        assert counts.min() > 0.8 * 3000 / len(axis.values)
        np.testing.assert_array_equal(drawn, again.indices(0, 3000)[axis.name])
        assert (drawn != other.indices(0, 3000)[axis.name]).any()
