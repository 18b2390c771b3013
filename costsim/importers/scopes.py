"""Blocks out of module paths: a module that holds others is a block, a leaf module belongs to its parent's."""

from __future__ import annotations

from collections.abc import Iterable


def holders(paths: Iterable[str]) -> set[str]:
    """The dotted paths that others go on from: modules that hold modules."""
    return {path[:i] for path in paths for i, letter in enumerate(path) if letter == "."}


def block_of(path: str, holding: set[str]) -> str:
    """The block of an op in the module at ``path``."""
    return path if path in holding else path.rpartition(".")[0]
