"""Modules and exported programs, executed call by call as they were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export.graph_signature import InputKind
from torch.fx import Interpreter

from costsim.errors import InputError
from costsim.graph.resize import InputSize
from costsim.importers.torch import read_program
from costsim.importers.torch.program import program_of, silent, traced

WORDS_BELOW = 2
"""Inputs that are whole numbers are drawn below this: small enough for any table they are looked up in."""


class Program:
    """An exported program with its weights."""

    def __init__(
        self,
        source: Any,
        input_size: InputSize = None,
        batch: int | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        boxes = (limits or {}).get("boxes")
        if isinstance(source, torch.nn.Module):
            made, name = traced(source, input_size, batch, boxes), type(source).__name__
        else:
            made, name = program_of(source)
        self.graph, self.program = read_program(made, name, boxes)
        if isinstance(source, Path):
            self.graph.file = str(source)
        self.runs_in = f"torch {torch.__version__}"
        resized = batch not in (None, self.graph.input_shape[0]) or (
            input_size is not None and not isinstance(source, torch.nn.Module)
        )
        self.missing = self._what_is_missing(resized)
        if batch is not None:
            self.graph = self.graph.with_batch(batch)

    def _what_is_missing(self, resized: bool) -> str:
        if resized:
            return "the program was exported for another size"
        if any(tensor.is_meta for tensor in self.program.state_dict.values()):
            return "its weights are not there, they lie on torch's meta device"
        return ""

    def inputs(self, seed: int) -> list[Tensor]:
        """Normally distributed numbers; words and masks of small whole numbers."""
        generator = torch.Generator().manual_seed(seed)
        drawn = []
        for like in self._examples():
            shape, device = tuple(int(d) for d in like.shape), like.device
            numbers = torch.randn(shape, generator=generator)
            if not like.dtype.is_floating_point:
                numbers = torch.randint(WORDS_BELOW, shape, generator=generator)
            drawn.append(numbers.to(like.dtype).to(device))
        return drawn

    def _examples(self) -> Iterator[Any]:
        users = set(self.program.graph_signature.user_inputs)
        for node in self.program.graph.nodes:
            if node.op == "placeholder" and node.name in users and hasattr(node.meta.get("val"), "shape"):
                yield node.meta["val"]

    def values(self, inputs: list[Tensor]) -> dict[str, Tensor]:
        """Every node of the program by name, as it was before anything wrote over it."""
        given = iter(inputs)
        arguments = [self._argument(spec, given) for spec in self.program.graph_signature.input_specs]
        remembering = _Remembering(self.program.graph_module)
        try:
            with torch.no_grad(), silent():
                remembering.run(*arguments)
        except Exception as error:  # whatever its ops raise
            raise InputError(f"does not run: {str(error).splitlines()[0]}", where=self.graph.name) from None
        return remembering.made

    def _argument(self, spec: Any, given: Iterator[Tensor]) -> Any:
        if spec.kind == InputKind.USER_INPUT:
            value = getattr(spec.arg, "value", None)  # a number that was given while it was traced
            return next(given).clone() if value is None else value  # the module may write over what it is given
        held = self.program.state_dict.get(spec.target)
        return self.program.constants[spec.target] if held is None else held


class _Remembering(Interpreter):
    """Keeps what every node made."""

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.made: dict[str, Tensor] = {}

    def run_node(self, n: Any) -> Any:
        result = super().run_node(n)
        if isinstance(result, Tensor):
            self.made[n.name] = result.detach().clone() if n.op == "call_function" else result.detach()
        return result
