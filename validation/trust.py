"""How much an interval widens off its card, from whole kinds left out of the fits.

``python -m validation.trust`` prints the coverage of the stated intervals by kind; ``--write`` keeps the factors in
``costsim/trust/widening.toml``. The errors are those of ``python -m validation.left_out``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from costsim.calibrate.errors import interval_ratios
from costsim.files import write_text
from costsim.trust.held import KINDS as ROW_KINDS
from costsim.trust.widening import BATCH, FALLBACK, FILE, HOST, NUMBERS, RESOLUTION, THREADS, Ratios, factors
from validation import cards_left_out
from validation.cards_left_out import host_ratios
from validation.left_out import LeftOut, outcome

WIDENS = {"board": NUMBERS, "threads": THREADS, "resolution": RESOLUTION, "batch": BATCH, "fallback": FALLBACK}
"""What was left out of the fits to what widens for it; families widen nothing, ops widen by their share of the time."""

TELLING_SHARE = 0.15
"""An error tells of a kind of row that takes this share of the time, and more than all others unknown."""

HEAD = """# By how much the interval of a card widens for each way a prediction lies off it: its ends are
# multiplied by these. Kinds of op widen the share of the predicted time that is on them.
# Written by `python -m validation.trust --write`.
data = "{data}"
date = "{date}"
"""


def widened(case: LeftOut, known: dict[str, Ratios]) -> Ratios:
    """The interval costsim states for a prediction off the card in this one way."""
    card = Ratios(case.low_ratio, case.high_ratio)
    if case.kind == "ops":
        return card.mixed(case.shares, known)
    return card.times(known[WIDENS[case.kind]]) if case.kind in WIDENS else card


def covered(case: LeftOut, interval: Ratios) -> bool:
    """Whether the measurement lies in this interval around the prediction."""
    return interval.low <= float(np.exp(-case.log_error)) <= interval.high


def factors_of(cases: Sequence[LeftOut]) -> dict[str, Ratios]:
    """Kind of widening to the factor that makes a card's interval hold 90 % of these cases."""
    found = {name: _factor([c for c in cases if c.kind == kind]) for kind, name in WIDENS.items()}
    found[HOST] = host_ratios(cards_left_out.outcome())
    return found | {kind: _factor([_alone(c, kind) for c in cases if _tells(c, kind)]) for kind in ROW_KINDS}


def _tells(case: LeftOut, kind: str) -> bool:
    share = case.shares.get(kind, 0.0)
    return case.kind == "ops" and share >= TELLING_SHARE and share > sum(case.shares.values()) - share


def _alone(case: LeftOut, kind: str) -> LeftOut:
    """The case as if all its time were on this kind: the error that explains the whole's if the rest is on the card.

    ``ratio = end * (1 - s + s * factor)`` solved for the factor, once for each end of the card's interval.
    """
    share, ratio = case.shares[kind], float(np.exp(-case.log_error))
    low, high = ((ratio / end - (1 - share)) / share for end in (case.low_ratio, case.high_ratio))
    # As two one-sided cards: a factor is looked for at each end by itself.
    return replace(case, low_ratio=ratio / max(low, 1e-3), high_ratio=ratio / max(high, 1e-3))


def _factor(cases: Sequence[LeftOut]) -> Ratios:
    if not cases:
        return Ratios(1.0, 1.0)
    low, _ = interval_ratios([c.log_error + np.log(c.low_ratio) for c in cases])
    _, high = interval_ratios([c.log_error + np.log(c.high_ratio) for c in cases])
    return Ratios(float(f"{min(low, 1.0):.3g}"), float(f"{max(high, 1.0):.3g}"))


def blind_factors(cases: Sequence[LeftOut], of: Callable[[LeftOut], str]) -> dict[str, dict[str, Ratios]]:
    """Group to the factors made without it."""
    return {group: factors_of([c for c in cases if of(c) != group]) for group in {of(c) for c in cases}}


def by_kind(cases: Iterable[LeftOut]) -> dict[str, list[LeftOut]]:
    """Kind left out to its cases."""
    kinds: dict[str, list[LeftOut]] = {}
    for case in cases:
        kinds.setdefault(case.kind, []).append(case)
    return kinds


def coverage(cases: Sequence[LeftOut], known: dict[str, Ratios]) -> float:
    """Share of the cases in the stated intervals."""
    return float(np.mean([covered(c, widened(c, known)) for c in cases]))


def table(cases: Sequence[LeftOut], known: dict[str, Ratios]) -> Iterable[str]:
    """Coverage by what was left out, in Markdown.

    The last column has the factors made without the core type (ops: without the kind of op) that is judged.
    """
    yield "| left out | which | latencies | in the card's interval | in the stated one | in one made without these |"
    yield "|---|---|---|---|---|---|"
    without = blind_factors(cases, lambda c: c.core)
    without_ops = blind_factors(cases, lambda c: c.group if c.kind == "ops" else "")
    for kind, own in by_kind(cases).items():
        groups = {"all": own}
        if kind in ("ops", "family", "threads", "batch"):
            for case in own:
                groups.setdefault(case.group, []).append(case)
        for name, some in groups.items():
            card = np.mean([covered(c, Ratios(c.low_ratio, c.high_ratio)) for c in some])
            blind = [covered(c, widened(c, without_ops[c.group] if c.kind == "ops" else without[c.core])) for c in some]
            shown = (
                f"{np.mean(blind):.0%}" if kind not in ("batch", "fallback") else ""
            )  # one device alone was measured in batches
            yield f"| {kind} | {name} | {len(some)} | {card:.0%} | {coverage(some, known):.0%} | {shown} |"


def main(arguments: list[str]) -> None:
    """Print, and keep if asked to."""
    cases = outcome()
    found = factors_of(cases)
    if "--write" in arguments:
        data = f"{len(cases)} latencies of kinds left out of the fits: ncnn on ARM boards and TensorRT on the V100"
        lines = [f'"{kind}" = {{low = {factor.low:g}, high = {factor.high:g}}}' for kind, factor in found.items()]
        write_text(FILE, HEAD.format(data=data, date=measured_on(arguments)) + "\n".join(lines) + "\n")
        factors.cache_clear()
    for kind, factor in found.items():
        print(f"{kind:16s} {factor.low:.3g} to {factor.high:.3g}, shipped {factors()[kind]}")
    print("\n".join(table(cases, factors())))


def measured_on(arguments: Sequence[str]) -> str:
    """The day the factors were made: given, or today."""
    import datetime as dt

    return next((a for a in arguments if a[:1].isdigit()), dt.datetime.now(tz=dt.UTC).date().isoformat())


if __name__ == "__main__":
    main(sys.argv[1:])
