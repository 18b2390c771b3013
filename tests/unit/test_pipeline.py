"""A pipeline: images follow each other faster than one takes, and what has no room takes turns."""

from __future__ import annotations

import numpy as np
import pytest

import costsim
from costsim.devices import RunConfig
from costsim.devices.accelerator.stream import images_per_s
from costsim.errors import DoesNotFitError
from costsim.graph import NetBuilder
from costsim.hardware import load_profile
from costsim.networks import build
from costsim.simulate import lower_for, simulate
from costsim.tables.costtable import CostTable


def totals(network: str, batch: int = 1, **settings: str) -> dict[str, float]:
    return costsim.analyze(network, hw="hailo8", batch=batch, settings=settings).summary


def limit(network: str, name: str, batch: int = 1) -> float:
    profile = load_profile("hailo8")
    graph = build(network).with_batch(batch)
    return float(simulate(graph, profile, RunConfig.of(profile)).costs.limits[name].sum())


def test_a_resident_network_streams_at_one_pace_whatever_the_batch() -> None:
    one, eight = totals("resnet18"), totals("resnet18", batch=8)
    assert one["fits"]
    assert eight["throughput_per_s"] == pytest.approx(one["throughput_per_s"], rel=0.02)
    assert one["throughput_per_s"] > 1.5e3 / one["latency_ms"]


def test_a_batch_pays_once_for_the_weights_of_parts_that_take_turns() -> None:
    one, eight = totals("yolov8m"), totals("yolov8m", batch=8)
    assert not one["fits"]
    assert eight["throughput_per_s"] > 1.5 * one["throughput_per_s"]
    assert limit("yolov8m", "swap", 8) == pytest.approx(limit("yolov8m", "swap"))
    assert limit("resnet18", "swap") == 0


def test_an_image_waits_longer_for_a_deeper_pipeline() -> None:
    assert 0 < limit("resnet18", "fill") < limit("resnet34", "fill")


def test_half_the_cores_carry_half_the_images() -> None:
    whole = totals("resnet50")
    half = totals("resnet50", **{"hardware.cores": "32"})
    assert half["throughput_per_s"] == pytest.approx(whole["throughput_per_s"] / 2, rel=0.1)


def test_an_op_whose_weights_have_no_room_is_refused_with_what_would_fit() -> None:
    with pytest.raises(DoesNotFitError, match=r"linear_1.*narrow it to at most 0\.29"):
        totals("vgg16")


@pytest.mark.parametrize(("compute_s", "seconds"), [(9.0, 5.0), (4.0, 4.0)])
def test_cores_with_an_image_each_wait_for_each_other_at_the_memory(compute_s: float, seconds: float) -> None:
    net = NetBuilder("one")
    net.conv(net.input(1, 8, 8, 8), 8)
    profile = load_profile("dpu_zcu102")
    ops = lower_for(net.graph, profile, RunConfig.of(profile))
    assert (profile.hardware.cores, profile.runtime.spread) == (3, "images")
    times = {"arithmetic": compute_s, "dram": 4.0}
    costs = CostTable(ceilings={name: np.array([[value]]) for name, value in times.items()}, overheads={}, traffic={})
    assert images_per_s(ops, costs, profile) == pytest.approx(1 / seconds, rel=0.01)
