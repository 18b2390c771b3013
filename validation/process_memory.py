"""Peak memory of processes on a Raspberry Pi 5, as Arm's model cards state it, beside what costsim predicts.

``python -m validation.process_memory`` prints every row with its own share left out of the one constant there is,
what the runtime holds without a network. Detectors are not among the rows: they are published end to end, with what
reads the camera's images.
"""

from __future__ import annotations

import numpy as np

from costsim.devices import RunConfig, device_for
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.simulate import simulate
from validation.arm_runs import profile_path

PEAK_MB = {
    ("googlenet", "int8"): 18.12,
    ("googlenet", "fp32"): 41.97,
    ("squeezenet_1_0", "int8"): 14.16,
    ("squeezenet_1_0", "fp32"): 21.5,
    ("resnet18", "int8"): 23.97,
}
"""(network, data type) to MB at the peak; 224 px, ExecuTorch with XNNPACK."""


def rows() -> dict[tuple[str, str], tuple[float, float]]:
    """(network, data type) to bytes measured, and bytes predicted without what the runtime holds itself."""
    profile = load_profile(profile_path("rpi5"), runtime="xnnpack")
    found = {}
    for (name, dtype), peak_mb in PEAK_MB.items():
        done = simulate(Network(name).graph, profile, RunConfig(dtype, 4))
        held = device_for(profile).footprint(done.ops, profile, done.run).process_bytes
        found[name, dtype] = peak_mb * 1e6, held - profile.runtime.resident_bytes
    return found


def left_out(found: dict[tuple[str, str], tuple[float, float]]) -> dict[tuple[str, str], float]:
    """log(predicted / measured) of each network, the constant being the mean of the others."""
    errors = {}
    for at, (measured, own) in found.items():
        rest = np.mean([m - o for (name, _), (m, o) in found.items() if name != at[0]])
        errors[at] = float(np.log((own + rest) / measured))
    return errors


def main() -> None:
    """Print."""
    found = rows()
    for (name, dtype), error in left_out(found).items():
        measured, own = found[name, dtype]
        print(
            f"{name:16s} {dtype}: {measured / 1e6:5.1f} MB, of the network {own / 1e6:5.1f} MB, {np.expm1(error):+.0%}"
        )
    print(f"the runtime itself: {np.mean([m - o for m, o in found.values()]) / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
