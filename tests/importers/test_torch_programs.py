"""Exported programs: sizes and batches asked for are obeyed or refused, open sizes stay open."""

from __future__ import annotations

import pytest

from costsim.errors import InputError
from costsim.importers import load_network
from tests.importers.test_torch import quiet
from tests.importers.torch_nets import Net, program

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


def test_a_program_runs_at_the_batch_asked_for_and_refuses_another_size() -> None:
    net = program(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), 1, 3, 8, 8)
    assert load_network(net, batch=8).total_macs == 8 * load_network(net).total_macs
    assert load_network(net, (3, 8, 8)).input_shape == (1, 3, 8, 8)
    with pytest.raises(InputError, match="the program was exported for 3x8x8"):
        load_network(net, (3, 16, 16))
    written = program(Net(lambda s, x: x.reshape(2, 8).relu()), 1, 4, 4)
    with pytest.raises(InputError, match="8x4x4 does not pass"):
        load_network(written, batch=8)


def test_open_sizes_are_those_of_the_example_and_stay_open() -> None:
    sizes = {2: torch.export.Dim("h", max=64), 3: torch.export.Dim("w", max=64)}
    forward = Net(
        lambda s, x: s.fc(s.conv(x).reshape(x.shape[0], 4, x.shape[2] * x.shape[3]).mT),
        conv=nn.Conv2d(3, 4, 1),
        fc=nn.Linear(4, 5),
    )
    net = program(forward, 1, 3, 8, 8, dynamic_shapes=((sizes,),))
    assert load_network(net, (3, 16, 8)).total_macs == 128 * 32
    with pytest.raises(InputError, match="the program was exported for 3x8x8"):
        load_network(net, (3, 128, 8))
    before = str(net)
    assert [load_network(net).total_macs for _ in range(2)] == [64 * 32] * 2
    assert str(net) == before


def test_a_size_that_follows_from_an_open_one_is_the_one_asked_for() -> None:
    sizes = {2: 4 * torch.export.Dim("h", max=64)}
    net = program(nn.Conv2d(3, 4, 1), 1, 3, 16, 8, dynamic_shapes=(sizes,))
    assert load_network(net, (3, 40, 8)).total_macs == 12 * 320
    assert load_network(net.module(), (3, 20, 8)).total_macs == 12 * 160, "a program as a module"
    with pytest.raises(InputError, match="the program was exported for 3x16x8"):
        load_network(net, (3, 42, 8))


def test_what_the_onnx_exporter_returns_is_read() -> None:
    pytest.importorskip("onnxscript")
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    with quiet():
        exported = torch.onnx.export(net, (torch.zeros(1, 3, 8, 8),), dynamo=True, verbose=False)
    assert load_network(exported).total_params == 112


@pytest.mark.parametrize("core", [False, True])
def test_a_program_exported_while_it_learns_is_the_same_network(core: bool) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.ReLU())
    with quiet():
        made = torch.export.export(net.train(), (torch.zeros(2, 3, 8, 8),))
        made = made.run_decompositions() if core else made
    graph = load_network(made)
    assert (graph.total_macs, graph.total_params) == (2 * 108 * 36, 112 + 8)
    assert not graph.unknown
    assert not graph.notes
