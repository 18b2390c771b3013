"""Reading a profile: inherit, note every number's source, check."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from costsim.errors import InputError, unknown_name
from costsim.files import write_text
from costsim.hardware.fingerprint import is_as_carded
from costsim.hardware.folders import find_parent, find_profile
from costsim.hardware.profile import Profile
from costsim.plugins import DEVICES, load_plugin
from costsim.units import is_quantity
from costsim.yamlfile import read_yaml

ON_COMMAND_LINE = "command_line"

Tree = dict[str, Any]


def load_profile(hw: str | Path, settings: Mapping[str, str] | None = None) -> Profile:
    """The profile behind a name, an alias or the path of a YAML file.

    Args:
        hw: ``rpi4b``, ``arm_a72``, ``boards/mine.yaml``.
        settings: dotted paths to new values, as text with a unit: ``{"memory.onchip.size": "1 MiB"}``.
            A path may leave out its beginning where that is not ambiguous.

    Raises:
        InputError: unknown name or field, a number without unit or source, a contradiction; the
            message names the file, the path in it and the mend.
    """
    return _load(find_profile(hw), settings)


def write_profile(path: str | Path, text: str) -> Profile:
    """Write a profile that can be read again: aside first, and in its place only once it has been read.

    Raises:
        InputError: the text is no profile, or the file cannot be written; what stood there before stays.
    """
    target = Path(path)
    aside = target.with_name(f".{target.stem}.{os.getpid()}.yaml")
    try:
        write_text(aside, text)
        profile = _load(aside, seen=(target,))
        aside.replace(target)
    except InputError as error:
        where, mend = (text.replace(str(aside), str(target)) for text in (error.where, error.mend))
        raise InputError(error.what, where=where, mend=mend) from None
    finally:
        aside.unlink(missing_ok=True)
    return profile


def _load(path: Path, settings: Mapping[str, str] | None = None, seen: tuple[Path, ...] = ()) -> Profile:
    tree, provenance = _inherited(path, seen)
    own = read_yaml(path)
    if "name" not in own and "extends" in own:
        tree["name"] = path.stem
    for key, text in (settings or {}).items():
        field = _match_field(key, tree, path)
        _put(tree, field, text)
        provenance[field] = ON_COMMAND_LINE
        tree["sources"] = {
            **tree["sources"],
            ON_COMMAND_LINE: {"kind": "estimated", "text": "set on the command line"},
        }
    family = tree.get("family")
    if family is None:
        raise InputError("has no family", where=str(path), mend="add 'family: cpu', 'gpu' or 'accelerator'")
    try:
        profile_type = load_plugin(DEVICES, family, "device family").profile_type
    except InputError as error:
        raise error.at(str(path)) from None
    try:
        profile = profile_type(**tree, provenance=provenance)
    except ValidationError as error:
        raise _explain(error, path, provenance) from None
    if (settings or ("extends" in own and "title" not in own)) and not is_as_carded(profile):
        return profile.model_copy(update={"title": _derived_title(profile, own, settings or {})})
    return profile


def _derived_title(profile: Profile, own: Tree, settings: Mapping[str, str]) -> str:
    """A device with other numbers is not the one whose title they came with."""
    if not settings:
        return f"{profile.name}, derived from {own['extends']}"
    return f"derived from {profile.name} ({', '.join(f'{key} = {text}' for key, text in settings.items())})"


def _inherited(path: Path, seen: tuple[Path, ...] = ()) -> tuple[Tree, dict[str, str]]:
    """The file's tree laid over those it extends, and the source of every number in it."""
    if path in seen:
        raise InputError("extends itself", where=str(path), mend=f"remove 'extends' from {seen[-1].name}")
    tree = read_yaml(path)
    parent = tree.pop("extends", None)
    provenance: dict[str, str] = {}
    for block in ("hardware", "runtime", "fitted"):
        if isinstance(tree.get(block), dict):
            tree[block] = _strip_sources(tree[block], None, block, provenance)
    fitted = _lay_fitted_over(tree, provenance, path)
    if parent is None:
        _check_sources(tree, provenance, path)
        _check_facts(tree, provenance, fitted, path)
        return tree, provenance
    base_path = find_parent(parent, path)
    if base_path is None:
        raise InputError(
            f"extends '{parent}', which is not there",
            where=str(path),
            mend="name a file beside it or a profile costsim knows",
        )
    base, base_provenance = _inherited(base_path, (*seen, path))
    base.pop("aliases", None)
    if "data" in (tree.get("calibration") or ()):
        base.pop("calibration", None)  # a card of its own is whole: nothing of the parent's errors vouches for it
    merged = _overlay(base, tree)
    own = provenance
    kept = set(settable_fields(merged))  # a block the file sets to null takes its numbers with it
    provenance = {field: source for field, source in {**base_provenance, **provenance}.items() if field in kept}
    _check_sources(merged, provenance, path)
    _check_facts(merged, own, fitted, path)
    return merged, provenance


def _lay_fitted_over(tree: Tree, provenance: dict[str, str], path: Path) -> set[str]:
    """Put what ``fitted.hardware`` and ``fitted.runtime`` say in its place; the dotted paths of those numbers.

    Effective numbers stand apart from facts in the file, and are numbers of the device like any other once read.
    """
    moved: set[str] = set()
    for block in ("hardware", "runtime"):
        extra = (tree.get("fitted") or {}).pop(block, None)
        if not isinstance(extra, dict):
            continue
        twice = set(_leaves(extra, block)) & set(_leaves(tree.get(block) or {}, block))
        if twice:
            raise InputError(f"{min(twice)} is also in fitted.{block}", where=str(path), mend="give one of the two")
        tree[block] = _overlay(tree.get(block) or {}, extra)
        for field in [f for f in provenance if f.startswith(f"fitted.{block}.")]:
            plain = field.removeprefix("fitted.")
            provenance[plain] = provenance.pop(field)
            moved.add(plain)
    return moved


def _check_facts(tree: Tree, own: Mapping[str, str], fitted: set[str], path: Path) -> None:
    """Nothing fitted stands among the facts of a file; ``fitted`` holds what its fitted block said of them."""
    for field, source in own.items():
        kind = (tree["sources"][source] or {}).get("kind")
        if kind == "fitted" and not field.startswith("fitted.") and field not in fitted:
            block = field.split(".")[0]
            raise InputError(f"{field} is fitted, not a fact", where=str(path), mend=f"move it under fitted.{block}")


def _strip_sources(tree: Tree, inherited: str | None, path: str, provenance: dict[str, str]) -> Tree:
    """The tree without its ``source`` keys; the nearest one around a number is the number's source.

    A single number takes its own source as ``{value: 1.4 GHz, source: datasheet}``.
    """
    source = tree.get("source", inherited)
    plain: Tree = {}
    for key, value in tree.items():
        here = f"{path}.{key}"
        if key == "source":
            continue
        if isinstance(value, dict) and "value" in value:
            plain[key] = value["value"]
            provenance[here] = value.get("source", source) or ""
        elif isinstance(value, dict):
            plain[key] = _strip_sources(value, source, here, provenance)
        else:
            plain[key] = value
            if _is_number(value):
                provenance[here] = source or ""
    return plain


def _is_number(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_is_number(v) for v in value)
    if isinstance(value, bool) or value is None:
        return False
    return isinstance(value, (int, float)) or (isinstance(value, str) and is_quantity(value))


def _check_sources(tree: Tree, provenance: Mapping[str, str], path: Path) -> None:
    known = tree.get("sources") or {}
    for field, source in provenance.items():
        if not source:
            raise InputError(f"{field} has no source", where=str(path), mend="put 'source: KEY' beside it or above it")
        if source not in known:
            raise InputError(
                f"{field}: source '{source}' is not listed", where=str(path), mend="describe it under 'sources'"
            )


def _overlay(base: Tree, over: Tree) -> Tree:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _overlay(merged[key], value) if both else value
    return merged


def _leaves(tree: Tree, path: str = "") -> Iterator[str]:
    for key, value in tree.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from _leaves(value, here)
        else:
            yield here


def settable_fields(tree: Tree) -> list[str]:
    """Dotted paths ``--set`` can change."""
    return [leaf for block in ("hardware", "runtime", "fitted") for leaf in _leaves(tree.get(block) or {}, block)]


def _match_field(key: str, tree: Tree, path: Path) -> str:
    fields = settable_fields(tree)
    matches = [f for f in fields if f == key or f.endswith(f".{key}")]
    if len(matches) == 1 or key in matches:
        return key if key in matches else matches[0]
    if matches:
        raise InputError(
            f"'{key}' could be {' or '.join(matches)}", where=f"--set {key}", mend="write more of the path"
        )
    short = [f.split(".", 1)[1] for f in fields]
    raise unknown_name(
        "field", key, [*short, *fields], where=path.stem, listing=f"'costsim hw show {path.stem}' lists its fields"
    )


def _put(tree: Tree, field: str, text: str) -> None:
    *blocks, leaf = field.split(".")
    for block in blocks:
        tree[block] = dict(tree[block])  # never change a tree somebody else holds
        tree = tree[block]
    tree[leaf] = YAML(typ="safe").load(text) if isinstance(text, str) else text


def _explain(error: ValidationError, path: Path, provenance: Mapping[str, str]) -> InputError:
    problems = error.errors()
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])  # a typo explains a gap
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    mends = {"extra_forbidden": ("unknown key", "remove it or mend its spelling"), "missing": ("is missing", "add it")}
    what, mend = mends.get(first["type"], (message, ""))
    if first["type"] not in mends and first["type"] != "value_error":
        what = f"{message}, got {first.get('input')!r}"
    if provenance.get(field) == ON_COMMAND_LINE:
        return InputError(what, where=f"--set {field}", mend=mend)
    return InputError(what, where=f"{path}: {field}" if field else str(path), mend=mend)
