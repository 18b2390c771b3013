"""Prices what a visitor asks for. All state is caches, which hold nothing of a visitor but networks read from bytes."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from costsim.analysis import Analysis
from costsim.api import analyze
from costsim.errors import CostsimError, InputError, unknown_name
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.hardware.folders import profile_aliases, profile_files
from costsim.hardware.load import runtime_names
from costsim.importers.json import from_dict
from costsim.networks import build, network_names
from costsim.report.page.choices import Choice, choices, options, settings
from costsim.serve.sessions import Upload

SLOWEST_LAYERS = 12
MOST_UPLOADED = 32
"""Networks of visitors that a process keeps read, whoever brought them."""


@dataclass(frozen=True)
class Question:
    """A network on a device, as it is asked for."""

    network: str
    """A zoo name, or what an upload is called."""
    graph: LayerGraph
    hw: str
    asked: Mapping[str, str]
    """Keys of choices to values. What no choice of this network and device has is left out."""

    @cached_property
    def choices(self) -> list[Choice]:
        """Everything that can be turned."""
        return _choices(self.graph, self.hw)

    def chosen(self, choice: Choice) -> int:
        """Where the slider stands."""
        return choice.texts.index(choice.chosen(self.asked) or choice.texts[choice.own])

    def analysis(self) -> Analysis:
        """The same answer as ``costsim analyze`` gives.

        Raises:
            CostsimError: it cannot run so, or does not fit.
        """
        turned = self.choices
        run = options(self.asked, turned)
        profile = _profile(self.hw, run.get("runtime"), tuple(settings(self.asked, turned).items()))
        return analyze(
            self.graph,
            profile,
            batch=_whole(run.get("batch")),
            input_size=run.get("input_size"),
            dtype=run.get("dtype"),
            threads=_whole(run.get("threads")),
        )

    def command(self) -> str:
        """The command line that gives this answer."""
        turned = self.choices
        words = ["costsim", "analyze", self.network, "--hw", self.hw]
        for choice in turned:
            if (text := choice.chosen(self.asked)) is not None:
                words += choice.arguments(text)
        return shlex.join(words)


@dataclass(frozen=True)
class Row:
    """One device in the table of several."""

    hw: str
    analysis: Analysis | None
    error: str = ""


def side_by_side(question: Question, devices: Sequence[str]) -> list[Row]:
    """The same network on devices as they are, with the run options asked for where a device has them."""
    rows = []
    for hw in devices:
        try:
            run = {key: text for key, text in question.asked.items() if not key.startswith("set.")}
            rows.append(Row(hw, Question(question.network, question.graph, hw, run).analysis()))
        except CostsimError as error:
            rows.append(Row(hw, None, str(error)))
    return rows


@lru_cache(maxsize=256)
def zoo_network(name: str) -> LayerGraph:
    """A network of the zoo. Nothing else is a name here: no path of this machine is ever opened.

    Raises:
        InputError: no such network.
    """
    if "/" in name or "\\" in name:
        raise InputError(f"'{name}' is no network of the zoo", mend="drop a file to price one of your own")
    return build(name)


@lru_cache(maxsize=MOST_UPLOADED)
def uploaded_network(upload: Upload) -> LayerGraph:
    """The network somebody brought."""
    return from_dict(json.loads(upload.content), upload.filename)


@lru_cache(maxsize=1)
def zoo_names() -> list[str]:
    return sorted(network_names())


def device_name(name: str) -> str:
    """The device of this name or alias.

    Raises:
        InputError: none is called so.
    """
    known = _aliases().get(name, name)
    if known not in device_names():
        raise unknown_name("device", name, device_names())
    return known


@lru_cache(maxsize=1)
def device_names() -> list[str]:
    return sorted(profile_files())


@lru_cache(maxsize=1)
def _aliases() -> dict[str, str]:
    return profile_aliases()


@lru_cache(maxsize=512)
def _profile(hw: str, runtime: str | None = None, changed: tuple[tuple[str, str], ...] = ()) -> Profile:
    return load_profile(hw, dict(changed), runtime)


@lru_cache(maxsize=256)
def _choices(graph: LayerGraph, hw: str) -> list[Choice]:
    return choices(graph, _profile(hw), runtime_names(hw))


def _whole(text: str | None) -> int | None:
    return None if text is None else int(text)
