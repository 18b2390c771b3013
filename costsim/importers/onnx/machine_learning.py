"""Ops of the domain ``ai.onnx.ml`` that stand before and behind networks: labels, maps of probabilities, scaling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces
from costsim.importers.onnx import compute, tensors
from costsim.importers.onnx.call import Call


def features_picked(call: Call) -> Tensor:
    """ArrayFeatureExtractor: elements of the last axis at the places that input 1 holds."""
    x, places = call.tensor(), call.value(1)
    picked = call.writer.add(L.IndexSelect(max(places.shape, default=1), len(x.shape) - 1), x)
    return pieces.reshaped(call.writer, picked, (1, *picked.shape)) if len(x.shape) == 1 else picked


def joined_features(call: Call) -> Tensor:
    return pieces.joined(call.writer, [x for x in call.inputs if x is not None], -1)


def scaled(call: Call) -> Tensor:
    """Scaler: an offset taken from every feature, then a factor."""
    shifted = pieces.arithmetic(call.writer, "sub", [call.value()])
    return call.writer.add(L.Multiply(), shifted, part="factor")


OPS: dict[str, Callable[[Call], Any]] = {
    "ArrayFeatureExtractor": features_picked,
    "Binarizer": tensors.arithmetic("compare"),
    "FeatureVectorizer": joined_features,
    "Imputer": tensors.arithmetic("select"),
    "LabelEncoder": tensors.activation("identity"),
    "Normalizer": compute.lp_norm,
    "Scaler": scaled,
    "ZipMap": tensors.alias,
}
"""Trees, support vectors and linear models are no part of a network: they stay unknown."""
