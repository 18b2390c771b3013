"""``costsim analyze``: one network on one device."""

from __future__ import annotations

from functools import partial

import click

from costsim.api import analyze
from costsim.cli.options import Batch, parse_limits, parse_settings, run_options
from costsim.cli.outputs import output_options, write_files
from costsim.errors import DoesNotFitError, InputError

OUTPUTS = ("excel", "html", "plots", "plot_style", "trace", "measure", "model_explorer")


@click.command("analyze", short_help="What one network costs on one device, and what bounds it.")
@click.argument("network")
@click.option("--hw", required=True, metavar="HW", help="A name of 'costsim hw list', or the path of a profile.")
@partial(run_options, batch=Batch())
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="boxes=N",
    help="Values an op is taken to make whose number the data decide; else the network ends there.",
)
@click.option(
    "--op-profile",
    metavar="FILE",
    help="Measured beside predicted: what the profiler of onnxruntime, benchmark_model, ExecuTorch, torch.profiler, "
    "trtexec or nsys wrote.",
)
@click.option("--strict", is_flag=True, help="Refuse networks with ops costsim has no model for.")
@output_options
def command(
    network: str, hw: str, settings: tuple[str, ...], limits: tuple[str, ...], output: str, **options: object
) -> None:
    """Predict parameters, MACs, memory access and latency of NETWORK on HW, and say what bounds it.

    NETWORK is a zoo name ('costsim nets list'), the path of an ONNX, TFLite, ncnn .param, torch.export .pt2 or costsim
    JSON file, or module.py:Net.

    \b
    costsim analyze shufflenet_v2_1x --hw rpi4b --threads all
    costsim analyze net.onnx --hw ethos_u55_256 --html report.html
    costsim analyze net.py:Net --input-size 3x224x224 --hw gtx_1080ti --batch 8
    """  # noqa: D301  click wants a real backspace
    files = {name: options.pop(name) for name in OUTPUTS}
    if files["measure"] and not files["trace"]:
        raise InputError("measurements are shown in the trace", where="--measure", mend="name its file: --trace FILE")
    changes = {"settings": parse_settings(settings), "limits": parse_limits(limits)}
    try:
        analysis = analyze(network, hw, **changes, **options)  # type: ignore[arg-type]
    except DoesNotFitError as error:
        from costsim.advice.fitting import what_would_have_fitted

        error.instead = what_would_have_fitted(error)
        raise
    text = analysis.report(output)
    click.echo(text, nl=not text.endswith("\n"))
    write_files(analysis, **files)  # type: ignore[arg-type]
