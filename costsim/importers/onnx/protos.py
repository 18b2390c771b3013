"""Messages of onnx.proto and what they hold, without what the package onnx brings besides: to load that takes as long
as NumPy, and a tenth more memory. What is rare is left to it.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import AttributeProto, TensorProto

INT32, INT64 = 6, 7
"""Element types by their numbers in ``TensorProto.DataType``."""

TENSOR = 4
"""The type of an attribute that is a tensor."""

EXTERNAL = 1
"""Where a tensor's data lies, if it is in another file (``TensorProto.DataLocation``)."""

DTYPES: dict[int, np.dtype[Any]] = {
    number: np.dtype(word)
    for number, word in {
        1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8", 12: "<u4",
        13: "<u8",
    }.items()
}  # fmt: skip
"""Element types that NumPy has."""

_NUMBERS = {dtype.name: number for number, dtype in DTYPES.items()}

_HELD_IN = {1: "f", 2: "i", 3: "s", 4: "t", 5: "g", 6: "floats", 7: "ints", 8: "strings", 9: "tensors", 10: "graphs"}
"""The field that holds an attribute, by its type (``AttributeProto.AttributeType``)."""

_TYPED = {1: "float_data", 6: "int32_data", 7: "int64_data"}
"""Fields that hold a tensor's numbers in its own type where ``raw_data`` is empty."""


def messages() -> Any:
    """The module of message classes: ``ModelProto`` and its like.

    Protobuf gives the same classes to whoever loads the package as a whole later.

    Raises:
        ImportError: the package onnx is not installed.
    """
    alone = None if "onnx" in sys.modules else _messages_alone()
    if alone is not None:
        return alone
    import onnx

    return onnx


@cache
def _messages_alone() -> Any:
    """The one module of the package that is needed; None where it lies elsewhere than it used to."""
    package = find_spec("onnx")
    folders = package.submodule_search_locations if package else None
    file = Path(next(iter(folders or ["."])), "onnx_ml_pb2.py")
    spec = spec_from_file_location("costsim_onnx_messages", file) if file.is_file() else None
    if spec is None or spec.loader is None:
        return None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def attribute_value(attribute: AttributeProto) -> Any:
    """What an attribute holds; lists of what it repeats."""
    field = _HELD_IN.get(attribute.type)
    if field is None or attribute.ref_attr_name:
        from onnx import helper

        return helper.get_attribute_value(attribute)
    value = getattr(attribute, field)
    return list(value) if field.endswith("s") and len(field) > 1 else value


def array_of(tensor: TensorProto) -> NDArray[Any]:
    """The numbers a tensor stores."""
    dtype, number = DTYPES.get(tensor.data_type), tensor.data_type
    if dtype is not None and tensor.data_location != EXTERNAL:
        if tensor.HasField("raw_data"):
            return np.frombuffer(tensor.raw_data, dtype).reshape(tuple(tensor.dims)).astype(dtype.newbyteorder("="))
        if number in _TYPED:
            return np.array(getattr(tensor, _TYPED[number]), dtype.newbyteorder("=")).reshape(tuple(tensor.dims))
    from onnx import numpy_helper

    return numpy_helper.to_array(tensor)


def dtype_of(number: int) -> np.dtype[Any]:
    """NumPy's word for an element type."""
    if number in DTYPES:
        return DTYPES[number]
    from onnx import helper

    return helper.tensor_dtype_to_np_dtype(number)


def number_of(dtype: np.dtype[Any]) -> int:
    """The element type of an array's dtype."""
    if dtype.name in _NUMBERS:
        return _NUMBERS[dtype.name]
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(dtype))
