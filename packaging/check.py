"""Checks the package as those get it who install it: ``make package``, or ``python packaging/check.py [STEP...]``.

- ``files``: the source archive and the wheel built from it hold what they should and describe themselves rightly.
- ``pythons``: the wheel with all extras passes a set of tests on every supported Python there is on this machine.
- ``bounds``: it passes them with the oldest versions of its dependencies that pyproject.toml allows.

Everything is installed into folders of its own; nothing of the checked-out tree is imported. PyTorch is left out: the
test suite has it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = ("3.11", "3.12", "3.13")
OLDEST = PYTHONS[0]
EXTRAS = ("calibrate", "excel", "onnx", "serve", "sweep", "tflite")

TOOLS = ("build", "twine", "check-wheel-contents")
WITH_TESTS = ("pytest>=8.2", "hypothesis>=6.100", "httpx>=0.27", "httpx2>=2.0", "jsonschema>=4.18", "pillow")
TESTS = (
    "tests/golden", "tests/serve/test_app.py", "tests/importers/test_onnx_inputs.py", "tests/importers/test_tflite.py",
    *(f"tests/unit/test_{name}.py" for name in
      ("cli", "compare", "profiles", "public_api", "report_forms", "report_html", "terminal", "units")),
)  # fmt: skip
"""The same numbers, and every door once."""


def run(*command: str | Path, **options: object) -> None:
    """Run a command; the first that fails ends the check with its exit code."""
    ended = subprocess.run([str(word) for word in command], check=False, **options)  # type: ignore[call-overload]
    if ended.returncode:
        sys.exit(f"packaging/check.py: failed: {' '.join(map(str, command))}")


def environment(python: str, folder: Path, *installed: str) -> Path:
    """The interpreter of a new virtual environment with these packages."""
    run(python, "-m", "venv", folder)
    options = ("-q", "--disable-pip-version-check", "--no-compile")
    run(folder / "bin" / "python", "-m", "pip", "install", *options, *installed)
    return folder / "bin" / "python"


def check_files(folder: Path) -> None:
    """Build both, and have their descriptions and contents judged."""
    python = environment(sys.executable, folder / "tools", *TOOLS)
    run(python, "-m", "build", "--outdir", folder / "dist", ROOT)
    run(python, "-m", "twine", "check", "--strict", *(folder / "dist").iterdir())
    run(folder / "tools" / "bin" / "check-wheel-contents", "--ignore", "W002", *(folder / "dist").glob("*.whl"))


def check_pythons(folder: Path) -> None:
    for version in PYTHONS:
        python = interpreter(version)
        if python is None:
            print(f"Python {version}: not on this machine, not checked", flush=True)
        else:
            test(python, folder / version, wheel(folder))


def check_bounds(folder: Path) -> None:
    oldest = folder / "oldest.txt"
    oldest.write_text("\n".join(bounds()) + "\n", encoding="utf-8")
    test(interpreter(OLDEST) or sys.executable, folder / "bounds", wheel(folder), "-c", str(oldest))


def bounds() -> Iterator[str]:
    """Each dependency held to the oldest version that is allowed."""
    optional = PROJECT["optional-dependencies"]
    for dependency in (*PROJECT["dependencies"], *(d for extra in EXTRAS for d in optional[extra])):
        name, oldest = re.fullmatch(r"([\w.-]+)(?:\[.*\])?>=([\d.]+)", dependency).groups()  # type: ignore[union-attr]
        yield f"{name}=={oldest}"


def wheel(folder: Path) -> str:
    """The wheel with its extras, built if it is not there yet."""
    if not list(folder.glob("dist/*.whl")):
        check_files(folder)
    return f"{next(folder.glob('dist/*.whl'))}[{','.join(EXTRAS)}]"


def test(python: str, folder: Path, *installed: str) -> None:
    """Run the tests against what is installed, in a folder where nothing else of this tree lies."""
    print(f"{folder.name}: {python}", flush=True)
    own = environment(python, folder / "env", *installed, *WITH_TESTS)
    for room in ("tests", "validation", "hwprofiles"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    options = ("-q", "-c", os.devnull, "--rootdir", folder, "-p", "no:cacheprovider", "-m", "not slow")
    run(
        own, "-W", "ignore", "-m", "pytest", *options, *TESTS, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}
    )


def interpreter(version: str) -> str | None:
    """A Python of this version: where pyenv keeps them, whose names on the path may lead nowhere, or on the path."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return str(kept[-1]) if kept else shutil.which(f"python{version}")


def main(steps: list[str]) -> None:
    known = {"files": check_files, "pythons": check_pythons, "bounds": check_bounds}
    if unknown := set(steps) - known.keys():
        sys.exit(f"packaging/check.py: no step '{unknown.pop()}'; known: {', '.join(known)}")
    with tempfile.TemporaryDirectory(prefix="costsim-package-") as folder:
        for step in steps or known:
            known[step](Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
