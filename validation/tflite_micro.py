"""The arena that tflite-micro's own interpreter takes beside the predicted one, part by part.

``python -m validation.tflite_micro`` writes networks as int8 files, loads each into the interpreter of the PyPI
package ``tflite-micro`` (reference kernels on a 64-bit host) and prints what ``print_allocations()`` says: the head,
in which maps and scratch buffers lie, and the tail, which the interpreter keeps for itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import costsim
from costsim.devices import RunConfig
from costsim.devices.mcu.arena import peak_bytes
from costsim.devices.mcu.memory import occupancy
from costsim.graph import LayerGraph
from costsim.graph.layers import ConvTranspose2d, Softmax
from costsim.hardware import load_profile
from costsim.importers import load_network
from costsim.networks import build
from costsim.simulate import lower_for
from validation import tflite_int8

NETWORKS = {
    "mlperf_tiny_autoencoder": None,
    "mlperf_tiny_ds_cnn": None,
    "mlperf_tiny_mobilenet": None,
    "mlperf_tiny_resnet8": None,
    "mcunet_in0": None,
    "mobilenet_v1_0.25x": 96,
    "mobilenet_v2_0.4x": 64,
    "fd_mobilenet_0.25x": 96,
    "squeezenet_1_1": 96,
    "resnet18": 64,
    "resnet50": 64,
    "densenet121": 32,
    "peleenet": 64,
    "vgg16": 32,
    "inception_v3": 299,
}
"""Side of the image; None: that of the network."""

DECODER = "decoder"
"""A network of ours beside those of the zoo: transposed convolutions and a softmax."""

HOST_POINTER_BYTES = 8
LARGEST_ARENA = 16_000_000

LOADS = """
import sys
from tflite_micro.python.tflite_micro import runtime
runtime.Interpreter.from_file(sys.argv[1], arena_size=int(sys.argv[2])).print_allocations()
"""


class Arena(NamedTuple):
    """Bytes of the two parts."""

    head: int
    tail: int

    @property
    def total(self) -> int:
        return self.head + self.tail


def is_installed() -> bool:
    """Whether the judge can be asked."""
    return find_spec("tflite_micro") is not None


def network(name: str) -> LayerGraph:
    """A network of the table, or the decoder."""
    if name == DECODER:
        net = costsim.NetBuilder(DECODER)
        x = net.act(net.conv(net.input(1, 3, 32, 32), 8, 3, stride=2))
        x = net.act(net.conv(x, 16, 3, stride=2))
        x = net.act(net.add(ConvTranspose2d(8, (2, 2), (2, 2)), x))
        x = net.add(ConvTranspose2d(4, (2, 2), (2, 2)), x)
        net.add(Softmax(), net.linear(net.global_pool(x), 10))
        return net.graph
    side = NETWORKS[name]
    return build(name) if side is None else build(name, input_shape=(1, 3, side, side))


def taken(path: Path) -> Arena:
    """What the interpreter takes; asked in a process of its own, since a failed check ends it."""
    command = [sys.executable, "-c", LOADS, str(path), str(LARGEST_ARENA)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    parts = [re.search(rf"Arena allocation {part} (\d+)", done.stdout + done.stderr) for part in Arena._fields]
    if not all(parts):
        raise RuntimeError(f"{path.name}: {(done.stdout + done.stderr)[-400:]}")
    return Arena(*(int(part[1]) for part in parts if part))


def predicted(path: Path) -> Arena:
    """What costsim says the same interpreter takes for the same file."""
    profile: Any = load_profile("stm32h743", runtime="tflite_micro")
    runtime = profile.runtime.model_copy(update={"pointer_bytes": HOST_POINTER_BYTES})
    held = occupancy(lower_for(load_network(path), profile, RunConfig("int8")), runtime)
    return Arena(peak_bytes(held.buffers), round(held.persistent_bytes))


def compare(name: str, folder: Path) -> tuple[Arena, Arena]:
    """The arena of one network, as taken and as predicted."""
    path = folder / f"{name}.tflite"
    tflite_int8.write(network(name), path)
    return taken(path), predicted(path)


def main() -> None:
    """Print both arenas for every network."""
    if not is_installed():
        raise SystemExit("needs the package tflite-micro: pip install tflite-micro")
    print(f"{'network':26}{'head':>10}{'predicted':>11}{'tail':>10}{'predicted':>11}{'total':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name in (*NETWORKS, DECODER):
            real, ours = compare(name, Path(folder))
            ratio = ours.total / real.total
            print(f"{name:26}{real.head:10,}{ours.head:11,}{real.tail:10,}{ours.tail:11,}{ratio:9.4f}", flush=True)


if __name__ == "__main__":
    main()
