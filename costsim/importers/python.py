"""Networks written in Python: ``module.py:Net`` or ``package.module:build``, a module's class or a constructor.

Calling it without arguments gives a ``torch.nn.Module``, a ``LayerGraph`` or whatever else an importer takes.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from costsim.errors import CostsimError, InputError, shortened, unknown_name
from costsim.files import check_file, read_text, working_folder
from costsim.graph import LayerGraph
from costsim.graph.resize import InputSize
from costsim.importers.importer import Importer

MEND = "write module.py:Name or package.module:name"


def load_python(
    text: Path | str,
    input_size: InputSize = None,
    batch: int | None = None,
    limits: Mapping[str, int] | None = None,
) -> LayerGraph:
    """The network that the named class or function makes when it is called.

    Raises:
        InputError: it cannot be imported or called, or makes nothing an importer takes.
    """
    from costsim.importers import load_network

    made = call(str(text), named(text))
    try:
        return load_network(made, input_size, batch, limits)
    except InputError as error:
        raise error.at(str(text)) if not error.where else error from None


def named(text: Path | str) -> Callable[..., Any]:
    """The class or function behind ``module.py:Name`` or ``package.module:name``.

    Raises:
        InputError: no such module or name, or it raises while it is imported.
    """
    place, _, name = str(text).rpartition(":") if ":" in str(text) else (str(text), "", "")
    if not name:
        written = _written_in(Path(place)) if place.endswith(".py") else []
        mend = f"write {place}:{written[0]}" if written else MEND
        raise InputError("says no name", where=str(text), mend=mend)
    module = _from_file(Path(place)) if place.endswith(".py") else _installed(place, str(text))
    try:
        found = getattr(module, name)
    except AttributeError:
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise unknown_name("name", name, known, where=place) from None
    if not callable(found):
        raise InputError(f"is of type {type(found).__name__}, no class or function", where=str(text), mend=MEND)
    return found


def call(text: str, constructor: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What the user's own constructor makes; its exceptions become one line.

    Raises:
        InputError: it raises.
    """
    try:
        return constructor(*arguments, **options)
    except CostsimError:
        raise
    except (Exception, SystemExit) as error:  # a script that ends is none
        raise InputError(f"raises {_said(error)}", where=text, mend="mend it, or give it what it asks for") from None


def _from_file(path: Path) -> ModuleType:
    """The module in a file, which finds others in its folder; read once a process."""
    check_file(path)
    where = path.resolve()
    key = f"costsim_user_{where}"
    if key in sys.modules:
        return sys.modules[key]
    spec = spec_from_file_location(key, where)
    if spec is None or spec.loader is None:
        raise InputError("is no Python file", where=str(path), mend=MEND)
    module = sys.modules[key] = module_from_spec(spec)
    _look_in(where.parent)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script that ends is none
        del sys.modules[key]
        raise InputError(f"raises {_said(error)} when imported", where=str(path), mend="mend the file") from None
    return module


def _installed(name: str, text: str) -> ModuleType:
    _look_in(working_folder())
    try:
        return import_module(name)
    except Exception as error:  # whatever the module does
        raise InputError(f"cannot be imported: {_said(error)}", where=text, mend=MEND) from None


def _look_in(folder: Path) -> None:
    """Modules of the folder are found too, after all others."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _written_in(path: Path) -> list[str]:
    """Classes of the file, then its functions, last first: what is built from the others stands below them."""
    try:
        body = ast.parse(read_text(path)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # importing it says what is wrong
        return []
    classes = [node.name for node in body if isinstance(node, ast.ClassDef)]
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return [*classes[::-1], *functions[::-1]]


def _said(error: BaseException) -> str:
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {shortened(words, 120)}" if words else type(error).__name__


IMPORTER = Importer("python", suffixes=(".py",), takes_limits=True, load=load_python)
