"""Torch as an independent judge of what a graph claims: shapes, parameters, multiply-accumulates, elements moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Constant, Recurrent, ReshapeLike
from costsim.reference.live import Live, Peak, claimed_peak
from costsim.reference.module import build, random_inputs
from costsim.reference.outputs import Outputs
from costsim.reference.touched import Touched


class Elements(NamedTuple):
    """What one layer moves, each tensor once."""

    read: int
    weights: int
    written: int


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
    elems: Elements
    torch_elems: Elements | None = field(compare=False)
    """None where it moved nothing: a view, or the meta device, whose ops are no kernels."""
    torch_kernels: int = field(compare=False)
    """What torch ran for it, views left out. Told, not held against anything: runtimes differ in it."""
    stated: bool = False
    """Whether the file says how many parameters it has: those that a layer before it has too count there, and a slope,
    scale or table counts as it is stored. The companion's layer is of the usual form, so its number is not held."""

    @property
    def pairs(self) -> dict[str, tuple[Any, Any]]:
        """Each quantity as the graph has it and as torch had it."""
        pairs: dict[str, tuple[Any, Any]] = {
            "shape": (self.shape, self.torch_shape),
            "params": (self.params, self.torch_params),
            "macs": (self.macs, self.torch_macs),
        }
        if self.stated:
            del pairs["params"]
        if self.torch_elems is not None:
            names = (f"elements {field}" for field in Elements._fields)
            pairs |= zip(names, zip(self.elems, self.torch_elems, strict=True), strict=True)
        return pairs

    @property
    def differences(self) -> tuple[str, ...]:
        """Where the two differ, in words."""
        return tuple(f"{what} {own}, torch has {theirs}" for what, (own, theirs) in self.pairs.items() if own != theirs)

    @property
    def agrees(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        return f"{self.name} ({self.op}): {'; '.join(self.differences) or 'agrees'}"


@dataclass(frozen=True)
class Judgement:
    """What torch found, layer by layer."""

    graph: LayerGraph = field(compare=False, repr=False)
    checks: tuple[NodeCheck, ...]
    peak: Peak
    """The most elements of maps at once, as the graph has it."""
    torch_peak: Peak
    """The same as torch had it; views share the memory of what they are views of."""
    branches: int
    """The most layers with multiply-accumulates equally far down the longest chains: what could run side by side."""
    outputs: Outputs | None = None
    """Of an imported network: its tensors beside the original's."""
    outputs_missing: str = ""
    """Why those of an imported network are not held."""

    @property
    def network(self) -> str:
        return self.graph.name

    @property
    def mismatches(self) -> tuple[NodeCheck, ...]:
        return tuple(check for check in self.checks if not check.agrees)

    @property
    def agrees(self) -> bool:
        return self.counts_agree and (self.outputs is None or self.outputs.agrees)

    @property
    def counts_agree(self) -> bool:
        """Whether all but the outputs agrees."""
        return not self.mismatches and self.peak == self.torch_peak

    @property
    def kernels(self) -> int:
        """Kernels that torch launched, views left out."""
        return sum(check.torch_kernels for check in self.checks)

    @property
    def torch_params(self) -> int:
        return sum(check.torch_params for check in self.checks)

    @property
    def torch_macs(self) -> int:
        return sum(check.torch_macs for check in self.checks)

    def record(self) -> dict[str, Any]:
        """The judgement as plain data."""
        return {
            "network": self.network,
            "agrees": self.agrees,
            "params": self.torch_params,
            "macs": self.torch_macs,
            "kernels": self.kernels,
            "branches": self.branches,
            "peak_elems": {"graph": vars(self.peak), "executed": vars(self.torch_peak)},
            "outputs": self.outputs.record() if self.outputs else None,
            "outputs_missing": self.outputs_missing,
            "layers": [
                {
                    "name": check.name,
                    "op": check.op,
                    "agrees": check.agrees,
                    "differences": list(check.differences),
                    "kernels": check.torch_kernels,
                    "graph": {what.replace(" ", "_"): own for what, (own, _) in check.pairs.items()},
                    "executed": {what.replace(" ", "_"): theirs for what, (_, theirs) in check.pairs.items()},
                }
                for check in self.checks
            ],
        }

    def __str__(self) -> str:
        head = (
            f"{self.network}: {len(self.checks) - len(self.mismatches)} of {len(self.checks)} layers agree with torch"
        )
        told = self.mismatches or self.peak == self.torch_peak  # a wrong layer makes a wrong peak
        peak = () if told else (f"peak {self.peak}, torch has {self.torch_peak}",)
        return "\n".join([head, *map(str, self.mismatches), *peak])


def judge(graph: LayerGraph, *, device: str = "cpu", seed: int = 0) -> Judgement:
    """Executes the graph and compares every layer with what torch made of it.

    Parameters are the trainable ones; multiply-accumulates are half of what torch's own
    ``FlopCounterMode`` counts while the layer runs. Elements read, of weights and written are those of
    the tensors that its kernels touch, each once; of a layer that torch answers with a view, none are
    held. ``device="meta"`` computes no values, which
    judges a large network at its full input size in seconds.
    """
    module = build(graph, seed=seed, device=device)
    checks: list[NodeCheck] = []
    live = Live()
    with torch.no_grad(), FlopCounterMode(display=False) as counter, Touched() as touched:

        def apply(node: Node, layer: nn.Module, operands: list[Tensor]) -> Tensor:
            before = counter.get_total_flops()
            touched.clear()
            output = layer(*operands)
            if isinstance(node.layer, Constant):
                live.leave_out(output)
            live.note(node.name, output)
            checks.append(
                NodeCheck(
                    name=node.name,
                    op=node.layer.op,
                    shape=tuple(node.shape),
                    torch_shape=tuple(output.shape),
                    params=graph.params(node),
                    torch_params=sum(p.numel() for p in layer.parameters() if p.requires_grad),
                    macs=graph.loop_nest(node).macs,
                    torch_macs=(
                        _recurrent_macs(layer, operands)
                        if _is_fused(node)
                        else (counter.get_total_flops() - before) // 2
                    ),
                    elems=_claimed(graph, node),
                    torch_elems=None
                    if _is_fused(node) or _shares(node, operands)
                    else _moved(touched, layer, operands, output),
                    torch_kernels=touched.kernels,
                    stated=node.layer.learned is not None and not isinstance(node.layer, Constant),
                )
            )
            return output

        module.execute(_handed_over(random_inputs(graph, seed=seed, device=device)), apply)
    views = [check.name for check in checks if not check.torch_kernels]
    return Judgement(graph, tuple(checks), claimed_peak(graph, views), live.peak, _side_by_side(graph))


def _handed_over(inputs: list[Tensor]) -> Iterator[Tensor]:
    """The inputs, one after another, each held by nobody else from then on."""
    while inputs:
        yield inputs.pop(0)


def _side_by_side(graph: LayerGraph) -> int:
    """The most layers with multiply-accumulates that stand equally far down the longest chains of such layers."""
    depth: dict[str, int] = {}
    for node in graph:
        counts = int(graph.loop_nest(node).macs > 0)
        depth[node.name] = max((depth[name] for name in node.inputs), default=0) + counts
    working = Counter(depth[node.name] for node in graph if graph.loop_nest(node).macs > 0)
    return max(working.values(), default=0)


def _shares(node: Node, operands: list[Tensor]) -> bool:
    """Whether operands are views of one tensor: torch reads it once, and in the graph they are several."""
    return len({x.untyped_storage().data_ptr() for x in operands}) < len(set(node.inputs))


def _is_fused(node: Node) -> bool:
    """Whether torch runs the layer in kernels of its own, whose products and states its counters do not see."""
    return isinstance(node.layer, Recurrent)


def _recurrent_macs(layer: nn.Module, operands: list[Tensor]) -> int:
    """Every weight matrix of torch's own module once a step and sequence; its counter does not look into the cell."""
    sequences, steps = operands[0].shape[:2]
    return sequences * steps * sum(weight.numel() for weight in layer.parameters() if weight.dim() == 2)


def _moved(touched: Touched, layer: nn.Module, operands: list[Tensor], output: Tensor) -> Elements | None:
    """What the layer's kernels moved, or None if there were none."""
    if output.is_meta or not touched.kernels:
        return None
    return Elements(touched.read_elems(operands), touched.weight_elems(layer), touched.written_elems(output))


def _claimed(graph: LayerGraph, node: Node) -> Elements:
    """What the graph says the layer moves; a tensor that is read twice is one tensor."""
    inputs = node.inputs[:1] if isinstance(node.layer, ReshapeLike) else node.inputs  # of the other only its shape
    read = sum(prod(graph[name].shape) for name in dict.fromkeys(inputs))
    return Elements(read, graph.loop_nest(node).weight_elems, prod(node.shape))
