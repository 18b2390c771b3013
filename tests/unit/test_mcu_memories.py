"""Tightly coupled memories and RAM beside a part: what lies where, what it takes, which memory is proposed."""

from __future__ import annotations

import numpy as np
import pytest

import costsim
from costsim.errors import DoesNotFitError
from costsim.report.words import fit_line

KEYWORDS = "mlperf_tiny_ds_cnn"
COUPLED = {
    "stm32h743": (128, 64), "stm32h747": (128, 64), "nucleo_h7a3zi": (128, 64), "stm32f746": (64, 16),
    "stm32f769": (128, 16), "imxrt1050": (128, 128), "imxrt1060": (128, 128), "imxrt1170": (256, 256),
    "ra8d1": (64, 64), "stm32n6_m55": (128, 64),
}  # fmt: skip
"""KiB of DTCM and ITCM, by datasheet."""


@pytest.mark.parametrize("hw", COUPLED)
def test_an_arena_in_tightly_coupled_memory_is_spared_the_bus(hw: str) -> None:
    """Every map is read and written once through the data cache where it lies in SRAM."""
    there, here = (costsim.analyze(KEYWORDS, hw, settings={"runtime.arena_in": memory}) for memory in ("sram", "dtcm"))
    memory = here.simulation.profile.hardware.memory
    assert (memory.dtcm.size_bytes, memory.itcm.size_bytes) == tuple(1024 * kib for kib in COUPLED[hw])
    ops = here.simulation.ops
    passed_ms = 1e3 * (ops.input_bytes + ops.output_bytes).sum() / memory.sram.bandwidth_bytes_per_s
    assert there.latency_ms - here.latency_ms == pytest.approx(passed_ms, rel=0.02)
    assert here.summary["onchip_bytes"] == memory.dtcm.size_bytes
    assert f"of {COUPLED[hw][0]} KiB of DTCM" in fit_line(here.summary)[1]


def test_weights_in_ram_are_a_copy_beside_the_image_in_flash() -> None:
    """With the arena they share a memory; the image they are copied from takes its room in flash as before."""
    settings = {"runtime.arena_in": "dtcm", "runtime.weights_in": "dtcm"}
    done = costsim.analyze(KEYWORDS, "imxrt1060", settings=settings)
    weight_bytes = done.simulation.ops.weight_bytes.sum()
    assert done.summary["onchip_used_bytes"] == done.summary["arena_bytes"] + weight_bytes
    assert done.summary["flash_bytes"] == costsim.analyze(KEYWORDS, "imxrt1060").summary["flash_bytes"]
    assert "flash" not in done.simulation.costs.limits and not done.simulation.costs.limits["dtcm"].any()
    settings = {"runtime.weights_in": "external_ram"}
    copied = costsim.analyze("mobilenet_v1_0.25x", "imxrt1060", settings=settings).simulation
    waits = copied.ops.weight_bytes / 332e6 - copied.costs.limits["arithmetic"]
    np.testing.assert_allclose(copied.costs.limits["external_ram"], np.maximum(waits, 0.0))


@pytest.mark.parametrize(
    ("hw", "settings", "says"),
    [
        ("imxrt1060", {"runtime.arena_in": "dtcm"}, "has 128 KiB of DTCM; its 1 MiB of SRAM would hold it: --set"),
        ("esp32_s3", {}, "has 512 KiB of SRAM; its 8 MiB of external RAM would hold it: --set runtime.arena_in"),
        ("esp32_p4", {"runtime.patches": "1"}, "its 32 MiB of external RAM would hold it"),
        ("ra8d1", {"runtime.weights_in": "itcm"}, "of weights, ra8d1 has 64 KiB of ITCM; its 2 MiB of flash would"),
    ],
)
def test_a_refusal_names_the_memory_that_would_hold_it(hw: str, settings: dict[str, str], says: str) -> None:
    network = "mobilenet_v1_0.25x" if hw == "ra8d1" else "mobilenet_v2_0.5x"
    with pytest.raises(DoesNotFitError) as refused:
        costsim.analyze(network, hw, settings=settings)
    assert says in str(refused.value)


def test_an_arena_in_psram_runs_at_the_pace_of_its_bus() -> None:
    settings = {"runtime.arena_in": "external_ram"}
    done = costsim.analyze("mobilenet_v2_0.5x", "esp32_s3", settings=settings)
    ops = done.simulation.ops
    passed = (ops.input_bytes + ops.output_bytes).sum() / 160e6
    assert done.simulation.costs.ceilings["external_ram"].sum() == pytest.approx(passed)
    assert "in external RAM" in fit_line(done.summary)[1]
