"""The table of op words: every layer's word is in it, nothing is guessed, parts are what they say."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import isabstract
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from costsim.devices import RunConfig
from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.graph import layers as L
from costsim.graph.builder import NetBuilder
from costsim.graph.layers import Layer, LoopNest, Shape
from costsim.graph.layers.base import vector_nest
from costsim.graph.layers.elementwise import ACTIVATIONS, ARITHMETIC
from costsim.hardware import load_profile
from costsim.lowering import lower, words_page
from costsim.lowering.parts import PARTS, in_parts
from costsim.simulate import simulate
from costsim.tables.optable import MOVE
from costsim.tables.words import CLASSES, WORDS, Word, add_word, word

ROOT = Path(__file__).parents[2]


def every_layer(base: type[Layer] = Layer) -> list[type[Layer]]:
    below = [cls for sub in base.__subclasses__() for cls in (sub, *every_layer(sub))]
    return [
        cls
        for cls in below
        if cls.__module__.startswith("costsim.") and not isabstract(cls) and not cls.__name__.startswith("_")
    ]


def words_of(layer: type[Layer]) -> set[str]:
    """The words a layer class can answer: its own, those of its function, those a strided copy has."""
    if layer is L.Activation:
        return {*ACTIVATIONS, "identity"}
    if issubclass(layer, L.Arithmetic):
        return set(ARITHMETIC)
    if layer is L.Pool2d:
        return {"max_pool", "avg_pool"}
    if layer is L.ScatterAdd:
        return {"scatter_add", "matmul"}
    named = vars(layer).get("op", getattr(layer, "op", None))
    return {named} if isinstance(named, str) else {layer.word, "identity"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("layer", sorted(set(every_layer()), key=lambda cls: cls.__name__))
def test_every_layer_s_word_is_in_the_table(layer: type[Layer]) -> None:
    assert words_of(layer) <= WORDS.keys(), f"add the word of {layer.__name__} to costsim/tables/words.py"


def test_every_word_has_a_known_class_and_known_parts() -> None:
    for op, meaning in WORDS.items():
        assert meaning.op_class in CLASSES, op
        assert set(meaning.parts) <= WORDS.keys(), op


def test_no_word_is_left_that_nothing_answers() -> None:
    answered = {"grouped_conv", "depthwise_conv"}.union(*map(words_of, every_layer()))
    assert set(WORDS) == answered


@dataclass(frozen=True)
class Gate(Layer):
    """A layer somebody else brings."""

    op: ClassVar[str] = "test_gate"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        return vector_nest(output, 3)


def lowered(graph: LayerGraph) -> object:
    return lower(graph, fusion={}, views=(), elem_bytes=4, weight_elem_bytes=4)


def test_an_unlisted_word_is_refused_until_somebody_says_what_it_means() -> None:
    @dataclass(frozen=True)
    class Other(Gate):
        op: ClassVar[str] = "test_other"

    graph = LayerGraph("gates")
    graph.add(L.Input((1, 8, 4, 4)), name="input")
    graph.add(Other(), "input", name="gate")
    with pytest.raises(InputError, match="unknown op word 'test_other'"):
        lowered(graph)
    add_word("test_other", Word("activation", 3, exponentials=1, keeps_channels=True))
    try:
        assert lowered(graph).labels[0].op_class == "activation"  # type: ignore[attr-defined]
        with pytest.raises(InputError, match="means something else"):
            add_word("test_other", Word("pooling"))
    finally:
        from costsim.tables import words

        del words._WORDS["test_other"]


def test_a_word_s_class_and_parts_are_checked() -> None:
    with pytest.raises(InputError, match="unknown op class"):
        add_word("test_bad", Word("sorcery"))
    with pytest.raises(InputError, match="unknown op word"):
        add_word("test_bad", Word("activation", parts=("sigmoid", "sorcery")))
    with pytest.raises(InputError, match="unknown op word 'sigmold'; did you mean sigmoid"):
        word("sigmold")


def test_what_copies_moves_and_nothing_else_does() -> None:
    net = NetBuilder("copies")
    x = net.conv(net.input(1, 3, 8, 8), 16, 3)
    layers = [
        L.ChannelShuffle(4), L.Flatten(), L.Transpose((0, 2, 3, 1)), L.DepthToSpace(2), L.SpaceToDepth(2),
        L.Pad((1, 1, 1, 1)), L.Slice(0, 8), L.IndexSelect(4), L.Activation("relu"), L.GlobalPool("avg"), L.Softmax(),
    ]  # fmt: skip
    for layer in layers:
        net.graph.add(layer, x.name, name=layer.op)
    table = lower(net.graph, fusion={}, views=(), elem_bytes=4, weight_elem_bytes=4)
    moves = {label.op: bool(kind) for label, kind in zip(table.labels, table.kind[:, 0] == MOVE, strict=True)}
    assert moves == {op: WORDS[op].copies for op in moves}


def composite(op: str) -> LayerGraph:
    made = {"channel_shuffle": L.ChannelShuffle(4), "layer_norm": L.LayerNorm(), "rms_norm": L.RmsNorm()}.get(
        op, L.Activation(op)
    )
    graph = LayerGraph(op)
    graph.add(L.Input((1, 16, 8, 8)), name="input")
    graph.add(made, "input", name="whole")
    graph.add(L.Activation("relu"), "whole", name="after")
    return graph


@pytest.mark.parametrize("op", sorted(PARTS))
def test_the_parts_of_a_word_are_those_the_table_names(op: str) -> None:
    graph = composite(op)
    apart, belongs = in_parts(graph, {"relu", "input", *WORDS[op].parts})
    ops = [node.placed.op for node in apart if node.name not in ("input", "after")]
    assert tuple(ops) == WORDS[op].parts
    assert apart["whole"].shape == graph["whole"].shape
    assert set(belongs.values()) == {"whole"}
    assert apart.total_params == graph.total_params


@pytest.mark.parametrize("op", [op for op, meaning in WORDS.items() if meaning.parts])
def test_every_composite_word_can_be_taken_apart(op: str) -> None:
    assert op in PARTS


def test_a_target_that_has_the_whole_keeps_it() -> None:
    graph = composite("swish")
    assert in_parts(graph, {"input", "relu", "swish", "sigmoid", "mul"})[0] is graph
    assert in_parts(graph, {"input", "relu", "sigmoid"})[0] is graph


def test_parts_of_parts() -> None:
    apart, belongs = in_parts(composite("hard_swish"), {"input", "relu", "add", "clip", "mul"})
    assert [node.placed.op for node in apart] == ["input", "add", "clip", "mul", "mul", "relu"]
    assert set(belongs.values()) == {"whole"}


@pytest.mark.parametrize(("profile", "op"), [("ethos_u55_128", "swish"), ("ethos_u65_512", "channel_shuffle")])
def test_ethos_runs_composites_on_its_array(profile: str, op: str) -> None:
    hardware = load_profile(profile)
    table = simulate(composite(op), hardware, RunConfig.of(hardware)).ops
    assert {label.op for label in table.labels} <= set(hardware.runtime.device_ops)
    assert {layer for label in table.labels for layer in label.layers} <= {"whole", "after"}


BUILTINS = {
    "abs": ["ABS"], "add": ["ADD"], "avg_pool": ["AVERAGE_POOL_2D"], "batch_norm": ["MUL", "ADD"],
    "clip": ["RELU_N1_TO_1"], "conv": ["CONV_2D"], "conv_transpose": ["TRANSPOSE_CONV"],
    "depthwise_conv": ["DEPTHWISE_CONV_2D"], "elu": ["ELU"], "exp": ["EXP"], "gelu": ["GELU"],
    "global_pool": ["MEAN"], "grouped_conv": ["CONV_2D"], "hard_sigmoid": ["ADD", "RELU6", "MUL"],
    "hard_swish": ["HARD_SWISH"], "leaky_relu": ["LEAKY_RELU"], "linear": ["FULLY_CONNECTED"], "log": ["LOG"],
    "matmul": ["BATCH_MATMUL"], "max_pool": ["MAX_POOL_2D"], "maximum": ["MAXIMUM"], "minimum": ["MINIMUM"],
    "mul": ["MUL"], "neg": ["NEG"], "pad": ["PAD"], "prelu": ["PRELU"], "reduce": ["MEAN", "SUM", "REDUCE_MAX"],
    "relu": ["RELU"], "relu6": ["RELU6"], "rsqrt": ["RSQRT"], "sigmoid": ["LOGISTIC"], "softmax": ["SOFTMAX"],
    "square": ["MUL"], "sub": ["SUB"], "tanh": ["TANH"], "transpose": ["TRANSPOSE"],
    "upsample": ["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"],
    "concat": ["CONCATENATION"], "slice": ["STRIDED_SLICE"], "reshape": ["RESHAPE"],
}  # fmt: skip
"""The builtin or builtins of TFLite that a word is written as."""


def test_ethos_runs_what_its_compiler_reports() -> None:
    """The list is that of ``vela --supported-ops-report``, Vela 5.2.0, Ethos-U55 and U65, TFLite."""
    reported = set((ROOT / "tests/data/vela_5_2_0_ethos_u55_u65.txt").read_text().split())
    runtime = load_profile("ethos_u55_128").runtime
    listed = {*runtime.device_ops, *runtime.views}
    assert listed == {op for op, builtins in BUILTINS.items() if reported.issuperset(builtins)}


def test_the_page_of_the_words_is_the_table() -> None:
    assert (ROOT / "docs/words.md").read_text() == words_page.page(), "run 'make docs'"


def test_exponentials_cost_more_than_a_comparison_on_every_core() -> None:
    hardware = load_profile("rpi4b")
    run = RunConfig.of(hardware)
    cycles = {}
    for op, meaning in WORDS.items():
        if meaning.op_class == "activation" and op != "softmax":
            costs = simulate(composite(op), hardware, run).costs
            cycles[op] = float(costs.limits["arithmetic"][0, 0])
    slow = {op for op in cycles if WORDS[op].exponentials}
    assert {"selu", "softplus", "erf", "log", "sin", "cos", "tan", "atan"} <= slow
    assert min(cycles[op] for op in slow) > 1.5 * np.median([cycles[op] for op in cycles if op not in slow])
