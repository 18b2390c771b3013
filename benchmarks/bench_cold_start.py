"""Cold start: whole commands in new processes, beside bare ``import numpy`` and beside onnx-tool.

    python benchmarks/bench_cold_start.py [PYTHON]

Prints wall and processor seconds (least of spaced rounds, one of each a round), peak memory, and ratios. onnx-tool
profiles the same ONNX files, two that the package onnx brings for its own tests; it is left out where ``PYTHON`` (this
one, if left out) has no ``onnx_tool``. "Nothing kept" is the first command of a user, or one without a home: it checks
its profile anew. Modules are compiled beforehand, as an installer does it.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROUNDS = 7
DEVICE = "arm_a53"
MODELS = ("light_shufflenet", "light_resnet50")
ZOO = "shufflenet_v2_1x"
ONNX_TOOL = "import sys, onnx_tool; onnx_tool.model_profile(sys.argv[1])"


class Cost(NamedTuple):
    """Of one process."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def commands(python: str) -> dict[str, list[str]]:
    """What is measured, by name; each is held against the one before it that is not costsim's."""
    costsim = [sys.executable, "-m", "costsim", "analyze"]
    found = {
        "import numpy": [sys.executable, "-c", "import numpy"],
        f"costsim {ZOO}": [*costsim, ZOO, "--hw", DEVICE],
        f"costsim {ZOO} csv": [*costsim, ZOO, "--hw", DEVICE, "--format", "csv"],
    }
    found[f"costsim {ZOO}, nothing kept"] = ["env", f"XDG_CACHE_HOME={os.devnull}", *costsim, ZOO, "--hw", DEVICE]
    for model in MODELS:
        path = str(_light(model))
        if not subprocess.run([python, "-c", "import onnx_tool"], capture_output=True, check=False).returncode:
            found[f"onnx-tool {model}"] = [python, "-c", ONNX_TOOL, path]
        found[f"costsim {model}"] = [*costsim, path, "--hw", DEVICE]
    return found


def _light(model: str) -> Path:
    """A network whose weights are filled in as it runs: a small file of real size."""
    package = importlib.util.find_spec("onnx")
    assert package is not None and package.origin is not None, "pip install onnx"
    return Path(package.origin).parent / "backend/test/data/light" / f"{model}.onnx"


def cost(command: list[str]) -> Cost:
    """One run; the child's own use of the machine is what ``wait4`` tells."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def main() -> None:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    measured = commands(sys.argv[1] if len(sys.argv) > 1 else sys.executable)
    for command in measured.values():
        cost(command)
    runs: dict[str, list[Cost]] = {name: [] for name in measured}
    for _ in range(ROUNDS):
        for name, command in measured.items():
            runs[name].append(cost(command))
        time.sleep(0.2)
    beside = None
    for name, costs in runs.items():
        least = Cost(*map(min, zip(*costs, strict=True)))
        beside = beside if name.startswith("costsim") and beside else (name, least)
        ratio = "" if beside[0] == name else f"   {least.cpu_s / beside[1].cpu_s:.2f} x {beside[0]}"
        print(f"{name:<40} {least.wall_s:.3f} s  {least.cpu_s:.3f} s CPU  {least.peak_mib:4.0f} MiB{ratio}")


if __name__ == "__main__":
    main()
