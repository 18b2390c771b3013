"""What every op word means, once: counting, lowering, planning, devices, edits and guidelines read it here.

An op table speaks of ops in words: ``conv``, ``swish``, ``channel_shuffle``. Whatever depends on the word
alone is a column of this table. A word that is not in it is refused when a graph is lowered, never guessed.
A plug-in that brings a layer of its own adds its word with ``add_word`` beside the class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from costsim.errors import InputError, unknown_name

CLASSES = (
    "pointwise conv",
    "spatial conv",
    "grouped conv",
    "depthwise conv",
    "transposed conv",
    "fully connected",
    "matrix product",
    "pooling",
    "normalisation",
    "activation",
    "element-wise",
    "shuffle",
    "data movement",
    "unknown",
    "none",
)
"""The classes costs are summed by. ``none`` never executes."""


@dataclass(frozen=True)
class Word:
    """What one op word means."""

    op_class: str
    """One of ``CLASSES``; ``conv`` with a kernel of one pixel is a ``pointwise conv``."""
    flops: float | None = None
    """Operations an output element: each compare, add, multiply, divide or transcendental step is one. None: the
    layer's own sizes decide. A convention of costsim, since no two tools agree; devices price these ops by bytes
    and by their own vector rates, so only ``flops`` depends on it."""
    exponentials: float = 0.0
    """Exponentials, logarithms and their like an output element: each is a polynomial of many instructions."""
    whole_input: bool = False
    """Its first output line may need the last input line, so that nothing streams through it line by line."""
    keeps_channels: bool = False
    """Its output has the channels of its input, whatever their number."""
    copies: bool = False
    """It moves data and computes nothing."""
    convolves: bool = False
    """It slides a window of weights over a map."""
    stores_constant: bool = False
    """Its axes, sizes or pads are a tensor of their own in files that store such."""
    parts: tuple[str, ...] = ()
    """The words of the ops it is executed as on a target that lacks it and has these."""


def _activation(flops: float, exponentials: float = 0.0, parts: tuple[str, ...] = ()) -> Word:
    return Word("activation", flops, exponentials, keeps_channels=True, parts=parts)


def _arithmetic(exponentials: float = 0.0) -> Word:
    return Word("element-wise", 1, exponentials)


def _copy(whole_input: bool = False, keeps_channels: bool = False, stores_constant: bool = False) -> Word:
    return Word(
        "data movement", 0, whole_input=whole_input, keeps_channels=keeps_channels, copies=True,
        stores_constant=stores_constant,
    )  # fmt: skip


_WORDS: dict[str, Word] = {
    # multiply and accumulate
    "conv": Word("spatial conv", convolves=True),
    "grouped_conv": Word("grouped conv", convolves=True),
    "depthwise_conv": Word("depthwise conv", convolves=True),
    "conv_transpose": Word("transposed conv", convolves=True),
    "linear": Word("fully connected", whole_input=True),
    "matmul": Word("matrix product", whole_input=True),
    "recurrent": Word("matrix product", whole_input=True),
    # windows and reductions
    "max_pool": Word("pooling", keeps_channels=True),
    "avg_pool": Word("pooling", keeps_channels=True),
    "global_pool": Word("pooling", keeps_channels=True, stores_constant=True),
    "roi_align": Word("pooling", whole_input=True),
    "reduce": Word("pooling", whole_input=True, stores_constant=True),
    # normalisation
    "batch_norm": Word("normalisation", 2, keeps_channels=True),
    "layer_norm": Word(
        "normalisation", 8, whole_input=True, parts=("reduce", "sub", "mul", "reduce", "rsqrt", "mul", "mul", "add")
    ),
    "rms_norm": Word("normalisation", 4, whole_input=True, parts=("square", "reduce", "rsqrt", "mul", "mul")),
    "group_norm": Word("normalisation", 8, whole_input=True),
    "lrn": Word("normalisation", None, 2, keeps_channels=True),  # a power is a logarithm and an exponential
    # activations
    "softmax": Word("activation", 5, 1, whole_input=True),
    "abs": _activation(1),
    "atan": _activation(6, 1),
    "ceil": _activation(1),
    "clip": _activation(2),
    "cos": _activation(4, 1),
    "elu": _activation(4, 1),
    "erf": _activation(6, 1),
    "exp": _activation(4, 1),
    "floor": _activation(1),
    "gelu": _activation(8, 1),
    "hard_sigmoid": _activation(4, parts=("add", "clip", "mul")),
    "hard_swish": _activation(5, parts=("hard_sigmoid", "mul")),
    "leaky_relu": _activation(2),
    "log": _activation(4, 1),
    "mish": _activation(9, 3, parts=("softplus", "tanh", "mul")),
    "neg": _activation(1),
    "prelu": _activation(2),
    "reciprocal": _activation(1),
    "relu": _activation(1),
    "relu6": _activation(2),
    "round": _activation(1),
    "rsqrt": _activation(5),
    "selu": _activation(5, 1),
    "sigmoid": _activation(4, 1),
    "sign": _activation(1),
    "sin": _activation(4, 1),
    "softplus": _activation(6, 2),
    "softsign": _activation(3),
    "sqrt": _activation(4),
    "square": _activation(1),
    "swish": _activation(5, 1, parts=("sigmoid", "mul")),
    "tan": _activation(6, 2),
    "tanh": _activation(6, 1),
    # element-wise arithmetic
    "add": _arithmetic(),
    "atan2": _arithmetic(1),
    "compare": _arithmetic(),
    "div": _arithmetic(),
    "maximum": _arithmetic(),
    "minimum": _arithmetic(),
    "mod": _arithmetic(),
    "mul": _arithmetic(),
    "pow": _arithmetic(2),
    "select": _arithmetic(),
    "sub": _arithmetic(),
    # movement
    "channel_shuffle": Word("shuffle", 0, keeps_channels=True, copies=True, parts=("reshape", "transpose", "reshape")),
    "concat": _copy(),
    "depth_to_space": _copy(),
    "index_select": _copy(),  # along the channels, line by line
    "pad": _copy(keeps_channels=True, stores_constant=True),
    "reshape": _copy(whole_input=True, stores_constant=True),
    "scatter_add": Word("data movement", None),
    "slice": _copy(stores_constant=True),
    "space_to_depth": _copy(),
    "transpose": _copy(whole_input=True, stores_constant=True),
    "upsample": Word("data movement", None, keeps_channels=True, stores_constant=True),
    # never executed
    "constant": Word("none", 0),
    "dropout": Word("none", 0, keeps_channels=True),
    "identity": Word("none", 0, keeps_channels=True),
    "input": Word("none", 0),
    "output": Word("none", 0, keeps_channels=True),
    # what has no model
    "unknown": Word("unknown", whole_input=True),
}

WORDS: Mapping[str, Word] = MappingProxyType(_WORDS)
"""Op word to its meaning."""


def word(op: str) -> Word:
    """The meaning of an op word.

    Raises:
        InputError: the table does not have it.
    """
    found = _WORDS.get(op)
    if found is None:
        raise unknown_name("op word", op, _WORDS, listing="a layer of your own adds its word with costsim.tables.words")
    return found


def add_word(op: str, meaning: Word) -> None:
    """Add the word of a layer that costsim does not ship; saying the same twice is allowed.

    Raises:
        InputError: the word means something else already, or its class or one of its parts is unknown.
    """
    if meaning.op_class not in CLASSES:
        raise unknown_name("op class", meaning.op_class, CLASSES)
    for part in meaning.parts:
        word(part)
    if _WORDS.setdefault(op, meaning) != meaning:
        raise InputError(f"the op word '{op}' means something else already", mend="give the layer another word")
