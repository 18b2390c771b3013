"""Cold start: the whole command in a new process, beside the bare imports and beside onnx-tool.

Prints wall seconds (minimum over spaced rounds, one of each a round), peak memory, and the ratios.
onnx-tool reads the same network from an ONNX file, made here once; it needs ``pip install
onnx-tool`` and torch with onnx, and is left out where they are missing.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 10
NETWORK = "shufflenet_v2_1x"

ONNX_TOOL = "import sys, onnx_tool; onnx_tool.model_profile(sys.argv[1])"
PEAK = "import resource, sys; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"
EXPORT = """
import sys, torch
from costsim.networks import build as network
from costsim.reference import build
torch.onnx.export(build(network(sys.argv[1])).eval(), torch.randn(1, 3, 224, 224), sys.argv[2], dynamo=False)
"""


def commands(folder: Path) -> dict[str, list[str]]:
    """What is measured, by name."""
    found = {
        "bare imports": [sys.executable, "-c", "import numpy, networkx, pydantic"],
        "costsim text": [sys.executable, "-m", "costsim", "analyze", NETWORK, "--hw", "arm_a53"],
        "costsim json": [sys.executable, "-m", "costsim", "analyze", NETWORK, "--hw", "arm_a53", "--format", "json"],
    }
    if all(importlib.util.find_spec(name) for name in ("onnx_tool", "torch", "onnx")):
        model = folder / "network.onnx"
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", EXPORT, NETWORK, str(model)], check=True, capture_output=True
        )
        found["onnx-tool"] = [sys.executable, "-c", ONNX_TOOL, str(model)]
    return found


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def peak_mib(command: list[str]) -> float:
    """Peak resident memory of the command, read by a small parent of its own."""
    code = f"import subprocess; subprocess.run({command!r}, stdout=subprocess.DEVNULL); {PEAK}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(result.stderr.split()[-1]) / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        measured = commands(Path(folder))
        best = dict.fromkeys(measured, float("inf"))
        for _ in range(ROUNDS):
            for name, command in measured.items():
                best[name] = min(best[name], seconds(command))
            time.sleep(0.2)
        memory = {name: peak_mib(command) for name, command in measured.items()}
    for name in measured:
        ratios = ", ".join(f"{best[name] / best[other]:.2f} x {other}" for other in best if other != name)
        print(f"{name:<14} {best[name]:.3f} s  {memory[name]:4.0f} MiB   {ratios}")


if __name__ == "__main__":
    main()
