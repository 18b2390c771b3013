"""Runtimes as files: traits and rates that any board can take, so that a board is one file however many run on it.

A profile lists what runs on it under ``runtimes``, the default first, each with what is the board's own:

    runtimes:
      cmsis_nn: {}
      tinyengine: {fitted: {...}, calibration: {...}}

What all boards share of a runtime stands in ``runtimes/NAME.yaml`` beside the profiles. A profile whose own ``runtime``
block says what runs there has that one first, and those it lists besides. ``null`` takes away what was inherited.
"""

from __future__ import annotations

from pathlib import Path

from costsim.errors import unknown_name
from costsim.hardware.folders import shipped_folder
from costsim.hardware.profile import UNMEASURED
from costsim.hardware.trees import BLOCKS, Tree, check_sources, lay_fitted_over, overlay, settable_fields, strip_sources
from costsim.yamlfile import read_yaml


def with_runtime(tree: Tree, provenance: dict[str, str], asked: str | None, path: Path) -> tuple[Tree, dict[str, str]]:
    """The board's tree with the runtime asked for, or its first, and the sources of its numbers.

    Raises:
        InputError: the board does not run it.
    """
    tree = dict(tree)
    own = (tree.get("runtime") or {}).get("name")
    choices = listed(tree)
    others = tree.pop("runtimes", None) or {}
    name = asked or next(iter(choices), None)
    if name is None or name == own:
        return tree, provenance
    if name not in choices:
        listing = f"it runs {', '.join(choices)}"
        raise unknown_name("runtime", name, choices, where=f"--runtime on {path.stem}", listing=listing)
    if name != choices[0]:
        tree["title"] = f"{tree.get('title', path.stem)}, {name}"
        tree["calibration"] = _unmeasured(name, choices[0])
    # What a board says of numbers itself, as a calibrated one does, stands over the file of a runtime it lists; where
    # its own runtime is another one, those numbers are of that and give way.
    stated = {} if own else {block: tree[block] for block in BLOCKS if isinstance(tree.get(block), dict)}
    sources = {field: provenance[field] for field in settable_fields(stated) if field in provenance}
    carded = name == choices[0] and (tree.get("calibration") or {}).get("status") == "calibrated"
    for file, layer in ((_file(name, path), read_yaml(_file(name, path))), (path, others[name])):
        layer = {key: value for key, value in layer.items() if not (carded and key == "calibration")}
        if "calibration" in layer:
            tree["calibration"] = _of_the_same_numbers(tree["calibration"])
        for block in BLOCKS:
            if isinstance(layer.get(block), dict):
                layer[block] = strip_sources(layer[block], None, block, provenance)
        lay_fitted_over(layer, provenance, file)
        tree = overlay(tree, layer)
        check_sources(tree, provenance, file)
    tree, provenance = overlay(tree, stated), {**provenance, **sources}
    kept = set(settable_fields(tree))  # a block the runtime sets to null takes its numbers with it
    return tree, {field: source for field, source in provenance.items() if field in kept}


def listed(tree: Tree) -> list[str]:
    """The runtimes of a board by name, the one it has when nobody asks first."""
    own = (tree.get("runtime") or {}).get("name")
    others = [name for name, layer in (tree.get("runtimes") or {}).items() if layer is not None]
    return [*([own] if own else []), *(name for name in others if name != own)]


def own_first(runtimes: Tree, own: Tree) -> Tree:
    """The runtimes of a board that extends another, those it speaks of itself before those it takes over."""
    return {name: runtimes[name] for name in (*own, *(name for name in runtimes if name not in own))}


def _unmeasured(name: str, first: str) -> Tree:
    """A board's card is of its first runtime and vouches for no other; one that was measured brings its own."""
    low, high = UNMEASURED
    data = f"nothing was measured with {name} on this board; its card is of {first}"
    return {"status": "uncalibrated", "data": data, "low_ratio": low, "high_ratio": high}


def _of_the_same_numbers(card: Tree) -> Tree:
    """What stays of a board's card where another takes its place: which numbers the board had."""
    return {"made_on": card["made_on"]} if "made_on" in card else {}


def _file(name: str, path: Path) -> Path:
    beside = path.parent / "runtimes" / f"{name}.yaml"
    return beside if beside.is_file() else shipped_folder() / "runtimes" / f"{name}.yaml"
