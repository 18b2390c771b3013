"""What a kernel says of its processor."""

from __future__ import annotations

import pytest

from costsim.calibrate.host.machine import this_machine
from costsim.errors import InputError

CPUINFO = """\
processor\t: 0
vendor_id\t: {vendor}
cpu family\t: {family}
model\t\t: 17
model name\t: Some CPU
flags\t\t: fpu sse2 {flags}

processor\t: 1
vendor_id\t: {vendor}
cpu family\t: {family}
model\t\t: 17
model name\t: Another core
flags\t\t: fpu sse2 {flags}
"""


@pytest.fixture
def described(tmp_path):
    def describe(
        vendor="AuthenticAMD",
        family=25,
        flags="avx2 avx512f",
        levels=((1, "Data", "32K"), (1, "Instruction", "64K"), (2, "Unified", "1024K"), (3, "Unified", "32768K")),
        **options,
    ):
        cpuinfo, caches = tmp_path / "cpuinfo", tmp_path / "cache"
        cpuinfo.write_text(CPUINFO.format(vendor=vendor, family=family, flags=flags))
        for number, (level, kind, size) in enumerate(levels):
            folder = caches / f"index{number}"
            folder.mkdir(parents=True)
            for name, value in (("level", level), ("type", kind), ("size", size)):
                (folder / name).write_text(f"{value}\n")
        return this_machine(cpuinfo, caches, options.get("architecture", "x86_64"))

    return describe


@pytest.mark.parametrize(
    ("vendor", "family", "flags", "vector_bytes", "macs", "load_bytes"),
    [
        ("AuthenticAMD", 25, "avx2 avx512f", 64, 16, 64),
        ("AuthenticAMD", 26, "avx2 avx512f", 64, 32, 128),
        ("GenuineIntel", 6, "avx2 avx512f", 64, 32, 128),
        ("GenuineIntel", 6, "avx2", 32, 16, 64),
    ],
)
def test_vectors_and_peaks_follow_the_instruction_set(described, vendor, family, flags, vector_bytes, macs, load_bytes):
    machine = described(vendor, family, flags)
    assert (machine.vector_bytes, machine.macs_per_cycle, machine.load_bytes_per_cycle) == (
        vector_bytes,
        macs,
        load_bytes,
    )
    assert machine.model == f"Some CPU (family {family}, model 17)"


def test_caches_are_those_for_data(described):
    assert described().cache_bytes == {1: 32 * 1024, 2: 1024**2, 3: 32 * 1024**2}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"architecture": "aarch64"}, "use Linux on an x86"),
        ({"flags": "sse4_2"}, "use Linux on an x86"),
        ({"levels": ()}, "says nothing of its caches"),
    ],
)
def test_other_machines_are_refused(described, options, says):
    with pytest.raises(InputError, match=says):
        described(**options)


def test_without_a_description_it_is_refused_too(tmp_path):
    with pytest.raises(InputError, match="none the base profiles describe"):
        this_machine(tmp_path / "none", tmp_path, "x86_64")
