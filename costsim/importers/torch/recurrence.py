"""Recurrent layers as one op while a module is traced, however long the sequence.

torch tells the shapes of an LSTM by running all of its steps on fake tensors; that takes longer than everything else
once a sequence has a few hundred steps. While tracing, ops of the same names and arguments stand in that tell the
shapes at once; on real tensors they call torch's own.
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


@contextmanager
def as_one_op() -> Iterator[None]:
    """Recurrent modules called inside are one op of the trace each; packed sequences are left to torch."""
    with _lock:
        for cell in CELLS:
            setattr(torch._VF, cell, partial(_call, cell))
        try:
            yield
        finally:
            for cell in CELLS:
                delattr(torch._VF, cell)


def _call(cell: str, input: Tensor, hx: Any, *rest: Any) -> Any:
    packed = (
        isinstance(hx, Tensor) and isinstance(rest[0], (tuple, list, Tensor)) and isinstance(rest[1], (tuple, list))
    )
    if packed:
        return _own[cell](input, hx, *rest)
    states = list(hx) if cell == "lstm" else hx
    return getattr(torch.ops.costsim, cell)(input, states, list(rest[0]), *rest[1:])
