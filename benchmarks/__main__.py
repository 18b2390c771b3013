"""Every benchmark in turn, and what they printed so far.

    python -m benchmarks [NAME ...]     run them (``cold_start``), and keep their figures in benchmarks/history.csv
    python -m benchmarks --plot FILE    draw each figure over the runs, as a multiple of its first

One that fails stops no other; the exit code is 1 then. Figures are comparable on one machine, at the same load: both
are kept beside them.
"""

from __future__ import annotations

import csv
import os
import platform
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
HISTORY = HERE / "history.csv"
COLUMNS = ("date", "commit", "machine", "load", "benchmark", "figure", "value")
LONGEST_S = 1800
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w.]*\w)")


def figures(text: str) -> Iterator[tuple[str, float]]:
    """Numbers of what a benchmark printed, each under its line with ``#`` in the place of all numbers."""
    for line in text.splitlines():
        label = " ".join(_NUMBER.sub("#", line).split())
        for place, number in enumerate(_NUMBER.findall(line), start=1):
            yield f"{label} ({place})", float(number.replace(",", ""))


def run(name: str) -> tuple[str, bool]:
    """What a benchmark printed, and whether it ended well; it is shown as it comes."""
    command = [sys.executable, str(HERE / f"bench_{name}.py")]
    process = subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True)
    until, lines = time.monotonic() + LONGEST_S, []
    assert process.stdout is not None
    for line in process.stdout:
        print(f"  {line}", end="", flush=True)
        lines.append(line)
        if time.monotonic() > until:
            process.kill()
    return "".join(lines), process.wait() == 0


def keep(name: str, text: str) -> None:
    """Append the figures of one run to the history."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=False
    )
    head = (
        datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        commit.stdout.strip(),
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        f"{os.getloadavg()[0]:.1f}",
        name,
    )
    begun = HISTORY.exists()
    with HISTORY.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not begun:
            writer.writerow(COLUMNS)
        writer.writerows((*head, label, value) for label, value in figures(text))


def plot(path: str) -> None:
    """Each benchmark a panel, each figure a line."""
    from matplotlib.figure import Figure

    panels: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with HISTORY.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            panels[row["benchmark"]][row["figure"]].append(float(row["value"]))
    figure = Figure(figsize=(8, 3 * len(panels)), layout="constrained")
    for axes, (name, lines) in zip(figure.subplots(len(panels), squeeze=False).ravel(), panels.items(), strict=True):
        for label, values in lines.items():
            if values[0]:
                axes.plot([value / values[0] for value in values], marker="o", label=label[:60].replace("$", r"\$"))
        axes.set(title=name, ylabel="times the first run", xlabel="run")
        axes.legend(fontsize=5)
    figure.savefig(path)


def main() -> int:
    if sys.argv[1:2] == ["--plot"]:
        plot(*sys.argv[2:])
        return 0
    names = sys.argv[1:] or sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    failed = []
    for name in names:
        print(f"{name}:", flush=True)
        text, well = run(name)
        keep(name, text)
        failed += [] if well else [name]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
