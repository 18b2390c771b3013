"""Which constants of a family are fitted, and how far each is believed beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from costsim.calibrate.problem import Constant
from costsim.errors import InputError
from costsim.hardware import Profile


@dataclass(frozen=True)
class Constants:
    """The free constants of one family of devices."""

    core: tuple[Constant, ...]
    """Properties of the core type and its runtime: shared by all boards that have them."""
    board: tuple[Constant, ...]
    """What really differs between boards: clock, bandwidths, overheads."""


_CPU = Constants(
    core=(
        Constant("fitted.gemm_ratio", 0.15, high=1.0),
        Constant("fitted.spatial_ratio", 0.3, high=1.0),
        Constant("fitted.unpacked_ratio", 0.6, high=1.0),
        Constant("fitted.depthwise_ratio", 0.4, high=1.0),
        Constant("fitted.vector_ratio", 0.7, high=1.0),
        Constant("fitted.load_ratio", 0.2, high=1.0),
        Constant("fitted.l2_bytes_per_cycle", 0.8),
        Constant("fitted.linear_bytes_per_cycle", 1.0),
        Constant("fitted.l2_contention_ratio", 0.7, high=0.5),
        Constant("fitted.pack_bytes_per_cycle", 1.0),
        Constant("fitted.transform_bytes_per_cycle", 1.0),
        Constant("fitted.cache_ratio", 0.5, high=1.0),
        Constant("fitted.overlap", 0.3, low=1.0, high=6.0),
        Constant("fitted.group_overhead", 1.0),
    ),
    board=(
        Constant("fitted.clock_ratio", 0.1, high=1.0),
        Constant("fitted.contention_ratio", 1.0, high=0.5),
        Constant("fitted.one_core_dram_ratio", 0.4, high=1.0),
        Constant("fitted.dram_ratio", 0.4, high=1.0),
        Constant("fitted.op_overhead", 1.0),
        Constant("fitted.thread_overhead", 0.7, high=20e-6),
    ),
)

INT8 = Constants(
    core=(
        Constant("fitted.int8.gemm_ratio", 0.4, high=1.0),
        Constant("fitted.int8.depthwise_ratio", 0.5, high=1.0),
        Constant("fitted.int8.winograd_ratio", 0.4, high=1.0),
        Constant("fitted.int8.linear_bytes_per_cycle", 0.7),
        Constant("fitted.int8.pack_bytes_per_cycle", 0.7),
        Constant("fitted.int8.convert_bytes_per_cycle", 0.7),
    ),
    board=(),
)
"""Rates of int8 kernels, with those of floats known."""

_GPU = Constants(
    core=(
        Constant("fitted.matrix_ratio", 0.15, high=1.0),
        Constant("fitted.winograd_ratio", 0.15, high=1.0),
        Constant("fitted.step_ratio", 0.5),
        Constant("fitted.overlap", 0.3, low=1.0, high=10.0),
        Constant("fitted.depthwise_ratio", 0.3, high=1.0),
        Constant("fitted.grouped_ratio", 0.5, high=1.0),
    ),
    board=(
        Constant("fitted.dram_ratio", 0.1, high=1.0),
        Constant("fitted.launch", 0.5),
        Constant("fitted.ramp", 0.5),
    ),
)

_ACCELERATOR = Constants(
    core=(
        Constant("fitted.array_ratio", 0.3, high=1.0),
        Constant("fitted.depthwise_ratio", 0.7, high=1.0),
        Constant("fitted.vector_ratio", 0.7, high=1.0),
        Constant("fitted.op_overhead", 1.0),
    ),
    board=(
        Constant("fitted.dram_ratio", 0.4, high=1.0),
        Constant("fitted.invoke_overhead", 1.0),
        Constant("fitted.convert_elem", 1.0),
        Constant("fitted.handover", 0.3),  # a call or an element weighs more: few networks tell which
        Constant("fitted.host_elem", 0.3),
        Constant("fitted.swap", 1.0),
    ),
)

_BLOCKED = (
    Constant("fitted.gemm_ratio", 0.2, high=1.0),
    Constant("fitted.depthwise_ratio", 0.5, high=1.0),
    Constant("fitted.vector_ratio", 0.7, high=1.0),
    Constant("fitted.load_ratio", 0.2, high=1.0),
    Constant("fitted.l2_bytes_per_cycle", 0.5),
    Constant("fitted.pack_bytes_per_cycle", 0.7),
    Constant("fitted.cache_ratio", 0.5, high=1.0),
    Constant("fitted.overlap", 0.3, low=1.0, high=8.0),
    Constant("fitted.group_overhead", 1.0),
    Constant("fitted.one_core_dram_ratio", 0.4, high=1.0),
    Constant("fitted.op_overhead", 0.7),
    Constant("fitted.blocked.direct_ratio", 0.1, high=1.0),
    Constant("fitted.blocked.depthwise_ratio", 0.3, high=1.0),
    Constant("fitted.blocked.tile_cycles", 0.7),
    Constant("fitted.blocked.call_overhead", 0.7),
    Constant("fitted.blocked.reorder_bytes_per_cycle", 0.5),
    Constant("fitted.blocked.l3_bytes_per_cycle", 0.5),
    Constant("fitted.blocked.l2_ratio", 0.5, high=1.0),
)
"""What kernels and networks measured on one thread can tell of a runtime with blocked tensors."""

_BY_FAMILY = {"cpu": _CPU, "gpu": _GPU, "accelerator": _ACCELERATOR}


def constants_of(family: str) -> Constants:
    """The free constants of a family.

    Raises:
        InputError: profiles of this family are not fitted.
    """
    if family not in _BY_FAMILY:
        raise InputError(
            f"profiles of family '{family}' cannot be calibrated", mend=f"only those of {', '.join(_BY_FAMILY)} can"
        )
    return _BY_FAMILY[family]


def known_to(constants: Constants, profile: Profile) -> Constants:
    """Those a profile has: a mechanism it leaves out, at nothing or 0, stays out."""

    def had(some: tuple[Constant, ...]) -> tuple[Constant, ...]:
        return tuple(constant for constant in some if profile.value_at(constant.path))

    return Constants(had(constants.core), had(constants.board))


def blocked_constants(profile: Profile) -> tuple[Constant, ...]:
    """The free constants of a CPU runtime that keeps tensors in blocks; those it has none of are left out."""
    return tuple(c for c in _BLOCKED if profile.value_at(c.path) > 0)
