"""Recurrent ops: every step of a sequence is matrix products with the same weights."""

from __future__ import annotations

from typing import Any

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers.tflite.call import Call

LSTM_OUTPUT_WEIGHTS, PROJECTION = 8, 16
"""Inputs of the LSTM: the recurrent weights of its output gate (cells, outputs), and an optional projection."""


def lstm(call: Call) -> Tensor:
    """Inputs are the sequence, four matrices of input weights, four of recurrent ones, peepholes, biases, states."""
    if call.has(PROJECTION):
        raise InputError("an LSTM with a projection", mend="not supported; convert it without one")
    cells = call.stored(LSTM_OUTPUT_WEIGHTS).shape[0]
    return call.writer.add(
        L.Recurrent(cells, "lstm", time_first=bool(call.get("TimeMajor", False))), call.in_file_order()
    )


def rnn(call: Call) -> Tensor:
    """Inputs are the sequence, input weights (units, in), recurrent weights, the bias and the state."""
    units = call.stored(1).shape[0]
    return call.writer.add(
        L.Recurrent(units, "rnn", time_first=bool(call.get("TimeMajor", False))), call.in_file_order()
    )


OPS: dict[str, Any] = {"UNIDIRECTIONAL_SEQUENCE_LSTM": lstm, "UNIDIRECTIONAL_SEQUENCE_RNN": rnn}
