"""What a profile of the accelerator family holds: an array, its memories, and who runs the rest."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from costsim.devices.accelerator.arrays import AnyArray
from costsim.hardware.declared import Field, NonNegativeInt, PositiveFloat, PositiveInt, check
from costsim.hardware.effects import Effect
from costsim.hardware.energy import Energy
from costsim.hardware.profile import (
    Block,
    Bytes,
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


class MemoryBanks(Block):
    """Memories behind each other in the address space."""

    size_bytes: tuple[Bytes, ...] = Field(alias="sizes")
    """In order of their addresses."""
    order: tuple[NonNegativeInt, ...]
    """Numbers of the banks, counted from 0, in the order in which the compiler fills them."""

    @check
    def _check(self) -> None:
        if sorted(self.order) != list(range(len(self.size_bytes))):
            raise ValueError(f"order {list(self.order)} does not name each of {len(self.size_bytes)} banks once")


class OnChip(Block):
    """The buffer whose size is fixed."""

    size_bytes: Capacity = Field(alias="size")
    bandwidth_bytes_per_s: BytesPerSecond = Field(alias="bandwidth")
    weight_size_bytes: Capacity | None = Field(None, alias="weight_size")
    """A separate buffer for weights; null where activations and weights share ``size``."""
    banks: MemoryBanks | None = None
    """The memories ``size`` is made of; null where it is one."""


class OffChip(Block):
    """DRAM, external RAM, flash or the link to the host's memory."""

    bandwidth_bytes_per_s: BytesPerSecond = Field(alias="bandwidth")
    latency_s: Seconds = Field(0.0, alias="latency")
    """Paid once per op that goes there."""
    burst_bytes: Annotated[Bytes, Effect.SLOWER] | None = Field(None, alias="burst")
    """Bytes of one burst; the network's input, pixel after pixel, uses only its channels of each. Null: no matter."""


class ParameterCache(Block):
    """Weights kept on chip from one inference to the next, in order of execution until it is full."""

    size_bytes: Capacity = Field(alias="size")
    beside_maps: bool = False
    """Whether it is a part of the on-chip buffer: of ``size``, only what the maps leave there."""


class AcceleratorMemory(Block):
    onchip: Annotated[OnChip, Role.BUFFER]
    dram: Annotated[OffChip | None, Role.OFF_CHIP]
    """Null where activations have nowhere else to go: what does not fit on chip does not run."""
    flash: Annotated[OffChip | None, Role.OFF_CHIP] = None
    """Where weights are read from; null where they lie in DRAM."""
    parameter_cache: ParameterCache | None = None

    @check
    def _check(self) -> None:
        if self.dram is None and self.flash is None:
            raise ValueError("has neither dram nor flash: weights have no place to come from; give one of them")

    @property
    def offchip(self) -> OffChip:
        """DRAM, or where there is none the flash."""
        offchip = self.flash if self.dram is None else self.dram
        assert offchip is not None
        return offchip


class Host(Block):
    """The processor that runs what the array cannot."""

    core: str
    clock_hz: Hertz = Field(alias="clock")
    macs_per_cycle: Rate
    bytes_per_cycle: Rate
    """Bytes read or written a cycle by ops that move or do little arithmetic."""
    flops_per_cycle: Rate


class AcceleratorHardware(Block):
    core: str
    clock_hz: Hertz = Field(alias="clock")
    cores: Annotated[PositiveInt, Effect.FASTER] = 1
    """Identical cores; array and vector unit are those of one, memory beyond the buffer is shared."""
    most_stages: PositiveInt | None = None
    """Ops that are on the cores at the same time, where these work as a pipeline; null: any number."""
    array: AnyArray
    vector_elems_per_cycle: Rate | None
    """Elements a cycle of pooling, element-wise ops and copies; null for arrays with an output stage of their own."""
    vector_counts: Literal["elements", "steps"] = "elements"
    """What the vector unit does at that rate: elements visited, or each step of arithmetic on them (softmax: 5)."""
    sum_bytes: Annotated[Bytes, Effect.SLOWER] = Field(4.0, alias="sum_size", validate_default=False)
    """A partial sum in the buffer."""
    memory: AcceleratorMemory
    host: Host | None
    energy: Energy | None

    @check
    def _check(self) -> None:
        has_output_stage = self.array.runs_all_ops
        if has_output_stage and self.vector_elems_per_cycle is not None:
            raise ValueError("vector_elems_per_cycle contradicts array.output_cycles_per_elem; leave one out")
        if not has_output_stage and self.vector_elems_per_cycle is None:
            raise ValueError("vector_elems_per_cycle is null; only block arrays run such ops themselves: give a number")


class InnerMaps(Block):
    """Maps of an op's steps, in multiples of its output."""

    operand: PositiveFloat = 1.0
    """What it reads: more than 1 where its producer has to write it wider."""
    own: tuple[PositiveFloat, ...] = ()
    """What it keeps for itself."""


class BankedCompiler(Block):
    """What a compiler that keeps maps whole makes of single ops."""

    least_depthwise_channels: PositiveInt = 1
    """A depthwise convolution of fewer channels runs on a copy padded to as many."""
    inner_maps: dict[str, InnerMaps] = Field(default_factory=dict)
    """What an op that runs in several steps has in memory beside its output."""


class AcceleratorRuntime(Runtime):
    device_ops: tuple[str, ...] | None
    """Ops the accelerator runs, all others fall back to the host; null: it runs everything."""
    host_ops: tuple[str, ...] = ()
    """Ops the compiler hands to the host core as they are, although the accelerator has their parts."""
    scales_on_host: bool = False
    """Whether products of a map and one value a channel (squeeze-excites) run on the host, by plain loops."""
    shuffled_channels: PositiveInt = 1
    """Shuffles run on the host, by plain loops, where their channels are no multiple of this."""
    plan: Literal["fused", "layer_by_layer", "block", "banked"]
    """How far the compiler keeps maps on chip: any group of ops, single ops, the blocks as drawn, or every map whole
    in the memory's banks."""
    tiling: Literal["search", "smaller_operand"] = "search"
    """How a single op is cut: the best tile, or NVDLA's rule of passing the smaller operand in parts."""
    channel_align: PositiveInt = 1
    """Channels of maps in memory are padded to a multiple of this."""
    padded_maps: Literal["all", "inner"] = "all"
    """Which maps are: all, or those alone that ops hand to each other as they are, not what enters or leaves the
    network, is joined or cut along channels or reshaped."""
    banked: BankedCompiler = Field(default_factory=BankedCompiler)
    """Of banked plans: no matter where ``plan`` is another."""
    double_buffered: bool = True
    """Whether off-chip transfers hide behind the array."""
    spread: Literal["images", "layers", "pipeline"] = "images"
    """How several cores are used: each for an image of its own; all for every layer, as many as there are threads; or
    each op on its share of them, all at the same time, images streaming through."""
    fetches_ahead: bool = False
    """Whether weights of the ops to come are fetched while earlier ones run, as many as the buffer takes."""
    hides_host: bool = False
    """Whether the host calls and converts for the next image while an image runs: it counts in latency alone."""

    @property
    def keeps_outside_maps(self) -> bool:
        """Whether the network's input and outputs lie on chip like all other maps."""
        return self.plan == "banked"

    @property
    def executed_ops(self) -> tuple[str, ...] | None:
        return None if self.device_ops is None else (*self.device_ops, *self.host_ops)


class AcceleratorFitted(Block):
    array_ratio: Efficiency
    """Part of the array's quantised peak that real layers reach."""
    dram_ratio: Efficiency
    """Part of the off-chip bandwidth that real transfers reach."""
    op_overhead_s: Seconds = Field(alias="op_overhead")
    invoke_overhead_s: Seconds = Field(alias="invoke_overhead")
    """Paid once per inference."""
    depthwise_ratio: Efficiency | None = None
    """Part of the array's peak that depthwise layers reach; null: what the array's own formulas say of them."""
    vector_ratio: Efficiency = 1.0
    """Part of the vector unit's peak that real ops reach."""
    convert_elem_s: Seconds = Field(0.0, alias="convert_elem", validate_default=False)
    """What the host takes an element of the network's input and outputs: layout and number format change there."""
    handover_s: Seconds = Field(0.0, alias="handover", validate_default=False)
    """Paid for each op the host runs: caches are flushed, a subgraph ends and another begins."""
    host_elem_s: Seconds = Field(0.0, alias="host_elem", validate_default=False)
    """What the host takes an element visited, where its kernels are plain loops."""
    fallback_elem_s: Seconds = Field(0.0, alias="fallback_elem", validate_default=False)
    """The same of ops whose shape leaves the host its plainest loops, element by element."""
    swap_s: Seconds = Field(0.0, alias="swap", validate_default=False)
    """Paid for each part of a network that takes turns on a pipeline, beside its weights."""


class AcceleratorProfile(Profile):
    hardware: AcceleratorHardware
    runtime: AcceleratorRuntime
    fitted: AcceleratorFitted

    @property
    def max_threads(self) -> int:
        """Cores a single image can be given."""
        return int(np.max(self.hardware.cores)) if self.runtime.spread == "layers" else 1

    @check
    def _check(self) -> None:
        if self.hardware.most_stages is not None and self.runtime.spread != "pipeline":
            raise ValueError("hardware.most_stages is of a pipeline but runtime.spread is not; mend one of them")
        if self.runtime.plan == "banked" and self.hardware.memory.onchip.banks is None:
            raise ValueError("runtime.plan is banked but hardware.memory.onchip.banks is null; name the banks")
        if self.runtime.fetches_ahead and self.runtime.plan != "fused":
            raise ValueError("runtime.fetches_ahead is of plans that are weighed as a whole; set runtime.plan to fused")
        if self.runtime.fetches_ahead and (self.hardware.memory.dram is None or not self.runtime.double_buffered):
            raise ValueError("runtime.fetches_ahead needs hardware.memory.dram and runtime.double_buffered; mend one")
        if self.hardware.memory.parameter_cache is not None and not self.runtime.weights_stay:
            raise ValueError("hardware.memory.parameter_cache holds weights from run to run; set runtime.weights_stay")
