"""The profile of a machine as a YAML file: what it says of itself, what was measured, what the fit moved."""

from __future__ import annotations

from collections.abc import Mapping

from costsim.calibrate.errors import ErrorSummary
from costsim.calibrate.host.machine import Conditions
from costsim.calibrate.profile_file import fitted_line, put, quoted, tree_lines
from costsim.hardware import Profile
from costsim.units import format_quantity, round_significant

BASES = {"onnxruntime": "_onnxruntime_x86", "torch": "_torch_x86"}
"""Runtime to the profile that describes how it computes; a machine's profile extends it."""

AVX2_RUNTIME = {"microkernel": "{rows: 6, columns: 16}", "blocked_layout": "{block: 8, pixels: 3}"}
"""Kernels for vectors of 32 bytes."""

AVX2_SOURCE = "onnxruntime core/mlas/lib/x86_64/SconvKernelFma3.asm and FgemmKernelFma3.asm: tiles of AVX2 kernels"

AT_WORST = "  low_ratio: 0.5\n  high_ratio: 2"


def machine_text(name: str, conditions: Conditions, clock_hz: float, bandwidth_bytes_per_s: float) -> str:
    """The base profile on this machine, nothing fitted yet."""
    machine, runtime = conditions.machine, f"{conditions.runtime} {conditions.version}"
    caches = [
        f"    l{level}: {{size: {format_quantity(size, 'B', 6)}}}"
        for level, size in sorted(machine.cache_bytes.items())
    ]
    peak = format_quantity(2 * bandwidth_bytes_per_s, "B/s", 4)
    lines = [
        "schema_version: 1",
        f"name: {name}",
        f"title: {quoted(f'{machine.model}, {runtime}')}",
        "family: cpu",
        f"extends: {BASES[conditions.runtime]}",
        "sources:",
        "  system: {kind: datasheet, text: "
        + quoted(f"/proc/cpuinfo and /sys of the machine, {conditions.date}")
        + "}",
        "  isa: {kind: estimated, text: multiply-adds and loads a cycle from the instruction set and the vendor}",
        "  measured: {kind: measured, text: "
        + quoted(f"{runtime}, {conditions.date}: clock from the busiest chain")
        + "}",
        "  memory: {kind: estimated, text: "
        + quoted(f"twice the {format_quantity(bandwidth_bytes_per_s, 'B/s')} at which 201 MB of weights stream")
        + "}",
        *([f"  avx2: {{kind: published, text: {quoted(AVX2_SOURCE)}}}"] if machine.lanes < 16 else []),
        "hardware:",
        f"  core: {quoted(machine.model)}",
        f"  cores: {{value: {machine.cores}, source: system}}",
        f"  clock: {{value: {format_quantity(clock_hz, 'Hz', 4)}, source: measured}}",
        f"  macs_per_cycle: {{fp32: {machine.macs_per_cycle}, source: isa}}",
        f"  vector_bytes: {{value: {machine.vector_bytes}, source: system}}",
        f"  load_bytes_per_cycle: {{value: {machine.load_bytes_per_cycle}, source: isa}}",
        "  memory:",
        "    source: system",
        *caches,
        "    dram:",
        f"      one_core_bandwidth: {{value: {peak}, source: memory}}",
        f"      bandwidth: {{value: {peak}, source: memory}}",
    ]
    if machine.lanes < 16:
        lines += ["runtime:", "  source: avx2", *(f"  {key}: {text}" for key, text in AVX2_RUNTIME.items())]
    return "\n".join(lines) + "\n" + _calibration("uncalibrated", "none yet", AT_WORST)


def calibrated_text(
    hardware: str,
    base: Profile,
    conditions: Conditions,
    values: Mapping[str, float],
    left_out: ErrorSummary,
    interval: tuple[float, float],
    noise_ratio: float,
) -> str:
    """``hardware``, the text ``base`` was read from, with the fitted numbers; each line says what it was before."""
    data = (
        f"{left_out.count} chains of layers and networks in {conditions.runtime} {conditions.version} on "
        f"{conditions.threads} thread, noise {noise_ratio:.1%}"
    )
    tree: dict[str, dict] = {}
    for path, value in values.items():
        put(tree, path, fitted_line(base, path, value))
    card = "\n".join(
        (
            f"  date: {quoted(conditions.date)}",
            f"  mean_error_ratio: {round_significant(left_out.mean_ratio, 3)}  # of what each fit had not seen",
            f"  within_10_percent_ratio: {round_significant(left_out.within_10_percent_ratio, 3)}",
            f"  low_ratio: {round_significant(interval[0], 3)}",
            f"  high_ratio: {round_significant(interval[1], 3)}",
            "  dtypes: [fp32]",
        )
    )
    source = f"  calibration: {{kind: fitted, text: {quoted(f'{data}, {conditions.date}')}}}\n"
    head = hardware[: hardware.index("calibration:\n")].replace("sources:\n", "sources:\n" + source, 1)
    return head + _calibration("calibrated", data, card) + "\n".join(tree_lines(tree)) + "\n"


def _calibration(status: str, data: str, rest: str) -> str:
    return f"calibration:\n  status: {status}\n  data: {quoted(data)}\n{rest}\n"
