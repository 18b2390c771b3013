"""Damaged texts by the seed: whatever is done to what people write, it is read or refused in one short line, quickly.

Every parser of text has a sound text here and is given it damaged: numbers and words take absurd values, lines go
missing, come twice or change places, bytes flip. Networks have a suite of their own, ``tests/importers``.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from costsim.calibrate.host.journal import Journal
from costsim.calibrate.measurements import read_measurements
from costsim.cli.options import parse_limits, parse_settings
from costsim.diff.baseline import read_baseline
from costsim.diff.limit import parse_limit
from costsim.errors import CostsimError
from costsim.guidelines.suppress import load_suppressions
from costsim.hardware import load_profile
from costsim.limits import parse_assertion
from costsim.predict.architectures import read_entries
from costsim.profiled.formats import read_op_profile
from costsim.project import read_project
from costsim.sweep.axes import parse_axis
from costsim.sweep.search import SearchSpec
from costsim.sweep.spec import load_spec
from tests.profiled.test_op_profiles import BENCHMARK_MODEL, onnxruntime_json

LONGEST_S = 5.0
"""Of processor time for one text."""

NUMBERS = (
    "0", "-1", "1.5", "1e999", "-1e999", "1e-320", "nan", ".nan", ".inf", "NaN", "Infinity", "9" * 400, "²", "١",
)  # fmt: skip
WORDS = (
    "", "null", "true", "[]", "{}", "[1, 2]", "{a: 1}", '"', "'", "\0", "\x1b[31m", "ü", "\ud800", "=1+1", "x" * 5000,
    "&a *a", "*a", "!!python/object:x", "!!float x", "<<", "- ", ": ", "[" * 3000, "{" * 3000, "2001-99-99", "~",
)  # fmt: skip
UNITS = (
    "Hz", "GHz", "B", "KiB", "GB/s", "us", "s", "J", "W", "%", "fp32", "int8", "rpi4b", "resnet18", "..", "log", "step",
)  # fmt: skip
_TOKEN = re.compile(r"[\w.+-]+")

PROFILE = """name: board
extends: rpi4b
title: A board
hardware:
  clock: {value: 1.5 GHz, source: me}
  cores: {value: 4, source: me}
  memory:
    dram: {bandwidth: {value: 20 GB/s, source: me}}
fitted: {op_overhead: 8 us, source: me}
sources: {me: {kind: estimated, text: a guess}}
aliases: [a_board]
"""

SWEEP = """network: [mobilenet_v1_1x, resnet18]
hw: rpi4b
axes:
  batch: [1, 2, 4]
  network.width: 0.5 .. 1.5 step 0.25
  hardware.clock: 1 GHz .. 2 GHz x 5
  input_size: [128, "3x160x160"]
objectives: {latency_ms: min, params: min}
constraints: [latency_ms < 30 ms, macs <= 300M]
sample: {points: 20, seed: 1}
keep_points: true
"""

SEARCH = """network: squeezenet_1_1
hw: [rpi4b, rpi5]
axes: {batch: [1, 2, 3], hardware.memory.l2.size: 256 KiB .. 1 MiB log2}
evaluations: 30
population: 10
seed: 3
"""

PYPROJECT = """[tool.costsim]
devices = ["rpi4b", "gtx_1080ti"]
suppress = [{ id = "G4", location = "stage3", reason = "it trains" }]
[tool.costsim.networks]
"net.onnx" = { input-size = "3x320x320", budgets = ["latency_ms@rpi4b < 60", "params < 5M"] }
shufflenet_v2_1x = { devices = ["rpi4b"], threads = 4, batch = 2, dtype = "fp16" }
"""

CSV = "network,latency_ms,threads\nresnet18,115.5,4\nmobilenet_v1_1x,70,1\n"

BENCHNCNN = """loop_count = 8
num_threads = 4
       squeezenet  min =   33.60  max =   34.09  avg =   33.80
        mobilenet  min =  104.71  max =  105.90  avg =  105.20
"""

ENTRIES = 'shufflenet_v2_1x\n# a remark\n{"network": "mobilenet_v2_1x", "width": 0.5}\n["a", 1, 2.5]\n'

SUPPRESSIONS = "- {id: G4, reason: it trains, location: stage3}\n- id: G1\n  reason: known\n"

JOURNAL_HEAD = {"machine": "board", "threads": 1}

BASELINE = {
    "network": {"name": "n", "input_shape": [1, 3, 8, 8], "dtype": "fp32"},
    "hardware": {"profile": "rpi4b", "threads": 1},
    "tool": {"version": "1"},
    "totals": {"latency_ms": 1.5},
    "layers": [
        {"name": "c", "op": "conv", "op_class": "conv", "bound": "compute", "output_shape": [1, 8, 8, 8],
         "params": 1, "macs": 2, "mem_access_elems": 3, "latency_ms": 1.5},
    ],
}  # fmt: skip


class Parser(NamedTuple):
    """How a text is read, from the path it was written to, and sound examples of it."""

    read: Callable[[Path], object]
    examples: tuple[str, ...]
    suffix: str = ".txt"


def _space_of(path: Path) -> object:
    spec = load_spec(path)
    return spec.space, spec.limits


def _search_of(path: Path) -> object:
    spec = load_spec(path, kind=SearchSpec)
    return spec.space, spec.limits


def _words(read: Callable[[str], object]) -> Callable[[Path], object]:
    return lambda path: read(path.read_text(encoding="utf-8", errors="replace"))


PARSERS = {
    "profile": Parser(load_profile, (PROFILE,), ".yaml"),
    "sweep": Parser(_space_of, (SWEEP,), ".yaml"),
    "search": Parser(_search_of, (SEARCH,), ".yaml"),
    "project": Parser(read_project, (PYPROJECT,), ".toml"),
    "suppressions": Parser(load_suppressions, (SUPPRESSIONS,), ".yaml"),
    "measurements": Parser(read_measurements, (CSV, BENCHNCNN, BENCHMARK_MODEL), ".csv"),
    "op profile": Parser(read_op_profile, (BENCHMARK_MODEL, onnxruntime_json("a", "b"))),
    "baseline": Parser(read_baseline, (json.dumps(BASELINE),), ".json"),
    "entries": Parser(_words(lambda text: read_entries(text, "list")), (ENTRIES, json.dumps(["a", {"network": "b"}]))),
    "journal": Parser(
        lambda path: Journal(path, JOURNAL_HEAD),
        ('{"format": "costsim host measurements", "machine": "board", "threads": 1}\n'
         '{"network": "a", "seconds": 0.5}\n',),
        ".jsonl",
    ),
    "--assert": Parser(_words(parse_assertion), ("latency_ms < 30 ms", "macs <= 1.5e2M", "fits == 1")),
    "--fail-if": Parser(_words(parse_limit), ("+3%", "+0.5ms")),
    "--limit": Parser(_words(lambda text: parse_limits((text,))), ("boxes=300",)),
    "--set": Parser(_words(lambda text: load_profile("rpi4b", parse_settings((text,)))), ("clock=1.2 GHz", "cores=2")),
    "axis": Parser(
        _words(lambda text: parse_axis("hardware.clock", text)), ("1 GHz .. 2 GHz x 5", "1 GHz .. 2 GHz log x 3")
    ),
}  # fmt: skip


def damaged(text: str, rng: random.Random) -> str:
    """The text with one to three damages."""
    for _ in range(rng.randint(1, 3)):
        text = rng.choice((_other_token, _other_token, _other_token, _other_line, _other_char))(text, rng)
    return text


def _other_token(text: str, rng: random.Random) -> str:
    tokens = list(_TOKEN.finditer(text))
    if not tokens:
        return rng.choice(NUMBERS + WORDS)
    token = rng.choice(tokens)
    other = rng.choice(tokens)[0]
    return text[: token.start()] + rng.choice((*NUMBERS, *WORDS, *UNITS, other, other)) + text[token.end() :]


def _other_line(text: str, rng: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.choice(("drop", "twice", "move", "indent", "end"))
    if kind == "twice":
        lines.insert(to, lines[at])
    elif kind == "indent":
        lines[at] = rng.choice((" ", "   ", "\t")) + lines[at]
    elif kind == "end":
        del lines[at:]
    else:
        moved = lines.pop(at)
        lines[to:to] = [moved] if kind == "move" else []
    return "".join(lines)


def _other_char(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + chr(rng.choice((rng.randrange(128), rng.randrange(0x3000)))) + text[at + rng.randrange(3) :]


def check(name: str, seed: int, count: int, folder: Path) -> None:
    """Read so many damaged texts."""
    parser, rng = PARSERS[name], random.Random(f"{name} {seed}")
    path = folder / f"text{parser.suffix}"
    for number in range(count):
        text = damaged(rng.choice(parser.examples), rng)
        path.write_bytes(text.encode(errors="surrogatepass"))
        began = time.process_time()
        try:
            parser.read(path)
        except CostsimError as error:
            assert str(error), (seed, number, text)
            assert "\n" not in str(error), (seed, number, text)
            assert len(str(error)) < 3000, (seed, number, text)
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}, text {number}: {text!r}") from error
        assert time.process_time() - began < LONGEST_S, (seed, number, text)


@pytest.mark.parametrize("name", PARSERS)
def test_sound_texts_are_read(name: str, tmp_path: Path) -> None:
    parser = PARSERS[name]
    for example in parser.examples:
        path = tmp_path / f"text{parser.suffix}"
        path.write_text(example)
        parser.read(path)


@pytest.mark.parametrize("name", PARSERS)
def test_a_few_damaged_texts(name: str, tmp_path: Path) -> None:
    check(name, seed=0, count=25, folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("seed", range(1, 11))
def test_a_hundred_thousand_damaged_texts(name: str, seed: int, tmp_path: Path) -> None:
    check(name, seed, count=10_000, folder=tmp_path)
