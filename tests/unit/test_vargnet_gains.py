"""VarGNet's propositions priced on an accelerator, and beside the times its vendor published."""

from __future__ import annotations

import pytest

from costsim.reproduce.bench import Bench
from costsim.reproduce.vargnet import reproduce
from costsim.reproduce.vargnet_gains import gains, measured_table


def test_all_three_are_priced_in_milliseconds() -> None:
    found = [claim.found for claim in gains(Bench("rdk_x5"))]
    assert len(found) == 3
    assert all(" ms" in text and "rdk_x5" in text for text in found)


def test_groups_do_more_work_in_less_time_where_depthwise_layers_leave_the_array_idle() -> None:
    (claim,) = (claim for claim in reproduce(["rdk_x5"]).claims if "Proposition 2 on a device" in claim.text)
    assert claim.verdict == "holds"
    assert "faster for 9 times the work" in claim.found


def test_measured_times_stand_beside_predictions_of_the_rest() -> None:
    table = measured_table(Bench("rdk_x5"))
    assert table is not None
    assert {row.label for row in table.rows} == {"mobilenet_v1_1x", "resnet18", "resnext50_32x4d"}
    assert "vargnet_v1_g8_1x" in table.note
    assert all(row.computed == pytest.approx(row.published, rel=0.25) for row in table.rows)


def test_other_devices_have_no_such_table() -> None:
    assert measured_table(Bench("rpi4b")) is None
