"""The helpers that let equal rows be priced once: each does what plain NumPy does, in less time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from costsim.graph import NetBuilder
from costsim.lowering import lower
from costsim.tables.bounds import WIDE, bound_seconds, largest
from costsim.tables.boxes import boxes
from costsim.tables.choice import first_least
from costsim.tables.costtable import CostTable, Product, combine
from costsim.tables.equal_rows import EqualRows
from costsim.tables.liveness import independent_parts
from costsim.tables.optable import OpTable
from costsim.tables.plan import COLUMNS, Plan, Plans
from costsim.tables.runs import reduce_runs, running_total

few = st.integers(0, 2).map(float)
"""Numbers that are often equal."""


def columns(points: int, rows: int = 12) -> st.SearchStrategy[np.ndarray]:
    return arrays(float, (rows, points), elements=few)


@given(st.lists(st.sampled_from([1, 2, 9]).flatmap(columns), min_size=1, max_size=3))
def test_rows_are_of_one_kind_where_all_their_numbers_are_the_same(table: list[np.ndarray]) -> None:
    kinds = EqualRows.of(table)
    for row, kind in enumerate(kinds.of_row):
        model = kinds.first[kind]
        assert model <= row
        assert all((column[row] == column[model]).all() for column in table)
    for other, first in enumerate(kinds.first):
        for earlier in kinds.first[:other]:  # beyond three points, rows that look alike there may stay apart
            assert any((c[first] != c[earlier]).any() or c.shape[1] > 3 for c in table)


@given(arrays(float, st.tuples(st.integers(1, 20), st.integers(1, 5)), elements=st.floats(-1e3, 1e3)), st.data())
def test_sums_down_the_rows_are_those_of_numpy_to_the_digit(values: np.ndarray, data: st.DataObject) -> None:
    np.testing.assert_array_equal(running_total(values), np.cumsum(values, axis=0))
    starts = sorted(data.draw(st.sets(st.integers(1, len(values) - 1)))) if len(values) > 1 else []
    starts = np.array([0, *starts])
    for combine_two in (np.minimum, np.maximum):
        found = reduce_runs(combine_two, values, starts)
        np.testing.assert_array_equal(found, combine_two.reduceat(values, starts, axis=0))
    np.testing.assert_allclose(reduce_runs(np.add, values, starts), np.add.reduceat(values, starts, axis=0), atol=1e-9)


@settings(max_examples=60)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.sampled_from([1, 2, 5, WIDE + 1]), st.data())
def test_every_row_takes_its_first_least_alternative(counts: list[int], points: int, data: st.DataObject) -> None:
    row = np.repeat(np.arange(len(counts)), counts)
    cost = data.draw(columns(points, rows=len(row)))
    other, one_point = data.draw(columns(points, rows=len(row))), data.draw(columns(1, rows=len(row)))
    choice = first_least(cost, row)
    for r in range(len(counts)):
        mine = np.flatnonzero(row == r)
        wanted = mine[np.argmin(cost[mine], axis=0)]
        everywhere = np.arange(points)
        np.testing.assert_array_equal(choice.of(other)[r], other[wanted, everywhere])
        np.testing.assert_array_equal(np.broadcast_to(choice.of(one_point)[r], points), one_point[wanted, 0])


@given(st.lists(arrays(float, 50, elements=st.sampled_from([0.0, 1e-9, 1.0, 1.5, 3e9])), min_size=1, max_size=3))
def test_every_point_lies_in_a_box(columns: list[np.ndarray]) -> None:
    lowest, highest = boxes(columns)
    points = np.array(columns)[:, :, None]
    assert ((lowest[:, None] <= points) & (points <= highest[:, None])).all(axis=0).any(axis=1).all()
    assert (lowest.min(axis=1) >= np.min(columns, axis=1) * (1 - 1e-9)).all()


def test_two_columns_are_cut_into_parts_of_one_ratio() -> None:
    lowest, highest = boxes(
        [np.geomspace(1, 2, 1000), np.random.default_rng(0).permutation(np.geomspace(1, 256, 1000))]
    )
    ratios = highest / lowest
    assert lowest.shape[1] > 16
    assert (ratios < 3).all()


@pytest.mark.parametrize("points", [3, WIDE + 1])
@settings(max_examples=40)  # drawing wide arrays takes the time
@given(data=st.data())
def test_the_largest_limit_and_the_seconds_under_it(points: int, data: st.DataObject) -> None:
    widths = [*data.draw(st.lists(st.sampled_from([1, points]), min_size=1, max_size=4)), points]
    limits = [data.draw(columns(width, rows=5)) for width in widths]
    number = largest(limits)
    np.testing.assert_array_equal(number, np.argmax(np.stack(np.broadcast_arrays(*limits)), axis=0))
    seconds, network = data.draw(columns(points, rows=5)), np.array([0, 0, 1, 1, 1])
    sums = bound_seconds(number, seconds, network, (len(limits), 2))
    for limit in range(len(limits)):
        for n in range(2):
            under = np.where((number == limit) & (network == n)[:, None], seconds, 0.0).sum(axis=0)
            np.testing.assert_allclose(sums[limit, n], under)


@pytest.mark.parametrize("overlap", [1.0, 3.5, 40.0, np.inf])
def test_a_product_combines_as_its_seconds_do(overlap: float) -> None:
    work, pace = np.array([[2.0], [5.0]]), np.array([1e-3, 2e-3, 4e-3])
    other = np.array([[3e-3], [1e-3]])
    together = combine([Product(work, pace), other], overlap)
    np.testing.assert_allclose(together, combine([work * pace, other], overlap), rtol=1e-13)


def test_a_cost_table_of_kinds_has_a_row_for_each_op() -> None:
    pace = np.array([1.0, 2.0])
    kinds = CostTable(
        ceilings={"array": Product(np.array([[1.0], [3.0]]), pace)},
        overheads={"dispatch": np.array([[0.5], [0.25]])},
        traffic={"dram": np.array([[8.0], [9.0]])},
        kind_of=np.array([1, 0, 1]),
    )
    each = kinds.per_op()
    np.testing.assert_array_equal(each.latency_s, kinds.latency_s[[1, 0, 1]])
    np.testing.assert_array_equal(each.traffic["dram"][:, 0], [9, 8, 9])
    assert each.per_op() is each


def _plan_of(group: list[int]) -> Plan:
    columns = {name: np.zeros(len(group)) for name in COLUMNS}
    return Plan.of_point(columns | {"group": np.array(group)})


def test_groups_of_networks_that_follow_each_other_have_numbers_of_their_own() -> None:
    alone = [Plans(((np.arange(1), _plan_of(group)),)) for group in ([0, 0, 1], [0, 1])]
    np.testing.assert_array_equal(Plans.stack(alone).joined.group[:, 0], [0, 0, 1, 2, 3])
    assert Plans.stack(alone[:1]) is alone[0]


def test_plans_of_points_stand_side_by_side_at_their_points() -> None:
    first, second = _plan_of([0, 1]), _plan_of([0, 0])
    joined = Plans(((np.array([0, 2]), first), (np.array([1]), second))).joined
    np.testing.assert_array_equal(joined.group, [[0, 0, 0], [1, 0, 1]])
    assert Plans(((np.arange(1), first),)).joined is first


@pytest.mark.parametrize("overlap", [2.0, 9.0, 20.0, 300.0, np.inf])
def test_tiny_times_do_not_vanish_in_the_norm(overlap: float) -> None:
    """A norm of equal values c is c 2^(1/p), whatever their size."""
    for seconds in (1e-300, 1e-12, 1.0, 1e6):
        times = np.full((1, 1), seconds)
        factor = 1.0 if np.isinf(overlap) else 2 ** (1 / overlap)
        if overlap <= 8.0 and seconds < 1e-100:
            continue  # the short way is for the times of ops
        np.testing.assert_allclose(combine([times, times], overlap), seconds * factor)


def test_what_reads_each_other_is_one_part_and_groups_of_two_channels_are_groups() -> None:
    net = NetBuilder("chain")
    x = net.conv(net.input(1, 8, 8, 8), 8, 3, groups=4)
    net.add_tensors(net.conv(x, 8, 3), x)
    table = lower(net.graph, fusion={}, views=(), elem_bytes=4, weight_elem_bytes=4)
    assert independent_parts(table).tolist() == [0, 0, 0]
    assert independent_parts(OpTable.join([table, table])).tolist() == [0, 0, 0, 1, 1, 1]
    assert table.is_grouped[:, 0].tolist() == [True, False, False]
