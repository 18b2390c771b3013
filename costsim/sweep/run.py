"""Running a sweep: shards are priced by workers, kept as they come, and added up at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costsim.allocator import collecting_rarely, keep_freed_memory
from costsim.errors import CostsimError, InputError
from costsim.sweep.engine import CHUNK_POINTS, Engine
from costsim.sweep.executors import open_executor
from costsim.sweep.reduce import add_up, reduce_points, summary_of, table_of
from costsim.sweep.spec import SweepSpec, load_spec
from costsim.sweep.store import Store
from costsim.sweep.workload import engine_for

if TYPE_CHECKING:
    import pandas as pd

SHARD_POINTS = 32 * CHUNK_POINTS
"""Points a worker prices before it reports: the most that is lost when it is killed."""

SHARDS = 16
"""A small sweep is cut into so many shards: there is work for several workers."""

FEWEST_POINTS, FEWEST_DEVICE_POINTS = 64, 8 * CHUNK_POINTS
"""No shard is smaller, or it costs more to keep than to price; the second where only devices vary, not networks."""

ATTEMPTS = 3

Progress = Callable[[int, int], None]
"""Called with points done and points in all."""


@dataclass(frozen=True)
class SweepResult:
    """What a sweep found; the same tables lie in its folder."""

    best: pd.DataFrame
    pareto: pd.DataFrame
    summary: dict[str, Any]
    folder: Path | None = None
    fronts: dict[str, pd.DataFrame] = field(default_factory=dict)
    """Of a workload, the front of each network by itself."""


def sweep(
    spec: SweepSpec | str | Path | dict[str, Any],
    folder: str | Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    executor: Executor | None = None,
    shard_points: int | None = None,
    progress: Progress = lambda done, points: None,
) -> SweepResult:
    """Price every point of a specification.

    A folder that holds the same sweep unfinished is resumed; the result is the same to the
    byte as that of an undisturbed run, whatever the number of workers.

    Args:
        spec: a specification, a YAML file or a mapping.
        folder: where shards and results are kept.
        workers: local processes.
        scheduler: address of a Dask scheduler, ``tcp://host:8786``, instead of local processes.
        executor: any other ``concurrent.futures.Executor``.
        shard_points: points priced between two files written, chosen if left out; part of what the folder is for.
        progress: called as shards finish.

    Raises:
        InputError: a wrong specification, a folder with another sweep, no point left, no scheduler.
    """
    spec = spec if isinstance(spec, SweepSpec) else load_spec(spec)
    engine_for(spec).check()
    if shard_points is None:
        fewest = FEWEST_POINTS if spec.varies_networks else FEWEST_DEVICE_POINTS
        shard_points = min(SHARD_POINTS, max(fewest, -(-spec.space.points // SHARDS)))
    store = Store(folder, spec, shard_points)
    shards = range(-(-spec.space.points // shard_points))
    todo = [shard for shard in shards if not store.is_done(shard)]
    done = len(shards) - len(todo)
    progress(min(done * shard_points, spec.space.points), spec.space.points)
    for attempt in range(ATTEMPTS):
        todo = [shard for shard in todo if attempt == 0 or not store.is_done(shard)]
        if not todo:
            break
        try:
            with open_executor(workers, scheduler, executor) as pool:
                for _ in _priced(pool, [(spec.text, str(store.folder), shard_points, shard) for shard in todo]):
                    done += 1
                    progress(min(done * shard_points, spec.space.points), spec.space.points)
        except BrokenProcessPool:  # a worker was killed: its shard is priced again
            if attempt == ATTEMPTS - 1:
                raise CostsimError(f"workers died {ATTEMPTS} times; is there enough memory?") from None
    return _add_up(spec, store, shards)


def _priced(pool: Executor | None, shards: list[tuple[str, str, int, int]]) -> Iterator[int]:
    """The shards as they are priced."""
    if pool is None:
        yield from (price_shard(*shard) for shard in shards)
    else:
        yield from (future.result() for future in as_completed([pool.submit(price_shard, *s) for s in shards]))


@collecting_rarely()
def price_shard(spec_text: str, folder: str, shard_points: int, shard: int) -> int:
    """Price one shard and keep what it found: all a worker does. Self-contained, may be repeated."""
    spec, engine = _engine(spec_text)
    store = Store(folder, spec, shard_points)
    start, end = shard * shard_points, min((shard + 1) * shard_points, spec.space.points)
    indices, tables = [], []
    for at in range(start, end, CHUNK_POINTS):
        indices.append(spec.space.indices(at, min(at + CHUNK_POINTS, end)))
        tables.append(engine.totals(indices[-1]))
    index, table = _joined(indices), {"point": np.arange(start, end), **_joined(tables)}
    reduction = reduce_points(table, index, engine.limit_names, spec)
    table["bound"] = engine.limit_names[table["bound"]] if spec.keep_points else table["bound"]
    store.save(shard, reduction, _with_axes(table, spec) if spec.keep_points else None)
    return shard


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _with_axes(table: dict[str, np.ndarray], spec: SweepSpec) -> dict[str, np.ndarray]:
    """The table with the value of each axis after the point's number."""
    values = spec.space.values_of(spec.space.indices_of(table["point"]))
    return {"point": table["point"], **values, **table}


@lru_cache(maxsize=1)
def _engine(spec_text: str) -> tuple[SweepSpec, Engine]:
    if parent_process() is not None:  # a worker of ours; what calls us decides for itself
        keep_freed_memory()
    spec = SweepSpec.model_validate_json(spec_text)
    return spec, engine_for(spec)


def _add_up(spec: SweepSpec, store: Store, shards: range) -> SweepResult:
    whole = add_up((store.reduction(shard) for shard in shards), spec)
    summary = summary_of(whole, spec)
    if not summary["outcomes"]["priced"]:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in summary["outcomes"].items() if count)
        raise InputError(f"no point is left: {counts}", where="sweep", mend=_mend(spec, summary))
    if not len(whole["best/point"]):
        raise InputError(
            f"the objective {next(iter(spec.objectives))} is not known on these devices",
            where="sweep",
            mend="choose another objective, or devices whose profiles give it",
        )
    best, front = (_with_axes(table_of(whole, name), spec) for name in ("best", "pareto"))
    store.write_result("best", best)
    store.write_result("pareto", front)
    alone = {network: f"pareto@{number}" for number, network in enumerate(spec.workload or {})}
    fronts = {network: _with_axes(table_of(whole, name), spec) for network, name in alone.items()}
    for network, rows in fronts.items():
        store.write_result(alone[network], rows)
    store.write_summary(summary)
    import pandas as pd  # slow to import, and no worker needs it

    by_network = {network: pd.DataFrame(rows) for network, rows in fronts.items()}
    return SweepResult(pd.DataFrame(best), pd.DataFrame(front), summary, store.folder, by_network)


def _mend(spec: SweepSpec, summary: dict[str, Any]) -> str:
    if summary["outcomes"]["refused"]:
        return f"loosen a constraint: {'; '.join(spec.constraints)}"
    return "widen the axes"
