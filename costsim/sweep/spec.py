"""The specification of a sweep, as a YAML file or the same mapping from Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, overload

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from costsim.errors import InputError
from costsim.hardware.problems import first_problem
from costsim.limits import Assertion, parse_assertion
from costsim.sweep.axes import parse_axis
from costsim.sweep.space import Space
from costsim.yamlfile import read_yaml

SHAPING = ("network.", "batch", "input_size")
"""Beginnings of the axes that shape a network."""

LARGEST_GRID = 10**9
"""A larger grid is refused unless it is sampled: nobody waits for it."""

Count = Annotated[int, Field(ge=1, le=LARGEST_GRID)]
"""Of points or candidates."""

Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""What draws at random begin with."""


class Sample(BaseModel):
    """Visit some points instead of all."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    points: Count
    method: Literal["random", "latin"] = "latin"
    seed: Seed = 0


class SweepSpec(BaseModel):
    """What varies, what is wanted, what is out of bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: Any = None
    """A zoo name or path, a list of them, or ``{python: "module:function"}``."""
    workload: dict[str, FiniteFloat] | None = None
    """Instead of ``network``: networks that all run on the device, each with its share of the runs."""
    hw: Any
    """A profile name or path, or a list of them."""
    axes: dict[str, Any] = Field(default_factory=dict)
    """``network.<option>``, ``hardware.<field>`` (as for --set), ``input_size``, ``batch``, ``threads``, ``dtype``."""
    constraints: tuple[str, ...] = ()
    """``macs <= 150M``: points that break one are counted and left out."""
    objectives: dict[str, Literal["min", "max"]] = Field(default={"latency_ms": "min"}, min_length=1)
    metrics: tuple[str, ...] = ()
    """Measures to give of every point besides the totals: ``fragments``, ``border_elems`` (see docs/measures.md)."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Columns worked out from other metrics: ``{ms_per_kernel: latency_ms / kernels}``."""
    sample: Sample | None = None
    top: Count = 20
    """How many of the best points to keep for the first objective."""
    keep_points: bool = False
    """Write the whole table too."""

    @model_validator(mode="after")
    def _check(self) -> SweepSpec:
        if (self.network is None) == (self.workload is None):
            said = "is missing" if self.network is None else "is there beside 'workload'"
            raise InputError(said, where="network", mend="give either 'network' or 'workload: {resnet50: 0.7, ...}'")
        if self.workload is not None:
            check_shares(self.workload)
        return self

    @property
    def fronts(self) -> dict[str, dict[str, Literal["min", "max"]]]:
        """Objectives by front: ``pareto`` of all, and of each network of a workload one of its own, numbered."""
        alone = {
            f"pareto@{number}": {f"{name.partition('@')[0]}@{network}": how for name, how in self.objectives.items()}
            for number, network in enumerate(self.workload or {})
        }
        return {"pareto": self.objectives, **alone}

    @cached_property
    def space(self) -> Space:
        """Network and device are axes as well, the slowest ones: their points lie together.

        Networks from a Python function are built one by one: all devices of each lie together.
        """
        networks, devices = _listed(self.network), {"hw": _listed(self.hw)}
        shaping = [axis for axis in self.axes if axis.startswith(SHAPING)]
        if self.workload is not None:
            named = {**devices, **self.axes}
        elif any(isinstance(network, dict) for network in networks):
            named = {"network": networks, **{axis: self.axes[axis] for axis in shaping}, **devices, **self.axes}
        else:
            named = {"network": networks, **devices, **self.axes}
        axes = tuple(parse_axis(name, written) for name, written in named.items())
        if self.sample is None:
            return Space(axes)
        return Space(axes, self.sample.method, self.sample.points, self.sample.seed)

    @cached_property
    def limits(self) -> tuple[Assertion, ...]:
        return tuple(parse_assertion(text, "constraints") for text in self.constraints)

    @property
    def varies_networks(self) -> bool:
        """Whether some axis changes what is computed, not only the device it runs on."""
        changes = ("network", "batch", "input_size", "dtype")
        return any(len(axis.values) > 1 and axis.name.startswith(changes) for axis in self.space.axes)

    @property
    def text(self) -> str:
        """The specification as one line of JSON: what a worker is sent.

        Axes and objectives stay in their order: it numbers the points, and the first objective is what best means.
        """
        return json.dumps(self.model_dump())


SHARES_WITHIN = 1e-3
"""Shares add up to 1 as far as people write them: 0.333, 0.333, 0.333."""


def check_shares(shares: Mapping[str, float]) -> None:
    """Refuse a workload that is none.

    Raises:
        InputError: no network, a share that is not above 0, or shares that do not add up to 1.
    """
    if not shares:
        raise InputError("names no network", where="workload", mend="write '{resnet50: 0.7, mobilenet_v2_1x: 0.3}'")
    for network, share in shares.items():
        if not share > 0:
            raise InputError(f"{network} has a share of {share:g}", where="workload", mend="shares are above 0")
    whole = sum(shares.values())
    if not abs(whole - 1) <= SHARES_WITHIN:
        mended = ", ".join(f"{network}: {share / whole:.3g}" for network, share in shares.items())
        raise InputError(f"shares add up to {whole:g}, not to 1", where="workload", mend=f"write {{{mended}}}")


AnySpec = TypeVar("AnySpec", bound=SweepSpec)


@overload
def load_spec(source: str | Path | dict[str, Any], sample: int | None = None) -> SweepSpec: ...
@overload
def load_spec(source: str | Path | dict[str, Any], sample: int | None = None, *, kind: type[AnySpec]) -> AnySpec: ...
def load_spec(
    source: str | Path | dict[str, Any], sample: int | None = None, *, kind: type[SweepSpec] = SweepSpec
) -> SweepSpec:
    """The specification in a YAML file, or in a mapping; ``sample`` visits so many points of it.

    Raises:
        InputError: unreadable, unknown keys, wrong values, or a grid too large to visit.
    """
    where = "sweep" if isinstance(source, dict) else str(source)
    tree = source if isinstance(source, dict) else read_yaml(Path(source))
    if sample is not None:
        written = tree.get("sample")
        tree = {**tree, "sample": {**(written if isinstance(written, dict) else {}), "points": sample}}
    try:
        spec = kind.model_validate(tree)
    except ValidationError as error:
        field, what, _ = first_problem(error)
        raise InputError(f"{field}: {what}" if field else what, where=where, mend="see docs/sweeps.md") from None
    for name in ("network", "hw"):
        if name in spec.axes:
            raise InputError(f"axes.{name} is there beside '{name}'", where=where, mend=f"list all of them in '{name}'")
    if kind is SweepSpec and spec.space.points > LARGEST_GRID:
        raise InputError(
            f"has {spec.space.points:.2g} points",
            where=where,
            mend="add 'sample: {points: 100000}' or give --sample",
        )
    return spec


def _listed(written: Any) -> list[Any]:
    return written if isinstance(written, list) else [written]
