"""Runs in int8: which tensors are int8, what the passes between them move, which kernels take a row."""

import numpy as np
import pytest

import costsim
from costsim.devices import RunConfig, device_for
from costsim.devices.cpu.kernels.int8 import int8_takes_winograd
from costsim.devices.cpu.precision import converted_bytes
from costsim.graph import NetBuilder
from costsim.graph import layers as L
from costsim.hardware import load_profile
from costsim.hardware.vary import vary
from costsim.simulate import lower_for, simulate

INT8 = RunConfig("int8")


def network(write, *shape):
    net = NetBuilder("small")
    write(net, net.input(*(shape or (1, 32, 28, 28))))
    return net.graph


def planned(graph, hw="rpi4b"):
    board = load_profile(hw)
    return device_for(board).plan(lower_for(graph, board, INT8), board, INT8)


def chain(net, x):
    x = net.act(net.conv(x, 64, 1))
    x = net.act(net.conv(x, 64, 3, groups=64))
    y = net.act(net.conv(x, 64, 1))
    net.add(L.Add(), x, y)


def test_a_tensor_is_int8_where_int8_kernels_alone_read_it():
    ops = planned(network(chain))
    assert [label.op for label in ops.labels] == ["conv", "depthwise_conv", "conv", "add"]
    assert ops.elem_bytes[:, 0].tolist() == [1, 4, 4, 4]  # the addition reads the second, in floats
    assert ops.weight_elem_bytes[:3, 0].tolist() == [1, 1, 1]


def test_floats_between_int8_kernels_are_half_where_the_runtime_computes_in_half():
    assert planned(network(chain), "rpi5").elem_bytes[:, 0].tolist() == [1, 2, 2, 2]


def test_the_passes_around_a_kernel_by_hand():
    ops = planned(network(chain))
    moved = converted_bytes(ops, load_profile("rpi4b").runtime)[:, 0]
    pixels = 28 * 28
    assert moved[0] == 32 * pixels * (4 + 1) + 64 * pixels * (4 + 4 + 1)  # quantised, then int32 to int8
    assert moved[1] == 64 * pixels * (4 + 4 + 4) + 64 * pixels * 2 * 4  # from int8; int32 to floats, then relu
    assert moved[2] == 64 * pixels * (4 + 1) + 64 * pixels * (4 + 4 + 4) + 64 * pixels * 2 * 4
    assert moved[3] == 0


def test_a_runtime_of_int8_alone_has_no_such_passes():
    board = load_profile("rpi4b", runtime="xnnpack")
    ops = device_for(board).plan(lower_for(network(chain), board, INT8), board, INT8)
    assert np.all(ops.elem_bytes == 1)
    assert not converted_bytes(ops, board.runtime).any()


@pytest.mark.parametrize(("hw", "takes"), [("rpi4b", True), ("rpi5", False)])
def test_dot_products_leave_no_winograd(hw, takes):
    ops = planned(network(lambda net, x: net.conv(x, 64, 3)), hw)
    assert int8_takes_winograd(ops, load_profile(hw).runtime.int8)[0, 0] == takes


def test_older_kernels_take_winograd_for_wide_layers_and_those_without_packs():
    def three(net, x):
        x = net.conv(x, 256, 3)  # 32 channels in: too few
        x = net.conv(x, 126, 3)  # fills no pack of four
        net.conv(net.conv(x, 256, 1), 256, 3)

    ops = planned(network(three), "orange_pi_5_big")
    takes = int8_takes_winograd(ops, load_profile("orange_pi_5_big").runtime.int8)
    assert takes[:, 0].tolist() == [False, True, False, True]


def test_slower_passes_slow_what_converts_and_nothing_else():
    board, graph = load_profile("rpi4b"), network(chain)
    profile = vary(board, {"fitted.int8.convert_bytes_per_cycle": np.array([2.0, 1.0])})
    ops = planned(graph)
    latency = device_for(profile).costs(ops, profile, INT8).latency_s
    slower = latency[:, 1] - latency[:, 0]
    moved = converted_bytes(ops, board.runtime)[:, 0]
    assert slower == pytest.approx(moved / 2 / (1.8e9 * board.fitted.clock_ratio))


def test_int8_has_a_card_of_its_own():
    board = load_profile("rpi4b")
    card = board.calibration_in("int8")
    assert card.status == "calibrated"
    assert card.low_ratio == board.calibration.by_dtype["int8"].low_ratio != board.calibration.low_ratio


def test_an_int8_run_on_the_card_says_so():
    board = load_profile("rpi4b")
    from costsim.network import Network

    assert simulate(Network("resnet18").graph, board, INT8).trust.status in ("calibrated", "derived")


def test_on_x86_int8_kernels_keep_no_blocks_of_channels_and_scale_in_registers():
    floats, integers = (costsim.analyze("squeezenet_1_1", "epyc_zen4", dtype=dtype) for dtype in ("fp32", "int8"))
    assert integers.trust.status == "estimated"
    assert integers.latency_ms < floats.latency_ms
    reorders = [sum(r["ceilings_ms"]["reorder"] for r in a.layer_records if r["macs"]) for a in (floats, integers)]
    assert reorders[0] > reorders[1] == 0
    assert all(r["ceilings_ms"].get("conversion", 0) == 0 for r in integers.layer_records)
