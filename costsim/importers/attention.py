"""Attention as the products it is made of, for every door."""

from __future__ import annotations

from collections.abc import Callable

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces
from costsim.importers.writer import GraphWriter, Value


def attention(writer: GraphWriter, q: Tensor, k: Tensor, v: Tensor, mask: Value | None = None) -> Tensor:
    """softmax(q k^T / sqrt d + mask) v of every head; query heads that share a key head are rows of one product.

    Shapes are (..., heads, rows, depth); the mask broadcasts to (..., query heads, query rows, key rows).
    """
    return attended(writer, q, k, v, mask)[0]


def attended(
    writer: GraphWriter, q: Tensor, k: Tensor, v: Tensor, mask: Value | None = None
) -> tuple[Tensor, Callable[[], Tensor]]:
    """The result of ``attention``, and what gives the scores it is made of (..., heads, query rows, key rows)."""
    rank, heads = len(k.shape), q.shape
    shares = rank > 2 and q.shape[-3] != k.shape[-3]
    if shares:
        rows = q.shape[-3] // k.shape[-3] * q.shape[-2]
        q = pieces.reshaped(writer, q, (*q.shape[:-3], k.shape[-3], rows, q.shape[-1]), part="grouped")
    turned = pieces.transposed(writer, k, (*range(rank - 2), rank - 1, rank - 2), part="key_transposed")
    scores = writer.add(L.MatMul(), q, turned, part="scores")
    scores = writer.add(L.Multiply(), scores, part="scale")
    if mask is not None:
        grouped = scores.shape
        scores = pieces.reshaped(writer, scores, (*heads[:-1], k.shape[-2]), part="heads")
        scores = pieces.arithmetic(writer, "add", [scores, mask])
        scores = pieces.reshaped(writer, scores, grouped, part="masked")
    y = writer.add(L.MatMul(), writer.add(L.Softmax(axis=-1), scores, part="softmax"), v)
    y = pieces.reshaped(writer, y, (*heads[:-1], v.shape[-1]), part="heads")
    return y, lambda: pieces.reshaped(writer, scores, (*heads[:-1], k.shape[-2]), part="scores_of_heads")


def split_heads(writer: GraphWriter, x: Tensor, heads: int, part: str) -> Tensor:
    """(n, rows, heads * depth) as (n, heads, rows, depth)."""
    n, rows, width = x.shape
    apart = pieces.reshaped(writer, x, (n, rows, heads, width // heads), part=part)
    return pieces.transposed(writer, apart, (0, 2, 1, 3), part=part)


def merge_heads(writer: GraphWriter, x: Tensor) -> Tensor:
    """(n, heads, rows, depth) as (n, rows, heads * depth)."""
    n, heads, rows, depth = x.shape
    turned = pieces.transposed(writer, x, (0, 2, 1, 3), part="merge")
    return pieces.reshaped(writer, turned, (n, rows, heads * depth), part="merge")
