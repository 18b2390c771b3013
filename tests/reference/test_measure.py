"""Timing: that it times every layer, repeatedly, and puts everything back. Not how long things take."""

from __future__ import annotations

import re

import pytest
import torch

import costsim
from costsim import reference
from costsim.networks import build
from costsim.reference import Timing


def test_every_layer_is_timed_in_every_round() -> None:
    graph = build("shufflenet_v2_0.5x").with_input(1, 3, 64, 64)
    threads = torch.get_num_threads()
    measured = reference.measure(graph, repeats=3, passes=1, pause_s=0, threads=1)
    assert torch.get_num_threads() == threads
    assert list(measured.nodes) == [node.name for node in graph]
    assert all(len(timing.rounds_s) == 3 and timing.latency_s > 0 for timing in measured.nodes.values())
    assert (measured.network, measured.threads, measured.torch_version) == (graph.name, 1, torch.__version__)
    assert measured.noise_ratio >= 0
    assert f"torch {torch.__version__} on this machine" in measured.where and "1 thread," in measured.where


def test_the_minimum_is_the_result_and_the_median_the_noise() -> None:
    timing = Timing((1.2, 1.0, 1.5))
    assert timing.latency_s == 1.0
    assert timing.noise_ratio == pytest.approx(0.2)


def test_validation_says_what_was_timed_and_what_predicted(run, tmp_path) -> None:
    networks = ["shufflenet_v2_0.5x", "squeezenet_1_1"]
    code, out, _ = run("validate", "arm_a76", *networks, "--against", "torch", "--input-size", "3x64x64")
    assert code == 0
    said = " ".join(out.split())
    assert re.search(r"predicted Raspberry Pi 5 .* by profile rpi5, in fp32, 1 thread ", said)
    assert re.search(r"measured torch .* on this machine \(.*, 1 thread, fp32\), noise up to \d+%", said)
    table = [line for line in out.splitlines() if line.startswith(tuple(networks))]
    assert [line.split()[0] for line in table] == networks
    predicted_ms = costsim.analyze(networks[0], "arm_a76", input_size="3x64x64", dtype="fp32", threads=1).latency_ms
    assert float(table[0].split()[2]) == pytest.approx(predicted_ms, rel=5e-3)  # three digits
    assert "measurements 2 " in said


@pytest.mark.parametrize("option", [["alexnet"], ["--input-size", "3x64x64"]])
def test_only_torch_takes_networks_and_sizes(run, option) -> None:
    code, out, err = run("validate", "arm_a53", *option, "--against", "paper")
    assert (code, out) == (1, "") and "it brings its own networks and inputs" in err
