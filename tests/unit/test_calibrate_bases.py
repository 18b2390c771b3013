"""A base of the wrong core is found out."""

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


@pytest.mark.slow
def test_calibrate_prints_the_ranking_and_takes_the_likeliest_where_no_base_is_named(tmp_path: Path) -> None:
    source, target = measured_on("rpi4b", tmp_path / "five.csv"), tmp_path / "board.yaml"
    done = CliRunner().invoke(cli, ["calibrate", "--from", str(source), "-o", str(target)])
    assert done.exit_code == 0, done.output
    assert "rpi4b (taken)           Cortex-A72" in done.output
    assert "extends: rpi4b" in target.read_text()
