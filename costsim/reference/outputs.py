"""The tensors of an imported graph, run with a file's own weights, held against those of the original."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from costsim.errors import InputError
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Input
from costsim.reference.given import NotTold, Source, given
from costsim.reference.layers import module_for
from costsim.reference.numerics import largest_difference

TOLERANCE = 1e-4
"""Of the largest magnitude in a tensor: sums in single precision, taken in another order, differ by less."""


@dataclass(frozen=True)
class OutputCheck:
    """One layer's tensor beside the original's."""

    name: str
    op: str
    difference: float | None
    """The largest one over the largest magnitude; None where there is nothing to compare."""
    reason: str = ""
    """Why the layer could not be run as the original runs it, and so was given the original's own tensor."""
    own_difference: float | None = None
    """The same of the layer run on the original's operands, where what it read differed too: rounding grows from layer
    to layer, most where a bounded activation follows large values."""

    @property
    def agrees(self) -> bool:
        least = self.difference if self.own_difference is None else self.own_difference
        return least is None or least <= TOLERANCE

    @property
    def is_handed_on(self) -> bool:
        """Whether it differs by what it read alone."""
        return self.agrees and self.difference is not None and self.difference > TOLERANCE


@dataclass(frozen=True)
class Outputs:
    """All layers of an imported graph beside what the original computes."""

    against: str
    checks: tuple[OutputCheck, ...]
    results: tuple[str, ...]
    """The layers that are the network's outputs."""

    @property
    def held(self) -> tuple[OutputCheck, ...]:
        """Layers that were run from their own inputs and compared."""
        return tuple(check for check in self.checks if check.difference is not None)

    @property
    def taken(self) -> tuple[OutputCheck, ...]:
        """Layers that do not say in full what they compute; the original's tensor stands in their place."""
        return tuple(check for check in self.checks if check.reason)

    @property
    def handed_on(self) -> tuple[OutputCheck, ...]:
        """Layers that make what the original makes of its own operands, and differ here by more than the tolerance."""
        return tuple(check for check in self.checks if check.is_handed_on)

    @property
    def first_off(self) -> OutputCheck | None:
        """The first layer that differs by more than the tolerance, and not by what it read alone."""
        return next((check for check in self.held if not check.agrees), None)

    @property
    def largest(self) -> OutputCheck | None:
        """The layer that differs most."""
        return max(self.held, key=lambda check: check.difference or 0.0, default=None)

    @property
    def of_results(self) -> float | None:
        """The largest difference of the network's outputs."""
        ends = [check.difference for check in self.held if check.name in self.results and check.difference is not None]
        return max(ends, default=None)

    @property
    def agrees(self) -> bool:
        return self.first_off is None

    def record(self) -> dict[str, Any]:
        """As plain data."""
        first, largest = self.first_off, self.largest
        return {
            "against": self.against,
            "agrees": self.agrees,
            "tolerance": TOLERANCE,
            "layers_held": len(self.held),
            "layers_that_differ_by_what_they_read": len(self.handed_on),
            "largest_difference": largest.difference if largest else None,
            "largest_at": largest.name if largest else None,
            "first_that_differs": first.name if first else None,
            "difference_of_outputs": self.of_results,
            "layers": [{**vars(check), "agrees": check.agrees} for check in self.checks],
        }


def hold_outputs(graph: LayerGraph, inputs: list[Tensor], values: Mapping[str, Tensor], against: str) -> Outputs:
    """Run the graph with the weights among ``values`` and compare every tensor that the original has too.

    ``values`` are the original's tensors by its names for them. Each layer reads what the graph's own layers before it
    made, so that a wrong connection shows; one that then differs is run once more on what the original has in the
    places it reads, which tells a wrong layer from rounding that grew before it. A layer that costs what an op costs
    and does not say what it computes (a pooling with holes in its windows) is given the original's tensor.
    """
    tensors: dict[str, Tensor | None] = {}
    waiting, checks, ordinals = iter(inputs), [], Counter[tuple[type, int]]()
    readers_left = {node.name: graph.reader_count(node.name) for node in graph}
    with torch.no_grad():
        for node in graph:
            origins = graph.origins.get(node.name, ())
            kind = type(node.layer), id(origins[-1]) if origins else 0
            source = Source(node, origins, values, ordinals[kind])
            ordinals[kind] += 1
            operands = [next(waiting)] if isinstance(node.layer, Input) else [tensors[name] for name in node.inputs]
            original = values.get(graph.tensors.get(node.name, ""))
            made, reason = _made(source, operands)
            check, tensors[node.name] = _compared(node, made, original, reason)
            if not check.agrees and original is not None:
                own, _ = _made(source, [_original(graph, values, name, tensors[name]) for name in node.inputs])
                check = replace(check, own_difference=_compared(node, own, original, "")[0].difference)
            checks.append(check)
            for name in set(node.inputs):
                readers_left[name] -= 1
                if not readers_left[name]:
                    tensors[name] = None
    return Outputs(against, tuple(checks), tuple(node.name for node in graph.outputs))


def _original(graph: LayerGraph, values: Mapping[str, Tensor], name: str, made: Tensor | None) -> Tensor | None:
    """What the original has in the place of a node's tensor; where it has nothing, what was made."""
    found = values.get(graph.tensors.get(name, ""))
    if found is None or made is None or found.numel() != made.numel():
        return made
    return found.reshape(made.shape).to(made.dtype)


def _made(source: Source, operands: Sequence[Tensor | None]) -> tuple[Tensor | None, str]:
    """What the layer makes of its operands, or why nobody knows."""
    node, known = source.node, [x for x in operands if x is not None]
    if len(known) < len(operands):
        return None, "reads what is not known"
    try:
        module = module_for(node.layer, node.placed.inputs, node.shape).eval()
        result: Tensor = given(module, source)(*known)
    except NotTold as told:
        return None, str(told)
    except InputError as refused:
        return None, refused.what
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        return None, f"torch refuses it: {str(error).splitlines()[0]}"
    return result, ""


def _compared(
    node: Node, made: Tensor | None, original: Tensor | None, reason: str
) -> tuple[OutputCheck, Tensor | None]:
    """The check, and the tensor that readers get."""
    if isinstance(node.layer, Input) or original is None:
        return OutputCheck(node.name, node.layer.op, None, reason if made is None else ""), made
    if original.numel() != made.numel() if made is not None else False:
        return OutputCheck(node.name, node.layer.op, float("inf")), made
    theirs = original.reshape(node.shape)
    if made is None:
        return OutputCheck(node.name, node.layer.op, None, reason), theirs
    if not theirs.dtype.is_floating_point:
        return OutputCheck(node.name, node.layer.op, float(not torch.equal(made.to(theirs.dtype), theirs))), made
    return OutputCheck(node.name, node.layer.op, largest_difference(made, theirs.to(made.dtype))), made
