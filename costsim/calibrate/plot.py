"""Predicted over measured, as a picture."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl

from costsim.calibrate.validate import Validation
from costsim.errors import InputError, visible
from costsim.files import write_bytes

FORMATS = (".png", ".svg", ".pdf")


def draw(validation: Validation, path: str | Path) -> None:
    """A scatter plot on logarithmic axes: the diagonal, a band of 10 %, the stated interval of each prediction.

    Raises:
        InputError: an unknown format, or a place that cannot be written.
    """
    if Path(path).suffix not in FORMATS:
        raise InputError("unknown picture format", where=str(path), mend=f"end it in {', '.join(FORMATS)}")
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9, "svg.hashsalt": "costsim"}):
        figure = Figure(figsize=(6, 6), layout="constrained")
        axes = figure.add_subplot()
        measured = [c.measured_s * 1e3 for c in validation.cases]
        predicted = [c.predicted_s * 1e3 for c in validation.cases]
        below = [(c.predicted_s - c.low_s) * 1e3 for c in validation.cases]
        above = [(c.high_s - c.predicted_s) * 1e3 for c in validation.cases]
        ends = [min(measured + predicted) / 1.5, max(measured + predicted) * 1.5]
        axes.fill_between(ends, [e * 0.9 for e in ends], [e * 1.1 for e in ends], color="0.9", label="within 10 %")
        axes.plot(ends, ends, color="0.5", linewidth=1)
        axes.errorbar(measured, predicted, yerr=[below, above], fmt="o", markersize=4, linewidth=0.6, alpha=0.8)
        for worst in validation.worst:
            axes.annotate(visible(worst.name), (worst.measured_s * 1e3, worst.predicted_s * 1e3), xytext=(6, -8),
                          textcoords="offset points", fontsize=8, parse_math=False)  # fmt: skip
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, aspect="equal",
                 xlabel="measured [ms]", ylabel="predicted [ms]")  # fmt: skip
        title = f"{visible(validation.profile.name)} against\n{visible(validation.against)}"
        axes.set_title(title, fontsize=8, parse_math=False)  # a path or a name may hold dollars, and is no formula
        axes.legend(loc="upper left")
        drawn = io.BytesIO()
        figure.savefig(drawn, format=Path(path).suffix[1:], dpi=150)
        write_bytes(path, drawn.getvalue())
