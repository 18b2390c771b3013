"""Recurrent ops: every step of a sequence is matrix products with the same weights."""

from __future__ import annotations

from typing import Any

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces
from costsim.importers.tflite.call import Call

LSTM_OUTPUT_WEIGHTS, PROJECTION = 8, 16
"""Inputs of the LSTM: the recurrent weights of its output gate (cells, outputs), and an optional projection."""


def lstm(call: Call) -> Tensor:
    """Inputs are the sequence, four matrices of input weights, four of recurrent ones, peepholes, biases, states."""
    return _lstm(call, False)


def bidirectional_lstm(call: Call) -> list[Tensor]:
    """The inputs of the forward LSTM from 1 on, those of the backward one from 18 on."""
    return _both_ways(call, _lstm(call, True))


def _lstm(call: Call, both: bool) -> Tensor:
    cells = call.stored(LSTM_OUTPUT_WEIGHTS).shape[0]
    projected = call.stored(PROJECTION).shape[0] if call.has(PROJECTION) else 0
    layer = L.Recurrent(cells, "lstm", both, time_first=bool(call.get("TimeMajor", False)), projection=projected)
    return call.writer.add(layer, call.in_file_order())


def rnn(call: Call) -> Tensor:
    """Inputs are the sequence, input weights (units, in), recurrent weights, the bias and the state."""
    return _rnn(call, False)


def bidirectional_rnn(call: Call) -> list[Tensor]:
    """The inputs of the forward recurrence from 1 on, those of the backward one from 5 on."""
    return _both_ways(call, _rnn(call, True))


def _rnn(call: Call, both: bool) -> Tensor:
    units = call.stored(1).shape[0]
    layer = L.Recurrent(units, "rnn", both, time_first=bool(call.get("TimeMajor", False)))
    return call.writer.add(layer, call.in_file_order())


def _both_ways(call: Call, y: Tensor) -> list[Tensor]:
    """One output of both directions, or one for each."""
    if call.get("MergeOutputs", False):
        return [y]
    half = y.shape[2] // 2
    return [pieces.sliced(call.writer, y, 2, start, start + half) for start in (0, half)]


OPS: dict[str, Any] = {
    "BIDIRECTIONAL_SEQUENCE_LSTM": bidirectional_lstm,
    "BIDIRECTIONAL_SEQUENCE_RNN": bidirectional_rnn,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
    "UNIDIRECTIONAL_SEQUENCE_RNN": rnn,
}
