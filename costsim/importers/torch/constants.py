"""Sizes that look as if the data decided them and do not: positions in a mask that the program itself holds.

``torch.ones(4, 4).triu().nonzero()`` and ``x[:, self.mask]`` make as many values at every run. torch leaves their
number open while it traces; here the constants behind them are computed, and the number is known.
"""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node
from torch.fx.node import map_arg

from costsim.importers.torch.sizes import DataDependent, Sizes

LARGEST = 2**24
"""Elements of a constant that is computed; a larger one stays open."""

PICKING = {"aten.index.Tensor", "aten.masked_select.default"}
"""Ops whose number of values the mask decides, whatever is picked by it."""


class Constants:
    """The values in a program that depend on no input and no parameter, computed when they are asked for."""

    def __init__(self, program: ExportedProgram, sizes: Sizes) -> None:
        self._sizes = sizes
        self._owner = program.graph_module
        signature = program.graph_signature
        held = {**signature.inputs_to_buffers, **signature.inputs_to_lifted_tensor_constants}
        tensors = {**program.state_dict, **program.constants}
        self._values: dict[Node, Any] = {
            node: tensors[held[node.name]]
            for node in program.graph.nodes
            if node.op == "placeholder" and isinstance(tensors.get(held.get(node.name, "")), Tensor)
        }

    def tell(self, node: Any) -> bool:
        """Whether the sizes that a node leaves open follow from constants; if so, they are known from now on."""
        try:
            made = self._run(node, PICKING)
        except Exception:  # it varies, or is no more than a shape: what torch raises then is no news
            return False
        known = node.meta.get("val")
        several = isinstance(known, (list, tuple))
        for result, declared in zip(made if several else [made], known if several else [known], strict=True):
            for size, length in zip(declared.shape, result.shape, strict=True):
                self._sizes.know(size, int(length))
        return True

    def _value(self, node: Node) -> Any:
        if node not in self._values:
            self._values[node] = self._run(node)
        return self._values[node]

    def _run(self, node: Node, picking: set[str] | None = None) -> Any:
        """The value of a node; of a tensor that something is picked from, its shape alone matters."""
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(self._owner)
        if node.op != "call_function" or not callable(node.target):
            raise DataDependent
        target: Any = node.target
        given = list(node.args)
        if str(target) in (picking or ()) and isinstance(given[0], Node) and given[0] not in self._values:
            given[0] = torch.zeros(self._bounded(given[0].meta["val"]))
        else:
            self._bounded(node.meta.get("val"))
        values = map_arg(tuple(given), self._value)
        named = dict(map_arg(node.kwargs, self._value))
        if "device" in named:
            named["device"] = "cpu"  # a module on the meta device has its constants nowhere
        return target(*values, **named)

    def _bounded(self, declared: Any) -> tuple[int, ...]:
        """The shape of what is not too large to be computed."""
        if not hasattr(declared, "shape"):
            return ()
        try:
            shape = self._sizes.shape(declared)
        except DataDependent:
            return ()  # what it is made of is bounded
        if torch.Size(shape).numel() > LARGEST:
            raise DataDependent
        return shape
