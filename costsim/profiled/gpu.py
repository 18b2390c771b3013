"""The kernel profiles of GPUs: PyTorch's profiler, ``trtexec --exportProfile`` and Nsight Systems.

A run is found in a trace of several by its repetition: the last kernels that come again in the same order.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from costsim.jsonfile import parse_json
from costsim.profiled.profile import OpProfile, TimedOp

US = 1e-6
MS = 1e-3
NS = 1e-9

STEP = "ProfilerStep#"
"""PyTorch's name of an iteration that a schedule marked."""


class Kernel(NamedTuple):
    """One kernel of a trace."""

    name: str
    kind: str
    """The framework's op that launched it, or what its own name tells."""
    begins_s: float
    seconds: float
    launched_by: Any
    """What the kernels of one op share."""


KINDS = (
    (r"depthwise|dgrad2d_c1|conv2d_c1_k1", "depthwise conv"),
    (r"fprop|implicit_gemm|implicit_convolve|winograd|scudnn|cudnn.*conv|conv.*cudnn", "conv"),
    (r"gemm|gemv|cublas|cutlass", "gemm"),
    (r"bn_fw|batch_?norm", "batch_norm"),
    (r"layer_?norm", "layer_norm"),
    (r"softmax", "softmax"),
    (r"max_?pool", "max_pool"),
    (r"avg_?pool", "avg_pool"),
    (r"mean_?ops", "mean"),
    (r"silu", "silu"),
    (r"gelu", "gelu"),
    (r"clamp|threshold|relu", "relu"),
    (r"functor_?add|add_kernel", "add"),
    (r"cat_?array|concat", "concat"),
    (r"mul", "mul"),
)
"""What a kernel computes, by what cuDNN, cuBLAS and PyTorch call it; the first that is found. Source: names in the
public headers of CUTLASS and in aten/src/ATen/native/cuda."""


def torch_profiler(text: str) -> OpProfile | None:
    """A trace of ``torch.profiler`` in Chrome's format: the kernels of the last step, summed by the op they ran for."""
    if not text.lstrip().startswith("{") or '"traceEvents"' not in text:
        return None
    events = [
        e for e in parse_json(text, where="", mend="write it again")["traceEvents"] if e.get("ph") == "X" and "dur" in e
    ]
    ops = {_id(e): str(e["name"]).removeprefix("aten::") for e in events if e.get("cat") == "cpu_op"}
    kernels = [
        Kernel(e["name"], ops.get(_id(e)) or kind_of(e["name"]), float(e["ts"]) * US, float(e["dur"]) * US, _id(e))
        for e in events
        if str(e.get("cat", "")).lower() == "kernel"
    ]
    steps = [e for e in events if str(e["name"]).startswith(STEP) and e.get("cat") != "gpu_user_annotation"]
    whole_s, last = None, kernels
    if steps:
        step = max(steps, key=lambda e: float(e["ts"]))
        begins, ends = float(step["ts"]), float(step["ts"]) + float(step["dur"])
        inside = {_id(e) for e in events if e.get("cat") == "cpu_op" and begins <= float(e["ts"]) < ends}
        last, whole_s = [k for k in kernels if k.launched_by in inside], float(step["dur"]) * US
    return _of_kernels("torch.profiler", last or kernels, whole_s)


def trtexec(text: str) -> OpProfile | None:
    """The list ``--exportProfile`` writes: a layer an entry, several of the network's joined by ``+`` in its name."""
    if not text.lstrip().startswith("[") or '"averageMs"' not in text:
        return None
    layers = [entry for entry in parse_json(text, where="", mend="write it again") if "averageMs" in entry]
    ops = tuple(TimedOp(_layers(str(e["name"])), str(e["name"]), float(e["averageMs"]) * MS) for e in layers)
    return OpProfile("trtexec", ops, sum(op.seconds for op in ops))


def nsys(text: str) -> OpProfile | None:
    """The CSV of ``nsys stats --report cuda_gpu_trace``, a row a kernel in the order they ran."""
    lines = text.lstrip().splitlines()
    header = next((n for n, line in enumerate(lines) if "Start (ns)" in line and "Duration (ns)" in line), None)
    if header is None:
        return None
    kernels = [
        Kernel(row["Name"], kind_of(row["Name"]), float(row["Start (ns)"]) * NS, float(row["Duration (ns)"]) * NS, n)
        for n, row in enumerate(csv.DictReader(lines[header:]))
        if row.get("Name") and not row["Name"].startswith("[CUDA mem")
    ]
    return _of_kernels("Nsight Systems", kernels)


def kind_of(kernel: str) -> str:
    """What a kernel computes, as far as its name tells; else the name without its template."""
    found = next((kind for pattern, kind in KINDS if re.search(pattern, kernel, re.IGNORECASE)), None)
    return found or re.split(r"[<(]", kernel.removeprefix("void "))[0]


def one_run(names: Sequence[str]) -> int:
    """How many names at the end are one run: the fewest whose repetitions fill more than half; all where none do."""
    count = len(names)
    for length in (n for n in range(1, count // 2 + 1) if names[-1 - n] == names[-1]):
        tail, ends = names[-length:], count - length
        while ends >= length and names[ends - length : ends] == tail:
            ends -= length
        if ends < count - length and 2 * ends < count:
            return length
    return count


def _of_kernels(source: str, kernels: Sequence[Kernel], whole_s: float | None = None) -> OpProfile:
    ordered = sorted(kernels, key=lambda kernel: kernel.begins_s)
    run = ordered[len(ordered) - one_run([kernel.name for kernel in ordered]) :]
    sums: dict[Any, TimedOp] = {}
    for kernel in run:
        before = sums.get(kernel.launched_by)
        seconds = kernel.seconds + (before.seconds if before else 0.0)
        sums[kernel.launched_by] = TimedOp("", kernel.kind, seconds)
    if whole_s is None and run:
        whole_s = run[-1].begins_s + run[-1].seconds - run[0].begins_s
    return OpProfile(source, tuple(sums.values()), whole_s)


def _id(event: Mapping[str, Any]) -> Any:
    """Of the op an event belongs to: PyTorch writes the same number into the op and into the kernels it launches."""
    return event.get("args", {}).get("External id")


def _layers(name: str) -> str:
    """The network's layers in one of the engine: ``a/Conv + PWN(a/Sigmoid, a/Mul)`` is ``a/Conv;a/Sigmoid;a/Mul``."""
    parts = (
        re.sub(r"^(?:PWN|fusedPointwiseNode)\(|\)+$", "", part.strip()) for part in re.split(r" \+ |, |\|\|", name)
    )
    return ";".join(part for part in parts if part)
