"""Recurrence in torch: one layer a module, bodies read for every step, weights counted once."""

from __future__ import annotations

from typing import Any

import pytest

from costsim.importers import load_network
from tests.importers.torch_nets import Net

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


RECURRENT = {
    "lstm": (nn.LSTM(8, 6, batch_first=True), 10 * 24 * 14),
    "lstm, steps first": (nn.LSTM(8, 6), 10 * 24 * 14),
    "two layers both ways": (nn.LSTM(8, 6, 2, batch_first=True, bidirectional=True), 10 * 2 * 24 * (14 + 18)),
    "gru": (nn.GRU(8, 6, batch_first=True, bidirectional=True), 10 * 2 * 18 * 14),
    "gru without bias": (nn.GRU(8, 6, bias=False), 10 * 18 * 14),
    "projected": (nn.LSTM(8, 6, proj_size=3, batch_first=True, bidirectional=True), 10 * 2 * (24 * 11 + 18)),
    "relu recurrence": (nn.RNN(8, 6, nonlinearity="relu", batch_first=True), 10 * 6 * 14),
}


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize("states", [False, True])
def test_recurrent_modules_are_one_layer_for_each_of_theirs(name: str, states: bool) -> None:
    module, macs = RECURRENT[name]
    first = not module.batch_first
    net = Net(lambda s, x: s.r(x.transpose(0, 1) if first else x)[1 if states else 0], r=module)
    graph = load_network(net, (10, 8))
    assert graph.total_macs == macs
    assert graph.total_params == sum(parameter.numel() for parameter in module.parameters())
    assert sum(node.layer.op == "recurrent" for node in graph) == module.num_layers
    assert not graph.unknown
    assert not graph.notes


def mapped(self: Any, x: Any) -> Any:
    from torch._higher_order_ops.map import map as over

    return over(lambda step: self.fc(step).relu(), x.transpose(0, 1))


def scanned(self: Any, x: Any) -> Any:
    from torch._higher_order_ops.scan import scan

    def step(state: Any, part: Any) -> Any:
        made = torch.tanh(self.a(part) + self.b(state))
        return made, made.clone()

    return scan(step, torch.zeros(x.shape[0], 6), x, dim=1)[1]


def test_a_body_for_every_step_is_read_as_often_with_its_weights_once() -> None:
    graph = load_network(Net(scanned, a=nn.Linear(8, 6), b=nn.Linear(6, 6)), (5, 8))
    assert graph.total_macs == 5 * (8 * 6 + 6 * 6)
    assert graph.total_params == 8 * 6 + 6 + 6 * 6 + 6
    assert graph.outputs[0].shape == (1, 5, 6)
    over = load_network(Net(mapped, fc=nn.Linear(8, 6)), (5, 8))
    assert (over.total_macs, over.total_params) == (5 * 48, 54)


def test_one_recurrent_module_used_twice_has_its_parameters_once() -> None:
    module = Net(lambda s, x: s.r(s.r(x)[0])[0], r=nn.GRU(6, 6, batch_first=True))
    graph = load_network(module, (5, 6))
    assert graph.total_params == sum(parameter.numel() for parameter in module.parameters())
    assert graph.total_macs == 2 * 5 * 18 * 12


def packed(self: Any, x: Any) -> Any:
    sequence = nn.utils.rnn.pack_padded_sequence(x, [5] * x.shape[0], batch_first=True, enforce_sorted=False)
    states, (last, _) = self.r(sequence)
    return nn.utils.rnn.pad_packed_sequence(states, batch_first=True)[0], last


def test_packed_sequences_are_taken_at_their_full_length() -> None:
    graph = load_network(Net(packed, r=nn.LSTM(8, 6, batch_first=True, bidirectional=True)), (5, 8), batch=2)
    assert graph.total_macs == 2 * 5 * 2 * 24 * 14
    assert (2, 5, 12) in [node.shape for node in graph.outputs]
    assert graph.notes == ("packed sequences are taken to be as long as the padded ones they are made of",)


def test_long_sequences_are_read_as_quickly_as_short_ones() -> None:
    module = Net(lambda s, x: s.r(x)[0], r=nn.LSTM(16, 16, batch_first=True))
    assert [len(load_network(module, (steps, 16))) for steps in (4, 400)] == [2, 2]
