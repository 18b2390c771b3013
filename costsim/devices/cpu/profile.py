"""What a CPU profile holds: the core and its memory, how the runtime computes, what was fitted."""

from __future__ import annotations

from typing import Annotated, Literal

from costsim.hardware.declared import Field, NonNegativeFloat, PositiveFloat, PositiveInt, check
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

AtLeastOne = Annotated[float, Field(ge=1)]


class Cache(Block):
    """One cache level as one core sees it."""

    size_bytes: Capacity = Field(alias="size")


class Dram(Block):
    """Main memory, shared by all cores."""

    one_core_bandwidth_bytes_per_s: BytesPerSecond = Field(alias="one_core_bandwidth")
    bandwidth_bytes_per_s: BytesPerSecond = Field(alias="bandwidth")
    """With all cores reading."""


class CpuMemory(Block):
    """The levels between the registers and main memory."""

    l1: Cache
    l2: Annotated[Cache, Role.BUFFER]
    l3: Annotated[Cache | None, Role.BUFFER] = None
    dram: Annotated[Dram, Role.OFF_CHIP]

    @property
    def last_level_bytes(self) -> float:
        """What a tensor can stay in between two ops."""
        return self.l2.size_bytes + (self.l3.size_bytes if self.l3 else 0.0)

    @check
    def _levels_grow(self) -> None:
        if self.l1.size_bytes > self.l2.size_bytes:
            raise ValueError("l1 is larger than l2; exchange them or mend their units")
        if self.dram.one_core_bandwidth_bytes_per_s > self.dram.bandwidth_bytes_per_s:
            raise ValueError("one core draws more from dram than all cores; raise 'bandwidth'")


class CpuHardware(Block):
    """Silicon: everything here is a fact of the board, not of the software."""

    core: str
    cores: Annotated[PositiveInt, Effect.FASTER]
    clock_hz: Hertz = Field(alias="clock")
    macs_per_cycle: dict[str, Rate]
    """Peak multiply-accumulates of one core, by data type."""
    vector_bytes: PositiveFloat
    load_bytes_per_cycle: Rate
    """From the first cache level into vector registers, one core."""
    memory: CpuMemory


class Microkernel(Block):
    """The register tile of the matrix product: output channels by pixels."""

    rows: PositiveFloat
    columns: PositiveFloat
    smallest_rows: PositiveFloat = 1.0
    """Rows left over are filled up to a multiple of this; 1 where every tail has a kernel of its own."""
    vectors: Literal["rows", "either"] = "rows"
    """Whether vectors hold rows alone, or whichever of rows and columns fills them better."""


class Winograd(Block):
    """When 3 x 3 convolutions of stride 1 run as Winograd, and with which patches."""

    min_channels: NonNegativeFloat
    """At least this many input or output channels."""
    small_patch: PositiveFloat
    large_patch: PositiveFloat
    large_patch_max_channels: NonNegativeFloat
    """The large patch is used while neither input nor output has more channels."""
    half_channel_multiple: PositiveFloat = 1.0
    """In half precision the output channels are a multiple of this."""
    tiny_patch: PositiveFloat
    tiny_map: NonNegativeFloat
    """Maps of at most this height or width take the tiny patch: a larger one streams more weights than it saves."""


class BlockedLayout(Block):
    """Tensors in blocks of channels, which convolutions read and write without packing anything."""

    block: PositiveFloat
    """Channels kept together: as many as a vector holds."""
    input_multiple: PositiveFloat
    """Convolutions over a number of channels that is no multiple of this run on plain tensors."""
    pixels: PositiveFloat
    """Neighbouring outputs of a row in one register tile."""
    filters: PositiveFloat
    """Blocks of output channels in one register tile."""
    carriers: tuple[str, ...]
    """Other ops that take blocked tensors and give blocked ones, where channels fill whole blocks."""
    kept: bool
    """Whether tensors stay blocked from op to op; if not, every convolution reorders input, weights and output."""
    pointwise: bool = True
    """Whether 1 x 1 kernels of stride 1 run blocked; if not, they are plain matrix products."""
    small_input_elems: NonNegativeFloat = 0.0
    """Dense convolutions of kernels up to 3 x 3 run on plain tensors where the input has no more elements."""


class Int8(Block):
    """How the runtime computes in int8."""

    ops: tuple[str, ...]
    """Ops with weights that have int8 kernels; all others compute in floats."""
    float_between: bool
    """Whether kernels read and write floats: they quantise what they read and write int8 only for each other.

    If not, every tensor is int8 and kernels scale their sums before they leave the registers."""
    winograd: Winograd | None
    """As for floats, but that input and output need the channels."""
    unpacked_winograd: bool = False
    """Whether output channels that fill no pack of four take Winograd however few there are."""
    depthwise_pack: PositiveFloat
    """Channels a depthwise kernel takes at once; others are taken along the rows of the map."""


class CpuRuntime(Runtime):
    """How the inference library computes on this kind of core."""

    microkernel: Microkernel
    winograd: Winograd | None
    l2_blocking: bool
    """Whether packed panels are cut to fit the second cache level, so that they are read from memory once."""
    packs_ahead: bool = False
    """Inputs are packed as a whole before the product begins, so that fetching them hides behind no arithmetic."""
    holds_panels: bool = True
    """Whether panels, im2col and borders are copies in memory. If not, kernels read the rows through pointers, and
    ``fitted.pack_bytes_per_cycle`` is what that costs."""
    serial_ops: tuple[str, ...]
    """Ops that run on one thread however many there are."""
    scalar_ops: tuple[str, ...] = ()
    """Ops in plain code, one element at a time."""
    grouped_conv_as_one_gemm_per_group: bool
    """Every group is an op of its own, with its own dispatch."""
    depthwise_kernels: tuple[int, ...]
    """Square kernel sizes with a depthwise kernel of their own; others run a general loop."""
    scalar_depthwise: bool = False
    """That loop takes one value at a time instead of a vector: two loads for every multiply-accumulate."""
    half_depthwise_in_packs: bool = False
    """In half precision, channels that fill no vector run that loop in packs of four, or else along the rows."""
    plain_tensor_ops: tuple[str, ...] | None = None
    """Where tensors keep channels in packs: ops without kernels for packs or half precision, whose tensors are
    unpacked and cast. None: nothing is packed anew between ops."""
    direct_over_packs: bool = False
    """Whether small kernels over whole packs of channels run without im2col."""
    im2col_min_channels: PositiveFloat
    """Spatial kernels over fewer input channels read the image as it lies."""
    resident_bytes: Capacity | None = Field(default=None, alias="resident")
    """Main memory the library takes without a network: code, heap, its threads' stacks. None: not known."""
    exponential_instructions: PositiveFloat
    """Vector instructions of one exponential."""
    op_instructions: dict[str, PositiveFloat] = Field(default_factory=dict)
    """Vector instructions of an output of these ops, in the place of their exponentials: chains of many, of which
    each waits for the one before."""
    attention_layer: bool = False
    """Attention is one layer: its products are matrix products like any other, heads run side by side, and nothing is
    transposed or scaled apart."""
    linear_rows: PositiveFloat | None = None
    """Rows of a matrix that a fully connected kernel takes at once, reading all weights for them; of other numbers of
    rows it takes one at a time. None: many rows are a matrix product like any other."""
    linear_weight_bytes: PositiveFloat | None = None
    """Bytes of a stored weight of fully connected layers where they differ from the data type's."""
    blocked_layout: BlockedLayout | None = None
    """None where convolutions pack what they read."""
    waits_for_memory: bool = False
    """Whether cores wait for bytes that come from beyond the second cache level, however busy the arithmetic is.

    If not, memory is a ceiling beside the others (``dram``). If so, what comes from the third level and from memory
    adds to the op (``l3``, ``dram_wait``), and matrix-vector products have no ceiling of their own for that wait."""
    plain_op_cycles: dict[str, PositiveFloat] = Field(default_factory=dict)
    """Cycles an operation of these ops takes where their tensors are plain: no vectors."""
    dispatches: dict[str, PositiveFloat] = Field(default_factory=dict)
    """Ops the runtime executes for one layer, where they are not one: reshape, transpose, reshape for a shuffle."""
    passes: dict[str, PositiveFloat] = Field(default_factory=dict)
    """How often one layer passes over its tensors, where that is not once."""

    int8: Int8 | None = None
    """Needed where ``dtypes`` has int8."""

    @property
    def float_dtype(self) -> str:
        """What is computed in floats in a run in int8: the first data type that is none."""
        return next((dtype for dtype in self.dtypes if dtype != "int8"), "fp32")

    @property
    def blocks(self) -> BlockedLayout:
        """The blocked layout, for kernels that only runtimes with one have."""
        assert self.blocked_layout is not None
        return self.blocked_layout

    @property
    def kernels(self) -> tuple[str, ...]:
        """Names of the kernels this runtime has (``costsim.devices.cpu.partition``)."""
        direct = ("direct_depthwise", "direct") if self.blocked_layout is not None else ()
        winograd = ("winograd",) if self.winograd is not None else ()
        int8 = ("int8_depthwise", "int8_winograd", "int8_product") if self.int8 is not None else ()
        packs = ("direct_packs",) if self.direct_over_packs else ()
        rows = ("rows",) if self.linear_rows is not None else ()
        return (*direct, *int8, "depthwise", *winograd, *packs, *rows, "packed_product", "pass")


class BlockedFitted(Block):
    """Rates of kernels over blocked tensors."""

    direct_ratio: Efficiency
    """Share of peak arithmetic that direct convolutions sustain."""
    depthwise_ratio: Efficiency
    """The same for depthwise kernels."""
    tile_cycles: NonNegativeFloat
    """Cycles to begin and end one register tile."""
    reorder_bytes_per_cycle: Rate
    """Bytes read and written a cycle by copies between blocked and plain tensors, one core."""
    l3_bytes_per_cycle: Rate
    """From the third cache level, one core."""
    call_overhead_s: Seconds = Field(default=0.0, alias="call_overhead")
    """Added by every direct convolution: finding its kernel."""
    l2_ratio: Efficiency
    """Share of the second cache level that holds tensors from one op to the next."""


class Int8Fitted(Block):
    """Rates of int8 kernels, of core and runtime; those of floats hold for whatever is not named."""

    gemm_ratio: Efficiency
    """Share of the int8 peak that the inner loop of the matrix product sustains."""
    depthwise_ratio: Efficiency
    """The same for depthwise kernels."""
    winograd_ratio: Efficiency = 0.5
    """The same for products of int16 between Winograd transforms."""
    linear_bytes_per_cycle: Rate
    """Weights of matrix-vector products, one core."""
    pack_bytes_per_cycle: Rate
    """Bytes read and written a cycle by im2col, packing and padding copies of int8, one core."""
    convert_bytes_per_cycle: Rate
    """Bytes read and written a cycle by quantising, dequantising and requantising passes, one core."""


class CpuFitted(Block):
    """Rates that no datasheet gives. Those above the line belong to core and runtime, the rest to the board."""

    gemm_ratio: Efficiency
    """Share of peak arithmetic the inner loop of the matrix product sustains."""
    depthwise_ratio: Efficiency
    """The same for depthwise kernels."""
    spatial_ratio: Efficiency
    """Speed of spatial kernels that are not Winograd over the plain matrix product: rows are gathered."""
    unpacked_ratio: Efficiency
    """Speed of pointwise kernels that read packs of four channels and write none, over those that write them too."""
    vector_ratio: Efficiency
    """The same for arithmetic beside multiply-accumulates, two operations to a multiply-accumulate."""
    load_ratio: Efficiency
    """Share of peak register loads."""
    l2_bytes_per_cycle: Rate
    """From the second cache level, one core."""
    linear_bytes_per_cycle: Rate = 64.0
    """Weights of matrix-vector products, one core: each is used once, so nothing hides the wait for it."""
    linear_rows_bytes_per_cycle: Rate = 64.0
    """The same where a kernel reads them again for every few rows of a matrix (``runtime.linear_rows``)."""
    linear_rows_contention_ratio: Annotated[NonNegativeFloat, Effect.SLOWER] = 0.0
    """Slowdown of such streams by each further thread where it is above ``contention_ratio``: all come through the
    level that cores share."""
    pack_bytes_per_cycle: Rate
    """Bytes read and written a cycle by im2col, packing and padding copies, one core."""
    transform_bytes_per_cycle: Rate
    """The same for Winograd transforms."""
    cache_ratio: Efficiency
    """Share of the last cache level that holds tensors from one op to the next."""
    overlap: AtLeastOne
    """Exponent by which ceilings combine: 1 adds them, large values take the maximum."""
    group_overhead_s: Seconds = Field(alias="group_overhead")
    """Added for every group of a grouped convolution run group by group."""
    clock_ratio: Efficiency = 1.0
    """Share of the nominal clock that is held."""
    one_core_dram_ratio: Efficiency
    """Share of the stated bandwidth that one core's streams of tensors reach."""
    dram_ratio: Efficiency
    """The same with all cores."""
    op_overhead_s: Seconds = Field(alias="op_overhead")
    """Dispatch of one op on one thread."""
    thread_overhead_s: Seconds = Field(alias="thread_overhead")
    """Added to an op by each further thread: fork, join, barrier."""
    l2_contention_ratio: Annotated[NonNegativeFloat, Effect.SLOWER]
    """Slowdown of the second cache level by each further thread."""
    contention_ratio: Annotated[NonNegativeFloat, Effect.SLOWER] = 0.0
    """Slowdown of arithmetic by each further thread: shared caches, throttled clock."""
    blocked: BlockedFitted | None = None
    """With ``runtime.blocked_layout`` only."""
    int8: Int8Fitted | None = None
    """With ``runtime.int8`` only."""


class CpuProfile(Profile):
    """A board with its CPU and inference runtime."""

    hardware: CpuHardware
    runtime: CpuRuntime
    fitted: CpuFitted

    @check
    def _blocked_parts_come_together(self) -> None:
        rules, rates = self.runtime.blocked_layout, self.fitted.blocked
        if (rules is None) != (rates is None):
            raise ValueError("runtime.blocked_layout and fitted.blocked need each other; add the missing one")
        if self.runtime.waits_for_memory and rates is None:
            raise ValueError("runtime.waits_for_memory needs the rates in fitted.blocked; add them or set it to false")

    @property
    def max_threads(self) -> int:
        return self.hardware.cores

    @check
    def _dtypes_have_a_peak(self) -> None:
        missing = [dtype for dtype in self.runtime.dtypes if dtype not in self.hardware.macs_per_cycle]
        if missing:
            raise ValueError(f"hardware.macs_per_cycle has no {missing[0]}; add it or drop it from runtime.dtypes")
        if "int8" in self.runtime.dtypes and (self.runtime.int8 is None or self.fitted.int8 is None):
            raise ValueError("int8 needs runtime.int8 and fitted.int8; add them or drop it from runtime.dtypes")
