"""ONNX files are read by the message classes alone, which are those of the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from costsim.importers.onnx.protos import DTYPES, array_of, attribute_value, dtype_of, number_of  # noqa: E402

MODEL = Path(str(onnx.__file__)).parent / "backend/test/data/light/light_shufflenet.onnx"

READ = """
import sys
from costsim.importers import load_network
from costsim.importers.onnx.protos import messages
print(load_network(sys.argv[1]).total_macs, "onnx" in sys.modules)
import onnx
print(messages().ModelProto is onnx.ModelProto)
"""


def test_a_usual_file_is_read_without_the_rest_of_the_package() -> None:
    result = subprocess.run([sys.executable, "-c", READ, str(MODEL)], capture_output=True, text=True, check=False)
    macs, others = result.stdout.splitlines()
    assert macs.endswith(" False") and int(macs.split()[0]) > 1e8, result.stderr
    assert others == "True", "who imports the package later has the same classes"


@pytest.mark.parametrize("number", [*DTYPES, TensorProto.BFLOAT16, TensorProto.STRING])
def test_tensors_hold_what_the_package_says_they_hold(number: int) -> None:
    words = [b"a", b"b"] if number == TensorProto.STRING else [1, 0]
    for raw in (False, True) if number in DTYPES else (False,):
        values = np.array(words, DTYPES[number]).tobytes() if raw else words
        tensor = helper.make_tensor("x", number, [2, 1], values, raw=raw)
        ours, theirs = array_of(tensor), numpy_helper.to_array(tensor)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_array_equal(ours, theirs)
    assert dtype_of(number) == helper.tensor_dtype_to_np_dtype(number)
    if number in DTYPES:
        assert number_of(dtype_of(number)) == number


@pytest.mark.parametrize(
    "value", [1.5, 2, "word", [1.5, 2.5], [1, 2], ["a", "b"], helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0])]
)
def test_attributes_hold_what_the_package_says_they_hold(value: object) -> None:
    attribute = helper.make_attribute("name", value)
    assert attribute_value(attribute) == helper.get_attribute_value(attribute)
