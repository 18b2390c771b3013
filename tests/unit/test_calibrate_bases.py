"""A base of the wrong core is found out."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from costsim.calibrate import bases
from costsim.calibrate.bases import doubts, ranking
from costsim.calibrate.measurements import read_measurements
from costsim.cli import cli
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.simulate import run_of, simulate

NETWORKS = ("mobilenet_v1_1x", "squeezenet_1_1", "resnet18", "efficientnet_b0", "alexnet")


def measured_on(board: str, path: Path, *, slower: float = 1.0) -> Path:
    profile = load_profile(board)
    lines = ["network,latency_ms,threads"]
    for name in NETWORKS:
        graph = Network(name).graph
        seconds = simulate(graph, profile, run_of(graph, profile, threads=4)).costs.latency_s.sum()
        lines.append(f"{name},{slower * seconds * 1e3:.4f},4")
    path.write_text("\n".join(lines))
    return path


def test_the_core_that_was_measured_is_ranked_first_whatever_the_base_and_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bases, "profile_names", lambda: ("rpi_zero2w", "rpi4b", "rk3399_big", "kirin_970"))
    source = measured_on("rpi4b", tmp_path / "five.csv", slower=1.15)
    base = load_profile("rpi3b_plus")
    ranked = ranking(base, read_measurements(source))
    assert ranked[0].core == "Cortex-A72"
    assert len({found.core for found in ranked}) == len(ranked)
    (doubt,) = doubts(ranked, base)
    assert "is it a Cortex-A72?" in doubt
    assert doubts(ranked, ranked[0].base) == ()


def test_times_that_no_constants_explain_are_said_to_be_unexplained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bases, "profile_names", lambda: ("edge_tpu",))
    source = tmp_path / "odd.csv"
    source.write_text("network,latency_ms\nresnet18,2\nsqueezenet_1_1,900\nmobilenet_v1_1x,0.3\n")
    base = load_profile("edge_tpu")
    (doubt,) = doubts(ranking(base, read_measurements(source)), base)
    assert "the fit leaves a mean error of" in doubt and "ran every op on the device?" in doubt


@pytest.mark.slow
def test_calibrate_prints_the_ranking_and_takes_the_likeliest_where_no_base_is_named(tmp_path: Path) -> None:
    source, target = measured_on("rpi4b", tmp_path / "five.csv"), tmp_path / "board.yaml"
    done = CliRunner().invoke(cli, ["calibrate", "--from", str(source), "-o", str(target)])
    assert done.exit_code == 0, done.output
    assert re.search(r"^rpi4b \(taken\) +Cortex-A72 ", done.output, re.MULTILINE)
    assert "extends: rpi4b" in target.read_text()
