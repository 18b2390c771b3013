"""Measures in sweeps and searches: objectives, constraints, derived columns, and names that are not there."""

import numpy as np
import pytest

from costsim import InputError
from costsim.sweep.engine import PRICED, Engine
from costsim.sweep.run import sweep
from costsim.sweep.search import search
from costsim.sweep.spec import load_spec

SPACE = {
    "network": ["shufflenet_v1_g3_1x", "shufflenet_v2_1x", "mobilenet_v2_1x"],
    "hw": ["rpi4b"],
    "axes": {"input_size": [128, 224]},
}


def priced(**more):
    spec = load_spec({**SPACE, **more})
    engine = Engine(spec)
    engine.check()
    return engine.price(0, spec.space.points)


def test_measures_are_given_where_they_are_asked_for():
    assert "fragments" not in priced()
    table = priced(metrics=["fragments", "critical_path_ratio"])
    assert (table["fragments"] > 0).all()
    assert (table["critical_path_ratio"] <= 1).all()


def test_a_measure_as_a_constraint_leaves_out_what_breaks_it():
    everything = priced(metrics=["fragmentation_ratio"])
    table = priced(constraints=["fragmentation_ratio <= 1.2"])
    kept = table["outcome"] == PRICED
    assert kept.any() and not kept.all()
    np.testing.assert_array_equal(kept, everything["fragmentation_ratio"] <= 1.2)


def test_a_measure_made_of_times_as_a_constraint():
    everything = priced(metrics=["elementwise_time_ratio"])["elementwise_time_ratio"]
    middle = float(np.median(everything))
    table = priced(constraints=[f"elementwise_time_ratio < {middle!r}"])
    np.testing.assert_array_equal(table["outcome"] == PRICED, everything < middle)


def test_derived_columns_are_arithmetic_over_the_others_and_may_be_limits():
    columns = {"ms_per_kernel": "latency_ms / kernels", "twice": "2 * ms_per_kernel", "macs_each": "macs / kernels"}
    table = priced(columns=columns, metrics=["kernels"], constraints=["macs_each > 0", "twice > 0.5"])
    kept = table["outcome"] == PRICED
    assert kept.any() and not kept.all()
    np.testing.assert_array_equal(table["ms_per_kernel"][kept], (table["latency_ms"] / table["kernels"])[kept])
    assert (table["twice"][kept] > 0.5).all() and not (table["twice"][~kept] > 0.5).any()


def test_a_derived_column_without_a_value_is_unknown():
    assert np.isnan(priced(columns={"none": "latency_ms / (macs - macs)"})["none"]).all()


def test_best_points_of_a_measure(tmp_path):
    found = sweep(load_spec({**SPACE, "objectives": {"border_elems": "min", "latency_ms": "min"}}), tmp_path / "out")
    assert found.best["border_elems"].is_monotonic_increasing
    assert "border_elems" in found.pareto


def test_a_search_by_a_measure_under_a_limit_on_another(tmp_path):
    found = search(
        {**SPACE, "hw": ["rpi4b", "gtx_1080ti"], "evaluations": 6, "population": 3,
         "objectives": {"fragments": "min", "latency_ms@rpi4b": "min"}, "constraints": ["kernels@gtx_1080ti > 1"],
         "columns": {"per_kernel": "latency_ms / kernels"}, "metrics": ["per_kernel"]},
        tmp_path / "found",
    )  # fmt: skip
    assert (found.best["fragments"] > 0).all()
    assert {"kernels", "kernels@gtx_1080ti", "per_kernel"} <= set(found.best.columns)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"metrics": ["fragmentaton_ratio"]}, "fragmentation_ratio"),
        ({"objectives": {"acces_ratio": "min"}}, "access_ratio"),
        ({"constraints": ["kernel < 3"]}, "kernels"),
        ({"columns": {"x": "latency / kernels"}}, "latency_ms"),
        ({"columns": {"x": "__import__('os').getpid()"}}, "is no arithmetic"),
        ({"columns": {"x": "macs if 1 else 2"}}, "is no arithmetic"),
        ({"columns": {"x": "+".join(["macs"] * 200)}}, "is no arithmetic"),
        ({"columns": {"macs": "2"}}, "no name for a column"),
        ({"columns": {"x": "'text'"}}, "is no arithmetic"),
    ],
    ids=str,
)
def test_a_wrong_metric_is_answered_with_the_nearest(more, says):
    with pytest.raises(InputError, match=says.replace("'", ".")):
        priced(**more)


def test_a_search_answers_a_wrong_metric_with_the_nearest(tmp_path):
    with pytest.raises(InputError, match="border_elems"):
        search({**SPACE, "objectives": {"border_elms": "min"}}, tmp_path / "found")
