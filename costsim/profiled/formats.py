"""The profiles of onnxruntime, TFLite's ``benchmark_model``, ExecuTorch and GPUs, told apart by how they begin."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from costsim.errors import InputError
from costsim.files import read_text
from costsim.jsonfile import parse_json
from costsim.profiled import gpu
from costsim.profiled.profile import OpProfile, TimedOp, by_op

US = 1e-6
MS = 1e-3

_KERNEL = "_kernel_time"
_HEADER = re.compile(r"^\s*\[node type\].*$", re.MULTILINE)
_GRAPH = re.compile(r"Graph:\s*\[([^\]]+)\]")
_THREADS = re.compile(r"(?:Num threads|#threads used for CPU inference):\s*\[([0-9]{1,6})\]")
_AVERAGE = re.compile(r"Inference \(avg\):\s*([0-9.]+(?:e[+-]?[0-9]+)?)")
_DELEGATED = re.compile(r"^(?:Delegate/)?(.*?)(?::\d+| #\d+)?$")


TAKEN = (
    "onnxruntime's JSON, benchmark_model's output with --enable_op_profiling, ExecuTorch's table, a trace of "
    "torch.profiler, the file of trtexec --exportProfile, or the CSV of nsys stats --report cuda_gpu_trace"
)


def read_op_profile(path: str | Path) -> OpProfile:
    """The ops in a profile.

    Takes the JSON of onnxruntime's ``enable_profiling``, the output of ``benchmark_model --enable_op_profiling``, the
    table ExecuTorch's Inspector saves (``save_data_to_tsv``), a trace of ``torch.profiler``, what ``trtexec
    --exportProfile`` writes, and the CSV of ``nsys stats --report cuda_gpu_trace``.

    Raises:
        InputError: none of these, or damaged.
    """
    text = read_text(path, mend=f"give {TAKEN}")
    return parse_op_profile(text, str(path))


def parse_op_profile(text: str, where: str) -> OpProfile:
    """The same for a text that was read from ``where``."""
    for reader in READERS:
        found = _sound(reader, text, where)
        if found is not None and found.ops:
            return found
    raise InputError(
        "no op profile that is known",
        where=where,
        mend=f"give {TAKEN}",
    )


def _sound(reader: Callable[[str], OpProfile | None], text: str, where: str) -> OpProfile | None:
    try:
        found = reader(text)
    except InputError as error:
        raise error.at(where) from None
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"a damaged op profile ({error})", where=where, mend="write it again") from None
    if found is not None and not all(math.isfinite(op.seconds) and op.seconds >= 0 for op in found.ops):
        raise InputError("an op that takes no time there is", where=where, mend="write the profile again")
    return found


def onnxruntime(text: str) -> OpProfile | None:
    """A list of events in microseconds; the first of several runs warms up, of the others the least times count."""
    if not text.lstrip().startswith("[") or '"ph"' not in text:
        return None
    events = parse_json(text, where="", mend="write it again")
    runs = [e for e in events if e.get("name") == "model_run" and e.get("cat") == "Session"]
    kernels = [e for e in events if str(e.get("name", "")).endswith(_KERNEL)]
    if len(runs) > 1:
        begins = sorted(float(e["ts"]) for e in runs)[1]
        runs = [e for e in runs if float(e["ts"]) >= begins]
        kernels = [e for e in kernels if float(e["ts"]) >= begins]
    timed = (
        (e["name"].removesuffix(_KERNEL), str(e.get("args", {}).get("op_name", "")), float(e["dur"]) * US)
        for e in kernels
    )
    whole = min(float(e["dur"]) for e in runs) * US if runs else None
    return OpProfile("onnxruntime", by_op(timed), whole)


def benchmark_model(text: str) -> OpProfile | None:
    """The table of ops in the order they ran; of several, as warm-up and runs have, the last."""
    tables = list(_HEADER.finditer(text))
    ordered = [t for t in tables if "Run Order" in text[: t.start()].rpartition("=\n")[0].rpartition("\n")[2]]
    if not tables:
        return None
    header = (ordered or tables)[-1]
    columns = re.findall(r"\[([^\]]+)\]", header.group())
    at = columns.index("avg ms") if "avg ms" in columns else columns.index("avg_ms")
    name_at, ops = columns.index("Name"), []
    for line in text[header.end() :].lstrip("\n").splitlines():
        cells = [cell.strip() for cell in line.strip().split("\t")]
        if len(cells) <= max(at, name_at):
            break
        named = re.match(r"\[(.*)\](?::\d+)?$", cells[name_at])
        kind = _DELEGATED.match(cells[0])
        name = named[1] if named else "" if cells[name_at].startswith("Delegate/") else cells[name_at]
        ops.append(TimedOp(name, kind[1] if kind else cells[0], float(cells[at].rstrip("%")) * MS))
    graph, threads, average = (p.search(text) for p in (_GRAPH, _THREADS, _AVERAGE))
    network = re.sub(r"\.tflite$", "", graph[1].replace("\\", "/").rsplit("/", 1)[-1]) if graph else ""
    return OpProfile(
        "benchmark_model",
        tuple(ops),
        float(average[1]) * US if average else None,
        network,
        int(threads[1]) if threads else None,
    )


def executorch(text: str) -> OpProfile | None:
    """Inspector's table: tabs or commas, a row an event; ``Method::execute`` is the whole run."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if "event_name" not in first:
        return None
    rows = csv.DictReader(text.strip().splitlines(), delimiter="\t" if "\t" in first else ",")
    columns = [name for name in rows.fieldnames or () if re.match(r"(p50|avg)\b", name)]
    if not columns:
        return None
    unit = US if "(us)" in columns[0] else MS
    events = [(row["event_name"], row.get("event_block_name", ""), float(row[columns[0]]) * unit) for row in rows]
    whole = next((seconds for name, _, seconds in events if name == "Method::execute"), None)
    inner = [(n, s) for n, block, s in events if block in ("Execute", "") and n not in _AROUND]
    return OpProfile("ExecuTorch", tuple(TimedOp("", _kind(name), seconds) for name, seconds in inner), whole)


_AROUND = {"Method::execute", "Method::init", "Program::load_method", "DELEGATE_CALL", "OPERATOR_CALL"}
"""Events that hold others."""


def _kind(name: str) -> str:
    found: Any = _DELEGATED.match(name)
    return str(found[1]) if found else name


READERS: tuple[Callable[[str], OpProfile | None], ...] = (
    onnxruntime, benchmark_model, executorch, gpu.torch_profiler, gpu.trtexec, gpu.nsys,
)  # fmt: skip
