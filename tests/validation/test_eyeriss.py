"""The Eyeriss chip on AlexNet and VGG-16: Chen et al., JSSC 2017, Tables III, V and VI."""

from __future__ import annotations

import numpy as np
import pytest

from costsim.devices import RunConfig
from costsim.devices.accelerator.arrays.row_stationary import (
    mapped_dram_bytes,
    row_stationary_cycles,
    row_stationary_onchip_elems,
)
from costsim.devices.kernels.energy import energy_parts_j
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.simulate import simulate
from costsim.tables.optable import OpTable
from tests.validation.op_rows import convolutions

PRINTED_MB = 0.05
"""The tables print DRAM accesses to a tenth of a megabyte."""

BATCH = 4

# c_in, h_in, c_out, kernel, stride, groups, h_out; published: zeros of the input, n, m, e, active elements, DRAM MB
ALEXNET = [
    (3, 227, 96, 11, 4, 1, 55, 0.0001, 1, 96, 7, 154, 5.0),
    (48 * 2, 27, 256, 5, 1, 2, 27, 0.387, 1, 64, 27, 135, 4.0),
    (256, 13, 384, 3, 1, 1, 13, 0.725, 4, 64, 13, 156, 3.0),
    (384, 13, 384, 3, 1, 2, 13, 0.793, 4, 64, 13, 156, 2.1),
    (384, 13, 256, 3, 1, 2, 13, 0.776, 4, 64, 13, 156, 1.3),
]

# c_in, h, c_out; published buffer MB for 3 images
VGG16_BUFFER_MB = [
    (3, 224, 64, 112.6), (64, 224, 64, 2402.8), (64, 112, 128, 1201.4), (128, 112, 128, 2402.8),
    (128, 56, 256, 607.4), (256, 56, 256, 1214.8), (256, 28, 512, 321.8), (512, 28, 512, 643.7),
    (512, 14, 512, 90.0),
]  # fmt: skip


def test_dram_bytes_of_every_alexnet_layer_from_the_published_mapping() -> None:
    columns = np.array(ALEXNET)
    zeros = columns[:, 7]
    ours_mb = mapped_dram_bytes(
        alexnet(),
        images=columns[:, 8, None],
        filters=columns[:, 9, None],
        strip_rows=columns[:, 10, None],
        input_zero_ratio=zeros[:, None],
        output_zero_ratio=np.append(zeros[1:], zeros[-1])[
            :, None
        ],  # what the next layer reads; unpublished for the last
    )[:, 0]
    published_mb = columns[:, 12]
    assert (np.abs(ours_mb / 1e6 - published_mb) <= 0.15 * published_mb + PRINTED_MB).all(), ours_mb / 1e6


def test_active_elements_of_every_alexnet_layer() -> None:
    ops = alexnet()
    active = ops.macs / row_stationary_cycles(ops, load_profile("eyeriss_v1").hardware.array)
    published = np.array(ALEXNET)[:, 11]
    np.testing.assert_allclose(active[:, 0], published, rtol=0.02)


def test_buffer_traffic_of_vgg16() -> None:
    layers = [
        {"n": 3, "c_in": c_in, "h_in": h, "c_out": c_out, "kernel": 3, "elem_bytes": 2}
        for c_in, h, c_out, _ in VGG16_BUFFER_MB
    ]
    ops = convolutions(layers)
    ours_mb = row_stationary_onchip_elems(ops, load_profile("eyeriss_v1").hardware.array)[:, 0] * 2 / 1e6
    ratio = ours_mb / np.array([mb for *_, mb in VGG16_BUFFER_MB])
    assert (np.abs(ratio - 1) <= 0.2).all(), ratio


@pytest.mark.parametrize(
    ("network", "batch", "published_ms", "rel"), [("alexnet", 4, 115.3, 0.25), ("vgg16", 3, 4309.5, 0.10)]
)
def test_total_time_of_the_conv_layers(network: str, batch: int, published_ms: float, rel: float) -> None:
    profile = load_profile("eyeriss_v1")
    simulation = simulate(Network(network, batch=batch).graph, profile, RunConfig.of(profile))
    convolution = simulation.ops.is_op("conv", "grouped_conv")[:, 0]
    assert simulation.costs.latency_s[convolution].sum() * 1e3 == pytest.approx(published_ms, rel=rel)


# power mW, ms, 10^9 multiply-accumulates, zeros of the input, buffer MB: Tables V (AlexNet, batch 4)
ALEXNET_ENERGY = [
    (332, 20.9, 0.42, 0.0001, 18.5),
    (288, 41.9, 0.90, 0.387, 77.6),
    (266, 23.6, 0.60, 0.725, 50.2),
    (235, 18.4, 0.45, 0.793, 37.4),
    (236, 10.5, 0.30, 0.776, 24.9),
]


def test_energy_of_every_alexnet_layer_from_its_products_bytes_and_time() -> None:
    """Prices were fitted on VGG-16; each layer's own zeros instead of the mean that the profile holds."""
    power_mw, ms, gmacs, zeros, buffer_mb = np.array(ALEXNET_ENERGY).T
    priced = load_profile("eyeriss_v1").energy
    assert priced is not None
    parts = energy_parts_j(
        priced.model_copy(update={"zero_ratio": 1.0}),
        macs=gmacs * 1e9 * (1 - zeros),
        onchip_bytes=buffer_mb * 1e6,
        offchip_bytes=np.zeros(5),  # the chip's power, without its DRAM
        latency_s=ms / 1e3,
        reads_input=np.ones(5),
    )
    ratio = sum(parts.values()) / (power_mw * ms / 1e6)
    assert (np.abs(ratio - 1) <= 0.15).all(), ratio


def test_energy_of_vgg16_and_of_alexnet() -> None:
    """The chip's power times its time; a wrong time shows, as energy is mostly idle power."""
    for network, batch, published_mj, rel in (("alexnet", 4, 32.1, 0.25), ("vgg16", 3, 1016.3, 0.1)):
        profile = load_profile("eyeriss_v1")
        made = simulate(Network(network, batch=batch).graph, profile, RunConfig.of(profile))
        convolution = made.ops.is_op("conv", "grouped_conv")[:, 0]
        parts = made.costs.energy_parts_j
        chip_j = sum(parts[part][convolution].sum() for part in ("arithmetic", "onchip", "idle"))
        assert chip_j * 1e3 == pytest.approx(published_mj, rel=rel)


def alexnet() -> OpTable:
    keys = ("c_in", "h_in", "c_out", "kernel", "stride", "groups", "h_out")
    return convolutions([{"n": BATCH, "elem_bytes": 2} | dict(zip(keys, layer[:7], strict=True)) for layer in ALEXNET])
