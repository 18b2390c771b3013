"""What a repository asks of its networks: the table ``[tool.costsim]`` of its pyproject.toml::

[tool.costsim]
devices = ["rpi4b", "gtx_1080ti"]
suppress = [{ id = "G4", location = "stage3", reason = "the shortcuts are what makes it train" }]

[tool.costsim.networks]
"nets/detector.onnx" = { input-size = "3x320x320", budgets = ["latency_ms@rpi4b < 60", "params < 5M"] }
shufflenet_v2_1x = { devices = ["rpi4b"], threads = 4 }
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from costsim.errors import InputError, shortened, unknown_name
from costsim.files import is_there, read_text, working_folder
from costsim.guidelines.suppress import Suppression, suppressions
from costsim.limits import Assertion, parse_assertion

FILE = "pyproject.toml"

TABLE = "tool.costsim"

MEND = "see docs/ci.md"

_ON_ONE_DEVICE = re.compile(r"(\s*[a-z_]+)@([\w-]+)(\s*[<>=].*)\Z")
"""``latency_ms@rpi4b < 30``; the place of a guideline, ``G2@stage3.cost_ms``, is none."""

RUN = {"batch": int, "input-size": str, "dtype": str, "threads": int, "runtime": str}
"""How a network is run, as on the command line, and the type of each value."""


@dataclass(frozen=True)
class Budget:
    """A limit on a network, on all its devices or on one."""

    limit: Assertion
    device: str | None
    line: int
    """Where it stands in the file."""

    def holds_on(self, device: str) -> bool:
        """Whether it is about this device."""
        return self.device in (None, device)


@dataclass(frozen=True)
class Entry:
    """A network, where it is to run, and what it may cost there."""

    network: str
    devices: tuple[str, ...]
    run: Mapping[str, Any]
    """Arguments of ``analyze``."""
    budgets: tuple[Budget, ...]
    line: int


@dataclass(frozen=True)
class Project:
    """One ``[tool.costsim]``."""

    path: Path
    devices: tuple[str, ...]
    entries: tuple[Entry, ...]
    suppressions: tuple[Suppression, ...]


def find_project(folder: Path) -> Path | None:
    """The pyproject.toml nearest above the folder that has a ``[tool.costsim]``."""
    for place in (folder, *folder.parents):
        path = place / FILE
        if is_there(path) and TABLE in read_text(path):
            return path
    return None


def project_of(config: str | Path | None) -> Project:
    """The project of a file, or of the nearest pyproject.toml with a ``[tool.costsim]`` from here upwards.

    Raises:
        InputError: there is none, or what ``read_project`` refuses.
    """
    path = Path(config) if config else find_project(working_folder())
    if path is None:
        raise InputError(
            f"no network, and no {FILE} with [{TABLE}] from here upwards", mend=f"write NETWORK --hw HW, or {MEND}"
        )
    return read_project(path)


def read_project(path: Path) -> Project:
    """The table in a file. Paths of networks and profiles are seen from its folder.

    Raises:
        InputError: unreadable, no such table, an unknown key, a value of another kind, or a limit that is none.
    """
    text = read_text(path)
    try:
        tree = tomllib.loads(text)
    except RecursionError:
        raise InputError("is not valid TOML: nested too deeply", where=str(path), mend="write fewer levels") from None
    except ValueError as error:  # no TOML, or a whole number of thousands of digits
        problem = shortened(str(error).splitlines()[0], 120)
        raise InputError(f"is not valid TOML: {problem}", where=str(path), mend="mend it there") from None
    tools = tree.get("tool")
    table = tools.get("costsim") if isinstance(tools, dict) else None
    if table is None:
        raise InputError(f"has no [{TABLE}]", where=str(path), mend=MEND)
    where = f"{path}: [{TABLE}]"
    _known(table, ("devices", "suppress", "networks"), where)
    devices = _words(table.get("devices", []), f"{where} devices")
    entries = tuple(
        _entry(name, entry, devices, path, text) for name, entry in _table(table, "networks", where).items()
    )
    return Project(path, devices, entries, tuple(suppressions(table.get("suppress", []), f"{where} suppress")))


def _entry(name: str, table: Any, devices: tuple[str, ...], path: Path, text: str) -> Entry:
    where = f"{path}: [{TABLE}.networks] {shortened(name)}"
    if not isinstance(table, dict):
        raise InputError("is no table", where=where, mend='write "net.onnx" = { budgets = ["latency_ms < 30"] }')
    _known(table, ("devices", "budgets", *RUN), where)
    own = _words(table.get("devices", []), f"{where} devices") or devices
    if not own:
        raise InputError("no devices", where=where, mend=f'write devices = ["rpi4b"] here or in [{TABLE}]')
    run = {
        key.replace("-", "_"): _typed(table[key], kind, f"{where} {key}") for key, kind in RUN.items() if key in table
    }
    budgets = [_budget(written, own, where, text) for written in _words(table.get("budgets", []), f"{where} budgets")]
    return Entry(_from(path, name), tuple(_from(path, hw) for hw in own), run, tuple(budgets), _line(text, name))


def _budget(written: str, devices: Collection[str], where: str, text: str) -> Budget:
    """``latency_ms < 30``, or ``latency_ms@rpi4b < 30`` for one device."""
    aimed = _ON_ONE_DEVICE.match(written)
    metric, device, rest = aimed.groups() if aimed else (written, None, "")
    if device and device not in devices:
        raise unknown_name("device", device, devices, where=f"{where} budgets")
    return Budget(replace(parse_assertion(metric + rest, where), text=written.strip()), device, _line(text, written))


def _from(path: Path, name: str) -> str:
    """A name as it is, a path as it is seen from the folder of the file."""
    file, colon, rest = name.partition(":")
    beside = path.parent / file
    return f"{beside}{colon}{rest}" if is_there(beside) and not beside.is_dir() else name


def _line(text: str, written: str) -> int:
    """The first line that holds a text, 1 where none does as it is written."""
    return next((number for number, line in enumerate(text.splitlines(), start=1) if written in line), 1)


def _known(table: Any, keys: Collection[str], where: str) -> None:
    if not isinstance(table, dict):
        raise InputError("is no table", where=where, mend=MEND)
    for key in table:
        if key not in keys:
            raise unknown_name("key", key, keys, where=where)


def _table(table: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, dict) or not found:
        raise InputError("names no networks", where=where, mend=f"write them in [{TABLE}.networks]")
    return found


def _words(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise InputError("is no list of texts", where=where, mend='write ["..."]')
    return tuple(value)


def _typed(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        said = {int: "a whole number", str: "text"}[kind]
        raise InputError(f"{shortened(repr(value))} is no {said.removeprefix('a ')}", where=where, mend=f"write {said}")
    return value
