"""Shards add up to what the whole would have been reduced to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from costsim.sweep.engine import DOES_NOT_FIT, PRICED, REFUSED
from costsim.sweep.reduce import add_up, best_rows, pareto_rows, reduce_points, summary_of, table_of
from costsim.sweep.spec import SweepSpec

LIMITS = np.array(["arithmetic", "dram", ""])

SPEC = SweepSpec(
    network="resnet50",
    hw="rpi4b",
    axes={"threads": [1, 2, 3, 4], "batch": [1, 2]},
    objectives={"latency_ms": "min", "macs": "max", "params": "min"},
    top=5,
)

few = st.integers(1, 6).map(float)


@st.composite
def tables(draw):
    """Totals of some points, with ties, and their indices into the axes."""
    points = draw(st.integers(1, 40))

    def drawn(values):
        return np.array(draw(st.lists(values, min_size=points, max_size=points)))

    table = {
        "point": np.arange(points),
        **{name: drawn(few) for name in SPEC.objectives},
        "bound": drawn(st.integers(0, 1)),
        "outcome": drawn(st.sampled_from([PRICED, PRICED, PRICED, REFUSED, DOES_NOT_FIT])),
    }
    indices = {axis.name: drawn(st.integers(0, len(axis.values) - 1)) for axis in SPEC.space.axes}
    return table, indices


def rows(columns, where):
    return {name: column[where] for name, column in columns.items()}


@given(tables())
def test_a_shard_holds_the_same_bytes_however_limits_are_numbered(drawn):
    table, indices = drawn
    elsewhere = np.array(["", "a limit of another device", "dram", "arithmetic"])
    renumbered = table | {"bound": 3 - table["bound"]}
    here, there = reduce_points(table, indices, LIMITS, SPEC), reduce_points(renumbered, indices, elsewhere, SPEC)
    described = [[(name, c.dtype, c.tobytes()) for name, c in one.items() if "/bound" in name or "bounds/" in name]
                 for one in (here, there)]  # fmt: skip
    assert described[0] == described[1]


@given(tables(), st.lists(st.integers(0, 40), max_size=4))
def test_shards_add_up_to_the_whole(drawn, cuts):
    table, indices = drawn
    edges = np.unique(np.clip([0, *cuts, len(table["point"])], 0, len(table["point"])))
    spans = [slice(a, b) for a, b in pairwise(edges)]
    shards = [reduce_points(rows(table, s), rows(indices, s), LIMITS, SPEC) for s in spans]
    together, whole = add_up(shards, SPEC), reduce_points(table, indices, LIMITS, SPEC)
    assert set(together) == set(whole)
    for name, column in whole.items():
        if column.dtype.kind == "U":
            np.testing.assert_array_equal(together[name], column)
        else:
            np.testing.assert_allclose(together[name], column, err_msg=name)
    summary = summary_of(together, SPEC)
    assert sum(summary["bounds"].values()) == summary["outcomes"]["priced"] == (table["outcome"] == PRICED).sum()
    for effect in summary["effect"]["latency_ms"].values():
        assert sum(count for count, *_ in effect.values()) == summary["outcomes"]["priced"]
    np.testing.assert_array_equal(table_of(together, "best")["point"], table_of(whole, "best")["point"])


@given(tables())
def test_best_and_front_are_what_a_search_of_all_pairs_finds(drawn):
    table, _ = drawn
    best = best_rows(table, SPEC)
    assert best.tolist() == sorted(range(len(table["point"])), key=lambda r: (table["latency_ms"][r], r))[: SPEC.top]
    losses = np.stack([table["latency_ms"], -table["macs"], table["params"]], axis=1)
    front = set(pareto_rows(table, SPEC).tolist())
    for row, own in enumerate(losses):
        as_good = (losses <= own).all(axis=1)
        strictly = as_good & (losses < own).any(axis=1)
        equal_before = as_good[:row] & ~strictly[:row]
        assert (row in front) == (not strictly.any() and not equal_before.any())
