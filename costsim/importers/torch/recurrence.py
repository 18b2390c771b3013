"""Recurrent layers as one op while a module is traced, however long the sequence.

torch tells the shapes of an LSTM by running all of its steps on fake tensors; that takes longer than everything else
once a sequence has a few hundred steps. While tracing, ops of the same names and arguments stand in that tell the
shapes at once; on real tensors they call torch's own. Packed sequences are taken to be as long as the padded ones they
are made of: their lengths are data.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import Any

import torch
from torch import Tensor

CELLS = ("gru", "lstm", "rnn_relu", "rnn_tanh")

_ARGUMENTS = "Tensor input, {} hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, " + (
    "bool bidirectional, bool batch_first"
)
_SCHEMAS = {
    cell: f"{cell}({_ARGUMENTS.format('Tensor[]')}) -> (Tensor, Tensor, Tensor)"
    if cell == "lstm"
    else f"{cell}({_ARGUMENTS.format('Tensor')}) -> (Tensor, Tensor)"
    for cell in CELLS
}

_library = torch.library.Library("costsim", "DEF")
_lock = Lock()
_own = {cell: getattr(torch._VF, cell) for cell in CELLS}


def _shapes(
    input: Tensor, hx: Any, params: list[Tensor], has_biases: bool, num_layers: int, dropout: float, train: bool,
    bidirectional: bool, batch_first: bool,
) -> tuple[Tensor, ...]:  # fmt: skip
    """The hidden states of every step, and the last ones of each kind."""
    last = [state.new_empty(state.shape) for state in (hx if isinstance(hx, (list, tuple)) else [hx])]
    width = last[0].shape[-1] * (2 if bidirectional else 1)
    return (input.new_empty((*input.shape[:-1], width)), *last)


for _cell in CELLS:
    _library.define(_SCHEMAS[_cell])
    _library.impl(_cell, _own[_cell], "CompositeExplicitAutograd")
    torch.library.register_fake(f"costsim::{_cell}", _shapes, lib=_library)


class Packing:
    """What stands in for packed sequences, and whether any was made."""

    def __init__(self) -> None:
        self.was_used = False

    def pack(self, input: Tensor, lengths: Any, batch_first: bool) -> tuple[Tensor, FullLength]:
        """All steps of all sequences, one step after the other."""
        self.was_used = True
        steps = input.transpose(0, 1) if batch_first else input
        return steps.reshape(-1, *steps.shape[2:]), FullLength(steps.shape[0], steps.shape[1])

    def unpack(self, data: Tensor, sizes: FullLength, batch_first: bool, value: float, total: int) -> Any:
        steps = data.reshape(len(sizes), sizes[0], *data.shape[1:])
        return (steps.transpose(0, 1) if batch_first else steps), torch.full((sizes[0],), len(sizes))


class FullLength(list[int]):
    """Sequences at every step, as many as there are: what torch asks of the batch sizes of a packed sequence."""

    device = torch.device("cpu")

    def __init__(self, steps: int, sequences: int) -> None:
        super().__init__([sequences] * steps)

    def size(self, axis: int) -> int:
        return len(self)


@contextmanager
def as_one_op() -> Iterator[Packing]:
    """Recurrent modules called inside are one op of the trace each."""
    packing = Packing()
    stand_in: dict[str, Any] = {cell: partial(_call, cell) for cell in CELLS}
    stand_in |= {"_pack_padded_sequence": packing.pack, "_pad_packed_sequence": packing.unpack}
    with _lock:
        for name, function in stand_in.items():
            setattr(torch._VF, name, function)
        try:
            yield packing
        finally:
            for name in stand_in:
                delattr(torch._VF, name)


def _call(cell: str, input: Tensor, hx: Any, *rest: Any) -> Any:
    op = getattr(torch.ops.costsim, cell)
    if not isinstance(hx, FullLength):
        return op(input, list(hx) if cell == "lstm" else hx, list(rest[0]), *rest[1:])
    states, params, *options = rest
    steps = input.reshape(len(hx), hx[0], -1)
    out, *last = op(steps, list(states) if cell == "lstm" else states, list(params), *options, False)
    return (out.reshape(input.shape[0], -1), *last)
