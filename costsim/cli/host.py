"""This machine, measured: what ``calibrate --host`` does around the measuring."""

from __future__ import annotations

from pathlib import Path

import click

from costsim.errors import StoppedError
from costsim.report.progress import progress_bar


def calibrate_this_machine(runtime_name: str, target: Path, measurements: Path | None) -> None:
    """Measure, fit, write and sum up; without ``measurements`` the journal goes when the profile is there.

    Raises:
        InputError: no such runtime, a package is missing, not this kind of machine, a file that cannot be written.
    """
    from costsim.calibrate.fit import solver
    from costsim.calibrate.host.machine import this_machine
    from costsim.calibrate.host.run import calibrate_host
    from costsim.calibrate.host.runtimes import runtime_named

    runtime, machine = runtime_named(runtime_name), this_machine()
    solver()  # missing, it is better missed before the measuring than after
    journal = measurements or target.with_suffix(".measurements.jsonl")
    try:
        with progress_bar("measuring") as progress:
            fitted = calibrate_host(target, machine, runtime, journal, progress=progress)
    except KeyboardInterrupt:
        raise StoppedError(
            "interrupted; what was measured is kept", where=str(journal), mend="run the same command to go on"
        ) from None
    if measurements is None:
        journal.unlink()
    click.echo(
        f"{target}: {machine.model} with {runtime.name} {runtime.version}, {fitted.left_out.count} measurements\n"
        f"mean error     {fitted.before.mean_ratio:.1%} before, {fitted.after.mean_ratio:.1%} after, "
        f"{fitted.left_out.mean_ratio:.1%} where left out of the fit\n"
        f"noise floor    {fitted.noise_ratio:.1%}\n"
        f"90 % interval  {fitted.low_ratio:.2f} to {fitted.high_ratio:.2f} times a prediction"
    )
