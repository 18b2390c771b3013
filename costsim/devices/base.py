"""What a family of devices answers. Built-in families and plug-ins implement the same class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from costsim.errors import InputError
from costsim.hardware.profile import DTYPE_BYTES, Profile
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array
from costsim.units import counted

P = TypeVar("P", bound=Profile)
"""The class of a family's profiles."""

ALL = "all"
"""Every core a device has, where threads are asked for."""


@dataclass(frozen=True)
class RunConfig:
    """How the network is run on the device."""

    dtype: str
    threads: Any = 1
    """A count, or one per point."""

    @classmethod
    def of(cls, profile: Profile, dtype: str | None = None, threads: int | str | None = None) -> RunConfig:
        """The profile's defaults where nothing is asked for; ``threads="all"`` takes every core it has.

        Raises:
            InputError: a data type the runtime does not have, threads that are no whole number or more than cores.
        """
        dtypes = profile.runtime.dtypes
        if dtype is not None and dtype not in dtypes:
            raise InputError(
                f"{profile.runtime.name} on {profile.name} does not run {dtype}",
                where="--dtype",
                mend=f"it runs {', '.join(dtypes)}",
            )
        if threads == ALL:
            threads = profile.max_threads
        if threads is not None and (isinstance(threads, bool) or not isinstance(threads, (int, np.integer))):
            raise InputError(
                f"threads {threads!r} is no whole number", where="--threads", mend="write one: threads=2, or 'all'"
            )
        if threads is not None and not 1 <= threads <= profile.max_threads:
            raise InputError(
                f"{counted(int(threads), 'thread')} on {profile.name}",
                where="--threads",
                mend=f"it takes 1 to {profile.max_threads}" if profile.max_threads > 1 else "it takes 1",
            )
        return cls(dtype or dtypes[0], threads or profile.default_threads)

    @property
    def elem_bytes(self) -> float:
        return DTYPE_BYTES[self.dtype]


@dataclass(frozen=True)
class Roofs:
    """What the device could do at best: the lines of its roofline."""

    macs_per_s: Any
    bytes_per_s: dict[str, Any]
    """Per memory level of ``CostTable.traffic``."""


@dataclass(frozen=True)
class Footprint:
    """What a network takes of the memory on chip and of flash; None where a device knows no such thing."""

    onchip_used_bytes: float | None = None
    onchip_bytes: float | None = None
    spilled_bytes: float | None = None
    """Maps that leave the chip for want of room."""
    fits: bool | None = None
    arena_bytes: float | None = None
    """The block of SRAM a microcontroller sets aside for maps, scratch and the interpreter."""
    flash_bytes: float | None = None
    """Weights and code."""
    arena_peak: str | None = None
    """The op that sets the arena's size."""
    arena_memory: str | None = None
    """The memory that holds the arena, in words."""
    process_bytes: float | None = None
    """What the process that runs the network holds of main memory."""


@dataclass(frozen=True)
class Memory:
    """A memory of the device, or a bank of one, and what a network takes of it at most."""

    name: str
    """``onchip``, ``onchip bank 2``, ``parameter cache``, ``sram``, ``flash``."""
    used_bytes: float
    size_bytes: float


@dataclass(frozen=True)
class Detour:
    """Ops whose shape keeps them off the fastest loop of the kernel library that runs them."""

    cause: str
    """In words, with what the shape would have to be: ``dilated depthwise convolutions``."""
    instruction: str
    """What to do about it, in the imperative."""
    saved_s: Array
    """``(ops,)`` seconds each would take less in that loop; 0 where it runs there."""
    multiple: int | None = None
    """Of channels, where widths are the cause: widths that are one fill the lanes."""


@dataclass(frozen=True)
class Placement:
    """Another memory of the device in which a part of the network could lie."""

    what: str
    """``the arena``, ``weights``."""
    memory: str
    """In words."""
    setting: str
    """As the command line takes it: ``runtime.arena_in=dtcm``."""
    profile: Profile


@dataclass(frozen=True)
class Placed:
    """A block of the memory in which a device lays out a network's maps, and the ops that need it."""

    name: str
    kind: str
    """What it holds: ``maps``, ``scratch``, ``kept``."""
    first_row: int
    last_row: int
    offset_bytes: float
    size_bytes: float


class DeviceModel(ABC, Generic[P]):
    """Prices op tables on the profiles of one family. Stateless; all arrays are ``(ops, points)``."""

    profile_type: ClassVar[type[Profile]]
    """The pydantic class profiles of this family are checked by."""

    fills_with_batch: ClassVar[bool] = False
    """Whether it has so many units that one image leaves most of them idle."""
    mixes_dtypes: ClassVar[bool] = False
    """Whether layers that a quantised file keeps in floats are priced so in a run in int8."""

    plans_each_network: ClassVar[bool] = False
    """Whether ``plan`` works something out for every network by itself: one of other dimensions is another then."""

    def plan(self, ops: OpTable, profile: P, run: RunConfig) -> OpTable:
        """Decide what runs as one group and which tensors stay on chip, at every point, before costing.

        Raises:
            DoesNotFitError: an op cannot run on this device whatever the plan.
        """
        return ops

    @abstractmethod
    def costs(self, ops: OpTable, profile: P, run: RunConfig) -> CostTable:
        """Named ceilings, overheads and traffic of every op.

        The laws every family is held to: more bandwidth, buffer or cores are never slower;
        where there is a DRAM, ``traffic['dram']`` is at least the bytes no plan can avoid; time is at least macs over
        peak; every executed op costs something.
        """

    def kind_costs(self, ops: OpTable, profile: P, run: RunConfig) -> CostTable:
        """The same numbers, equal ops priced once (``CostTable.kind_of``): what sweeps add up."""
        return self.costs(ops, profile, run)

    @abstractmethod
    def roofs(self, profile: P, run: RunConfig) -> Roofs:
        """Peak arithmetic and peak bandwidth per memory level, before any efficiency."""

    def images_per_s(self, ops: OpTable, costs: CostTable, profile: P, run: RunConfig) -> float:
        """How many images a second go through if runs follow each other; ``ops`` and ``costs`` of one network and
        point.
        """
        return float(ops.n[0, 0] / costs.latency_s.sum())

    def footprint(self, ops: OpTable, profile: P, run: RunConfig) -> Footprint:
        """What a planned table of one network and point takes of the memories that must hold it."""
        return Footprint()

    def memories(self, ops: OpTable, profile: P, run: RunConfig) -> Sequence[Memory]:
        """The memories that a planned table of one network and point has to find room in, bank by bank."""
        return ()

    def figures(self, profile: P) -> dict[str, Any]:
        """Figures of the device itself that tell designs apart: ``array_macs``, ``onchip_bytes``, ``area_mm2``."""
        return {}

    def memory_map(self, ops: OpTable, profile: P, run: RunConfig) -> Sequence[Placed]:
        """Where everything of a planned table of one network and point lies, on devices that lay it out."""
        return ()

    def notes(self, ops: OpTable, profile: P, run: RunConfig) -> tuple[str, ...]:
        """What the user should know about a planned table of one network and point."""
        return ()

    def detours(self, ops: OpTable, profile: P, run: RunConfig) -> Sequence[Detour]:
        """Ops of a planned table of one network and point that the kernel library has a faster loop for."""
        return ()

    def placements(self, ops: OpTable, profile: P, run: RunConfig) -> Sequence[Placement]:
        """Other memories that would hold parts of a planned table of one network and point."""
        return ()

    def channel_tile(self, profile: P, run: RunConfig) -> int:
        """Output channels the arithmetic takes at once: of a width that is no multiple, a part runs idle."""
        return 1

    def fewest_macs(self, ops: OpTable, profile: P, run: RunConfig) -> Array:
        """Multiplications the best algorithm of the runtime still does; fewer than ``macs`` with Winograd."""
        return ops.macs

    def unavoidable_dram_bytes(self, ops: OpTable, profile: P) -> Array:
        """``(points,)`` bytes no plan can keep off DRAM: weights, the network's input and its outputs, once."""
        is_output = ops.leaves[:, None]
        first = np.argmax(ops.reads_input)
        return ops.weight_bytes.sum(axis=0) + ops.input_bytes[first] + (ops.output_bytes * is_output).sum(axis=0)
