"""Code that torch does not see through: looked into where it can be, else named in one line with the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from costsim.errors import InputError
from costsim.importers import load_network
from tests.importers.test_torch import quiet
from tests.importers.torch_nets import Net

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


class Unseen(torch.autograd.Function):  # type: ignore[misc]
    """As reversible blocks are written: what it runs is hidden from the trace."""

    @staticmethod
    def forward(ctx: Any, x: Any, layer: Any) -> Any:
        return layer(x.detach()).detach()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        return gradient, None


def test_functions_with_a_backward_pass_of_their_own_are_looked_into() -> None:
    graph = load_network(Net(lambda s, x: Unseen.apply(x, s.conv), conv=nn.Conv2d(3, 4, 1)), (3, 8, 8))
    assert (graph.total_macs, graph.total_params) == (12 * 64, 16)


def test_an_op_without_a_rule_for_its_shape_is_named_with_the_way_out() -> None:
    library = torch.library.Library("unruled", "DEF")
    library.define("op(Tensor x) -> Tensor")
    library.impl("op", lambda x: x * 2, "CPU")
    module = Net(lambda s, x: torch.ops.unruled.op(s.conv(x)), conv=nn.Conv2d(3, 4, 1))
    with pytest.raises(InputError, match=r"unruled\.op\.default does not say.*torch\.library\.register_fake"):
        load_network(module, (3, 8, 8))


def test_a_part_that_is_a_script_is_refused_in_one_line() -> None:
    with quiet():
        scripted = nn.Sequential(nn.Linear(4, 4), torch.jit.script(nn.Sequential(nn.Linear(4, 4))))
    with pytest.raises(InputError, match="a part of it is a script module"):
        load_network(scripted, (4,))


def test_script_modules_are_refused_in_one_line() -> None:
    with quiet():
        script = torch.jit.trace(nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 8, 8))
    with pytest.raises(InputError, match=r"give the nn\.Module itself"):
        load_network(script, (3, 8, 8))


@dataclass
class Result:
    """As detectors and language models hand out what they made."""

    maps: Any
    beside: dict[str, Any]


class Bag(dict[str, Any]):
    pass


@pytest.mark.parametrize("pack", [lambda y: Result(y, {"mean": y.mean()}), lambda y: Bag(maps=y, nothing=None)])
def test_results_of_classes_of_their_own_are_taken_apart(pack: Any) -> None:
    module = Net(lambda s, x: pack(s.conv(x)), conv=nn.Conv2d(3, 4, 1))
    graph = load_network(module, (3, 8, 8))
    assert (graph.total_macs, graph.total_params) == (12 * 64, 16)
    assert "forward" not in vars(module)
    assert not graph.notes
