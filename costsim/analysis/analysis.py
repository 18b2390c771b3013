"""What a simulation says: totals, and the same by layer, block, stage and op class."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costsim.analysis.records import COPY_CLASS, FRACTIONAL, Record, grouped, layer_records
from costsim.batch import Filled, filled
from costsim.devices import device_for
from costsim.devices.base import Memory
from costsim.files import write_text
from costsim.graph.quantised import notes_in
from costsim.measures import BY_NAME, measure
from costsim.measures.parts import numbered
from costsim.plugins import REPORTS, load_plugin, reports_of
from costsim.simulate import Simulation, simulate
from costsim.totals import cost_totals, energy_parts_mj, op_totals, traffic_bytes
from costsim.trust import Trust
from costsim.units import format_milliseconds

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from matplotlib.figure import Figure

    from costsim.profiled import Beside, OpProfile

Measured = dict[str, float | None]


class Analysis:
    """The answer to "what does this network cost on this device, and why".

    ``totals``, ``layers`` and ``blocks`` are DataFrames; ``summary`` and the ``*_records`` hold the
    same as plain Python values. Times are milliseconds here and in every output; seconds live
    only in the simulation's tables.
    """

    mode = "predicted"

    def __init__(
        self, simulation: Simulation, warnings: Iterable[str] = (), op_profile: OpProfile | None = None
    ) -> None:
        self.simulation = simulation
        self.beside: Beside | None = None
        """What was measured of its ops, where a profile of a runtime was given."""
        if op_profile is not None:
            from costsim.profiled import beside  # most analyses stand for themselves

            self.beside = beside(op_profile, simulation.ops.labels, simulation.graph.name)
        graph, dtypes = simulation.graph, simulation.profile.runtime.dtypes
        notes = notes_in(graph, simulation.run.dtype, dtypes, mixes=device_for(simulation.profile).mixes_dtypes)
        self.warnings = (
            *notes,
            *simulation.notes,
            *warnings,
            *(self.beside.notes if self.beside else ()),
        )

    @property
    def network(self) -> str:
        return self.simulation.graph.name

    @property
    def hardware(self) -> str:
        return self.simulation.profile.name

    @cached_property
    def layer_records(self) -> list[Record]:
        """One record per executed op, in execution order, and one per copy it waits for, ahead of it."""
        return layer_records(self.simulation, None if self.beside is None else self.beside.measured_s)

    @cached_property
    def op_records(self) -> list[tuple[int, Record]]:
        """The executed ops among the layer records, each with its place there: one per row of the op table."""
        return [(place, r) for place, r in enumerate(self.layer_records) if r["op_class"] != COPY_CLASS]

    @cached_property
    def block_records(self) -> list[Record]:
        """Layers summed by block, in the order the blocks first run."""
        return self._grouped("block", lambda record: record["block"])

    @cached_property
    def stage_records(self) -> list[Record]:
        """Layers summed by the outermost part of their block's path."""
        return self._grouped("stage", lambda record: record["block"].split(".")[0])

    @cached_property
    def class_records(self) -> list[Record]:
        """Layers summed by op class, costliest first: the paper's Figure 2 as a table."""
        return sorted(self._grouped("op_class", lambda r: r["op_class"]), key=lambda r: -r["latency_ms"])

    @cached_property
    def bound_records(self) -> list[Record]:
        """Layers summed by the limit that bounds them, costliest first."""
        return sorted(self._grouped("bound", lambda r: r["bound"]), key=lambda r: -r["latency_ms"])

    def _grouped(self, name: str, key: Callable[[Record], str]) -> list[Record]:
        return grouped(self.layer_records, name, key)

    @cached_property
    def measures(self) -> Measured:
        """The papers' measures of the whole network (see docs/measures.md); None where one has nothing to speak of."""
        return self._of_parts(np.zeros(len(self.simulation.ops), dtype=int))[0]

    @cached_property
    def block_measures(self) -> dict[str, Measured]:
        """The papers' measures by block; None for what is no op of the network, such as the copy of its input."""
        return self._measured(lambda block: block)

    @cached_property
    def stage_measures(self) -> dict[str, Measured]:
        """The papers' measures by stage."""
        return self._measured(lambda block: block.split(".")[0])

    def _measured(self, key: Callable[[str], str]) -> dict[str, Measured]:
        names, part_of = numbered([key(label.block) for label in self.simulation.ops.labels])
        outside: dict[str, Measured] = {key(record["block"]): dict.fromkeys(BY_NAME) for record in self.layer_records}
        return outside | dict(zip(names, self._of_parts(part_of), strict=True))

    def _of_parts(self, part_of: np.ndarray) -> list[Measured]:
        parts, costs = self.simulation.parts(part_of), self.simulation.costs
        return measure(parts, parts.of(np.broadcast_to(costs.latency_s, (len(part_of), costs.latency_s.shape[1]))))

    @cached_property
    def traffic_bytes(self) -> dict[str, float]:
        """Bytes that cross each memory of the device: ``dram``, where it has one, or what its family names."""
        return traffic_bytes(self.simulation.ops, self.simulation.costs)

    @cached_property
    def latency_ms(self) -> float:
        """Predicted latency of one inference of the whole batch."""
        return self.summary["latency_ms"]

    @cached_property
    def summary(self) -> Record:
        """The totals, keyed as in the JSON contract. Unknown values are None (see ``unknown``)."""
        ops, costs = self.simulation.ops, self.simulation.costs
        totals = {name: float(column[0]) for name, column in {**op_totals(ops), **cost_totals(ops, costs)}.items()}
        whole = {name: round(value) for name, value in totals.items() if name not in FRACTIONAL}
        low_ms, high_ms = self.trust.ends(totals["latency_ms"])
        known = sum(len(label.layers) for label in ops.labels if label.known)
        return {
            **whole,
            "latency_ms": totals["latency_ms"],
            "latency_low_ms": low_ms,
            "latency_high_ms": high_ms,
            **self._energy(totals.get("energy_mj")),
            **self.footprint,
            "throughput_per_s": self._images_per_s if totals["latency_ms"] else None,
            "coverage_ratio": known / sum(len(label.layers) for label in ops.labels),
            "bound": self.bound_records[0]["bound"],
        }

    @cached_property
    def filled(self) -> Filled | None:
        """The batch from which on the device is busy, and its best throughput; None where one image fills it."""
        simulation = self.simulation
        return filled(simulation.graph, simulation.profile, simulation.run)

    @cached_property
    def energy_parts_mj(self) -> dict[str, float] | None:
        """Energy by part: arithmetic, bytes on and off chip, idle power; None where the profile has no numbers."""
        return energy_parts_mj(self.simulation.ops, self.simulation.costs) or None

    def _energy(self, total_mj: float | None) -> Record:
        """The total, summed op by op as in a sweep, with the ends of its interval, which come from its parts."""
        parts, known = self.energy_parts_mj, self.simulation.profile.energy
        if total_mj is None or parts is None or known is None:
            return dict.fromkeys(("energy_mj", "energy_low_mj", "energy_high_mj"))
        low, high = known.ends_j(parts, *self.trust.ends(1.0))
        return {"energy_mj": total_mj, "energy_low_mj": low, "energy_high_mj": high}

    @property
    def _images_per_s(self) -> float:
        made = self.simulation
        return device_for(made.profile).images_per_s(made.ops, made.costs, made.profile, made.run)

    @cached_property
    def footprint(self) -> Record:
        """What the network takes of memory on chip and flash; None where the device knows no such thing."""
        made = self.simulation
        held = device_for(made.profile).footprint(made.ops, made.profile, made.run)
        return {name: round(value) if type(value) is float else value for name, value in vars(held).items()}

    @cached_property
    def memories(self) -> list[Memory]:
        """The memories of the device that the network has to find room in, bank by bank."""
        made = self.simulation
        return list(device_for(made.profile).memories(made.ops, made.profile, made.run))

    @cached_property
    def on_all_cores_ms(self) -> float | None:
        """Latency with every core the device has; None where all of them run already."""
        made = self.simulation
        if int(made.run.threads) >= made.profile.max_threads:
            return None
        run = replace(made.run, threads=made.profile.max_threads)
        on_all = simulate(made.graph, made.profile, run)
        return float(cost_totals(on_all.ops, on_all.costs)["latency_ms"][0])

    @property
    def trust(self) -> Trust:
        """How far the latency can be trusted, and why."""
        return self.simulation.trust

    @property
    def interval(self) -> str:
        """The interval of the latency in words: ``46.2 ms to 61.8 ms``, or ``at least 46.2 ms``."""
        low_ms, high_ms = self.trust.ends(self.latency_ms)
        low = format_milliseconds(low_ms)
        return f"at least {low}" if high_ms is None else f"{low} to {format_milliseconds(high_ms)}"

    @property
    def unknown(self) -> dict[str, str]:
        """Why a total is None."""
        reasons: dict[str, str] = {}
        if self.simulation.costs.energy_j is None:
            why = f"profile {self.hardware} has no sourced energies and no published power"
            reasons |= dict.fromkeys(("energy_mj", "energy_low_mj", "energy_high_mj", "energy_parts_mj"), why)
        if self.trust.at_least:
            reasons["latency_high_ms"] = "ops without a cost model are in, so the time has no known upper end"
        absent = [name for name, value in self.footprint.items() if value is None]
        reasons |= dict.fromkeys(absent, f"{self.hardware} has no such memory to fill")
        if "process_bytes" in absent:
            reasons["process_bytes"] = f"what {self.simulation.profile.runtime.name} holds of main memory is not known"
        return reasons

    @property
    def totals(self) -> pd.DataFrame:
        """One row, indexed by the network's name; a column per measure too."""
        return _frame([self.summary | self.measures], index=[self.network])

    @property
    def layers(self) -> pd.DataFrame:
        """One row per executed op; a ``ceiling_<name>_ms`` column per limit."""
        flat = [
            {k: v for k, v in r.items() if k != "ceilings_ms"}
            | {f"ceiling_{name}_ms": ms for name, ms in r["ceilings_ms"].items()}
            for r in self.layer_records
        ]
        return _frame(flat)

    @property
    def blocks(self) -> pd.DataFrame:
        """One row per block; a column per measure too."""
        return _frame([record | self.block_measures[record["block"]] for record in self.block_records])

    def to_networkx(self) -> nx.DiGraph[str]:
        """The network as a plain DiGraph; costs of an op sit on its first layer, 0 on layers fused into it."""
        attributes: dict[str, Record] = {}
        for record in self.layer_records:
            first, *fused = record["layers"]
            attributes[first] = {k: record[k] for k in ("latency_ms", "bound", "dram_bytes", "mem_access_elems")}
            attributes.update({layer: {"latency_ms": 0.0, "fused_into": first} for layer in fused})
        return self.simulation.graph.to_networkx(attributes)

    def report(self, form: str, **options: Any) -> str:
        """The analysis in a form that a plug-in of ``costsim.reports`` gives it.

        Args:
            form: text, json, csv, markdown, html, card (a table for a notebook cell), or one from outside.
            options: what that form takes besides the analysis.

        Raises:
            InputError: no such form is registered.
        """
        return load_plugin(REPORTS, form, "report")(self, **options)

    def to_dict(self) -> Record:
        """The JSON document (see docs/json.md)."""
        return json.loads(self.report("json"))

    def to_html(self, path: str | Path | None = None, command: str = "") -> str:
        """The self-contained report page; also written to ``path`` if one is given.

        ``command`` is shown on it as what made it.

        Raises:
            InputError: the path cannot be written.
        """
        html = self.report("html", command=command)
        if path is not None:
            write_text(path, html)
        return html

    def to_csv(self, path: str | Path | None = None) -> str:
        """One line per executed op as CSV; also written to ``path`` if one is given.

        Raises:
            InputError: the path cannot be written.
        """
        return self._written("csv", path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """A summary to paste into a pull request; also written to ``path`` if one is given.

        Raises:
            InputError: the path cannot be written.
        """
        return self._written("markdown", path)

    def _written(self, form: str, path: str | Path | None) -> str:
        text = self.report(form)
        if path is not None:
            write_text(path, text)
        return text

    def to_excel(self, path: str | Path) -> None:
        """A workbook with the totals, the layers, the blocks and the findings, a sheet each.

        Raises:
            InputError: the package openpyxl is missing, or the path cannot be written.
        """
        load_plugin(reports_of("python"), "excel", "form")(self, path)

    def plot(self, kind: str = "breakdown") -> Figure:
        """A picture: ``roofline``, ``breakdown`` or ``memory``, as a matplotlib figure.

        Raises:
            InputError: another kind.
        """
        return load_plugin(reports_of("python"), "figure", "form")(self, kind)

    def __str__(self) -> str:
        return self.report("text").rstrip("\n")

    def _repr_html_(self) -> str:
        return self.report("card")

    def __repr__(self) -> str:
        s = self.summary
        return (
            f"<Analysis {self.network} on {self.hardware}: {s['latency_ms']:.3g} ms ({self.interval}), "
            f"bound by {s['bound']}>"
        )


def _frame(records: list[Record], index: list[str] | None = None) -> pd.DataFrame:
    import pandas as pd  # slow to import; only data frames need it

    return pd.DataFrame(records, index=index)
