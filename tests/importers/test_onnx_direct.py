"""What NumPy computes at once is what onnx's reference evaluator makes of it, to the type."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

onnx = pytest.importorskip("onnx")
from onnx import helper, numpy_helper  # noqa: E402

from costsim.importers.onnx import fold as folding  # noqa: E402
from costsim.importers.onnx.direct import PLAIN, RULES  # noqa: E402
from costsim.importers.writer import Stored  # noqa: E402

shapes = st.lists(st.integers(1, 3), max_size=3).map(tuple)
numbers = st.integers(-(2**62), 2**62) | st.integers(-4, 4)


@st.composite
def arrays(draw, dtypes=(np.int64, np.float32, np.int32, np.bool_), of=numbers, shape=shapes):
    size = draw(shape)
    count = int(np.prod(size, dtype=int))
    values = draw(st.lists(of, min_size=count, max_size=count))
    with np.errstate(all="ignore"):
        return np.array(values, np.int64).astype(draw(st.sampled_from(dtypes))).reshape(size)


axes = arrays(dtypes=(np.int64,), of=st.integers(-4, 3), shape=st.integers(0, 2).map(lambda n: (n,)))


@st.composite
def nodes(draw):
    op = draw(st.sampled_from([*RULES, "ConstantOfShape"]))
    attributes, inputs = {}, [draw(arrays())]
    if op in ("Squeeze", "Unsqueeze"):
        inputs += [draw(axes)] if draw(st.booleans()) else []
    elif op == "Concat":
        inputs += draw(st.lists(arrays(), max_size=2))
        attributes["axis"] = draw(st.integers(-3, 3))
    elif op == "Gather":
        inputs.append(draw(arrays(dtypes=(np.int64, np.int32), of=st.integers(-4, 3))))
        attributes["axis"] = draw(st.integers(-3, 3))
    elif op == "Cast":
        attributes["to"] = draw(st.sampled_from([*PLAIN, 10]))
    elif op == "ConstantOfShape":
        inputs = [draw(arrays(dtypes=(np.int64,), of=st.integers(-1, 5), shape=st.integers(0, 3).map(lambda n: (n,))))]
        if draw(st.booleans()):
            attributes["value"] = numpy_helper.from_array(draw(arrays(shape=st.just((1,)))))
    else:
        inputs.append(draw(arrays()))
    return helper.make_node(op, [f"i{k}" for k in range(len(inputs))], ["out"], **attributes), inputs


@settings(max_examples=50)
@given(nodes())
def test_direct_is_what_the_evaluator_makes(made):
    node, inputs = made
    stored = [Stored(x.shape, values=x, elem_type=helper.np_dtype_to_tensor_dtype(x.dtype)) for x in inputs]
    directly = folding._directly(node, stored)
    evaluated = folding._evaluate(node, stored, [helper.make_opsetid("", 17)])
    if directly is None:
        return
    assert evaluated is not None
    assert directly.shape == evaluated[0].shape
    assert directly.elem_type == helper.np_dtype_to_tensor_dtype(evaluated[0].dtype)
    np.testing.assert_array_equal(directly.values, evaluated[0])


@pytest.mark.parametrize("op", RULES)
def test_every_rule_is_taken(op):
    attributes = {"Concat": {"axis": 0}, "Cast": {"to": 7}}.get(op, {})
    second = {"Gather": [[0]], "Unsqueeze": [[0]], "Squeeze": [[0]], "Cast": []}.get(op, [[1]])
    inputs = [np.array([2], np.int64), *(np.array(x, np.int64) for x in second)]
    node = helper.make_node(op, [f"i{k}" for k in range(len(inputs))], ["out"], **attributes)
    assert folding._directly(node, [Stored(x.shape, values=x, elem_type=7) for x in inputs]) is not None


def test_a_large_tensor_is_known_by_its_shape():
    node = helper.make_node("ConstantOfShape", ["shape"], ["out"])
    made = folding._directly(node, [Stored((2,), values=np.array([1000, 1000]), elem_type=7)])
    assert (made.shape, made.values, made.elem_type) == ((1000, 1000), None, 1)
