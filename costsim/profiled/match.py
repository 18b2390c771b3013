"""Which timed op is which op of a network: by name, else by kind and order.

Runtimes fuse, rename and delegate. A name counts without what optimizers add to it, also as that of a part of the op.
What has no name, or where no name is of the network, is matched with the ops of its kind in order, if there are as many
of them on both sides; the rest is said, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from costsim.errors import InputError
from costsim.profiled.profile import OpProfile, TimedOp
from costsim.tables.optable import OpLabel

KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    (r"depthwise|dwconv", frozenset({"depthwise_conv"})),
    (r"transpose.?conv|deconv|conv.?transpose", frozenset({"conv_transpose"})),
    (r"conv", frozenset({"conv", "grouped_conv", "depthwise_conv"})),
    (r"fully.?connected|gemm|linear|addmm", frozenset({"linear"})),
    (r"matmul|bmm|batch.?matrix", frozenset({"matmul", "linear"})),
    (r"batch.?norm", frozenset({"batch_norm"})),
    (r"layer.?norm", frozenset({"layer_norm"})),
    (r"group.?norm", frozenset({"group_norm"})),
    (r"relu6|hardtanh", frozenset({"relu6"})),
    (r"clamp_min", frozenset({"relu"})),  # PyTorch's kernel of it
    (r"clamp|clip", frozenset({"relu6", "clip"})),
    (r"leaky.?relu", frozenset({"leaky_relu"})),
    (r"relu", frozenset({"relu"})),
    (r"hard.?swish", frozenset({"hard_swish"})),
    (r"silu|swish", frozenset({"swish"})),
    (r"gelu", frozenset({"gelu"})),
    (r"hard.?sigmoid", frozenset({"hard_sigmoid"})),
    (r"sigmoid", frozenset({"sigmoid"})),
    (r"softmax", frozenset({"softmax"})),
    (r"global.?average|mean", frozenset({"global_pool", "reduce"})),
    (r"max.?pool", frozenset({"max_pool"})),
    (r"av(era)?g.*pool", frozenset({"avg_pool", "global_pool"})),
    (r"concat|^cat$", frozenset({"concat"})),
    (r"mul", frozenset({"mul"})),
    (r"add|sum", frozenset({"add"})),
)
"""What a runtime's word for an op may be here, the first that is found in it."""

DECORATION = re.compile(r"^fused |_(?:nchwc|nhwc|quant|fused)\b.*$|;.*$", re.IGNORECASE)
"""What optimizers add to the names of what they join or turn."""

SHOWN = 5

LEAST = 0.1
"""Share of a profile's time that is of the network's ops at least: another network shares a pooling and a product."""


@dataclass(frozen=True)
class Beside:
    """A profile beside the ops of a network."""

    profile: OpProfile
    measured_s: Mapping[str, float]
    """Name of a network's op to what was measured of it."""
    unmatched: tuple[TimedOp, ...]
    """Timed ops that are none of the network's."""
    unmeasured: tuple[str, ...]
    """Ops of the network that the profile does not have."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What does not match, in words."""
        said = []
        if self.unmatched:
            lost_ms = sum(op.seconds for op in self.unmatched) * 1e3
            names = _some([op.shown for op in self.unmatched])
            said.append(f"the profile's {names} are no ops of this network ({lost_ms:.3g} ms)")
        if self.unmeasured:
            said.append(f"the profile has nothing of {_some(self.unmeasured)}")
        return tuple(said)


def beside(profile: OpProfile, labels: Sequence[OpLabel], network: str) -> Beside:
    """The profile beside the ops that ``labels`` name.

    Raises:
        InputError: the profile is of another network.
    """
    names = {_key(name): label.name for label in reversed(labels) for name in (*label.layers, label.name)}
    names = _alone(labels) | names
    found: dict[str, float] = {}
    left: list[TimedOp] = []
    for op in profile.ops:
        name = _named(op, names)
        if name is None:
            left.append(op)
        else:
            found[name] = found.get(name, 0.0) + op.seconds
    foreign = [op for op in left if op.name and found]  # others have names of this network: these are not guessed at
    nameless = [op for op in left if op not in foreign]
    unmatched = [*foreign, *_by_kind(nameless, [label for label in labels if label.name not in found], found)]
    missing = tuple(label.name for label in labels if label.name not in found)
    if sum(found.values()) < LEAST * profile.ops_s:
        raise InputError(
            f"of the {len(profile.ops)} ops of this profile {len(found)} are ops of {network}",
            where=profile.source,
            mend="give the profile of this network, at this batch and with this runtime",
        )
    return Beside(profile, found, tuple(unmatched), missing)


def _named(op: TimedOp, names: Mapping[str, str]) -> str | None:
    for text in (op.name, *op.name.split(";")):  # TFLite and trtexec name all that they fused
        key = _key(text)
        for place in (key, key.rpartition(".")[0]):
            if place and place in names:
                return names[place]
    return None


def _alone(labels: Sequence[OpLabel]) -> dict[str, str]:
    """The paths above one op alone: a layer that a runtime executes in parts is written as several ops below it."""
    above: dict[str, set[str]] = {}
    for label in labels:
        above.setdefault(_key(label.name).rpartition(".")[0], set()).add(label.name)
    return {path: next(iter(inside)) for path, inside in above.items() if path and len(inside) == 1}


def _by_kind(left: Sequence[TimedOp], labels: Sequence[OpLabel], found: dict[str, float]) -> list[TimedOp]:
    """Match ops of one kind in order where both sides have as many; returns what is left over."""
    over: list[TimedOp] = []
    for words in dict.fromkeys(_words(op) for op in left):
        timed = [op for op in left if _words(op) == words]
        here = [label for label in labels if label.op in words and label.name not in found]
        if words and len(timed) == len(here):
            found.update({label.name: op.seconds for label, op in zip(here, timed, strict=True)})
        else:
            over += timed
    return over


def _words(op: TimedOp) -> frozenset[str]:
    return next((words for pattern, words in KINDS if re.search(pattern, op.kind, re.IGNORECASE)), frozenset())


def _key(name: str) -> str:
    """A name without what tells apart the same path written by two programs."""
    plain = re.sub(r":\d+$", "", DECORATION.sub("", name.strip()))
    return ".".join(part for part in re.split(r"[/.:]+", plain) if part).lower()


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(dict.fromkeys(names[:SHOWN]))
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
