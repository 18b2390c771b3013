"""Tensors that an ONNX file stores: weights by their shape, small constants with their values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from costsim.errors import InputError
from costsim.importers.onnx.protos import EXTERNAL, array_of, attribute_value, dtype_of, number_of
from costsim.importers.writer import Stored

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto


def stored(tensor: TensorProto, folder: Path | None, name: str = "") -> Stored:
    """A weight by its shape; with its values if it is small and they are there."""
    from costsim.importers.onnx.direct import LARGEST_VALUE
    from costsim.importers.onnx.weights import parameters

    shape = tuple(tensor.dims)
    if min(shape, default=0) < 0:
        raise InputError(f"a negative dimension: {shape}", mend="export it again")
    bare = Stored(shape, elem_type=tensor.data_type)
    held = parameters(tensor.data_type, tensor.name or name, bare.elements)
    bare = replace(bare, trainable=bool(held), parameters=held)
    if tensor.HasField("raw_data"):
        _check_bytes(tensor, bare)
    if bare.elements > LARGEST_VALUE:
        return bare
    if tensor.data_location == EXTERNAL:
        from onnx import external_data_helper

        try:
            external_data_helper.load_external_data_for_tensor(tensor, str(folder or ""))
        except Exception:  # whatever is wrong with the other file, this one only needs its values for shapes
            return bare
    values = array_of(tensor)
    return replace(bare, values=values)


def _check_bytes(tensor: TensorProto, bare: Stored) -> None:
    """Stored bytes must be as many as the shape says; types narrower than a byte are not checked."""
    elem_bytes = dtype_of(tensor.data_type).itemsize
    if elem_bytes > 1 and len(tensor.raw_data) != elem_bytes * bare.elements:
        raise InputError(
            f"holds {len(tensor.raw_data)} bytes for a shape of {bare.shape}",
            mend="the file is damaged; export it again",
        )


def constant(node: NodeProto) -> Stored:
    attribute = node.attribute[0]
    value = attribute_value(attribute)
    if attribute.name == "value":
        held = stored(value, None, node.output[0])
        return held if held.elements > 1 else replace(held, trainable=False, parameters={})  # a number in the code
    if attribute.name == "sparse_value":
        return Stored(tuple(value.dims))
    array = np.asarray(value)
    if array.dtype.kind not in "if":
        return Stored(array.shape, trainable=False, elem_type=8)
    array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
    return Stored(array.shape, trainable=False, values=array, elem_type=number_of(array.dtype))
