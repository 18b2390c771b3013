"""What each layer of a network takes in torch on this machine."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from costsim.graph import LayerGraph, Node
from costsim.reference.module import Companion, build, random_inputs
from costsim.timing import Timing


@dataclass(frozen=True)
class Measurement:
    """A network timed layer by layer, in place: each layer finds its input as its producer left it."""

    network: str
    threads: int
    torch_version: str
    nodes: dict[str, Timing]
    """Layers by name, in execution order; Python and torch's dispatch included."""
    whole: Timing
    """One uninterrupted pass through the network."""

    @property
    def where(self) -> str:
        """What was timed, in words: it is this machine, whatever device is predicted beside it."""
        plural = "s" if self.threads > 1 else ""
        return f"torch {self.torch_version} on this machine ({platform.machine()}, {self.threads} thread{plural}, fp32)"

    @property
    def noise_ratio(self) -> float:
        """Of the whole network: the floor below which no prediction can be told right from wrong."""
        return self.whole.noise_ratio


def measure(
    graph: LayerGraph,
    *,
    repeats: int = 4,
    passes: int = 5,
    pause_s: float = 0.2,
    threads: int = 1,
    seed: int = 0,
) -> Measurement:
    """Times every layer of ``graph`` and the whole of it.

    Two passes warm up; then come ``repeats`` rounds, ``pause_s`` apart, of ``passes`` timed
    passes each. The minimum over rounds is the result and their spread the noise.
    """
    with torch.no_grad(), _threads(threads):
        module = build(graph, seed=seed)
        inputs = random_inputs(graph, seed=seed)
        for _ in range(2):
            module(*inputs)
        layer_rounds, whole_rounds = [], []
        for _ in range(repeats):
            time.sleep(pause_s)
            layer_passes = [_layer_times(module, inputs) for _ in range(passes)]
            layer_rounds.append({name: min(p[name] for p in layer_passes) for name in layer_passes[0]})
            whole_rounds.append(min(_seconds(module, inputs) for _ in range(passes)))
    nodes = {name: Timing(tuple(r[name] for r in layer_rounds)) for name in layer_rounds[0]}
    return Measurement(graph.name, threads, torch.__version__, nodes, Timing(tuple(whole_rounds)))


def _layer_times(module: Companion, inputs: list[Tensor]) -> dict[str, float]:
    seconds: dict[str, float] = {}

    def apply(node: Node, layer: nn.Module, operands: list[Tensor]) -> Tensor:
        start = time.perf_counter()
        output = layer(*operands)
        seconds[node.name] = time.perf_counter() - start
        return output

    module.execute(inputs, apply)
    return seconds


def _seconds(module: Companion, inputs: list[Tensor]) -> float:
    start = time.perf_counter()
    module(*inputs)
    return time.perf_counter() - start


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
