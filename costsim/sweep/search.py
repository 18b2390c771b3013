"""Searching a space that is too large to visit: Optuna proposes, costsim scores whole generations."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from costsim.errors import InputError, unknown_name
from costsim.files import make_folder, write_bytes, write_text
from costsim.limits import Assertion
from costsim.measures import BY_NAME
from costsim.sweep.engine import PRICED
from costsim.sweep.kept import Candidate, KeptRows
from costsim.sweep.metrics import BLOCKS, OF_DEVICE, TOTALS, WORKED_OUT
from costsim.sweep.reduce import Table, best_rows, pareto_rows
from costsim.sweep.run import Progress, SweepResult
from costsim.sweep.spec import LARGEST_GRID, Count, Seed, SweepSpec, load_spec
from costsim.sweep.store import claim, parquet
from costsim.sweep.workload import WORST, engine_for
from costsim.version import VERSION

if TYPE_CHECKING:
    import optuna

SCORE = "score"

PRICED_AS = "priced_as"
"""The attribute of a trial that holds its candidate and its row."""


class SearchSpec(SweepSpec):
    """A sweep's specification and how to search it. Every candidate is priced on all devices of ``hw``.

    Objectives and constraints hold for the worst device; ``latency_ms@rpi4b`` means one of them.
    """

    evaluations: Count = 1000
    """Distinct candidates to price."""
    population: int = Field(default=64, ge=2, le=LARGEST_GRID)
    """Candidates proposed and priced together."""
    sampler: Literal["nsga2", "tpe"] = "nsga2"
    seed: Seed = 0
    score: str | None = None
    """``module:function`` that takes a candidate's options and gives a number: a stand-in for accuracy."""
    storage: str | None = None
    """Where Optuna keeps the study: a database URL for many machines; left out, a file in the folder."""


def search(
    spec: SearchSpec | str | Path | dict[str, Any],
    folder: str | Path,
    *,
    progress: Progress = lambda done, points: None,
) -> SweepResult:
    """The best candidates found; a search that is in the folder already is resumed.

    It proposes the same candidates in the same order, so what was priced before is read instead and the results are
    those of a search that was never stopped. A study in a database (``storage``) goes on from where it is.

    Raises:
        InputError: a wrong specification, Optuna missing, no candidate that keeps the constraints.
    """
    spec = spec if isinstance(spec, SearchSpec) else load_spec(spec, kind=SearchSpec)
    out = make_folder(folder)
    scorer = _Scorer(spec)
    manifest = {"costsim": VERSION, "search": json.loads(spec.text)}
    claim(out, json.dumps(manifest, indent=2) + "\n", "search")
    study, kept = _study(spec, scorer), KeptRows(out / "candidates.txt", spec.text)
    seen = set(_rows(study))
    while len(seen) < spec.evaluations:
        trials = [study.ask() for _ in range(min(spec.population, spec.evaluations - len(seen)))]
        candidates = [scorer.suggest(trial) for trial in trials]
        if missing := kept.missing(candidates):
            kept.add(dict(zip(missing, scorer.price(missing), strict=True)))
        for trial, candidate in zip(trials, candidates, strict=True):
            row = _numbers(kept.rows[candidate])
            trial.set_user_attr(PRICED_AS, {"candidate": list(candidate), "row": row})
            known = all(np.isfinite(row[name]) for name in spec.objectives)
            with warnings.catch_warnings():  # constraints are marked experimental
                warnings.simplefilter("ignore")
                study.tell(trial, [row[name] for name in spec.objectives] if known else None, state=_state(known))
        fresh = set(candidates) - seen
        seen |= fresh
        progress(len(seen), spec.evaluations)
        if len(seen) >= scorer.combinations or (not fresh and len(study.trials) > 20 * spec.evaluations):
            break
    return _result(spec, scorer, study, out)


class _Scorer:
    """Prices candidates on all devices and takes the worst of each metric."""

    def __init__(self, spec: SearchSpec) -> None:
        devices = {axis.name: axis for axis in spec.space.axes}["hw"].values
        wanted = [*spec.objectives, *(limit.metric for limit in spec.limits), *spec.metrics]
        self.spec, self.devices = spec, devices
        self.score = _load(spec.score) if spec.score else None
        for metric in wanted:
            self._check_metric(metric)
        priced = {metric: self._on_any_device(metric) for metric in wanted if metric != SCORE}
        objectives = {priced[name]: how for name, how in spec.objectives.items() if name in priced}
        free = {
            "constraints": (),
            "objectives": objectives or {"latency_ms": "min"},
            "metrics": tuple(sorted({*priced.values()})),
        }
        self.engine = engine_for(SweepSpec(**{**_sweep_part(spec), **free}))
        self.engine.check()
        self.axes = [axis for axis in spec.space.axes if axis.name != "hw"]
        self.combinations = int(np.prod([len(axis.values) for axis in self.axes], dtype=object))
        of_networks = [metric for metric in free["metrics"] if "@" in metric]
        self.columns = (*self.engine.metrics.names, *of_networks)
        named = (metric.partition("@")[0] for metric in wanted if metric.partition("@")[2] in devices)
        self.by_device = tuple(dict.fromkeys(("latency_ms", "dram_bytes", *named)))

    def _on_any_device(self, metric: str) -> str:
        """The metric without the device it is asked of."""
        name, _, of = metric.partition("@")
        return name if of in self.devices else metric

    def _check_metric(self, metric: str) -> None:
        name, _, of = metric.partition("@")
        known = [*TOTALS, *BY_NAME, *OF_DEVICE, *WORKED_OUT, *self.spec.columns, *([SCORE] if self.score else [])]
        if name not in known and not name.startswith(BLOCKS):
            raise unknown_name("metric", name, known, where="search")
        networks = (*self.spec.workload, WORST) if self.spec.workload else ()
        if of and of not in (*self.devices, *networks):
            raise unknown_name("device", of, (*self.devices, *networks), where=f"search: {metric}")

    def suggest(self, trial: optuna.Trial) -> Candidate:
        """A candidate: an index into each axis."""
        return tuple(
            trial.suggest_int(axis.name, 0, len(axis.values) - 1)
            if axis.is_numeric
            else trial.suggest_categorical(axis.name, list(range(len(axis.values))))
            for axis in self.axes
        )

    def price(self, candidates: list[Candidate]) -> list[dict[str, Any]]:
        """One row a candidate: its options, the worst of every metric, each device's own."""
        columns = np.array(candidates).reshape(len(candidates), len(self.axes))
        indices = {axis.name: columns[:, i] for i, axis in enumerate(self.axes)}
        rows: list[dict[str, Any]] = [
            {axis.name: axis.values[index] for axis, index in zip(self.axes, candidate, strict=True)}
            for candidate in candidates
        ]
        priced = {
            device: self.engine.price_at(indices | {"hw": np.full(len(candidates), number)})
            for number, device in enumerate(self.devices)
        }
        for at, row in enumerate(rows):
            worst = {m: max(float(table[m][at]) for table in priced.values()) for m in self.columns}
            fits = all(table["outcome"][at] == PRICED for table in priced.values())
            score = {SCORE: self._scored(row)} if self.score else {}
            each = {f"{m}@{d}": float(t[m][at]) for d, t in priced.items() for m in self.by_device}
            row.update(worst, **score, **each, fits=fits)
        return rows

    def _scored(self, row: dict[str, Any]) -> float:
        assert self.score is not None
        try:
            return float(self.score(dict(row)))
        except Exception as error:  # whatever the user's own code raises
            said = (str(error).splitlines() or [""])[0]
            raise InputError(
                f"'{self.spec.score}' fails: {type(error).__name__} {said}",
                where="score",
                mend="it takes a candidate's options as one dictionary and gives a number",
            ) from None

    def violation(self, row: dict[str, Any]) -> float:
        """How far the row is outside the constraints, relative to each; 0 where it keeps all."""
        return sum(_excess(limit, row[limit.metric]) for limit in self.spec.limits) if row["fits"] else 1e9


def _excess(limit: Assertion, value: float) -> float:
    if not np.isfinite(value):
        return 1e9
    over = value - limit.limit if limit.comparison.startswith("<") else limit.limit - value
    return max(0.0, over / (abs(limit.limit) or 1.0))


def _study(spec: SearchSpec, scorer: _Scorer) -> optuna.Study:
    """In memory, always beginning anew from its seed; or in the database the specification names."""
    try:
        import optuna
    except ImportError:
        raise InputError("Optuna is not installed", where="search", mend="pip install 'costsim[sweep]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = optuna.samplers

    def constraints(trial: optuna.trial.FrozenTrial) -> tuple[float]:
        return (scorer.violation(trial.user_attrs[PRICED_AS]["row"]),)

    with warnings.catch_warnings():  # constraints are marked experimental
        warnings.simplefilter("ignore")
        sampler = (
            samplers.NSGAIISampler(population_size=spec.population, seed=spec.seed, constraints_func=constraints)
            if spec.sampler == "nsga2"
            else samplers.TPESampler(
                seed=spec.seed, constraints_func=constraints, multivariate=True, constant_liar=True
            )
        )
        directions: list[Literal["minimize", "maximize"]] = [
            "minimize" if d == "min" else "maximize" for d in spec.objectives.values()
        ]
        try:
            return optuna.create_study(
                study_name=spec.text, directions=directions, sampler=sampler, storage=spec.storage, load_if_exists=True
            )
        except Exception as error:  # of whatever driver the storage names
            said = (str(error).splitlines() or [""])[0]
            raise InputError(f"cannot be opened: {said}", where=str(spec.storage), mend="check 'storage'") from None


def _state(known: bool) -> Any:
    from optuna.trial import TrialState

    return TrialState.COMPLETE if known else TrialState.FAIL


def _rows(study: optuna.Study) -> dict[Candidate, dict[str, Any]]:
    """Every candidate priced so far, once."""
    priced = [trial.user_attrs[PRICED_AS] for trial in study.trials if PRICED_AS in trial.user_attrs]
    return {tuple(p["candidate"]): p["row"] for p in priced}


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    """What is unknown is no number to reckon with."""
    return {name: np.nan if value is None else value for name, value in row.items()}


def _result(spec: SearchSpec, scorer: _Scorer, study: optuna.Study, folder: Path) -> SweepResult:
    rows = _rows(study)
    kept = [row for row in rows.values() if scorer.violation(row) == 0]
    outcomes = {"priced": len(kept), "refused": len(rows) - len(kept)}
    if not kept:
        raise InputError(
            f"none of {len(rows)} candidates keeps the constraints",
            where="search",
            mend="loosen them, or search longer",
        )
    table = pd.DataFrame(kept).assign(point=range(len(kept)))
    columns = _columns(table)
    best, front = table.iloc[best_rows(columns, spec)], table.iloc[pareto_rows(columns, spec)]
    write_bytes(folder / "best.parquet", parquet(_columns(best)))
    write_bytes(folder / "pareto.parquet", parquet(_columns(front)))
    summary = {"outcomes": outcomes, "evaluations": len(rows), "combinations": scorer.combinations, "effect": {}}
    write_text(folder / "summary.json", json.dumps(summary, indent=2, sort_keys=True) + "\n")
    return SweepResult(best.reset_index(drop=True), front.reset_index(drop=True), summary, folder)


def _columns(table: pd.DataFrame) -> Table:
    return {str(name): column.to_numpy() for name, column in table.items()}


def _sweep_part(spec: SearchSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in SweepSpec.model_fields}


def _load(path: str) -> Callable[[dict[str, Any]], float]:
    module, _, function = path.partition(":")
    try:
        return getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"'{path}' cannot be loaded: {error}", where="score", mend="write module:function") from None
