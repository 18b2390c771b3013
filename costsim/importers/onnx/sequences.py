"""Recurrence, attention and einsum of ONNX and of ONNX Runtime's own domain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import attention as heads
from costsim.importers import pieces
from costsim.importers.einsum import einsum as contracted
from costsim.importers.onnx.call import Call
from costsim.importers.writer import Stored


def einsum(call: Call) -> Tensor:
    return contracted(call.writer, str(call.attributes["equation"]), [x for x in call.inputs if x is not None])


def recurrent(call: Call) -> list[Any]:
    """LSTM, GRU and RNN: the states of every step, then the last ones where they are read.

    The input is (steps, n, features), or (n, steps, features) with ``layout`` 1.
    """
    writer, x = call.writer, call.tensor()
    directions, _, hidden = call.stored(2).shape
    time_first = not int(call.get("layout", 0))
    if call.stored(1).shape[0] != directions or call.stored(1).shape[2] != x.shape[-1]:
        raise InputError(f"a weight of {call.stored(1).shape} for an input of {x.shape}", mend="check the input size")
    layer = L.Recurrent(hidden, call.op.lower(), directions == 2, call.has(3), time_first)
    y = writer.add(layer, x)
    apart = pieces.reshaped(writer, y, (*y.shape[:2], directions, hidden), part="apart")
    outputs: list[Any] = [apart]
    if time_first and call.wanted[0]:
        outputs = [pieces.transposed(writer, apart, (0, 2, 1, 3), part="apart")]
    if any(call.wanted[1:]):
        axis = 0 if time_first else 1
        last = pieces.selected(writer, apart, axis, -1)  # (n, directions, hidden)
        last = pieces.transposed(writer, last, (1, 0, 2), part="state") if time_first else last
        outputs += [last] * (call.output_count - 1)
    return outputs + [None] * (call.output_count - len(outputs))


def attention(call: Call) -> list[Any]:
    """Attention of opset 23: (n, heads, rows, depth), or (n, rows, heads * depth) with the heads as attributes."""
    writer = call.writer
    q, k, v = (call.tensor(i) for i in range(3))
    flat = len(q.shape) == 3
    if flat:
        q = heads.split_heads(writer, q, int(call.attributes["q_num_heads"]), "query")
        k, v = (heads.split_heads(writer, x, int(call.attributes["kv_num_heads"]), "key") for x in (k, v))
    if call.has(4) and call.has(5):
        k, v = (pieces.joined(writer, [call.value(4 + i), x], 2) for i, x in enumerate((k, v)))
    y, scores = heads.attended(writer, q, k, v, call.value(3) if call.has(3) else None)
    y = heads.merge_heads(writer, y) if flat else y
    wants_scores = len(call.wanted) > 3 and call.wanted[3]
    return [y, k, v, scores() if wants_scores else None][: call.output_count]


def multi_head_attention(call: Call) -> list[Any]:
    """ONNX Runtime's MultiHeadAttention: query (n, rows, width), key and value like it or (n, heads, rows, depth)."""
    writer, count = call.writer, int(call.attributes["num_heads"])
    q, k, v = _apart(call)
    bias = call.value(3) if call.has(3) else None
    if isinstance(bias, Stored):
        q = writer.add(L.Add(const_elems=q.shape[-1]), q, part="query_bias")
        k, v = (
            writer.add(L.Add(const_elems=x.shape[-1]), x, part=part) if len(x.shape) == 3 else x
            for x, part in ((k, "key_bias"), (v, "value_bias"))
        )
    q, k, v = (heads.split_heads(writer, x, count, "heads") if len(x.shape) == 3 else x for x in (q, k, v))
    if call.has(6) and call.has(7):
        k, v = (pieces.joined(writer, [call.value(6 + i), x], 2) for i, x in enumerate((k, v)))
    y = heads.merge_heads(writer, heads.attention(writer, q, k, v, call.value(5) if call.has(5) else None))
    return [y, k, v, None][: call.output_count]


def masked_decoder(call: Call) -> list[Any]:
    """DecoderMaskedMultiHeadAttention: one step, with its inputs in another order."""
    query, key, value, mask, scores, *past = (*call.inputs, *(None,) * 7)[:7]
    bias = call.inputs[10] if call.has(10) else None
    return multi_head_attention(replace(call, inputs=(query, key, value, bias, mask, scores, *past)))


def _apart(call: Call) -> list[Tensor]:
    """Query, key and value of a MultiHeadAttention, the packed ones (n, rows, heads, 2 or 3, depth) taken apart."""
    given = [call.tensor(i) for i in range(3) if call.has(i)]
    if len(given[-1].shape) != 5:
        return given
    packed = given.pop()
    parts = [pieces.selected(call.writer, packed, 3, i) for i in range(packed.shape[3])]
    return given + [pieces.transposed(call.writer, x, (0, 2, 1, 3), part="apart") for x in parts]


def group_query_attention(call: Call) -> list[Any]:
    """ONNX Runtime's GroupQueryAttention: (query, key, value, past key, past value, lengths, total, cosines, sines)."""
    writer, count, keys = call.writer, int(call.attributes["num_heads"]), int(call.attributes["kv_num_heads"])
    q = call.tensor()
    if call.has(1):
        k, v = call.tensor(1), call.tensor(2)
    else:  # the three in one tensor
        depth = q.shape[2] // (count + 2 * keys)
        ends = [count * depth, (count + keys) * depth, (count + 2 * keys) * depth]
        q, k, v = (pieces.sliced(writer, q, 2, start, stop) for start, stop in zip([0, *ends[:2]], ends, strict=True))
    q = heads.split_heads(writer, q, count, "query")
    k, v = (heads.split_heads(writer, x, keys, "key") for x in (k, v))
    if call.has(3) and call.has(4) and call.value(3).shape[2]:
        k, v = (pieces.joined(writer, [call.value(3 + i), x], 2) for i, x in enumerate((k, v)))
    y = heads.merge_heads(writer, heads.attention(writer, q, k, v))
    return [y, k, v][: call.output_count]


def fused_attention(call: Call) -> list[Any]:
    """ONNX Runtime's Attention and QAttention: one product for query, key and value, then attention."""
    writer, count = call.writer, int(call.attributes["num_heads"])
    weight = call.stored(1)
    widths = [int(w) for w in call.get("qkv_hidden_sizes", [weight.shape[1] // 3] * 3)]
    joint = pieces.multiplied(writer, call.tensor(), weight, bias=call.has(2))
    starts = [0, widths[0], widths[0] + widths[1]]
    parts = [pieces.sliced(writer, joint, 2, s, s + w) for s, w in zip(starts, widths, strict=True)]
    q, k, v = (heads.split_heads(writer, x, count, "heads") for x in parts)
    past, bias = (4, 5) if call.op == "Attention" else (8, -1)  # QAttention has scales and zero points before
    present = None
    if call.has(past):  # keys and values of the steps before: (2, n, heads, rows, depth)
        before = [pieces.selected(writer, call.tensor(past), 0, i) for i in range(2)]
        k, v = (pieces.joined(writer, [old, new], 2) for old, new in zip(before, (k, v), strict=True))
    if len(call.wanted) > 1 and call.wanted[1]:
        stacked = [pieces.reshaped(writer, x, (1, *x.shape), part="present") for x in (k, v)]
        present = pieces.joined(writer, stacked, 0)
    mask = call.value(bias) if bias >= 0 and call.has(bias) else None
    return [heads.merge_heads(writer, heads.attention(writer, q, k, v, mask)), present][: call.output_count]
