"""Runtimes that keep tensors in blocks: who is blocked, what is copied, what a direct kernel does."""

import numpy as np
import pytest

from costsim.devices import RunConfig
from costsim.devices.cpu.kernels.direct import macs_inside, tiles_of
from costsim.devices.cpu.layout import layout_of
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.memory import read_bytes
from costsim.devices.cpu.misses import Missed
from costsim.devices.cpu.priced_rows import work_of
from costsim.errors import InputError
from costsim.graph import NetBuilder
from costsim.graph import layers as L
from costsim.hardware import load_profile
from costsim.hardware.folders import shipped_folder
from costsim.simulate import lower_for, simulate

PROFILE = load_profile("epyc_zen4")
RULES = PROFILE.runtime.blocked_layout
RUN = RunConfig.of(PROFILE)


def net_of(channels, size=14):
    net = NetBuilder("net")
    return net, net.input(1, channels, size, size)


def layout(net):
    ops = lower_for(net.graph, PROFILE, RUN)
    found = layout_of(ops, RULES)
    words = [label.op for label in ops.labels]
    return dict(zip(words, zip(found.blocked[:, 0].tolist(), found.copies[:, 0].tolist(), strict=True), strict=True))


def table(kernel, c_in, c_out, size, **options):
    net, x = net_of(c_in, size)
    net.conv(x, c_out, kernel, **options)
    return lower_for(net.graph, PROFILE, RUN)


class TestLayout:
    def test_a_chain_of_convolutions_is_copied_at_its_ends_only(self):
        net, x = net_of(32)
        net.max_pool(net.depthwise_bn(net.conv_bn(x, 64)), 3, 2)
        assert layout(net) == {"conv": (True, 1), "depthwise_conv": (True, 0), "max_pool": (True, 1)}

    def test_few_input_channels_are_read_as_they_lie(self):
        net, x = net_of(3)
        net.max_pool(net.conv(x, 32), 2)
        assert layout(net)["conv"] == (True, 0)

    def test_channels_that_fit_no_block_run_on_plain_tensors(self):
        net, x = net_of(58)
        net.depthwise_bn(net.conv(x, 58))
        assert layout(net) == {"conv": (False, 0), "depthwise_conv": (False, 0)}

    def test_a_scaling_needs_plain_tensors_and_gives_them_back_to_a_convolution(self):
        net, x = net_of(64)
        x = net.conv(x, 64)
        net.depthwise_bn(net.multiply(x, net.global_pool(x)))
        found = layout(net)
        assert found["mul"] == (False, 1)  # its output is blocked again for its reader
        assert found["global_pool"] == (True, 1)
        assert found["conv"] == (True, 2)  # the network's input, and its output for the scaling

    def test_grouped_convolutions_are_blocked_where_groups_are_whole_blocks(self):
        for channels, blocked in ((16, True), (8, False)):
            net, x = net_of(4 * channels)
            net.conv(x, 4 * channels, 3, groups=4)
            assert layout(net)["grouped_conv"][0] == blocked

    def test_a_join_stays_blocked_only_if_all_of_it_is(self):
        net, x = net_of(32)
        y = net.conv(x, 32)
        net.concat(y, net.conv(y, 24))
        assert layout(net)["concat"] == (False, 0)


class TestDirectKernels:
    def test_rows_are_cut_into_tiles_and_border_outputs_are_tiles_of_their_own(self):
        tiles = tiles_of(table(3, 16, 16, 14), 6.0)
        assert tiles.count[0, 0] == 14 * (2 + 2)  # 12 outputs inside in two tiles, one at each end
        assert tiles.pixels[0, 0] == 14 * 14

    def test_rows_of_pointwise_kernels_run_on(self):
        assert tiles_of(table(1, 16, 16, 7), 6.0).count[0, 0] == 9  # 49 pixels

    def test_taps_outside_the_map_are_not_computed(self):
        ops = table(3, 16, 16, 4)
        inside = sum(
            1 for y in range(4) for x in range(4) for dy in (-1, 0, 1) for dx in (-1, 0, 1)
            if 0 <= y + dy < 4 and 0 <= x + dx < 4
        )  # fmt: skip
        assert macs_inside(ops)[0, 0] == pytest.approx(inside * 16 * 16)

    def test_channels_are_computed_in_whole_blocks(self):
        def issued(c_in, c_out):
            ops = table(1, c_in, c_out, 8)
            return work_of(ops, CpuMachine.of(PROFILE, RUN)).macs[0, 0]

        assert issued(20, 24) == issued(32, 32) == 64 * 32 * 32

    def test_the_input_is_read_again_for_every_set_of_filters(self):
        def rereads(c_out):
            ops = table(1, 64, c_out, 8)
            return work_of(ops, CpuMachine.of(PROFILE, RUN)).rereads[0, 0]

        assert [rereads(c) for c in (16, 64, 65, 256)] == [0, 0, 64 * 64, 3 * 64 * 64]


class TestCaches:
    def test_weights_that_fit_a_cache_are_still_there_at_the_next_run(self):
        def dram_s(features):
            net = NetBuilder("net")
            net.linear(net.linear(net.input(1, features), features), features)
            return simulate(net.graph, PROFILE, RUN).costs.overheads["dram_wait"].sum()

        assert dram_s(256) == 0
        assert dram_s(4096) > 1e-3

    def test_traffic_is_that_of_a_first_run(self):
        net, x = net_of(64)
        net.conv(x, 64)
        costs = simulate(net.graph, PROFILE, RUN).costs
        assert costs.traffic["dram"].sum() >= 4 * 64 * 64


def test_layout_and_its_rates_come_together(tmp_path):
    text = (shipped_folder() / "epyc_zen4.yaml").read_text()
    path = tmp_path / "half.yaml"
    path.write_text(text.replace("  blocked:\n", "  blocked: null\n").split("    direct_ratio")[0])
    with pytest.raises(InputError, match="need each other"):
        load_profile(path)


def test_sums_of_many_channels_go_out_and_come_back_between_parts():
    ops = table(1, 256, 64, 8)
    tiles = 11  # of 6 pixels, over 64
    parts = 2  # of 128 input channels
    weights_again = 256 * 64 * tiles  # those of a part fill all of the first level, half of which is theirs
    moved = work_of(ops, CpuMachine.of(PROFILE, RUN)).l2_reads[0, 0]
    assert moved == 256 * 64 + (2 * parts - 1) * 64 * 64 + weights_again


def test_a_slice_reads_what_it_keeps_where_cores_wait_for_memory():
    net, x = net_of(64)
    net.graph.add(L.Slice(0, 16), x.name, name="part")
    for profile, elems in ((PROFILE, 16 * 14 * 14), (load_profile("rpi4b"), 64 * 14 * 14)):
        run = RunConfig.of(profile, "fp32")
        ops = lower_for(net.graph, profile.model_copy(update={"runtime": _executing_slices(profile)}), run)
        gone = Missed(*[np.ones((len(ops), 1))] * 3)
        assert read_bytes(ops, gone, CpuMachine.of(profile, run))[0, 0] == 4 * elems


def _executing_slices(profile):
    return profile.runtime.model_copy(update={"views": ()})


def test_an_op_of_two_passes_fetches_its_tensors_twice_from_the_third_level():
    net, x = net_of(64, 112)
    net.graph.add(L.Activation("hard_swish"), x.name, name="act")
    once = PROFILE.model_copy(update={"runtime": PROFILE.runtime.model_copy(update={"passes": {}})})
    twice_s, once_s = (simulate(net.graph, profile, RUN).costs.overheads["l3"].sum() for profile in (PROFILE, once))
    assert PROFILE.runtime.passes["hard_swish"] == 2
    assert once_s > 0 and twice_s == pytest.approx(2 * once_s)
