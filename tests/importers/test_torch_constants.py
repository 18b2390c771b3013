"""Sizes and branches that look as if the data decided them: those that constants decide are known, others cut."""

from __future__ import annotations

from typing import Any

import pytest

from costsim.errors import InputError
from costsim.importers import load_network
from tests.importers.torch_nets import Net

torch = pytest.importorskip("torch")
nn = torch.nn

DECIDED_BY_CONSTANTS = {
    "positions of a triangle": (lambda s, x: s.head(x[:, :, torch.ones(4, 4).triu().nonzero()[:, 0]]), 10),
    "mask in a buffer": (lambda s, x: s.head(x[:, :, s.mask]), 3),
    "masked rows and columns": (lambda s, x: s.head(x[:, :, torch.ones(4, 4).tril().bool()]), 10),
    "comparison of positions": (lambda s, x: s.head(x[:, :, torch.arange(4) > 1]), 2),
}


@pytest.mark.parametrize("name", DECIDED_BY_CONSTANTS)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_sizes_that_constants_decide_are_known(name: str, device: str) -> None:
    forward, count = DECIDED_BY_CONSTANTS[name]
    if device == "meta" and "buffer" in name:
        pytest.skip("the mask holds no values there")
    net = Net(lambda s, x: forward(s, s.conv(x)), conv=nn.Conv2d(3, 4, 1), head=nn.LazyLinear(5))
    net.mask = torch.tensor([True, False, True, True])
    with torch.no_grad():
        made = net(torch.zeros(1, 3, 4, 4))
    graph = load_network(net.to(device), (3, 4, 4))
    assert graph.outputs[0].shape == made.shape
    assert graph.total_macs == 12 * 16 + made.numel() * net.head.in_features
    assert not graph.unknown
    assert net.head.in_features in (count, 4)


def test_a_branch_that_the_data_choose_ends_the_network_there() -> None:
    def forward(s: Any, x: Any) -> Any:
        x = s.conv(x)
        return torch.cond(x.sum() > 0, lambda y: s.a(y), lambda y: s.b(y), (x,)).relu()

    net = Net(forward, conv=nn.Conv2d(3, 3, 1), a=nn.Linear(8, 4), b=nn.Linear(8, 4))
    graph = load_network(net, (3, 8, 8))
    assert graph.total_macs == 9 * 64
    assert "cut at cond 'cond': what runs depends on the data; 2 ops behind it are not counted" in graph.notes


def test_a_condition_on_the_data_that_is_taken_to_hold_is_said() -> None:
    net = Net(lambda s, x: s.a(x) if x.sum() > 0 else s.b(x), a=nn.Conv2d(3, 4, 1), b=nn.Conv2d(3, 5, 1))
    graph = load_network(net, (3, 8, 8))
    assert graph.total_macs == 12 * 64
    assert any(note.endswith("every condition on them is taken to hold") for note in graph.notes)


def test_ops_mapped_over_the_batch_run_on_all_of_it() -> None:
    graph = load_network(Net(lambda s, x: torch.vmap(s.fc)(x), fc=nn.Linear(8, 4)), (3, 8, 8))
    assert (graph.total_macs, graph.total_params, graph.unknown) == (3 * 8 * 32, 36, ())


def test_borders_set_to_zero_stay_ops_that_are_known() -> None:
    def forward(s: Any, x: Any) -> Any:
        y = s.conv(x)
        y[..., -1].zero_()
        return s.head(y)

    graph = load_network(Net(forward, conv=nn.Conv2d(3, 4, 1), head=nn.Conv2d(4, 2, 1)), (3, 8, 8))
    assert (graph.total_macs, graph.unknown) == (20 * 64, ())


def test_modules_that_cannot_be_traced_say_the_way_out() -> None:
    with pytest.raises(InputError, match="run it once on an image first"):
        load_network(nn.LazyConv2d(4, 3), (3, 8, 8))
