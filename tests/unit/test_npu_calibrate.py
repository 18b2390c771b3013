"""Accelerators are calibrated as CPUs are: from a handful of networks, held by priors."""

from __future__ import annotations

import pytest

from costsim.calibrate.constants import constants_of, known_to
from costsim.calibrate.few_shot import calibrate, measured_runs
from costsim.calibrate.measurements import Measurement
from costsim.hardware import load_profile

NETWORKS = ("mobilenet_v1_1x", "mobilenet_v2_1x", "resnet18", "squeezenet_1_1", "shufflenet_v2_1x")


def board(**settings: str) -> list[Measurement]:
    """The times of a board that differs from the profile in these constants."""
    truth = load_profile("dpu_zcu102", settings)
    run = measured_runs(truth, [Measurement(name, 1.0) for name in NETWORKS])[0]
    return [Measurement(name, float(s)) for name, s in zip(NETWORKS, run.predict({})[:, 0], strict=True)]


def test_five_networks_tell_a_slower_memory_and_a_longer_dispatch() -> None:
    base = load_profile("dpu_zcu102")
    other = board(**{"fitted.dram_ratio": "0.25", "fitted.op_overhead": "40 us"})
    found = calibrate(base, other)
    assert found.after.mean_ratio < 0.03 < found.before.mean_ratio
    assert found.values["fitted.op_overhead"] == pytest.approx(40e-6, rel=0.25)
    assert found.values["fitted.dram_ratio"] < 0.33  # from 0.4: five small networks hardly wait for memory


def test_a_mechanism_a_profile_leaves_out_stays_out() -> None:
    known = known_to(constants_of("accelerator"), load_profile("ethos_u65_512"))
    paths = {constant.path for constant in (*known.core, *known.board)}
    assert "fitted.op_overhead" in paths
    assert not paths & {"fitted.handover", "fitted.convert_elem", "fitted.depthwise_ratio", "fitted.invoke_overhead"}
