"""More than two hundred networks of timm, torchvision and pytorchcv: counts as torch counts, or the difference is said.

On the meta device, attention in its mathematical form. What costsim folds into constants and what no forward pass
reads is named in a note with its number, and the sums are exact.
"""

from __future__ import annotations

import importlib
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from costsim.errors import InputError
from costsim.importers import load_network

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow

NAMES = [
    line.split()
    for line in (Path(__file__).parents[1] / "data" / "networks_of_packages.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


REFUSED = {
    "revnet/revnet38": "it empties the tensors that its backward pass could make again",
    "superpointnet/superpointnet": "what it does depends on the points it finds",
}
"""Networks that are not read, which one line says."""


def built(package: str, name: str) -> Any:
    from tests.importers import torchvision_models
    from validation.torchvision_operators import declare_box_operators

    declare_box_operators()  # timm imports torchvision, too
    pytest.importorskip(package)
    if package == "pytorchcv":
        file, _, kind = name.partition("/")
        return getattr(importlib.import_module(f"pytorchcv.models.{file}"), kind)()
    if package == "torchvision":
        return torchvision_models.model(name)
    return importlib.import_module("timm").create_model(name)


OWN_TENSORS = {"condensenet74_c4_g4", "danet_resnetd50b_cityscapes", "xdensenet121_2"}
"""Networks with tensors that are neither parameters nor buffers: those stay off the meta device."""


def on_meta(package: str, name: str) -> Any:
    if name.partition("/")[2] in OWN_TENSORS:
        return built(package, name).eval().requires_grad_(False)
    try:
        with torch.device("meta"):
            return built(package, name).eval().requires_grad_(False)
    except (NotImplementedError, RuntimeError):  # its constructor reads values
        return built(package, name).eval().requires_grad_(False).to("meta")


def counted(net: Any, shape: tuple[int, ...]) -> int:
    """Multiply-accumulates by torch's own counter, of fake tensors on the device of the network."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    device = next(net.parameters()).device
    fake = FakeTensorMode(allow_non_fake_inputs=True) if device.type != "meta" else nullcontext()
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH), fake:
        net(torch.zeros(1, *shape, device=device))
    return int(counter.get_total_flops() // 2)


def said(notes: tuple[str, ...], pattern: str) -> int:
    """The sum of the numbers that notes give before these words."""
    found = [match for note in notes for match in re.findall(rf"([\d,]+) {pattern}", note)]
    return sum(int(number.replace(",", "")) for number in found)


def test_there_are_more_than_two_hundred() -> None:
    assert len({tuple(line) for line in NAMES}) > 200


@pytest.mark.parametrize(("package", "name", "size"), NAMES, ids=[line[1] for line in NAMES])
def test_a_network_counts_as_torch_counts(package: str, name: str, size: str) -> None:
    net = on_meta(package, name)
    shape = tuple(int(length) for length in size.split("x"))
    if name in REFUSED:
        with pytest.raises(InputError) as refusal:
            load_network(net, shape)
        assert len(str(refusal.value).splitlines()) == 1
        pytest.xfail(REFUSED[name])
    graph = load_network(net, shape)
    held = sum(p.numel() for p in net.parameters())
    assert graph.total_params + said(graph.notes, "of them reach no layer") == held
    try:
        macs = counted(net, shape)
    except NotImplementedError as error:
        pytest.skip(f"torch's own counter does not run it without memory: {str(error).splitlines()[0]}")
    assert graph.total_macs + said(graph.notes, "multiply-accumulates of") == macs
