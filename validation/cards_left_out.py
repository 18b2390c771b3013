"""Cards left out of the fits of their runtime: what a GPU known from its datasheet alone gets.

``python -m validation.cards_left_out`` predicts every measured card by rates that a fit without it gives the runtime,
keeps the errors in ``validation/results/cards_left_out.csv`` and prints the interval of each runtime, which stands in
``hwprofiles/runtimes``, and whether it holds a card that it was made without.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache

import numpy as np

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import fit
from costsim.calibrate.problem import MeasuredRun
from costsim.files import read_text, write_text
from costsim.hardware import Profile, load_profile
from costsim.hardware.folders import shipped_folder
from costsim.trust.held import WAITS_FOR_HOST
from costsim.trust.widening import Ratios
from validation import nvidia_gpus, timm, v100
from validation.arm import RESULTS

OUTCOME = RESULTS / "cards_left_out.csv"

EAGER_CARDS = ("rtx_3090", "rtx_5090", "a100", "v100")

WAITS = 0.5
"""A prediction that waits for the host longer tells of the host, one that waits less than ``COMPUTES`` of the card."""
COMPUTES = 0.1

FEWEST = 10
"""Cards that tell both ends of an interval."""


@dataclass(frozen=True)
class CardLeftOut:
    """One measurement on a card that the fit had nothing of."""

    runtime: str
    card: str
    dtype: str
    network: str
    log_error: float
    """log(predicted / measured)."""
    host_wait: float
    """Share of the prediction in which the device waits for its host."""


def _mean(values: Iterable[float]) -> float:
    """The geometric mean."""
    return float(np.exp(np.mean(np.log(list(values)))))


def _predicted(runtime: str, card: str, run: MeasuredRun, values: Mapping[str, float]) -> Iterator[CardLeftOut]:
    columns = {path: np.array([value]) for path, value in values.items()}
    costs, networks = run.costs(columns), run.networks
    total, waits = (run.total(seconds)[:, 0] for seconds in (costs.latency_s, costs.overheads[WAITS_FOR_HOST]))
    for name, error, share in zip(networks, np.log(total) - run.log_measured, waits / total, strict=True):
        yield CardLeftOut(runtime, card, str(run.run.dtype), name, float(error), float(share))


def _timm(board: str) -> list[MeasuredRun]:
    """Everything timm ran on a board in eager PyTorch, either layout."""
    return [timm.run(setting) for setting in (*timm.EAGER, *timm.CHANNELS_LAST) if setting.board == board]


@cache
def _fitted_on(board: str) -> dict[str, float]:
    """The rates that one timm board alone gives eager PyTorch."""
    seen = _timm(board)
    return fit(seen, timm.SHARED, timm.OWN, max_steps=FIT_STEPS).values(seen, 0)


def _own_of_others(card: str) -> dict[str, float]:
    """Of memory the median, of the host the mean over all other cards that eager PyTorch was fitted on."""
    others = {c: load_profile(c, runtime="pytorch_eager").fitted for c in EAGER_CARDS if c != card}
    hosts = [others[c].dispatch_s for c in ("a100", "v100") if c in others]
    return {
        "fitted.dram_ratio": float(np.median([fitted.dram_ratio for fitted in others.values()])),
        "fitted.dispatch": _mean([timm.HOST_S, *hosts]),
    }


def eager() -> Iterator[CardLeftOut]:
    """Each timm board by the rates of the other, the two older ones by those of both, which the runtime has."""
    shipped = load_profile("a100", runtime="pytorch_eager")
    for card in EAGER_CARDS:
        other = {"rtx_3090": "rtx_5090", "rtx_5090": "rtx_3090"}.get(card)
        rates = _fitted_on(other) if other else {c.path: shipped.value_at(c.path) for c in timm.SHARED}
        for run in _timm(card) if other else nvidia_gpus.runs("pytorch_eager", (card,)):
            yield from _predicted("pytorch_eager", card, run, {**rates, **_own_of_others(card)})


def compiled() -> Iterator[CardLeftOut]:
    """The one board that was measured so, by rates of eager PyTorch on the others."""
    (setting,) = timm.COMPILED
    rates = {**_fitted_on("rtx_3090"), "fitted.dram_ratio": _own_of_others(setting.board)["fitted.dram_ratio"]}
    yield from _predicted("pytorch_compiled", setting.board, timm.run(setting), rates)


def engines() -> Iterator[CardLeftOut]:
    """TensorRT: what the A100 gave the runtime on later Jetsons and the V100, and the other way round.

    Of the two boards without tensor cores each gets what the other gives.
    """
    a100, volta = (load_profile(card, runtime="tensorrt") for card in ("a100", "v100"))
    older = nvidia_gpus.ENGINE_FITS[-1]
    given = {
        "a100": _rates(volta),
        "v100": _rates(a100),
        "jetson_orin_nano": _rates(a100),
        "jetson_agx_orin": _rates(a100),
    }
    for card, other in (older.boards, older.boards[::-1]):
        seen = nvidia_gpus.runs("tensorrt", (other,), older.prior)
        given[card] = fit(seen, older.shared, older.own, max_steps=FIT_STEPS).values(seen, 0)
    for kind in nvidia_gpus.KINDS:  # the V100's own are the runtime's: it gets those of a board that had none of them
        given["v100"][kind.path] = given["jetson_tx2"][kind.path]
    for card, values in given.items():
        runs = nvidia_gpus.runs("tensorrt", (card,))
        for run in [*runs, *([v100.run()] if card == "v100" else [])]:
            yield from _predicted("tensorrt", card, run, values)


def _rates(profile: Profile) -> dict[str, float]:
    return {
        c.path: profile.value_at(c.path) for c in (*nvidia_gpus.ENGINE, *nvidia_gpus.KINDS, *nvidia_gpus.OWN_ENGINE)
    }


def coverage(cases: Sequence[CardLeftOut]) -> dict[str, float]:
    """Card to the share of its measurements in the interval that the other cards give, where it waits for no host."""
    told = [case for case in cases if case.host_wait < COMPUTES]
    shares: dict[str, float] = {}
    cards = list(dict.fromkeys(case.card for case in told))
    for card in cards if len(cards) > 1 else ():
        low, high = interval([case for case in told if case.card != card])
        shares[card] = float(np.mean([low <= np.exp(-c.log_error) <= high for c in told if c.card == card]))
    return shares


FIT_STEPS = 25
RUNTIMES = {"pytorch_eager": eager, "pytorch_compiled": compiled, "tensorrt": engines}


def interval(cases: Sequence[CardLeftOut]) -> tuple[float, float]:
    """90 % of the measurements, every card counted alike however many networks ran on it.

    Of few cards nobody knows which way the next one lies: their interval reaches as far down as up.
    """
    by_card = {card: [c.log_error for c in cases if c.card == card] for card in {c.card for c in cases}}
    most = max(map(len, by_card.values()))
    low, high = interval_ratios([e for errors in by_card.values() for e in np.resize(sorted(errors), most)])
    if len(by_card) >= FEWEST:
        return low, high
    return min(low, 1 / high), max(high, 1 / low)


def host_ratios(cases: Sequence[CardLeftOut]) -> Ratios:
    """The interval of what a device waits for a host that was not measured, from the few that were."""
    low, high = interval([case for case in cases if case.host_wait > WAITS])
    return Ratios(float(f"{low:.3g}"), float(f"{high:.3g}"))


def outcome() -> list[CardLeftOut]:
    """As it was last solved."""
    with OUTCOME.open(encoding="utf-8") as lines:
        return [
            CardLeftOut(r["runtime"], r["card"], r["dtype"], r["network"], float(r["log_error"]), float(r["host_wait"]))
            for r in csv.DictReader(lines)
        ]


def _write(cases: Iterable[CardLeftOut]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(CardLeftOut)], lineterminator="\n")
    writer.writeheader()
    for case in cases:
        writer.writerow(asdict(case) | {"log_error": f"{case.log_error:.4g}", "host_wait": f"{case.host_wait:.3g}"})
    write_text(OUTCOME, text.getvalue())


def card_text(cases: Sequence[CardLeftOut]) -> str:
    """The card of a runtime, as it stands at the end of its file."""
    told = [case for case in cases if case.host_wait < COMPUTES]
    low, high = interval(told)
    cards = ", ".join(dict.fromkeys(case.card for case in told))
    dtypes = ", ".join(sorted({case.dtype for case in cases}))
    said = (
        f"of {len(told)} measurements on {cards}, each card predicted by rates fitted on others, nine in ten took "
        f"{low:.2f} to {high:.2f} times the prediction"
    )
    return f"""calibration:
  status: uncalibrated
  error_of: cards left out
  data: "{said}"
  dtypes: [{dtypes}]
  mean_error_ratio: {ErrorSummary.of([case.log_error for case in told]).mean_ratio:.3f}
  low_ratio: {low:.3g}
  high_ratio: {high:.3g}
"""


def _keep(runtime: str, text: str) -> None:
    """Write a runtime's card into its file, in place of the one there was."""
    path = shipped_folder() / "runtimes" / f"{runtime}.yaml"
    write_text(path, read_text(path).partition("calibration:\n")[0] + text)


def main(arguments: Sequence[str]) -> None:
    """Solve all runtimes or those named, keep their errors beside the others', and print what they come to."""
    named = arguments or list(RUNTIMES)
    kept = [case for case in (outcome() if OUTCOME.exists() else []) if case.runtime not in named]
    for name in named:
        kept += RUNTIMES[name]()
    _write(kept)
    for runtime in dict.fromkeys(case.runtime for case in outcome()):
        cases = [case for case in outcome() if case.runtime == runtime]
        _keep(runtime, card_text(cases))
        told = [case for case in cases if case.host_wait < COMPUTES]
        print(runtime, len(cases), "measurements, the interval is", [float(f"{end:.3g}") for end in interval(told)])
        for card in dict.fromkeys(case.card for case in cases):
            for dtype in dict.fromkeys(case.dtype for case in cases if case.card == card):
                errors = [c.log_error for c in cases if (c.card, c.dtype) == (card, dtype)]
                print(f"  {card} {dtype}: {np.mean(errors):+.2f} log, {ErrorSummary.of(errors)}")
        print("  in the interval of the others:", {card: f"{share:.0%}" for card, share in coverage(cases).items()})
    print("waiting for a host:", host_ratios(outcome()))


if __name__ == "__main__":
    main(sys.argv[1:])
