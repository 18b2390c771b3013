"""Reading an ONNX file without its weights.

An ONNX file is one protobuf message; nearly all of its bytes are the payloads of ``TensorProto``
messages. They are skipped on the wire (protobuf's encoding is a run of tagged, length-delimited
fields), so that a file of any size costs the memory of its graph only. Small tensors stay whole:
shapes and axes are stored in them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from costsim.errors import InputError
from costsim.files import mapped
from costsim.importers.onnx.direct import LARGEST_VALUE

LARGEST_PAYLOAD = 16 * LARGEST_VALUE
"""Bytes of a tensor's data that are still read: all elements whose values matter, of the widest type."""

# Field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto): message, then
# field to the message inside it, as far as tensors can lie there.
NESTED = {
    "Model": {7: "Graph", 25: "Function"},
    "Graph": {1: "Node", 5: "Tensor"},
    "Function": {7: "Node"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph"},
}

PAYLOADS = {4, 5, 7, 9, 10, 11}
"""Fields of ``TensorProto`` with data: float, int32, int64, raw, double, uint64."""

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

DEEPEST = 50
"""Graphs within graphs; deeper nesting is no real network."""


def read_slim(path: Path) -> bytes:
    """The serialized model without the data of its large tensors.

    Raises:
        InputError: the file cannot be read, is cut short, or is no protobuf message.
    """
    try:
        with mapped(path, "an ONNX file", mend="export it again") as data:
            return _slim(data, 0, len(data), "Model", 0)
    except _WireError as error:
        raise InputError(
            f"not an ONNX file, or cut short: {error}", where=str(path), mend="export or download it again"
        ) from None


class _WireError(ValueError):
    """What is wrong with the encoding."""


def _slim(data: mmap.mmap, start: int, end: int, message: str, depth: int) -> bytes:
    if depth > DEEPEST:
        raise _WireError("graphs are nested too deeply")
    nested = NESTED.get(message, {})
    kept = []
    for field, wire_type, tag_at, payload_at, stop in _fields(data, start, end):
        large = stop - payload_at > LARGEST_PAYLOAD
        if wire_type == LENGTH and field in nested and large:
            inner = _slim(data, payload_at, stop, nested[field], depth + 1)
            kept += [_varint(field << 3 | LENGTH), _varint(len(inner)), inner]
        elif not (message == "Tensor" and field in PAYLOADS and large):  # nothing small holds anything large
            kept.append(data[tag_at:stop])
    return b"".join(kept)


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """(field number, wire type, where its tag starts, where its payload starts, where it ends)."""
    while at < end:
        tag_at = at
        tag, at = _read_varint(data, at, end)
        field, wire_type = tag >> 3, tag & 7
        if not field:
            raise _WireError(f"field number 0 at byte {tag_at}")
        if wire_type == VARINT:
            _, stop = _read_varint(data, at, end)
        elif wire_type == LENGTH:
            length, at = _read_varint(data, at, end)
            stop = at + length
        elif wire_type in (FIXED32, FIXED64):
            stop = at + (4 if wire_type == FIXED32 else 8)
        else:
            raise _WireError(f"wire type {wire_type} at byte {tag_at}")
        if stop > end:
            raise _WireError(f"a field at byte {tag_at} reaches {stop - end} bytes too far")
        yield field, wire_type, tag_at, at, stop
        at = stop


def _read_varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise _WireError(f"an unfinished number at byte {at}")


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
