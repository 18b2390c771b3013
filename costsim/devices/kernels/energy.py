"""Joules by part, from what is done, what is moved, and how long it takes."""

from __future__ import annotations

from costsim.hardware.energy import Energy
from costsim.tables.schema import Array


def energy_parts_j(
    energy: Energy, macs: Array, onchip_bytes: Array, offchip_bytes: Array, latency_s: Array, reads_input: Array
) -> dict[str, Array]:
    """Joules of rows by part, ``(rows, points)`` each.

        arithmetic  macs mac_j, without the share that meets a zero (of rows that do not read the network's input)
        onchip      bytes moved between buffer and array * onchip_j_per_byte
        offchip     bytes moved off chip * offchip_j_per_byte
        idle        latency * idle_w

    or, where a profile knows no more than the power of the whole device, ``running``: latency * running_w.

    Source of the form: Horowitz, ISSCC 2014; Chen et al., JSSC 2017 for gated zeros. Ignores control, the host, and
    what elements cost that are not multiplied. Expected error: the profile's ``uncertainty_ratio``.
    """
    if energy.running_w is not None:
        return {"running": latency_s * energy.running_w}
    assert energy.mac_j is not None and energy.onchip_j_per_byte is not None and energy.offchip_j_per_byte is not None
    return {
        "arithmetic": macs * (1 - energy.zero_ratio * (1 - reads_input)) * energy.mac_j,
        "onchip": onchip_bytes * energy.onchip_j_per_byte,
        "offchip": offchip_bytes * energy.offchip_j_per_byte,
        "idle": latency_s * energy.idle_w,
    }
