"""Finding a zoo network by name, without importing the families it is not in.

A family registers under a prefix of its networks' names in the entry-point group
``costsim.networks``; the object behind it is a ``Family``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

from costsim.errors import unknown_name
from costsim.graph import LayerGraph
from costsim.plugins import NETWORKS, load_plugin, plugins


@dataclass(frozen=True)
class Family:
    """Networks that share one constructor."""

    constructor: Callable[..., LayerGraph]
    """Takes ``name`` and the options of a variant; its docstring is what ``costsim nets show`` prints."""
    variants: Mapping[str, Mapping[str, Any]]
    """Network name to the constructor options that make it."""

    def build(self, name: str, **overrides: Any) -> LayerGraph:
        """One network of the family; ``overrides`` replace options of the variant.

        Raises:
            InputError: the constructor takes no such option, or the network cannot be built with it.
        """
        known = signature(self.constructor).parameters
        for option in overrides:
            if option not in known:
                raise unknown_name("option", option, known.keys() - {"name"}, where=name)
        return self.constructor(name=name, **{**self.variants[name], **overrides})


def network_names() -> list[str]:
    """Every network of the zoo, plug-ins included."""
    return sorted(name for prefix in plugins(NETWORKS) for name in _family(prefix).variants)


def is_network(name: str) -> bool:
    """Whether the zoo has a network of this name."""
    return any(name in _family(prefix).variants for prefix in plugins(NETWORKS) if name.startswith(prefix))


def family_of(name: str) -> Family:
    """The family that has a network of this name.

    Raises:
        InputError: no family has it; the nearest names are given.
    """
    return _family(family_name(name))


def family_name(name: str) -> str:
    """What the family that has a network of this name is registered as.

    Raises:
        InputError: no family has it; the nearest names are given.
    """
    prefixes = [prefix for prefix in plugins(NETWORKS) if name.startswith(prefix)]
    for prefix in sorted(prefixes, key=len, reverse=True):
        if name in _family(prefix).variants:
            return prefix
    raise unknown_name("network", name, network_names(), listing="'costsim nets list' shows all")


def build(name: str, **overrides: Any) -> LayerGraph:
    """The zoo network ``name``; ``overrides`` replace its constructor options.

    Raises:
        InputError: unknown name, or options the network cannot have.
    """
    return family_of(name).build(name, **overrides)


def _family(prefix: str) -> Family:
    return load_plugin(NETWORKS, prefix, "network family")
