"""Timing: that it times every layer, repeatedly, and puts everything back. Not how long things take."""

from __future__ import annotations

import pytest
import torch

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


def test_the_minimum_is_the_result_and_the_median_the_noise() -> None:
    timing = Timing((1.2, 1.0, 1.5))
    assert timing.latency_s == 1.0
    assert timing.noise_ratio == pytest.approx(0.2)
