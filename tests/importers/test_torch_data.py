"""Modules whose sizes or course the data decide: counted up to there, or with what is assumed said."""

from __future__ import annotations

from typing import Any

import pytest

from costsim.errors import InputError
from costsim.importers import load_network
from tests.importers.torch_nets import Net

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


SELECTIONS = {
    "mask": lambda s, x: s.conv(x)[x[:, :1].expand(-1, 4, -1, -1) > 0],
    "nonzero": lambda s, x: (s.conv(x) > 0).nonzero(),
    "as many as a list says": lambda s, x: s.conv(x).flatten().split(x.long().flatten()[:2].tolist())[0] * 2,
    "rows kept": lambda s, x: s.head(s.conv(x).flatten(2)[0].T[x[0, 0].flatten() > 0.5]),
}


@pytest.mark.parametrize("forward", SELECTIONS.values(), ids=SELECTIONS)
def test_what_follows_a_size_of_the_data_is_cut_off(forward: Any) -> None:
    module = Net(forward, conv=nn.Conv2d(3, 4, 1), head=nn.Linear(4, 2))
    graph = load_network(module, (3, 8, 8))
    assert graph.total_macs == 12 * 64
    assert len(graph.unknown) == 1
    assert "its size depends on the data" in graph.unknown[0].layer.type_name
    assert any(note.startswith("cut at aten.") for note in graph.notes)


def test_decisions_on_the_data_end_what_can_be_counted(capfd: Any) -> None:
    module = Net(lambda s, x: s.conv(x) if x[x > 0].numel() > 9 else x, conv=nn.Conv2d(3, 3, 1))
    graph = load_network(module, (3, 8, 8))
    assert graph.total_macs == 0
    assert any(note.startswith("cut at nonzero") and "not counted" in note for note in graph.notes)
    assert any(note.endswith("reach no layer: conv") for note in graph.notes)
    assert "".join(capfd.readouterr()) == ""


def test_numbers_read_out_of_tensors_are_said_to_be_assumed() -> None:
    module = Net(lambda s, x: F.interpolate(s.conv(x), size=(int(x.max().item() * 3),) * 2), conv=nn.Conv2d(3, 4, 1))
    assert "each is taken to be 4" in load_network(module, (3, 8, 8)).notes[0]


def test_a_network_whose_first_op_is_decided_by_the_data_is_refused_in_one_line() -> None:
    branching = Net(lambda s, x: torch.cond(x.sum() > 0, s.a, s.b, (x,)), a=nn.Linear(4, 4), b=nn.Linear(4, 4))
    with pytest.raises(InputError, match="cond 'cond': what runs depends on the data"):
        load_network(branching, (4,))
