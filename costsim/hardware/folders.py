"""Where profiles lie: the folders of installed packages, costsim's own among them, and the user's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from costsim.errors import InputError, unknown_name
from costsim.files import as_folder, check_file, is_there
from costsim.kept import kept, short, stamp
from costsim.plugins import PROFILES, plugins

_ALIAS = re.compile(r"\w+")


def shipped_folder() -> Path:
    """The folder of costsim's own profiles: in the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = as_folder(package / "hwprofiles")
    return installed if installed.is_dir() else package.parent / "hwprofiles"


def user_folder() -> Path:
    """``hwprofiles`` in the user's configuration directory, ``~/.config/costsim`` on Linux; it need not be there."""
    from click import get_app_dir

    return Path(get_app_dir("costsim")) / "hwprofiles"


def profile_folders() -> dict[str, Path]:
    """Every folder of profiles by who brings it: a package's entry point in ``costsim.profiles``, or ``user``.

    Raises:
        InputError: a package registers something that is not a function giving a folder.
    """
    folders = {}
    for name, point in plugins(PROFILES).items():
        folder = point.load()
        folder = folder() if callable(folder) else folder
        if not (isinstance(folder, (str, Path)) and Path(folder).is_dir()):
            raise InputError(
                f"'{point.value}' gives no folder", where=f"{PROFILES}: {name}", mend="register a function that does"
            )
        folders[name] = Path(folder)
    return folders | {"user": user_folder()}


def profile_files() -> dict[str, Path]:
    """Every profile that can be named; files that start with an underscore are only inherited from.

    Raises:
        InputError: two folders hold a file of one name.
    """
    found: dict[str, Path] = {}
    for folder in profile_folders().values():
        for path in folder.glob("[!_.]*.yaml"):
            other = found.setdefault(path.stem, path)
            if other != path:
                raise InputError(f"there are two profiles '{path.stem}'", where=str(path), mend=f"rename it: {other}")
    return dict(sorted(found.items()))


def profile_names() -> list[str]:
    """Names of the devices costsim knows: its own, those of installed packages and the user's."""
    return list(profile_files())


def profile_aliases() -> dict[str, str]:
    """Alias to profile name, read again where a file has changed."""
    files = profile_files()
    name = f"aliases-{short(shipped_folder())}"
    return dict(kept(name, stamp(*files.values()), lambda: _aliases(files)))


def _aliases(files: Mapping[str, Path]) -> dict[str, str]:
    """Only the ``aliases: [a, b]`` line of each file is read, to keep start-up short."""
    aliases: dict[str, str] = {}
    for name, path in files.items():
        with path.open(encoding="utf-8") as lines:
            line = next((line for line in lines if line.startswith("aliases:")), "")
        aliases = dict.fromkeys(_ALIAS.findall(line.partition(":")[2]), name) | aliases
    return aliases


def find_profile(hw: str | Path) -> Path:
    """The file of a profile given by path, name or alias.

    Raises:
        InputError: no such file, or an unknown name.
    """
    text = str(hw)
    if text.endswith((".yaml", ".yml")):
        check_file(text, mend="give the path of a profile or a name from 'costsim hw list'")
        return Path(text)
    files = profile_files()
    if text in files:
        return files[text]
    aliases = profile_aliases()
    if text in aliases:
        return files[aliases[text]]
    raise unknown_name("hardware", text, [*files, *aliases], listing="'costsim hw list' shows all")


def find_parent(name: str, child: Path) -> Path | None:
    """The file that ``extends: name`` means in ``child``: beside it, or in any folder of profiles."""
    folders = [child.parent, *profile_folders().values()]
    return next((file for folder in folders if is_there(file := folder / f"{name}.yaml")), None)
