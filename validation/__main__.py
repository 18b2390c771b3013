"""Every figure docs/accuracy.md states, printed; ``--refit`` fits the ARM boards again before (about ten minutes)."""

from __future__ import annotations

import runpy
import sys

REFIT = (
    "validation.arm",
    "validation.apply",
    "validation.paper",
    "validation.few_shot",
    "validation.arm_int8",
    "validation.arm_int8_report --apply",
    "validation.arm_attention --apply",
    "validation.arm_runtimes",
    "validation.arm_runtimes_report --apply",
    "validation.stamp",
)
FIGURES = (
    "validation.arm_report",
    "validation.arm_int8_report",
    "validation.arm_runtimes_report",
    "validation.arm_attention",
    "validation.paper_runtime",
    "validation.paper_appendix",
    "validation.snapdragon_855",
    "validation.gtx_1080ti",
    "validation.deepbench",
    "validation.v100",
    "validation.timm",
    "validation.nvidia_gpus",
    "validation.npu",
    "validation.host",
    "validation.mcu",
)


def main(arguments: list[str]) -> None:
    """Run the modules one after another, as their own commands would."""
    for command in [*(REFIT if "--refit" in arguments else ()), *FIGURES]:
        print(f"\n# python -m {command}\n", flush=True)
        module, *_ = sys.argv = command.split()
        runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
