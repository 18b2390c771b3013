"""A fitted profile as a YAML file that shows what moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from costsim.calibrate.few_shot import FewShot
from costsim.hardware import Profile
from costsim.units import round_significant


def profile_text(name: str, base: Profile, result: FewShot, source: str, settings: Mapping[str, str]) -> str:
    """A profile that extends ``base`` with the fitted constants; each line says what it was before."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    errors = f"mean error {result.before.mean_ratio:.1%} before, {result.after.mean_ratio:.1%} after"
    lines = [
        "schema_version: 1",
        f"name: {name}",
        f"title: {name}, calibrated from {base.name}",
        f"family: {base.family}",
        f"extends: {base.name}",
        "sources:",
        "  calibration:",
        "    kind: fitted",
        f"    text: {quoted(f'{len(result.networks)} networks of {source}, {today}: {errors}')}",
    ]
    if settings:
        lines += ["  user:", "    kind: estimated", "    text: given when it was calibrated"]
    lines += [
        "calibration:",
        "  status: calibrated",
        f"  data: {quoted(f'{source}: ' + ', '.join(result.networks))}",
        f"  date: {quoted(today)}",
        f"  mean_error_ratio: {round_significant(result.after.mean_ratio, 3)}",
        "  error_of: training error  # of the networks it was fitted on",
        f"  within_10_percent_ratio: {round_significant(result.after.within_10_percent_ratio, 3)}",
        f"  low_ratio: {round_significant(result.low_ratio, 3)}",
        f"  high_ratio: {round_significant(result.high_ratio, 3)}",
        f"  dtypes: [{result.dtype}]",
    ]
    return "\n".join(lines + _blocks(base, result.values, settings)) + "\n"


def _blocks(base: Profile, values: Mapping[str, float], settings: Mapping[str, str]) -> list[str]:
    tree: dict[str, dict] = {}
    for path, text in settings.items():
        put(tree, path, f"{{value: {text}, source: user}}")
    for path, value in values.items():
        put(tree, path, fitted_line(base, path, value))
    return tree_lines(tree)


def put(tree: dict, path: str, text: str) -> None:
    """Set the leaf at a dotted path."""
    *blocks, leaf = path.split(".")
    for block in blocks:
        tree = tree.setdefault(block, {})
    tree[leaf] = text


def tree_lines(tree: Mapping, indent: str = "") -> list[str]:
    """A tree of texts as lines of YAML."""
    lines = []
    for key, value in tree.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", *tree_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {value}")
    return lines


def fitted_line(base: Profile, path: str, value: float) -> str:
    """A fitted number, and what it was before."""
    before = base.value_at(path)
    after_text, before_text = base.yaml_text(path, value), base.yaml_text(path, before)
    moved = f"was {before_text}, {value / before - 1:+.0%}" if after_text != before_text else "did not move"
    return f"{{value: {after_text}, source: calibration}}  # {moved}"


def quoted(text: str) -> str:
    """Any text as a YAML string of one line."""
    return '"' + text.replace("\\", "/").replace('"', "'") + '"'
