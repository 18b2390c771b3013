"""Which tensors torch really reads and writes while a layer runs: views touch nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

FOLDED = ("running_mean", "running_var", "num_batches_tracked")
"""Statistics of a batch norm: as deployed they are part of its scale and shift."""


class Touched(TorchDispatchMode):
    """Collects the storages that kernels read and write, and counts the kernels.

    A call whose results share the storage of an operand it does not change is a view; it moves nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clear()

    def clear(self) -> None:
        """Forget what has been touched."""
        self.kernels = 0
        self._read: dict[int, Tensor] = {}
        self._written: dict[int, Tensor] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        results = func(*args, **(kwargs or {}))
        given, made = _tensors((args, kwargs)), _tensors(results)
        storages = {_storage(tensor) for tensor in given}
        changes = func._schema.is_mutable
        if not made or (not changes and all(_storage(tensor) in storages for tensor in made)):
            return results
        if not given:  # memory set aside, or filled
            return results
        self.kernels += 1
        self._read |= {_storage(tensor): tensor for tensor in given}
        self._written |= {_storage(tensor): tensor for tensor in made}
        return results

    def read_elems(self, operands: Iterable[Tensor]) -> int:
        """Elements of those of the operands that a kernel read, each tensor once."""
        return _elements(tensor for tensor in operands if _storage(tensor) in self._read)

    def weight_elems(self, module: nn.Module) -> int:
        """Elements of the weights and constants of a module that a kernel read; lists of indices are none."""
        stored = [*module.parameters(), *(b for name, b in module.named_buffers() if name.split(".")[-1] not in FOLDED)]
        return _elements(t for t in stored if t.is_floating_point() and _storage(t) in self._read)

    def written_elems(self, output: Tensor) -> int:
        """Elements of the output, 0 if it is a view of what was there."""
        return output.numel() if _storage(output) in self._written else 0


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _elements(tensors: Iterable[Tensor]) -> int:
    return sum({id(tensor): tensor.numel() for tensor in tensors}.values())


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
