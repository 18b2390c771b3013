"""Several networks on one device: means by share, the worst, fronts; and fields and figures of devices as metrics."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import costsim
from costsim.cli import cli
from costsim.errors import InputError
from costsim.report.verbs.swept import sweep_text
from costsim.sweep import load_spec, sweep
from costsim.sweep.search import search

SHARES = {"mobilenet_v2_1x": 0.7, "shufflenet_v2_1x": 0.3}
SIZE, ATOMS = "hardware.memory.onchip.size", "hardware.array.atomic_c"
SPEC = {
    "workload": SHARES,
    "hw": "embedded_buffer",
    "axes": {SIZE: ["128 KiB", "512 KiB"], ATOMS: [8, 32]},
    "objectives": {"latency_ms": "min", "energy_delay_mj_ms": "min", SIZE: "min", "array_macs": "min"},
    "metrics": ["latency_ms@worst", "area_mm2"],
    "keep_points": True,
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[costsim.sweep.run.SweepResult, pd.DataFrame]:
    result = sweep(SPEC, tmp_path_factory.mktemp("workload") / "out")
    points = pd.concat(pd.read_parquet(file) for file in sorted(result.folder.glob("shards/*.parquet")))
    return result, points.set_index("point")


def test_a_point_is_the_mean_of_its_networks_analyses_by_their_shares(swept) -> None:
    _, points = swept
    for _, row in points.iterrows():
        settings = {SIZE: f"{row[SIZE]} B", ATOMS: row[ATOMS]}
        analyses = {name: costsim.analyze(name, "embedded_buffer", settings=settings) for name in SHARES}
        alone = {name: analysis.summary for name, analysis in analyses.items()}
        mean = {m: sum(share * alone[name][m] for name, share in SHARES.items()) for m in ("latency_ms", "energy_mj")}
        assert row.latency_ms == pytest.approx(mean["latency_ms"], rel=1e-12)
        assert row.energy_delay_mj_ms == pytest.approx(mean["energy_mj"] * mean["latency_ms"], rel=1e-12)
        assert row["latency_ms@worst"] == max(found["latency_ms"] for found in alone.values())
        assert row["latency_ms@shufflenet_v2_1x"] == alone["shufflenet_v2_1x"]["latency_ms"]
        assert row.array_macs == 16 * row[ATOMS]
        longest = max(SHARES, key=lambda name: SHARES[name] * alone[name]["latency_ms"])
        assert row.bound == analyses[longest].bound_records[0]["bound"]
        assert row.area_mm2 == pytest.approx(0.384 + 0.00178 * row.array_macs + 0.00325 * row[SIZE] / 1024)


def test_each_network_has_a_front_of_its_own(swept) -> None:
    result, points = swept
    assert list(result.fronts) == list(SHARES)
    for network, front in result.fronts.items():
        columns = [f"{name}@{network}" for name in SPEC["objectives"]]
        losses = points[columns].to_numpy()
        on_front = [not ((losses <= row).all(1) & (losses < row).any(1)).any() for row in losses]
        assert set(front.point) == set(points.index[on_front])
    assert len(result.pareto) > 1


def test_a_limit_on_the_worst_is_kept_by_every_network(tmp_path) -> None:
    limit = 9.0
    spec = SPEC | {"constraints": [f"latency_ms@worst < {limit}"], "objectives": {"latency_ms": "min"}}
    result = sweep(spec, tmp_path / "out")
    assert 0 < result.summary["outcomes"]["refused"] < 4
    for name in SHARES:
        assert (result.best[f"latency_ms@{name}"] < limit).all()


def test_a_search_weighs_a_workload_too(tmp_path) -> None:
    spec = {name: SPEC[name] for name in ("workload", "hw", "axes")}
    found = search(spec | {"objectives": {"latency_ms@worst": "min", SIZE: "min"}, "evaluations": 4}, tmp_path / "out")
    best = found.best.iloc[0]
    settings = {SIZE: f"{best[SIZE]} B", ATOMS: best[ATOMS]}
    alone = [costsim.analyze(name, "embedded_buffer", settings=settings).latency_ms for name in SHARES]
    assert best["latency_ms@worst"] == max(alone)
    assert len(found.pareto) > 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"workload": {"resnet18": 0.5, "alexnet": 0.3}}, "shares add up to 0.8"),
        ({"workload": {"resnet18": 1.5, "alexnet": -0.5}}, "alexnet has a share of -0.5"),
        ({"workload": {"resnet18": 1.0, "alexnet": 0.0}}, "share of 0"),
        ({"workload": {}}, "names no network"),
        ({"workload": {"resnet18": math.nan}}, "finite"),
        ({"network": "resnet18"}, "beside 'workload'"),
        ({"workload": None}, "is missing"),
        ({"objectives": {"latency_ms@resnet18": "min"}}, "unknown network 'resnet18'"),
        ({"objectives": {"hardware.memory.onchip.seize": "min"}}, "unknown field"),
        ({"workload": {"resnet81": 1.0}}, "resnet81"),
    ],
)
def test_workloads_that_are_none_are_refused_in_a_line(change, said, tmp_path) -> None:
    with pytest.raises(InputError, match=said):
        sweep(SPEC | change, tmp_path / "out")


def test_figures_a_family_does_not_have_are_unknown_and_not_zero(tmp_path) -> None:
    spec = {"network": "resnet18", "hw": "rpi4b", "objectives": {"latency_ms": "min"}, "metrics": ["area_mm2"]}
    assert np.isnan(sweep(spec, tmp_path / "out").best.area_mm2).all()


def test_the_command_prints_the_fronts(tmp_path) -> None:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({name: SPEC[name] for name in ("workload", "hw", "axes", "objectives")}))
    run = CliRunner().invoke(
        cli, ["sweep", str(path), "-o", str(tmp_path / "out"), "--workers", "1", "--html", str(tmp_path / "page.html")]
    )
    assert run.exit_code == 0, run.output
    assert "Pareto front of mobilenet_v2_1x alone" in run.output
    assert load_spec(str(path)).workload == SHARES


@pytest.mark.parametrize(("share", "bound"), [(0.7, "dram"), (0.05, "array")])
def test_a_workload_is_bound_by_what_bounds_the_network_it_spends_most_of_its_time_on(tmp_path, share, bound) -> None:
    spec = {"workload": {"alexnet": share, "resnet18": 1 - share}, "hw": "embedded_buffer", "keep_points": True}
    result = sweep({**spec, "axes": {ATOMS: [8], SIZE: ["512 KiB"]}}, tmp_path / "out")
    assert result.best.bound.tolist() == [bound]


def test_the_front_of_one_network_is_told_in_its_own_numbers(swept) -> None:
    result, _ = swept
    text = sweep_text(result, load_spec(SPEC), width=200)
    for network, front in result.fronts.items():
        shown = text.split(f"Pareto front of {network} alone")[1].split("\n\n")[0]
        for latency_ms in front[f"latency_ms@{network}"]:
            assert f" {float(f'{latency_ms:.3g}'):g} " in shown
