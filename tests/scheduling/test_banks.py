"""Maps in banks: nothing that lives together overlaps, one bank holds what fits one, more memory never moves more."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costsim.analysis import Analysis
from costsim.devices import RunConfig
from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.hardware import load_profile
from costsim.hardware.vary import vary
from costsim.networks import build
from costsim.scheduling.banks import BANK_ORDERS, Banks, Order, place_in_banks
from costsim.scheduling.placement import Buffer, most_alive_bytes
from costsim.simulate import simulate
from costsim.tables.plan import RESIDENT, TILED

BANKS = Banks((100.0, 40.0, 40.0), (2, 1, 0))


def buffers(*spans: tuple[float, int, int]) -> list[Buffer]:
    return [Buffer(f"map {i}", *span) for i, span in enumerate(spans)]


def used(*spans: tuple[float, int, int]) -> float:
    return BANKS.used_bytes(place_in_banks(buffers(*spans), BANKS, BANK_ORDERS[0]))


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(30, 0, 1)], 30),
        ([(30, 0, 1), (30, 2, 3)], 30),  # never alive together: one address
        ([(30, 0, 1), (30, 1, 2)], 60),  # a bank each, though the largest would hold both
        ([(30, 0, 1), (10, 1, 2)], 40),
        ([(60, 0, 0), (30, 1, 2)], 90),  # the first bank with room, not the one in use
        ([(120, 0, 1)], 120),  # fits no bank: all banks as one memory, from their lowest address
        ([(120, 0, 1), (40, 1, 2), (40, 1, 2)], 220),  # 120 and 40 in the banks, 40 beyond their end at 180
        ([(190, 0, 1)], 190),
    ],
)
def test_small_cases(spans: list[tuple[float, int, int]], expected: float) -> None:
    assert used(*spans) == expected


SPANS = st.lists(
    st.tuples(st.integers(1, 150), st.integers(0, 8), st.integers(0, 4)).map(
        lambda t: (float(t[0]), t[1], t[1] + t[2])
    ),
    min_size=1,
    max_size=12,
)


@given(SPANS, st.sampled_from(BANK_ORDERS))
def test_what_lives_together_never_overlaps(spans: list[tuple[float, int, int]], order: Order) -> None:
    placement = place_in_banks(buffers(*spans), BANKS, order)
    placed = list(zip(placement.offsets, placement.buffers, strict=True))
    for (a, first), (b, second) in combinations(placed, 2):
        assert not first.meets(second) or a + first.size_bytes <= b or b + second.size_bytes <= a
    assert most_alive_bytes(buffers(*spans)) <= BANKS.used_bytes(placement)


@given(SPANS, st.sampled_from(BANK_ORDERS))
def test_what_fits_a_bank_lies_in_one_or_beyond_all(spans: list[tuple[float, int, int]], order: Order) -> None:
    placement = place_in_banks(buffers(*spans), BANKS, order)
    alone = [b for b in placement.buffers if not any(b.meets(o) for o in placement.buffers if o is not b)]
    for offset, buffer in zip(placement.offsets, placement.buffers, strict=True):
        if buffer in alone and buffer.size_bytes <= 40:
            assert offset == 140.0  # the bank that is filled first


def chain(*channels: int, kernel: int = 3, side: int = 32) -> LayerGraph:
    net = NetBuilder("chain")
    x = net.input(1, 3, side, side)
    for c in channels:
        x = net.conv_bn(x, c, kernel)
    return net.graph


def planned(graph: LayerGraph, size: str | None = None):
    profile = load_profile("stm32n6", {"memory.onchip.size": size} if size else None)
    simulation = simulate(graph, profile, RunConfig.of(profile))
    assert simulation.ops.plan is not None
    return simulation.ops.plan


def test_a_chain_takes_its_two_largest_neighbours() -> None:
    assert planned(chain(16, 64, 16)).buffer_bytes.max() == 32 * 32 * (16 + 64)


def test_a_large_kernel_keeps_sums_of_three_bytes_twice() -> None:
    without, sums = planned(chain(16)).buffer_bytes.max(), 2 * 3 * 16 * 32 * 32
    assert without == 32 * 32 * (3 + 16)
    assert planned(chain(16, kernel=7)).buffer_bytes.max() >= sums + 3 * 32 * 32


def test_a_depthwise_convolution_of_eight_channels_takes_sixteen() -> None:
    net = NetBuilder("depthwise")
    net.depthwise_bn(net.conv_bn(net.input(1, 3, 32, 32), 8, 1), 3)
    assert planned(net.graph).buffer_bytes.max() == 32 * 32 * (16 + 16)


def test_only_poolings_inside_the_map_run_with_their_convolution() -> None:
    rows = {}
    for padding in (0, 1):
        net = NetBuilder("pooled")
        net.max_pool(net.conv(net.input(1, 3, 33, 33), 16, 3), 3, 2, padding=padding)
        profile = load_profile("stm32n6")
        rows[padding] = len(simulate(net.graph, profile, RunConfig.of(profile)).ops)
    assert rows == {0: 1, 1: 2}


def test_the_older_compiler_keeps_silu_at_twice_the_width() -> None:
    graph = build("yolov8n", classes=1, input_shape=(1, 3, 416, 416))
    peaks = {}
    for name in ("stm32n6", "stm32n6_stedgeai2"):
        profile = load_profile(name)
        plan = simulate(graph, profile, RunConfig.of(profile)).ops.plan
        assert plan is not None
        peaks[name] = plan.buffer_bytes.max() / 1024
    assert peaks["stm32n6_stedgeai2"] == 2704.0
    assert peaks["stm32n6"] < 2704.0


def test_maps_of_an_op_s_steps_lie_beside_its_operand() -> None:
    net = NetBuilder("hard_swish")
    net.act(net.conv(net.input(1, 3, 32, 32), 16, 3), "hard_swish")
    assert planned(net.graph).buffer_bytes.max() == 5 * 16 * 32 * 32


@pytest.mark.parametrize("network", ["mobilenet_v2_1x", "squeezenet_1_0", "resnet50", "yolov8n"])
def test_a_larger_memory_never_moves_more_and_is_never_slower(network: str) -> None:
    profile = load_profile("stm32n6")
    sizes = np.linspace(256, 4096, 61) * 1024
    swept = simulate(build(network), vary(profile, {"hardware.memory.onchip.size": sizes}), RunConfig.of(profile))
    assert (np.diff(swept.costs.traffic["dram"].sum(axis=0)) <= 1e-6).all()
    assert (np.diff(swept.costs.latency_s.sum(axis=0)) <= 1e-12).all()


def test_what_spills_is_written_once_and_read_by_every_reader() -> None:
    plan = planned(chain(16, 64, 16), "72 KiB")
    assert plan.spilled_bytes[:, 0].tolist() == [0, 64 * 32 * 32, 0]
    assert plan.input_bytes[:, 0].tolist() == [0, 0, 64 * 32 * 32]
    assert plan.mode[:, 0].tolist() == [RESIDENT, TILED, TILED]
    assert plan.fitting_bytes.max() == 80 * 1024


def test_a_batch_runs_image_after_image() -> None:
    one, four = planned(chain(16, 64, 16)), planned(chain(16, 64, 16).with_batch(4))
    assert four.buffer_bytes.max() == one.buffer_bytes.max()
    assert four.weight_bytes.sum() == 4 * one.weight_bytes.sum()


def test_banks_have_to_be_named() -> None:
    with pytest.raises(InputError, match="banks"):
        load_profile("embedded_buffer", {"runtime.plan": "banked"})


@pytest.mark.parametrize("size", ["72 KiB", "448 KiB", "2816 KiB"])
def test_the_banks_of_a_network_add_up_to_what_its_plan_takes(size: str) -> None:
    profile = load_profile("stm32n6", {"memory.onchip.size": size})
    analysis = Analysis(simulate(build("mobilenet_v2_1x"), profile, RunConfig.of(profile)))
    whole, *banks = analysis.memories
    assert whole.used_bytes == analysis.summary["onchip_used_bytes"]
    assert sum(bank.used_bytes for bank in banks) == whole.used_bytes
    assert all(bank.used_bytes <= bank.size_bytes for bank in banks)
    assert [bank.name for bank in banks] == [f"onchip bank {number}" for number in range(5)]
