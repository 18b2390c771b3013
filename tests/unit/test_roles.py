"""Memories are known by their place in the schema, shares by their bounds, trust by how a profile stands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import costsim
from costsim.cli import cli
from costsim.errors import InputError
from costsim.hardware import load_profile
from costsim.hardware.roles import Role, memories
from costsim.tables.costtable import CostTable
from costsim.trust import standing
from costsim.units import counted

EXTENDED = """\
schema_version: 1
extends: rpi4b
name: mine
title: A faster board
family: cpu
sources:
  me: {kind: estimated, text: a guess}
hardware:
  clock: {value: 5 GHz, source: me}
"""


@pytest.mark.parametrize(
    ("hw", "buffers", "off_chip"),
    [
        ("rpi4b", ["l2"], ["dram"]),
        ("epyc_zen4", ["l2", "l3"], ["dram"]),
        ("gtx_1080ti", ["l2"], ["dram"]),
        ("embedded_buffer", ["onchip"], ["dram"]),
        ("stm32n6", ["onchip"], ["dram", "flash"]),
        ("rp2040", [], ["flash"]),
    ],
)
def test_memories_are_named_by_their_schema(hw: str, buffers: list[str], off_chip: list[str]):
    profile = load_profile(hw)
    assert list(memories(profile, Role.BUFFER)) == buffers
    assert list(memories(profile, Role.OFF_CHIP)) == off_chip


@pytest.mark.parametrize(
    ("hw", "field"), [("rpi4b", "fitted.cache_ratio"), ("epyc_zen4", "fitted.blocked.l2_ratio"), ("v100", "dram_ratio")]
)
def test_a_share_above_one_is_refused(hw: str, field: str):
    with pytest.raises(InputError, match="less than or equal to 1"):
        load_profile(hw, {field: "1.01"})


def test_a_device_without_a_memory_moves_nothing_through_it():
    costs = CostTable(ceilings={"a": np.ones((2, 1))}, overheads={}, traffic={"flash": np.full((2, 1), 3.0)})
    np.testing.assert_array_equal(costs.moved_bytes("dram"), np.zeros((2, 1)))
    np.testing.assert_array_equal(costs.moved_bytes("flash"), [[3.0], [3.0]])
    assert costsim.analyze("mlperf_tiny_resnet8", "nrf5340").summary["dram_bytes"] == 0


def test_one_is_told_from_many():
    assert (counted(1, "thread"), counted(4, "thread")) == ("1 thread", "4 threads")
    reasons = costsim.analyze("mobilenet_v2_1x", "epyc_zen4", threads=2).simulation.trust.reasons
    assert reasons == ("It was measured on 1 thread, never on 2.",)


def test_a_profile_that_extends_a_calibrated_one_stands_as_derived(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text(EXTENDED)
    base, mine = standing(load_profile("rpi4b")), standing(load_profile(file))
    assert (base.status, base.reasons) == ("calibrated", ())
    assert mine.status == "derived" and "not those its card was made with" in mine.reasons[0]
    assert mine.low_ratio < base.low_ratio and mine.high_ratio > base.high_ratio
    shown = CliRunner().invoke(cli, ["hw", "show", str(file)]).output
    assert f"derived, {mine.low_ratio:.2f} to {mine.high_ratio:.2f} times the prediction" in shown
