"""What Tables 1 to 4 of the ShuffleNet V2 paper tell of the ARM runtime it does not describe.

``python -m validation.paper_runtime`` fits the constants once for every combination of the traits below
(about a minute) and prints the best: those that break the fewest orderings of Tables 1 to 4, then those with
the least error on them. The profile has the first. Table 8 plays no part. Winograd is not among the traits: with
it the best error doubles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from costsim.calibrate.errors import ErrorSummary
from costsim.devices.cpu.profile import CpuRuntime, Microkernel
from costsim.hardware import load_profile
from validation.paper import PROFILE, fit_micro, micro_run
from validation.shufflenetv2 import orderings, shown

TILES = ((8, 12, 8), (8, 12, 4), (12, 8, 4), (16, 4, 8), (16, 4, 4))
"""Rows, columns, and what rows left over are filled to: ncnn's and BLIS's tiles, OpenBLAS's for the Cortex-A57."""

SUMS: dict[str, tuple[str, ...]] = {
    "two at a time": (),
    "in one pass": ("add",),
    "in one pass, ReLU in it": ("add", "relu"),
}
"""How parallel branches are added: what runs in the kernel of an addition."""

FLAGS = ("packs_ahead", "l2_blocking", "grouped_conv_as_one_gemm_per_group")


@dataclass(frozen=True)
class Variant:
    """One combination, and how it fits Tables 1 to 4."""

    words: str
    runtime: CpuRuntime
    broken: int
    """Orderings of Tables 1 to 4 the fit does not show."""
    error_ratio: float

    @property
    def rank(self) -> tuple[int, float]:
        return self.broken, self.error_ratio


def runtimes() -> Iterator[tuple[str, CpuRuntime]]:
    """Every combination in words and as a runtime."""
    shipped = load_profile(PROFILE).runtime
    assert isinstance(shipped, CpuRuntime)
    for tile, sums, *flags in product(TILES, SUMS, *([False, True],) * len(FLAGS)):
        rows, columns, smallest_rows = tile
        words = [f"tile {rows}x{columns}, rows filled to {smallest_rows}", f"sums {sums}"]
        words += [name for name, on in zip(FLAGS, flags, strict=True) if on]
        changes = {
            "microkernel": Microkernel(rows=rows, columns=columns, smallest_rows=smallest_rows),
            "fusion": {**shipped.fusion, "add": SUMS[sums]},
            **dict(zip(FLAGS, flags, strict=True)),
        }
        yield ", ".join(words), shipped.model_copy(update=changes)


def tried(words: str, runtime: CpuRuntime) -> Variant:
    """Constants fitted to Tables 1 to 4 with this runtime."""
    run = micro_run(load_profile(PROFILE).model_copy(update={"runtime": runtime}))
    errors = fit_micro(run).log_errors[0]
    seconds = {name: run.measured_s[name] * np.exp(error) for name, error in errors.items()}
    found = shown(seconds, "cpu")
    return Variant(words, runtime, found.reversed, ErrorSummary.of(list(errors.values())).mean_ratio)


def main() -> None:
    """Try all, print the best."""
    variants = sorted((tried(*variant) for variant in runtimes()), key=lambda v: v.rank)
    total = len(orderings("cpu"))
    print(f"{len(variants)} runtimes, {total} orderings; broken, error on Tables 1 to 4, traits:")
    for v in variants[:12]:
        print(f"  {v.broken:2d} {v.error_ratio:.2%}  {v.words}")
    least = min(variants, key=lambda v: v.error_ratio)
    print(f"least error: {least.broken} broken, {least.error_ratio:.2%}, {least.words}")
    shipped = next(v for v in variants if v.runtime == load_profile(PROFILE).runtime)
    print(f"{PROFILE}: {shipped.broken} broken, {shipped.error_ratio:.2%}, place {variants.index(shipped) + 1}")


if __name__ == "__main__":
    main()
