"""Which array and which buffer suit which network: co-design of an embedded accelerator.

Arrays of 256 multipliers of all shapes, from few input and many output channels at once to the other
way round, each with buffers of several sizes, for the compact networks whose papers argue about
hardware. Takes seconds.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from common import swept

MULTIPLIERS = 256

INPUT_CHANNELS = (2, 4, 8, 16, 32, 64, 128)

SPEC = {
    "network": ["shufflenet_v1_g3_1x", "shufflenet_v2_1x", "condensenet_v2_a", "vargnet_v1_1x", "mobilenet_v1_1x"],
    "axes": {"hardware.memory.onchip.size": "128 KiB .. 2 MiB log2"},
    "objectives": {"latency_ms": "min", "dram_bytes": "min"},
    "top": 500,
}

PROFILE = """
schema_version: 1
extends: embedded_buffer
name: array_{inputs}x{outputs}
title: Embedded accelerator, {inputs} input and {outputs} output channels at once
family: accelerator
hardware:
  core: atomic {inputs} x {outputs}
  array:
    source: free
    kind: atomic
    atomic_c: {inputs}
    atomic_k: {outputs}
"""


def profile(folder: Path, inputs: int) -> str:
    """Write the profile of one shape: its multipliers are those of all the others."""
    outputs = MULTIPLIERS // inputs
    path = folder / f"array_{inputs:03}x{outputs}.yaml"
    path.write_text(PROFILE.format(inputs=inputs, outputs=outputs), encoding="utf-8")
    return str(path)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        shapes = [profile(Path(folder), inputs) for inputs in INPUT_CHANNELS]
        table = swept(__file__, __doc__, {**SPEC, "hw": shapes}).best
    table["array"] = table["hw"].map(lambda path: Path(path).stem)
    print("\nLowest latency in ms, by the shape of the array (input x output channels):")
    print(table.pivot_table("latency_ms", "network", "array", aggfunc="min").round(2).to_string())
