"""What a GPU profile holds: the silicon, the kernels of its software era, the fitted rates."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from costsim.hardware.declared import Field, NonNegativeFloat, PositiveInt, check
from costsim.hardware.effects import Effect
from costsim.hardware.profile import (
    Block,
    BytesPerSecond,
    Capacity,
    Efficiency,
    Hertz,
    Profile,
    Rate,
    Runtime,
    Seconds,
)
from costsim.hardware.roles import Role


class L2(Block):
    size_bytes: Capacity = Field(alias="size")
    bandwidth_bytes_per_s: BytesPerSecond = Field(alias="bandwidth")
    """As measured by kernels that do nothing else; where no document has it, 32 bytes x multiprocessors x clock."""


class GpuDram(Block):
    size_bytes: Capacity = Field(alias="size")
    bandwidth_bytes_per_s: BytesPerSecond = Field(alias="bandwidth")


class HostLink(Block):
    bandwidth_bytes_per_s: BytesPerSecond = Field(alias="bandwidth")


class GpuMemory(Block):
    l2: Annotated[L2, Role.BUFFER]
    dram: Annotated[GpuDram, Role.OFF_CHIP]
    host: HostLink
    """The way from the host's memory, in the direction of inputs: PCIe, of which copies reach four fifths."""


class GpuHardware(Block):
    gpu: str
    multiprocessors: Annotated[PositiveInt, Effect.FASTER]
    clock_hz: Hertz = Field(alias="clock")
    """The boost clock, as datasheets print it."""
    sustained_clock_hz: Hertz | None = Field(None, alias="sustained_clock")
    """What is left of it under load on a card that its power limit slows down; left out: all of it."""
    macs_per_cycle: dict[str, Rate]
    """Of one multiprocessor by data type, on the units matrix kernels use (tensor cores where there are any): what the
    datasheet prints of dense operations a second, over 2 x multiprocessors x boost clock."""
    lanes: Annotated[PositiveInt, Effect.FASTER]
    """Scalar fp32 units of one multiprocessor: what element-wise and depthwise kernels run on."""
    register_file_bytes: Capacity = Field(alias="register_file")
    """Of one multiprocessor, 256 KiB on every card since 2014; half of it holds partial sums."""
    memory: GpuMemory

    @property
    def working_clock_hz(self) -> Any:
        """The clock that kernels run at."""
        return self.clock_hz if self.sustained_clock_hz is None else self.sustained_clock_hz


class Tile(Block):
    """The part of an output one thread block computes."""

    pixels: PositiveInt
    channels: PositiveInt


class WinogradTile(Tile):
    """A fused Winograd kernel F(outputs x outputs, 3x3); ``pixels`` counts its input tiles."""

    outputs: PositiveInt


class GpuRuntime(Runtime):
    tiles: tuple[Tile, ...] = Field(min_length=1)
    """The matrix kernels of the library version; it runs the fastest of them."""
    winograd: dict[str, tuple[WinogradTile, ...]]
    winograd_weights: Literal["each_call", "ahead"]
    """When Winograd kernels have their weights transformed."""
    split_k: dict[str, PositiveInt]
    """Op to the most parts its k loop may be split into; 1 where it is not named."""
    channel_align: dict[str, PositiveInt]
    """Channels are padded to multiples of it; 1 where it is not named."""
    layout: Literal["nchw", "nhwc"] = "nhwc"
    """How maps lie in memory. Tensor cores take channels last: in nchw a kernel in front turns each of their inputs."""
    joins: tuple[str, ...] = ()
    """Classes of ops that a compiler of element-wise code joins into one kernel, however often a tensor is read."""
    attention: Literal["fused", "products"] = "products"
    """Scaled dot product attention as one kernel, or as two products with the scores in memory between them."""
    autocast: bool = False
    """16-bit types run under PyTorch's automatic mixed precision: norms, softmax and what reads them stay in fp32."""
    depthwise_windows: tuple[PositiveInt, ...] = ()
    """Sides of depthwise windows that have kernels of their own; others run a generic one."""
    grouped: Literal["loop", "native"]
    """Grouped convolutions run as one kernel a group, or all groups in one kernel."""
    context_bytes: Capacity | None = Field(None, alias="context")
    """Memory the framework takes for itself: the context, libraries and their workspace."""
    input_from: Literal["host", "device"]
    """Where a network's input lies when the clock starts."""


class GpuFitted(Block):
    matrix_ratio: Efficiency
    """Share of the arithmetic peak the main loop of a matrix kernel reaches."""
    winograd_ratio: Efficiency
    """The same for Winograd kernels, input and output transforms included."""
    step_ratio: Annotated[NonNegativeFloat, Effect.SLOWER]
    """What thread blocks wait for the operands of one input channel, when no others work meanwhile: a share of the time
    in which a multiprocessor full of them multiplies one. Kernels fetch ahead by what their own arithmetic takes, so
    that the wait goes with it from board to board."""
    product_ratio: Efficiency | None = None
    """``matrix_ratio`` of matrix products that are no convolution, where their library was fitted apart."""
    product_step_ratio: Annotated[NonNegativeFloat, Effect.SLOWER] | None = None
    """``step_ratio`` of the same kernels: a BLAS library fetches operands further ahead than a convolution can."""
    dram_ratio: Efficiency
    """Share of the DRAM bandwidth streaming kernels reach."""
    depthwise_ratio: Efficiency
    """Share of every memory's bandwidth that depthwise kernels reach."""
    depthwise_lane_ratio: Efficiency = 1.0
    """Share of the scalar lanes' peak that depthwise kernels reach: for each product they also load, convert and
    count addresses."""
    generic_depthwise_lane_ratio: Efficiency = 1.0
    """The same for windows without a kernel of their own."""
    grouped_ratio: Efficiency
    """The same for kernels that run all groups at once."""
    overlap: Annotated[float, Field(ge=1)]
    """Exponent of the norm that combines ceilings: 1 no overlap, large values perfect overlap."""
    launch_s: Seconds = Field(alias="launch")
    """Device time between the end of a kernel and the start of the next."""
    ramp_s: Seconds = Field(alias="ramp")
    """A thread block's first loads and last stores, when no other block works meanwhile."""
    l2_kept_ratio: Efficiency = 1.0
    """Share of the L2 cache in which a kernel still finds what the one before wrote: blocks run in the order in which
    they wrote, so that a map near the cache's size evicts itself, and dirty lines are written back meanwhile."""
    dispatch_s: Seconds = Field(alias="dispatch")
    """Host time to issue one kernel, framework included."""


class GpuProfile(Profile):
    shared_runtimes: ClassVar[tuple[str, ...]] = ("pytorch_eager", "pytorch_compiled", "tensorrt")
    issued_by_host: ClassVar[bool] = True

    hardware: GpuHardware
    runtime: GpuRuntime
    fitted: GpuFitted

    @classmethod
    def before_checks(cls, tree: Any) -> Any:
        """A runtime that many cards share lists more data types than some have units for: those it computes in."""
        runtime, hardware = tree.get("runtime"), tree.get("hardware")
        if not (isinstance(runtime, dict) and isinstance(hardware, dict)):
            return tree
        units, dtypes = hardware.get("macs_per_cycle"), runtime.get("dtypes")
        if runtime.get("name") not in cls.shared_runtimes or not (isinstance(units, dict) and dtypes):
            return tree
        return {**tree, "runtime": {**runtime, "dtypes": [dtype for dtype in dtypes if dtype in units]}}

    @check
    def _consistent(self) -> None:
        hw, memory = self.hardware, self.hardware.memory
        if missing := [dtype for dtype in self.runtime.dtypes if dtype not in hw.macs_per_cycle]:
            raise ValueError(f"hardware.macs_per_cycle lacks {missing[0]}, which runtime.dtypes lists")
        if hw.sustained_clock_hz is not None and hw.sustained_clock_hz > hw.clock_hz:
            raise ValueError("hardware.sustained_clock is above hardware.clock, the boost clock")
        if memory.l2.bandwidth_bytes_per_s < memory.dram.bandwidth_bytes_per_s:
            raise ValueError("hardware.memory.l2.bandwidth is below that of dram")
        if memory.l2.size_bytes > memory.dram.size_bytes:
            raise ValueError("hardware.memory.l2.size is above that of dram")
