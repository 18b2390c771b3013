"""Channels in packs, as ncnn keeps them: what is packed anew, and kernels that need whole packs."""

import numpy as np
import pytest

from costsim.devices import RunConfig
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.packs import repacked_bytes
from costsim.devices.cpu.priced_rows import work_of
from costsim.graph import NetBuilder
from costsim.hardware import load_profile
from costsim.simulate import lower_for

FP16, FP32 = RunConfig("fp16", 1), RunConfig("fp32", 1)


def table(write, board, run, channels=64, side=20):
    net = NetBuilder("small")
    write(net, net.input(1, channels, side, side))
    return lower_for(net.graph, board, run)


def kernels(ops, board, run):
    work = work_of(ops, CpuMachine.of(board, run))
    return {name: np.broadcast_to(getattr(work, name), (len(ops), 1))[:, 0] for name in ("macs", "loads", "packed")}


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(64, 64 * 400 * 9), (60, 15 * 8 * 400 * 9), (58, 58 * 20 * 8 * (2 + 1) * (9 + 4))],
    ids=["whole vectors", "fours, half a vector each", "along rows of 16 and 4"],
)
def test_depthwise_channels_of_halves_fill_vectors_as_they_can(channels, expected):
    board = load_profile("orange_pi_5_big")
    ops = table(lambda net, x: net.conv(x, channels, 3, groups=channels), board, FP16, channels)
    assert kernels(ops, board, FP16)["macs"][0] == expected


def test_single_channels_without_a_kernel_along_the_rows_go_value_by_value():
    board = load_profile("orange_pi_5_little")
    ops = table(lambda net, x: net.conv(x, 58, 5, groups=58), board, FP16, 58)
    found = kernels(ops, board, FP16)
    assert found["macs"][0] == 58 * 400 * 25 * 8
    assert found["loads"][0] == 58 * 400 * (2 * 25 + 1) * 4  # the core loads eight bytes a cycle


@pytest.mark.parametrize(
    ("kernel", "groups", "run", "direct"),
    [(3, 8, FP16, True), (5, 1, FP16, True), (5, 1, FP32, True), (7, 1, FP16, False), (5, 16, FP16, False)],
)
def test_small_kernels_over_whole_packs_need_no_im2col(kernel, groups, run, direct):
    board = load_profile("orange_pi_5_big")
    ops = table(lambda net, x: net.conv(x, 64, kernel, groups=groups), board, run)
    copied_border = 64 * (20 + kernel - 1) ** 2
    assert (kernels(ops, board, run)["packed"][0] == copied_border) == direct


def test_halves_of_a_split_are_packed_anew_where_they_fill_no_pack():
    board = load_profile("orange_pi_5_big")

    def shuffled(net, x):
        left, right = net.split(net.act(x), 58, 58)
        net.concat(left, net.conv(right, 58, 1))

    ops = table(shuffled, board, FP16, 116)
    moved = dict(zip([label.op for label in ops.labels], _moved(ops, board, FP16), strict=True))
    assert moved["slice"] == 2 * 58 * 400 * 2  # unpacked from fours
    assert moved["conv"] == 0
    assert moved["concat"] == 2 * 116 * 400 * 2


def test_layers_of_floats_cast_and_unpack_what_they_read():
    board = load_profile("orange_pi_5_big")
    ops = table(lambda net, x: net.act(net.lrn(net.act(x))), board, FP16)
    tensor = 64 * 400
    assert _moved(ops, board, FP16) == [6 * tensor, 2 * tensor * 2 + 6 * tensor, 2 * tensor * 2 + 6 * tensor]
    assert not any(_moved(ops, load_profile("orange_pi_5_big", runtime="xnnpack"), FP16))


def _moved(ops, board, run):
    return np.broadcast_to(repacked_bytes(ops, CpuMachine.of(board, run)), (len(ops), 1))[:, 0].tolist()
