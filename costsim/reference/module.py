"""A layer graph as a torch module."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import torch
from torch import Tensor, nn

from costsim.errors import InputError
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Input
from costsim.reference.layers import module_for

Apply: TypeAlias = Callable[[Node, nn.Module, list[Tensor]], Tensor]
"""Calls one layer's module on its operands; whoever judges or times a network watches here."""


class Companion(nn.Module):
    """Executes a layer graph node by node; the blocks of the graph are its submodules.

    Use ``build``, which seeds the weights. Weights and index lists are random, the layers'
    numbers of them are not.
    """

    def __init__(self, graph: LayerGraph) -> None:
        super().__init__()
        self.graph = graph
        self.steps: dict[str, nn.Module] = {}
        """Node name to its module, in execution order."""
        for node in graph:
            self.steps[node.name] = module = _module(graph, node)
            _place(self, node.name, module)
        self.eval()

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        outputs = tuple(self.execute(inputs).values())
        return outputs[0] if len(outputs) == 1 else outputs

    def execute(self, inputs: Iterable[Tensor], apply: Apply | None = None) -> dict[str, Tensor]:
        """The network's outputs by node name; every other tensor is dropped after its last use."""
        waiting = iter(inputs)
        tensors: dict[str, Tensor] = {}
        readers_left = {node.name: len(self.graph.consumers(node.name)) for node in self.graph}
        for node in self.graph:
            operands = [next(waiting)] if isinstance(node.layer, Input) else [tensors[name] for name in node.inputs]
            module = self.steps[node.name]
            try:
                tensors[node.name] = apply(node, module, operands) if apply else module(*operands)
            except (RuntimeError, ValueError) as error:
                reason = str(error).splitlines()[0]
                raise InputError(f"torch refuses it: {reason}", where=f"{self.graph.name}: {node.name}") from error
            del operands
            for name in set(node.inputs):
                readers_left[name] -= 1
                if not readers_left[name]:
                    del tensors[name]
        return tensors


def build(graph: LayerGraph, *, seed: int = 0, device: str = "cpu") -> Companion:
    """The module of a graph, in inference mode; the same seed gives the same module.

    ``device="meta"`` builds it without memory for weights: shapes and counts of a network of any
    size in no time.

    Raises:
        InputError: a layer torch cannot execute, or a graph that describes many networks at once.
    """
    for node in graph:
        if not all(isinstance(dim, int) for dim in node.shape):
            raise InputError(
                f"its shape {node.shape} is not one of whole numbers",
                where=f"{graph.name}: {node.name}",
                mend="give the companion one network, not a design space",
            )
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(seed)
        return Companion(graph)


def random_inputs(graph: LayerGraph, *, seed: int = 0, device: str = "cpu") -> list[Tensor]:
    """One normally distributed tensor per input of the network."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(node.shape, generator=generator).to(device) for node in graph.inputs]


def run(graph: LayerGraph, *, seed: int = 0, inputs: Iterable[Tensor] | None = None) -> dict[str, Tensor]:
    """Executes the graph once, on random inputs unless some are given; outputs by node name."""
    given = random_inputs(graph, seed=seed) if inputs is None else list(inputs)
    if len(given) != len(graph.inputs):
        raise InputError(f"takes {len(graph.inputs)} inputs, got {len(given)}", where=graph.name)
    with torch.no_grad():
        return build(graph, seed=seed).execute(given)


def _module(graph: LayerGraph, node: Node) -> nn.Module:
    try:
        return module_for(node.layer, graph.input_shapes(node), node.shape)
    except InputError as error:
        raise error.at(f"{graph.name}: {node.name}") from None
    except (RuntimeError, ValueError) as error:
        raise InputError(f"torch refuses it: {error}", where=f"{graph.name}: {node.name}") from error


def _place(root: nn.Module, name: str, module: nn.Module) -> None:
    """Hangs a module into the tree at its dotted name; a segment already taken gets an underscore."""
    *path, leaf = (segment or "_" for segment in name.split("."))
    parent = root
    for segment in path:
        while hasattr(parent, segment) and not isinstance(getattr(parent, segment), _Block):
            segment += "_"
        if not hasattr(parent, segment):
            parent.add_module(segment, _Block())
        parent = getattr(parent, segment)
    while hasattr(parent, leaf):
        leaf += "_"
    parent.add_module(leaf, module)


class _Block(nn.Module):
    """Holds the layers of one block; the companion calls them."""
