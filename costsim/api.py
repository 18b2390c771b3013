"""The verbs of the Python API; the command line calls the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from costsim.analysis import Analysis
from costsim.batch import largest_batch
from costsim.errors import InputError
from costsim.graph.resize import InputSize
from costsim.hardware import Profile, load_profile
from costsim.network import Network, check_batch, parse_input_sizes
from costsim.plugins import load_plugin, reports_of
from costsim.simulate import run_of, simulate

if TYPE_CHECKING:
    from costsim.profiled import OpProfile
    from costsim.reference.judge import Judgement


def analyze(
    network: Any,
    hw: str | Path | Profile,
    *,
    batch: int | Literal["max"] | None = None,
    input_size: str | InputSize = None,
    dtype: str | None = None,
    threads: int | str | None = None,
    settings: Mapping[str, str] | None = None,
    runtime: str | None = None,
    limits: Mapping[str, int] | None = None,
    op_profile: str | Path | None = None,
    strict: bool = False,
) -> Analysis:
    """Predict what a network costs on a device.

    Args:
        network: zoo name, path, ``LayerGraph``, ``Network`` or an object an importer takes.
        hw: profile name, alias, path of a YAML file, or a loaded ``Profile``.
        batch: images per inference; the network's own if left out, ``"max"`` the most that fit the device's memory.
        input_size: ``"3x224x224"`` or ``(3, 224, 224)``; of several inputs by name, ``"image=3x224x224,words=1x128"``.
        dtype: fp32, fp16 or int8; the network's own if left out (int8 of a quantised file), else the runtime's.
        threads: cores used, or ``"all"``; the profile's own if left out.
        settings: profile fields to change, as text with units: ``{"memory.onchip.size": "1 MiB"}``.
        runtime: one of the runtimes the board runs; its first if left out.
        limits: ``{"boxes": 300}``: values an op is taken to make whose number the data decide; left out, the network
            ends at the first such op and says so.
        op_profile: what a runtime's profiler wrote of this network (onnxruntime's JSON, ``benchmark_model`` with its op
            profile, ExecuTorch's table); measured times then stand beside the predicted ones.
        strict: refuse networks with ops costsim has no model for.

    Raises:
        InputError: anything above that is unknown or impossible.
        DoesNotFitError: the device cannot run the network at all.
    """
    images = None if batch == "max" else batch
    graph = Network(network, input_size=input_size, batch=images, limits=limits).graph
    if isinstance(hw, Profile):
        if settings or runtime:
            what = "settings" if settings else "a runtime"
            raise InputError(
                f"{what} beside a loaded profile", mend="load it with load_profile(name, settings, runtime)"
            )
        profile = hw
    else:
        profile = load_profile(hw, settings, runtime)
    run = run_of(graph, profile, dtype, threads)
    if batch == "max":
        graph = graph.with_batch(largest_batch(graph, profile, run))
    timed = None if op_profile is None else _timed(op_profile)
    analysis = Analysis(simulate(graph, profile, run), op_profile=timed)
    unknown = sorted({label.name for label in analysis.simulation.ops.labels if not label.known})
    if strict and unknown:
        raise InputError(
            f"no cost model for {', '.join(unknown[:3])}{' ...' if len(unknown) > 3 else ''}",
            where=graph.name,
            mend="leave out --strict to count their bytes only",
        )
    return analysis


def _timed(op_profile: str | Path) -> OpProfile:
    from costsim.profiled import read_op_profile  # few have one

    return read_op_profile(op_profile)


def summary(
    network: Any,
    hw: str | Path | Profile | None = None,
    *,
    batch: int | None = None,
    input_size: str | InputSize = None,
    dtype: str | None = None,
    threads: int | str | None = None,
) -> None:
    """Print a network's layers with their shapes, parameters and MACs; with ``hw``, what it costs there and why.

    Args:
        network: zoo name, path, graph, or an object an importer takes, such as a ``torch.nn.Module``.
        hw: profile name, alias, path, or a loaded profile; no device if left out.
        batch: images per inference; the network's own if left out.
        input_size: ``"3x224x224"`` or ``(3, 224, 224)``.
        dtype: fp32, fp16 or int8; the network's own if left out (int8 of a quantised file), else the runtime's.
        threads: cores used, or ``"all"``; the profile's own if left out.

    Raises:
        InputError: no such network or device, or a size that does not pass through it.
        DoesNotFitError: the device cannot run the network at all.
    """
    if hw is not None:
        print(analyze(network, hw, batch=batch, input_size=input_size, dtype=dtype, threads=threads))
        return
    graph = Network(network, input_size=input_size, batch=batch).graph
    print(load_plugin(reports_of("summary"), "text", "report")(graph).rstrip("\n"))


def verify(
    network: Any,
    *,
    batch: int | None = None,
    input_size: str | InputSize = None,
    limits: Mapping[str, int] | None = None,
    seed: int = 0,
) -> Judgement:
    """Run a network in PyTorch and hold its counts against what was executed, layer by layer.

    Of a module, an exported program or an ONNX file also its outputs: the imported graph with the file's own weights
    against the original in torch or ONNX Runtime.

    Args:
        network: zoo name, path, ``LayerGraph``, ``Network`` or an object an importer takes.
        batch: images per inference; the network's own if left out.
        input_size: ``"3x224x224"`` or ``(3, 224, 224)``; of several inputs by name, ``"image=3x224x224,words=1x128"``.
        limits: ``{"boxes": 300}``: values an op is taken to make whose number the data decide.
        seed: of the random inputs, and of random weights where there are no others.

    Raises:
        InputError: torch is not installed, no such network, or a layer torch has nothing for.
    """
    from costsim.originals import original_of
    from costsim.reference import hold_outputs, judge  # loads torch

    check_batch(batch)
    size = parse_input_sizes(input_size) if isinstance(input_size, str) else input_size
    original = original_of(network, size, batch, limits)
    if original is None:
        return judge(Network(network, input_size=size, batch=batch, limits=limits).graph, seed=seed)
    found = judge(original.graph, seed=seed)
    missing = original.missing
    if not missing:
        try:
            inputs = original.inputs(seed)
            values = original.values(inputs)
            return replace(found, outputs=hold_outputs(original.graph, inputs, values, original.runs_in))
        except InputError as error:  # the file is read, and what runs it refuses it
            missing = error.what
    return replace(found, outputs_missing=missing)
