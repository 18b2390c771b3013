"""ATen's products: fully connected layers, matrix products, contractions by letters, attention."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any

from costsim.graph import Tensor
from costsim.importers import elements, pieces
from costsim.importers.attention import attention as attended
from costsim.importers.einsum import einsum as contracted
from costsim.importers.torch.call import Call
from costsim.importers.writer import GraphWriter, Stored, Value


def linear(call: Call) -> Tensor:
    return _fully_connected(call, call.tensor("input"), call["weight"], call.get("bias"))


def _fully_connected(call: Call, x: Tensor, weight: Value, bias: Value | None) -> Tensor:
    """``weight`` is (out, in), as torch stores it."""
    if isinstance(weight, Tensor):
        y = pieces.multiplied(call.writer, x, pieces.transposed(call.writer, weight, (1, 0), part="transposed"))
        return y if bias is None else pieces.arithmetic(call.writer, "add", [y, bias])
    turned = Stored(weight.shape[::-1], weight.trainable)
    own_bias = isinstance(bias, Stored)
    y = pieces.multiplied(call.writer, x, turned, bias=own_bias)
    return y if own_bias or bias is None else pieces.arithmetic(call.writer, "add", [y, bias])


def matmul(call: Call) -> Tensor:
    """A product of two: mm, bmm, matmul."""
    a, b = call.values
    return pieces.multiplied(call.writer, a, b)


def addmm(call: Call) -> Tensor:
    """``self + mat1 @ mat2``: a bias where the first is stored."""
    first, a, b = call.values
    own_bias = isinstance(first, Stored) and isinstance(b, Stored) and first.elements == b.shape[-1]
    y = pieces.multiplied(call.writer, a, b, bias=own_bias)
    return y if own_bias else pieces.arithmetic(call.writer, "add", [y, first])


def attention(call: Call) -> Any:
    """Scaled dot-product attention; its further outputs are statistics of the backward pass."""
    q, k, v = (call.tensor(name) for name in ("query", "key", "value"))
    y = attended(call.writer, q, k, v, call.get("attn_mask"))
    return [y] + [None] * (len(call.shapes) - 1) if len(call.shapes) > 1 else y


def flexible_attention(writer: GraphWriter, *operands: Value) -> list[Any]:
    """flex_attention without the function of its scores; blocks that a mask skips count like the others."""
    q, k, v = (x if isinstance(x, Tensor) else writer.constant(x) for x in operands)
    return [attended(writer, q, k, v), None, None]


def einsum(call: Call) -> Tensor:
    return contracted(call.writer, call["equation"], call["tensors"])


def tensordot(call: Call) -> Tensor:
    """A contraction of the axes that two lists name."""
    a, b = call.values
    left, right = list(ascii_lowercase[: len(a.shape)]), list(ascii_lowercase[len(a.shape) :][: len(b.shape)])
    pairs = zip(call["dims_self"], call["dims_other"], strict=True)
    summed = {pieces.axis_of(i, a.shape): pieces.axis_of(j, b.shape) for i, j in pairs}
    for i, j in summed.items():
        right[j] = left[i]
    kept = [c for i, c in enumerate(left) if i not in summed] + [c for c in right if c not in left]
    return contracted(call.writer, f"{''.join(left)},{''.join(right)}->{''.join(kept)}", [a, b])


def inner(call: Call) -> Tensor:
    """Sums of products along the last axes of both; a tensor without axes is a factor."""
    a, b = call.values
    if not a.shape or not b.shape or a.shape == (1,) or b.shape == (1,):
        return pieces.arithmetic(call.writer, "mul", [a, b])
    left, right = ascii_lowercase[: len(a.shape) - 1], ascii_lowercase[len(a.shape) :][: len(b.shape) - 1]
    return contracted(call.writer, f"{left}z,{right}z->{left}{right}", [a, b])


def bilinear(call: Call) -> Tensor:
    """``input1 W input2`` for every output."""
    y = contracted(call.writer, "...i,oij,...j->...o", [call["input1"], call["weight"], call["input2"]])
    bias = call.get("bias")
    return y if bias is None else pieces.arithmetic(call.writer, "add", [y, bias])


def addbmm(call: Call) -> Tensor:
    """``self`` and the sum of all products of a batch."""
    y = contracted(call.writer, "bij,bjk->ik", [call["batch1"], call["batch2"]])
    return pieces.arithmetic(call.writer, "add", [y, call["self"]])


def addmv(call: Call) -> Tensor:
    y = pieces.multiplied(call.writer, call["mat"], call["vec"])
    return pieces.arithmetic(call.writer, "add", [y, call["self"]])


def distances(call: Call) -> Tensor:
    """cdist: the distance of every row of one matrix to every row of another."""
    return elements.distances(call.writer, call.op, call.tensor("x1"), call.tensor("x2"))
