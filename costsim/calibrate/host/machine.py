"""What this machine says of its processor: the part of a profile that needs no measurement."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from costsim.errors import InputError
from costsim.units import parse_quantity
from costsim.version import VERSION

CPUINFO, SYSFS = Path("/proc/cpuinfo"), Path("/sys/devices/system/cpu/cpu0/cache")

ZEN_5 = 26
"""AMD's family number of the first cores with vector units of 512 bits; those before run AVX-512 in two halves."""


@dataclass(frozen=True)
class Machine:
    """One x86 processor as its kernel describes it."""

    model: str
    """The vendor's name, with family and model where that name says little."""
    cores: int
    lanes: int
    """Values of four bytes in a vector register."""
    macs_per_cycle: int
    """Of one core, in fp32; from the instruction set, see ``_macs_per_cycle``."""
    cache_bytes: dict[int, int]
    """By level; the first is the data cache."""

    @property
    def vector_bytes(self) -> int:
        return 4 * self.lanes

    @property
    def load_bytes_per_cycle(self) -> int:
        """Two loads a cycle, each as wide as a multiply-add unit."""
        return 4 * self.macs_per_cycle


@dataclass(frozen=True)
class Conditions:
    """What was measured on what."""

    machine: Machine
    runtime: str
    version: str
    date: str
    threads: int = 1

    def as_journal_head(self) -> dict[str, str | int]:
        """What measurements of another run must agree in to go on from them."""
        of = {"machine": self.machine.model, "runtime": self.runtime, "version": self.version}
        return {**of, "threads": self.threads, "costsim": VERSION}


def this_machine(cpuinfo: Path = CPUINFO, caches: Path = SYSFS, architecture: str | None = None) -> Machine:
    """The machine costsim runs on.

    Raises:
        InputError: it is no x86 with AVX2 under Linux, whose runtimes are what the base profiles describe.
    """
    architecture = architecture or platform.machine()
    try:
        lines = re.findall(r"^([^\t:]+)\s*:[ \t]*(.*)$", cpuinfo.read_text(), re.MULTILINE)
    except OSError:
        lines = []
    found = dict(reversed([(key.strip(), value.strip()) for key, value in lines]))  # the first core's
    flags = set(found.get("flags", "").split())
    if architecture not in ("x86_64", "AMD64") or not flags & {"avx2", "avx512f"}:
        raise InputError(
            f"this machine ({platform.system()}, {architecture}) is none the base profiles describe",
            where="--host",
            mend="use Linux on an x86 processor with AVX2; for others measure networks and use --base and --from",
        )
    amd, family = found.get("vendor_id") == "AuthenticAMD", int(found.get("cpu family", 0))
    wide = "avx512f" in flags
    return Machine(
        model=f"{found.get('model name', 'x86')} (family {family}, model {found.get('model', '?')})",
        cores=len(os.sched_getaffinity(0)),
        lanes=16 if wide else 8,
        macs_per_cycle=32 if wide and not (amd and family < ZEN_5) else 16,
        cache_bytes=_cache_bytes(caches),
    )


def _cache_bytes(folder: Path) -> dict[int, int]:
    sizes = {}
    for index in sorted(folder.glob("index*")):
        try:
            level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
        except OSError:
            continue
        if kind != "Instruction":
            sizes[int(level)] = int(parse_quantity(size.replace("K", " KiB").replace("M", " MiB"), "B"))
    if not {1, 2} <= sizes.keys():
        raise InputError("says nothing of its caches", where=str(folder), mend="measure on the machine itself")
    return sizes
