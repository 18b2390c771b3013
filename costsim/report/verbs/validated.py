"""Predictions beside measurements, as text, JSON, CSV and Markdown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from costsim.calibrate.validate import Validation
from costsim.report.formats.csv import csv_text
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.units import counted, time_column, unit_of


def text(validation: Validation, width: int | None = None) -> str:
    """Every case, in or out of its 90 % interval; then errors, coverage and orderings, then the worst cases."""
    profile, threads = validation.profile, {case.threads for case in validation.cases}
    has_one = len(threads) == 1 and profile.max_threads > 1
    same = f", {counted(next(iter(threads)), 'thread')}" if has_one else ""
    head = (
        f"predicted  {profile.title}\n"
        f"           by profile {profile.name}, in {validation.dtype}{same}\n"
        f"measured   {validation.against}"
    )
    cases = _cases(validation, with_threads=len(threads) > 1)
    return as_text(Group(f"{head}\n", cases, "", _grid(_figures(validation))), width)


def document(validation: Validation) -> dict[str, Any]:
    """The same as plain data."""
    wrong, pairs = validation.swapped_pairs()
    return {
        "hardware": {"profile": validation.profile.name, "name": validation.profile.title},
        "dtype": validation.dtype,
        "against": validation.against,
        "cases": _records(validation),
        "summary": asdict(validation.summary)
        | {
            "noise_ratio": validation.noise_ratio,
            "unseen_families": asdict(validation.unseen_summary) if validation.unseen_summary else None,
            "coverage_ratio": validation.coverage_ratio,
            "swapped_pairs": wrong,
            "pairs": pairs,
            "rank_correlation": validation.rank_correlation,
        },
    }


def _records(validation: Validation) -> list[dict[str, Any]]:
    return [asdict(c) | {"error_ratio": c.error_ratio, "covered": c.covered} for c in validation.cases]


def to_json(validation: Validation) -> str:
    """The document as text."""
    return stamped_json(document(validation))


def to_csv(validation: Validation) -> str:
    """One line a measurement, with its prediction."""
    return csv_text([{"hw": validation.profile.name, "dtype": validation.dtype, **r} for r in _records(validation)])


def to_markdown(validation: Validation) -> str:
    """Every case, then errors, coverage and orderings."""
    cases = (
        [escaped(c.name), c.threads, f"{c.measured_s * 1e3:.4g}", f"{c.predicted_s * 1e3:.4g}",
         f"{c.error_ratio:+.1%}", escaped(c.ruled_by), "in" if c.covered else "out"]
        for c in validation.cases
    )  # fmt: skip
    head = ("network", "threads", "measured ms", "predicted ms", "error", "ruled by", "90 % interval")
    figures = ([escaped(name), escaped(figure)] for name, figure in _figures(validation).items())
    parts = (
        f"### {escaped(validation.profile.title)}, against {escaped(validation.against)}",
        markdown_table(head, cases),
        markdown_table(("", validation.dtype), figures),
    )
    return "\n\n".join(parts) + "\n"


def _cases(validation: Validation, *, with_threads: bool) -> Table:
    cases = validation.cases
    unit = unit_of(case.measured_s * 1e3 for case in cases)
    measured_head, measured = time_column("measured", (case.measured_s * 1e3 for case in cases), unit=unit)
    predicted_head, predicted = time_column("predicted", (case.predicted_s * 1e3 for case in cases), unit=unit)
    table = plain_table(padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("network", overflow="fold")
    if with_threads:
        table.add_column("threads", justify="right")
    for head in (measured_head, predicted_head):
        table.add_column(head, no_wrap=True)
    table.add_column("error", justify="right")
    table.add_column("ruled by")
    table.add_column("interval")
    for case, *times in zip(cases, measured, predicted, strict=True):
        table.add_row(
            case.name, *([str(case.threads)] if with_threads else []), *times, f"{case.error_ratio:+.1%}",
            case.ruled_by, "in" if case.covered else "out",
        )  # fmt: skip
    return table


def _beside_the_mean(validation: Validation) -> dict[str, str]:
    """What a mean error on this machine is to be read with."""
    unseen, figures = validation.unseen_summary, {}
    if unseen:
        figures["unseen families"] = f"{unseen.mean_ratio:.1%}, mean error of {unseen.count} networks"
    if validation.noise_ratio is not None:
        figures["noise floor"] = f"{validation.noise_ratio:.1%}, between visits that lie apart"
    return figures


def _figures(validation: Validation) -> dict[str, str]:
    """What is said of all cases together."""
    summary, (wrong, pairs) = validation.summary, validation.swapped_pairs()
    correlation = validation.rank_correlation
    ranks = "too few networks of similar size" if correlation is None else f"{correlation:.2f}"
    return {
        "measurements": str(summary.count),
        "mean error": f"{summary.mean_ratio:.1%}",
        **_beside_the_mean(validation),
        "median error": f"{summary.median_ratio:.1%}",
        "within 10 %": f"{summary.within_10_percent_ratio:.0%}",
        "in the 90 % interval": f"{validation.coverage_ratio:.0%}",
        "orderings": f"{pairs - wrong} of {pairs} pairs that differ by more than 10 % are ordered right",
        "rank correlation": f"{ranks}, among networks within a factor of 2 in MACs",
        "worst": "\n".join(f"{c.name}: {c.error_ratio:+.1%}, ruled by {c.ruled_by}" for c in validation.worst),
    }


def _grid(figures: dict[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, figure in figures.items():
        table.add_row(name, Text(figure))
    return table
