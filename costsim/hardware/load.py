"""Reading a profile: inherit, note every number's source, check."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from costsim.errors import InputError, unknown_name
from costsim.files import write_text
from costsim.hardware.fingerprint import is_as_carded
from costsim.hardware.folders import find_parent, find_profile
from costsim.hardware.kept_profile import kept_profile
from costsim.hardware.problems import first_problem
from costsim.hardware.profile import Profile
from costsim.hardware.runtimes import listed, own_first, with_runtime
from costsim.hardware.trees import (
    BLOCKS,
    Tree,
    check_facts,
    check_numbers,
    check_sources,
    check_words,
    fields_named,
    lay_fitted_over,
    overlay,
    settable_fields,
    strip_sources,
)
from costsim.plugins import DEVICES, load_plugin
from costsim.yamlfile import parse_yaml, read_yaml

if TYPE_CHECKING:
    from pydantic import ValidationError

ON_COMMAND_LINE = "command_line"


def load_profile(hw: str | Path, settings: Mapping[str, str] | None = None, runtime: str | None = None) -> Profile:
    """The profile behind a name, an alias or the path of a YAML file.

    Args:
        hw: ``rpi4b``, ``arm_a72``, ``boards/mine.yaml``.
        settings: dotted paths to new values, as text with a unit: ``{"memory.onchip.size": "1 MiB"}``.
            A path may leave out its beginning where that is not ambiguous.
        runtime: one of the runtimes the board runs; its first if left out.

    Raises:
        InputError: unknown name or field, a number without unit or source, a contradiction; the
            message names the file, the path in it and the mend.
    """
    path = find_profile(hw)
    if settings:
        return _load(path, settings, runtime)
    return kept_profile(path, runtime, lambda: _load(path, None, runtime))


def runtime_names(hw: str | Path) -> list[str]:
    """What ``load_profile`` takes as ``runtime`` for a device, its default first.

    Raises:
        InputError: unknown name, or a file that is no profile.
    """
    return listed(_inherited(find_profile(hw))[0])


def write_profile(path: str | Path, text: str) -> Profile:
    """Write a profile that can be read again.

    Raises:
        InputError: the text is no profile, or the file cannot be written; what stood there before stays.
    """
    profile = read_profile_text(path, text)
    write_text(path, text)
    return profile


def read_profile_text(path: str | Path, text: str) -> Profile:
    """The profile that the text will be once it is the file at ``path``, which is left as it is.

    Raises:
        InputError: the text is no profile, or the folder cannot be written to.
    """
    target = Path(path)
    aside = target.with_name(f".{target.stem[:40]}.{os.getpid()}.yaml")
    try:
        write_text(aside, text)
        return _load(aside, seen=(target,))
    except InputError as error:
        where, mend = (text.replace(str(aside), str(target)) for text in (error.where, error.mend))
        raise InputError(error.what, where=where, mend=mend) from None
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()


def _load(
    path: Path, settings: Mapping[str, str] | None = None, runtime: str | None = None, seen: tuple[Path, ...] = ()
) -> Profile:
    tree, provenance = with_runtime(*_inherited(path, seen), runtime, path)
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
    check_numbers(
        tree, lambda field: f"--set {field}" if provenance.get(field) == ON_COMMAND_LINE else f"{path}: {field}"
    )
    family = tree.get("family")
    if not isinstance(family, str):
        raise InputError("has no family", where=str(path), mend="add 'family: cpu', 'gpu' or 'accelerator'")
    try:
        profile_type = load_plugin(DEVICES, family, "device family").profile_type
    except InputError as error:
        raise error.at(str(path)) from None
    from pydantic import ValidationError  # loaded to check, and for nothing else

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
    check_words(tree, path)
    parent = tree.pop("extends", None)
    provenance: dict[str, str] = {}
    for block in BLOCKS:
        if isinstance(tree.get(block), dict):
            tree[block] = strip_sources(tree[block], None, block, provenance)
    fitted = lay_fitted_over(tree, provenance, path)
    if parent is None:
        check_sources(tree, provenance, path)
        check_facts(tree, provenance, fitted, path)
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
    merged = overlay(base, tree)
    if "runtimes" in merged:
        merged["runtimes"] = own_first(merged["runtimes"], tree.get("runtimes") or {})
    own = provenance
    kept = set(settable_fields(merged))  # a block the file sets to null takes its numbers with it
    provenance = {field: source for field, source in {**base_provenance, **provenance}.items() if field in kept}
    check_sources(merged, provenance, path)
    check_facts(merged, own, fitted, path)
    return merged, provenance


def _match_field(key: str, tree: Tree, path: Path) -> str:
    fields = settable_fields(tree)
    matches = fields_named(key, fields)
    if len(matches) == 1:
        return matches[0]
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
    tree[leaf] = parse_yaml(text, f"--set {field}", lines=False) if isinstance(text, str) else text


def _explain(error: ValidationError, path: Path, provenance: Mapping[str, str]) -> InputError:
    field, what, kind = first_problem(error)
    mend = {"extra_forbidden": "remove it or mend its spelling", "missing": "add it"}.get(kind, "")
    holders = accumulate(field.split("."), "{}.{}".format)  # an entry of a list is set with the list
    if any(provenance.get(holder) == ON_COMMAND_LINE for holder in holders):
        return InputError(what, where=f"--set {field}", mend=mend)
    return InputError(what, where=f"{path}: {field}" if field else str(path), mend=mend)
