"""Kernels partition the rows: each row is priced once, by the first kernel of the runtime that takes it."""

import numpy as np
import pytest

from costsim.devices import RunConfig
from costsim.devices.cpu.attention import attention_of
from costsim.devices.cpu.layout import layout_of
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.partition import KERNELS
from costsim.devices.cpu.priced_rows import work_of
from costsim.devices.cpu.work import Rows, Sustains, Work
from costsim.errors import InputError
from costsim.graph import NetBuilder
from costsim.graph import layers as L
from costsim.hardware import load_profile
from costsim.hardware.folders import shipped_folder
from costsim.hardware.vary import vary
from costsim.simulate import lower_for, simulate


def table(profile, write, *shape):
    net = NetBuilder("small")
    write(net, net.input(*(shape or (1, 32, 28, 28))))
    return lower_for(net.graph, profile, RunConfig.of(profile))


def every_kernel(net, x):
    x = net.conv(x, 64, 3)
    x = net.conv(x, 64, 3, groups=64)
    x = net.conv(x, 58, 1)
    x = net.conv(x, 58, 3, groups=58)
    x = net.conv(x, 60, 3)
    x = net.conv(x, 60, 5, groups=6)
    net.linear(net.global_pool(net.act(x)), 10)


def rows_of(profile, ops):
    layout, attention = layout_of(ops, profile.runtime.blocked_layout), attention_of(ops, as_one_layer=False)
    return Rows(ops, layout, attention, *2 * (np.zeros((len(ops), 1)),))


def kernels_of(profile, ops):
    machine = CpuMachine.of(profile, RunConfig.of(profile))
    rows = rows_of(profile, ops)
    names = [name for name in KERNELS if name in profile.runtime.kernels]
    asked = {name: np.broadcast_to(KERNELS[name].applies(rows, machine), (len(ops), 1))[:, 0] for name in names}
    return [next(name for name in names if asked[name][row]) for row in range(len(ops))]


ON_ARM = "winograd depthwise packed_product depthwise winograd packed_product pass packed_product"
ON_X86 = "direct direct_depthwise direct depthwise packed_product packed_product pass pass packed_product"


@pytest.mark.parametrize(("hw", "expected"), [("rpi3b_plus", ON_ARM), ("epyc_zen4", ON_X86)])
def test_a_row_is_computed_by_the_kernel_the_runtime_has_for_it(hw, expected):
    board = load_profile(hw)
    assert kernels_of(board, table(board, every_kernel)) == expected.split()


@pytest.mark.parametrize("hw", ["rpi3b_plus", "epyc_zen4"])
def test_a_row_does_among_others_what_it_does_alone(hw):
    board = load_profile(hw)
    machine = CpuMachine.of(board, RunConfig.of(board))
    ops = table(board, every_kernel)
    assert len(set(kernels_of(board, ops))) >= 4
    rows = rows_of(board, ops)
    together = work_of(ops, machine)
    for row, name in enumerate(kernels_of(board, ops)):
        one, taken = rows.take(np.array([row])), np.ones((1, 1), dtype=bool)
        alone = Work.gathered(one.ops, [(np.array([0]), taken, KERNELS[name].work(one, machine))])
        for column, values in vars(together).items():
            np.testing.assert_array_equal(values[row], np.ravel(getattr(alone, column))[0], err_msg=f"{name}.{column}")


def test_a_row_changes_its_kernel_from_width_to_width():
    board = load_profile("rpi3b_plus")  # ncnn takes Winograd above eight channels
    machine = CpuMachine.of(board, RunConfig.of(board))
    each = [table(board, lambda net, x, c=c: net.conv(x, c, 3), 1, 4, 28, 28) for c in (8, 9, 64)]
    columns = {name: np.hstack([ops.columns()[name] for ops in each]) for name in each[0].columns()}
    swept = work_of(type(each[0])(**{**vars_of(each[0]), **columns}), machine)
    for point, ops in enumerate(each):
        alone = work_of(ops, machine)
        for column, values in vars(swept).items():
            at = values[:, point if values.shape[1] > 1 else 0]
            np.testing.assert_array_equal(at, getattr(alone, column)[:, 0], err_msg=column)
    assert swept.transformed[0, 0] == 0 < swept.transformed[0, 1]
    assert swept.sustains[0].tolist() == [Sustains.GATHERED, Sustains.PRODUCT, Sustains.PRODUCT]


def vars_of(ops):
    return {name: getattr(ops, name) for name in ("labels", "producers")}


def test_a_swept_rate_reaches_the_kernel_that_sustains_it():
    board = load_profile("epyc_zen4")
    net = NetBuilder("direct")
    net.conv(net.input(1, 64, 28, 28), 64, 3)
    rates = np.array([0.25, 0.5, 1.0])
    swept = vary(board, {"fitted.blocked.direct_ratio": rates, "fitted.blocked.tile_cycles": np.zeros(3)})
    seconds = simulate(net.graph, swept, RunConfig.of(board)).costs.limits["arithmetic"][0]
    assert seconds[0] == pytest.approx(2 * seconds[1]) == pytest.approx(4 * seconds[2])


class TestMemory:
    def costs(self, **traits):
        board = load_profile("epyc_zen4")
        board = board.model_copy(update={"runtime": board.runtime.model_copy(update=traits)})
        net = NetBuilder("layers")
        net.linear(net.linear(net.input(1, 512), 512), 512)
        return simulate(net.graph, board, RunConfig.of(board)).costs

    def test_cores_that_wait_have_overheads_and_others_a_ceiling(self):
        waiting, hiding = self.costs(), self.costs(waits_for_memory=False)
        assert {"l3", "dram_wait"} <= set(waiting.overheads)
        assert not {"dram", "weight_stream"} & set(waiting.ceilings)
        assert {"dram", "weight_stream"} <= set(hiding.ceilings)
        assert not {"l3", "dram_wait"} & set(hiding.overheads)

    def test_weights_that_fit_are_fetched_once_where_they_stay_and_traffic_is_of_a_first_run(self):
        stay, go = self.costs(), self.costs(weights_stay=False)
        assert stay.overheads["dram_wait"].sum() == 0 < go.overheads["dram_wait"].sum()
        assert stay.traffic["dram"].sum() == go.traffic["dram"].sum() > 4 * 2 * 512 * 512


def test_waiting_for_memory_needs_its_rates(tmp_path):
    text = (shipped_folder() / "rpi3b_plus.yaml").read_text()
    path = tmp_path / "waits.yaml"
    path.write_text(text.replace("hardware:\n", "runtime:\n  waits_for_memory: true\nhardware:\n", 1))
    with pytest.raises(InputError, match=r"waits_for_memory needs the rates in fitted\.blocked"):
        load_profile(path)


@pytest.mark.parametrize("hw", ["gtx_1080ti", "epyc_zen4"])
def test_weights_that_stay_save_time_and_no_traffic_of_a_first_run(hw):
    board = load_profile(hw)
    net = NetBuilder("small")
    net.linear(net.input(1, 256), 256)
    stay, go = (
        simulate(
            net.graph,
            board.model_copy(update={"runtime": board.runtime.model_copy(update={"weights_stay": stays})}),
            RunConfig.of(board),
        ).costs
        for stays in (True, False)
    )
    assert stay.latency_s.sum() < go.latency_s.sum()
    assert stay.traffic["dram"].sum() == go.traffic["dram"].sum()


def over_rows(net, x):
    net.add(L.Linear(64), x)


@pytest.mark.parametrize(("rows", "streams"), [(145, 145), (148, 37), (1, 1)])
def test_fully_connected_layers_over_rows_stream_their_weights_for_every_few(rows, streams):
    board = load_profile("rpi4b")
    ops = table(board, over_rows, 1, rows, 96)
    work = work_of(ops, CpuMachine.of(board, RunConfig.of(board)))
    assert work.weight_streams[0, 0] == streams
    seconds = simulate(net_graph(over_rows, 1, rows, 96), board, RunConfig.of(board)).costs.ceilings["weight_stream"]
    rate = board.fitted.linear_bytes_per_cycle
    if rows > 1:
        rate = max(rate, board.fitted.linear_rows_bytes_per_cycle)
    expected = streams * work.weight_bytes[0, 0] / rate / (board.hardware.clock_hz * board.fitted.clock_ratio)
    assert np.isclose(seconds.seconds[0, 0], expected)


def net_graph(write, *shape):
    net = NetBuilder("small")
    write(net, net.input(*shape))
    return net.graph
