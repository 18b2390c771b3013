"""A package from outside brings a device family, a network and a report through the same door as the built-in ones."""

import json
import os
import subprocess
import sys

import pytest

MODULE = '''
"""A device that only knows how to copy, a network of one convolution, and a report of one line."""
from pathlib import Path

import numpy as np
from costsim import CostTable, DeviceModel, NetBuilder, Profile
from costsim.devices.base import Roofs
from costsim.hardware.blocks import Block, BytesPerSecond
from costsim.networks import Family


class Chip(Block):
    flash: BytesPerSecond


class CopierProfile(Profile):
    hardware: Chip


class Copier(DeviceModel):
    profile_type = CopierProfile

    def costs(self, ops, profile, run):
        moved = ops.compulsory_bytes
        return CostTable(
            ceilings={"copy": moved / profile.hardware.flash}, overheads={}, traffic={"flash": moved}
        )

    def roofs(self, profile, run):
        return Roofs(np.inf, {"flash": profile.hardware.flash})


def one_conv(*, name, channels=8):
    """One convolution."""
    net = NetBuilder(name)
    net.conv(net.input(1, 3, 8, 8), channels, 3)
    return net.graph


FAMILY = Family(one_conv, {"toy_one_conv": {}})


def boards():
    return Path(__file__).parent / "boards"


def one_line(analysis):
    return f"{analysis.network}: {analysis.latency_ms:.3f} ms"


def count(checks):
    return f"{sum(len(checked.findings) for checked in checks)} findings"
'''

ENTRY_POINTS = """
[costsim.devices]
copier = outside:Copier
[costsim.networks]
toy = outside:FAMILY
[costsim.profiles]
outside = outside:boards
[costsim.reports]
line = outside:one_line
[costsim.reports.check]
count = outside:count
"""

PROFILE = """
schema_version: 1
name: copier
title: A copier
family: copier
sources: {guess: {kind: estimated, text: invented}}
calibration: {status: uncalibrated, data: none, low_ratio: 0.5, high_ratio: 2.0}
hardware: {source: guess, flash: 1 GB/s}
runtime: {name: none, version: "1", dtypes: [fp32], fusion: {}, views: []}
fitted: {}
"""


@pytest.fixture
def outside(tmp_path):
    (tmp_path / "outside.py").write_text(MODULE)
    (tmp_path / "copier.yaml").write_text(PROFILE)
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "fast_copier.yaml").write_text(PROFILE.replace("name: copier", "name: fast_copier"))
    info = tmp_path / "outside-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return tmp_path


def costsim(folder, *arguments, config=None):
    return subprocess.run(
        [sys.executable, "-m", "costsim", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "XDG_CONFIG_HOME": str(config or folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_outside_family_and_network_are_priced(outside):
    result = costsim(outside, "analyze", "toy_one_conv", "--hw", "copier.yaml", "--format", "json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["hardware"]["family"] == "copier"
    assert document["totals"]["latency_ms"] == pytest.approx((3 * 64 + 8 * 64 + 8 * 27) * 4 / 1e6)
    assert "toy_one_conv" in costsim(outside, "nets", "list").stdout


def test_an_outside_family_has_a_template(outside):
    result = costsim(outside, "hw", "new", "--family", "copier", "-o", "new.yaml")
    assert result.returncode == 0, result.stderr
    assert "  # [B/s]\n  flash: 1 GB/s\n" in (outside / "new.yaml").read_text(), (
        "the unit follows from the field's type"
    )
    assert costsim(outside, "analyze", "toy_one_conv", "--hw", "new.yaml").returncode == 0


def test_the_memories_of_a_device_without_dram_are_named(outside):
    for form in ("text", "markdown"):
        printed = costsim(outside, "analyze", "toy_one_conv", "--hw", "copier.yaml", "--format", form).stdout
        assert "flash 3.59 KiB" in printed and "DRAM" not in printed


def test_an_outside_report_is_a_format_like_any_other(outside):
    result = costsim(outside, "analyze", "toy_one_conv", "--hw", "copier.yaml", "--format", "line")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "toy_one_conv: 0.004 ms\n"


def test_an_outside_report_of_another_verb_is_a_format_of_that_verb_alone(outside):
    result = costsim(outside, "check", "toy_one_conv", "--hw", "copier.yaml", "--format", "count")
    assert (result.returncode, result.stdout) == (0, "0 findings\n"), result.stderr
    assert costsim(outside, "analyze", "toy_one_conv", "--hw", "copier.yaml", "--format", "count").returncode != 0


LAWS_OF_IT = """
from costsim.testing import device_laws

test_laws = device_laws(["copier.yaml"], networks=["toy_one_conv", "alexnet"])
"""


def test_an_outside_family_is_held_to_the_laws(outside):
    (outside / "test_copier.py").write_text(LAWS_OF_IT)
    assert held_to_laws(outside).returncode == 0
    module = (outside / "outside.py").read_text()
    wrong = module.replace("moved / profile.hardware.flash", "moved / profile.hardware.flash * ops.n.max()")
    (outside / "outside.py").write_text(wrong)
    result = held_to_laws(outside)
    assert result.returncode == 1
    assert "2 failed" in result.stdout and "twice_the_batch_takes_at_most_twice_as_long" in result.stdout


def held_to_laws(folder):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        "test_copier.py",
    ]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )


def test_profiles_of_a_package_and_of_the_user_are_known_by_name(outside):
    mine = outside / "config" / "costsim" / "hwprofiles"
    mine.mkdir(parents=True)
    (mine / "my_copier.yaml").write_text("extends: fast_copier\nname: my_copier\naliases: [own]\n")
    listed = costsim(outside, "hw", "list", "--format", "json", config=outside / "config")
    origin = {row["name"]: row["from"] for row in json.loads(listed.stdout)["profiles"]}
    assert (origin["fast_copier"], origin["my_copier"], origin["rpi4b"]) == ("outside", "user", "costsim")
    for name in ("fast_copier", "my_copier", "own"):
        result = costsim(outside, "analyze", "toy_one_conv", "--hw", name, config=outside / "config")
        assert result.returncode == 0, result.stderr


def test_two_profiles_of_one_name_are_refused(outside):
    (outside / "boards" / "rpi4b.yaml").write_text(PROFILE)
    result = costsim(outside, "analyze", "toy_one_conv", "--hw", "rpi4b")
    assert result.returncode == 1
    assert "there are two profiles 'rpi4b'" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_profile_that_cannot_be_read_hides_no_other(outside):
    (outside / "boards" / "broken.yaml").write_text("name: broken\n")
    result = costsim(outside, "hw", "list")
    assert result.returncode == 0
    assert "broken.yaml: has no family" in result.stderr
    assert "fast_copier" in result.stdout and "broken" not in result.stdout


def test_a_name_registered_twice_is_refused(outside):
    again = outside / "again-1.dist-info"
    again.mkdir()
    (again / "METADATA").write_text("Metadata-Version: 2.1\nName: again\nVersion: 1\n")
    (again / "entry_points.txt").write_text("[costsim.devices]\ncopier = elsewhere:Copier\n")
    result = costsim(outside, "analyze", "toy_one_conv", "--hw", "copier.yaml")
    assert result.returncode == 1
    assert "registered twice" in result.stderr
    assert len(result.stderr.splitlines()) == 1
