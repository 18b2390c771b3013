"""What a microcontroller's profile holds: the core and its memories, the kernel library, what was fitted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from costsim.hardware.declared import Field, NonNegativeFloat, PositiveFloat, PositiveInt, check
from costsim.hardware.effects import Effect
from costsim.hardware.energy import Energy
from costsim.hardware.profile import Block, Bytes, BytesPerSecond, Capacity, Hertz, Profile, Rate, Runtime
from costsim.hardware.roles import Role
from costsim.tables.schema import Array

FLASHES = ("flash", "external_flash")
"""Memories that keep what they hold without power."""


class Sram(Block):
    """RAM of the part behind its bus."""

    size_bytes: Capacity = Field(alias="size")
    bandwidth_bytes_per_s: BytesPerSecond | None = Field(None, alias="bandwidth")
    """Of its bus at its clock, where a data cache lies between: what filling its lines takes is part of the fitted
    rates. Left out where the core reads it without waiting."""


class Tcm(Block):
    """RAM tightly coupled to the core, which reads it without waiting."""

    size_bytes: Capacity = Field(alias="size")


class Flash(Block):
    """The memory that holds weights and code; weights are read from where they lie."""

    size_bytes: Capacity = Field(alias="size")
    bandwidth_bytes_per_s: BytesPerSecond = Field(alias="bandwidth")
    """Of a long read, wait states included."""


class ExternalRam(Block):
    """RAM on the board beside the part, SDRAM or PSRAM, behind the core's data cache."""

    size_bytes: Capacity = Field(alias="size")
    bandwidth_bytes_per_s: BytesPerSecond = Field(alias="bandwidth")
    """Of its bus at its clock."""


class McuMemory(Block):
    """What the core reads and writes."""

    sram: Sram
    dtcm: Tcm | None = None
    itcm: Tcm | None = None
    flash: Annotated[Flash, Role.OFF_CHIP]
    external_ram: ExternalRam | None = None
    external_flash: Flash | None = None


class McuHardware(Block):
    """Silicon: everything here is a fact of the part."""

    core: str
    clock_hz: Hertz = Field(alias="clock")
    macs_per_cycle: dict[str, Rate]
    """Most multiply-accumulates of one cycle, by data type: SMLAD does two of 16 bits."""
    memory: McuMemory
    soft_float_cycles: Annotated[NonNegativeFloat, Effect.SLOWER] = 0.0
    """Of a multiplication and an addition of floats in software, where the core has no FPU."""
    energy: Energy | None = None


class McuRuntime(Runtime):
    """The kernel library and the way it uses memory."""

    im2col: Literal["none", "two_columns", "four_columns", "whole"] = "none"
    """What a convolution copies before it multiplies: nothing, two pixels' windows as 16-bit values, four as 8-bit
    ones, or all windows."""
    direct_depthwise: bool = False
    """Whether depthwise windows of 3 x 3 with a border of at most a pixel are held nowhere."""
    padded_rows: PositiveFloat = 1.0
    """Output channels computed together; a rest costs a whole block."""
    depth_block: PositiveFloat = 1.0
    """Values of a window multiplied together, and inputs of a product with a vector."""
    channel_block: PositiveFloat = 1.0
    """Channels of a depthwise convolution computed together."""
    rest_ratio: PositiveFloat | None = None
    """Cycles of a multiply-accumulate that fills no such block over those of one that does; left out, a rest costs a
    whole block."""
    generic_depthwise: bool = False
    """Whether depthwise convolutions with several outputs a channel or a dilated window take a kernel of their own,
    which copies no window."""
    planner: Literal["greedy", "in_place", "overlapped"] = "greedy"
    """How maps share the arena: largest first, each into the first gap; as greedy with depthwise layers and
    single-input element-wise ops writing over their input; or every op over its input, a few rows behind."""
    patches: PositiveInt = 1
    """Patches a side in which the first ops run, one after another; 1: over whole maps."""
    arena_in: Literal["sram", "dtcm", "external_ram"] = "sram"
    """Which memory holds the arena."""
    weights_in: Literal["flash", "external_flash", "sram", "dtcm", "itcm", "external_ram"] = "flash"
    """Which memory weights are read from. RAM holds a copy, made before the first inference; code stays in flash."""
    pointer_bytes: PositiveFloat = 4.0
    """Of the structures the interpreter keeps."""
    interpreted: bool = True
    """Whether an interpreter's structures lie in the arena; generated code has none."""
    op_bytes: NonNegativeFloat = 0.0
    """RAM beside the arena in which generated code describes one op and its tensors."""
    code_bytes: Bytes = Field(alias="code")
    """Interpreter and kernels in flash."""


class FloatRatios(Block):
    """Cycles of a multiply-accumulate in fp32 over those in int8, on a core with an FPU."""

    conv: Annotated[PositiveFloat, Effect.SLOWER] = 1.0
    pointwise: Annotated[PositiveFloat, Effect.SLOWER] = 1.0
    depthwise: Annotated[PositiveFloat, Effect.SLOWER] = 1.0
    linear: Annotated[PositiveFloat, Effect.SLOWER] = 1.0


class McuFitted(Block):
    """Cycles of the library's inner loops on this kind of core."""

    conv_cycles_per_mac: Annotated[PositiveFloat, Effect.SLOWER]
    """Convolutions over several channels with a window."""
    pointwise_cycles_per_mac: Annotated[PositiveFloat, Effect.SLOWER]
    """Convolutions of one pixel, which need no window."""
    depthwise_cycles_per_mac: Annotated[PositiveFloat, Effect.SLOWER]
    """Convolutions of one channel a group."""
    generic_depthwise_ratio: Annotated[PositiveFloat, Effect.SLOWER] = 1.0
    """Of a multiply-accumulate in the kernel for such as the fast one does not take, over one in that."""
    linear_cycles_per_mac: Annotated[PositiveFloat, Effect.SLOWER]
    """Products of a matrix and a vector."""
    output_cycles: Annotated[NonNegativeFloat, Effect.SLOWER]
    """Each output of the above: bias, scale, rounding, clipping."""
    window_cycles: Annotated[NonNegativeFloat, Effect.SLOWER]
    """Each value copied into a window."""
    weight_cycles: Annotated[NonNegativeFloat, Effect.SLOWER] = 0.0
    """Each weight of a dense convolution, once an op: fetched, widened, summed for the input's zero point."""
    element_cycles: Annotated[PositiveFloat, Effect.SLOWER]
    """Each element read or written by any other op."""
    product_cycles: Annotated[NonNegativeFloat, Effect.SLOWER] = 0.0
    """Each output of an element-wise product or quotient, besides: without a kernel for it a library goes through
    floats."""
    op_cycles: Annotated[NonNegativeFloat, Effect.SLOWER]
    """Entering one op."""
    core_cycles: Annotated[PositiveFloat, Effect.SLOWER] = 1.0
    """Cycles this kind of core takes for all of the above over those of the core they were fitted on."""
    float_ratios: FloatRatios = Field(default_factory=FloatRatios)
    flash_ratio: Rate = 1.0
    """Share of the flash's bandwidth that reading weights reaches."""


class McuProfile(Profile):
    """A part with a kernel library."""

    hardware: McuHardware
    runtime: McuRuntime
    fitted: McuFitted

    @check
    def _check(self) -> None:
        for field, chosen in (("arena_in", self.runtime.arena_in), ("weights_in", self.runtime.weights_in)):
            if getattr(self.hardware.memory, chosen) is None:
                raise ValueError(f"runtime.{field} is {chosen} but there is no hardware.memory.{chosen}; describe it")

    @property
    def arena_outside(self) -> ExternalRam | None:
        """The memory beside the part that holds the arena; None where it lies in the part's own."""
        return self.hardware.memory.external_ram if self.runtime.arena_in == "external_ram" else None

    @property
    def weights_bytes_per_s(self) -> Array | float:
        """The pace of the memory that weights are read from; infinite where the core reads it without waiting."""
        memory: Any = getattr(self.hardware.memory, self.runtime.weights_in)
        paced = getattr(memory, "bandwidth_bytes_per_s", None)
        return np.inf if paced is None else paced

    def image_in(self, image_bytes: float) -> str:
        """The memory that keeps weights and code: the one they are read from, or a flash with room for both."""
        if self.runtime.weights_in in FLASHES:
            return self.runtime.weights_in
        memory = self.hardware.memory
        outside = memory.external_flash is not None and image_bytes > float(np.min(memory.flash.size_bytes))
        return FLASHES[outside]
