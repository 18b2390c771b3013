"""Torch as an independent judge of what a graph claims: shapes, parameters, multiply-accumulates."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from costsim.graph import LayerGraph, Node
from costsim.reference.module import build, random_inputs


@dataclass(frozen=True)
class NodeCheck:
    """One layer: what the graph says, and what torch did."""

    name: str
    op: str
    shape: tuple[int, ...]
    torch_shape: tuple[int, ...]
    params: int
    torch_params: int
    macs: int
    torch_macs: int

    @property
    def agrees(self) -> bool:
        return (self.shape, self.params, self.macs) == (self.torch_shape, self.torch_params, self.torch_macs)

    def __str__(self) -> str:
        pairs = {
            "shape": (self.shape, self.torch_shape),
            "params": (self.params, self.torch_params),
            "macs": (self.macs, self.torch_macs),
        }
        wrong = [f"{what} {ours}, torch has {theirs}" for what, (ours, theirs) in pairs.items() if ours != theirs]
        return f"{self.name} ({self.op}): {'; '.join(wrong) or 'agrees'}"


@dataclass(frozen=True)
class Judgement:
    """What torch found, layer by layer."""

    network: str
    checks: tuple[NodeCheck, ...]

    @property
    def mismatches(self) -> tuple[NodeCheck, ...]:
        return tuple(check for check in self.checks if not check.agrees)

    @property
    def agrees(self) -> bool:
        return not self.mismatches

    @property
    def torch_params(self) -> int:
        return sum(check.torch_params for check in self.checks)

    @property
    def torch_macs(self) -> int:
        return sum(check.torch_macs for check in self.checks)

    def __str__(self) -> str:
        head = (
            f"{self.network}: {len(self.checks) - len(self.mismatches)} of {len(self.checks)} layers agree with torch"
        )
        return "\n".join([head, *map(str, self.mismatches)])


def judge(graph: LayerGraph, *, device: str = "cpu", seed: int = 0) -> Judgement:
    """Executes the graph and compares every layer with what torch made of it.

    Parameters are the trainable ones; multiply-accumulates are half of what torch's own
    ``FlopCounterMode`` counts while the layer runs. ``device="meta"`` computes no values, which
    judges a large network at its full input size in seconds.
    """
    module = build(graph, seed=seed, device=device)
    checks: list[NodeCheck] = []
    with torch.no_grad(), FlopCounterMode(display=False) as counter:

        def apply(node: Node, layer: nn.Module, operands: list[Tensor]) -> Tensor:
            before = counter.get_total_flops()
            output = layer(*operands)
            checks.append(
                NodeCheck(
                    name=node.name,
                    op=node.layer.op,
                    shape=tuple(node.shape),
                    torch_shape=tuple(output.shape),
                    params=graph.params(node),
                    torch_params=sum(p.numel() for p in layer.parameters() if p.requires_grad),
                    macs=graph.loop_nest(node).macs,
                    torch_macs=(counter.get_total_flops() - before) // 2,
                )
            )
            return output

        module.execute(random_inputs(graph, seed=seed, device=device), apply)
    return Judgement(graph.name, tuple(checks))
