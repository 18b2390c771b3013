"""Reading an upload in a process of its own, with limits, so that no file can harm the server or another visitor.

The process writes the network as costsim's own JSON, which is all the server ever reads of it.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from costsim.errors import CostsimError, InputError, visible
from costsim.graph import LayerGraph
from costsim.serve.sessions import Upload

SUFFIXES = (".onnx", ".tflite", ".param", ".json")
MOST_MEMORY = 3 * 2**30
"""Bytes of address space a reader may have."""

MOST_OUTPUT = 64 * 2**20
"""Bytes of JSON a network may take."""

MOST_LAYERS = 5000
"""Above it every answer takes seconds, for all visitors."""

STEM_CHARS = 80
"""Characters of a file's name that are shown."""


@dataclass
class Reader:
    """Reads uploads, a few at a time."""

    seconds: float = 30.0
    """How long one file may take."""
    at_once: int = 2

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.at_once)

    async def read(self, filename: str, content: bytes) -> Upload:
        """The network in an uploaded file.

        Raises:
            InputError: not a network, or one that takes too long, too much memory or too many layers to read.
        """
        name = _safe_name(filename)
        with tempfile.TemporaryDirectory(prefix="costsim-upload-") as folder:
            source, target = Path(folder) / name, Path(folder) / "network.costsim.json"
            source.write_bytes(content)
            async with self._turns:
                await self._run(source, target)
            return Upload(name, await asyncio.to_thread(_read_back, target, name))

    async def _run(self, source: Path, target: Path) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "costsim.serve.reading", str(source), str(target), str(int(self.seconds)),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            cwd=source.parent,
        )  # fmt: skip
        try:
            _, said = await asyncio.wait_for(process.communicate(), self.seconds)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise InputError(f"takes longer than {self.seconds:g} s to read", where=source.name) from None
        except asyncio.CancelledError:  # the visitor left
            process.kill()
            raise
        if process.returncode:
            line = said.decode(errors="replace").strip().rpartition("\n")[2].replace(f"{source.parent}/", "")
            meant = process.returncode == 1 and line.startswith("costsim: ")
            raise InputError(line.removeprefix("costsim: ") if meant else f"{source.name}: cannot be read as a network")


def _safe_name(filename: str) -> str:
    """The last part of the name a browser sent, in characters that mean nothing to a file system.

    Raises:
        InputError: no kind of file that holds a network.
    """
    path = PurePosixPath(filename.replace("\\", "/"))
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = f"a network comes as {', '.join(SUFFIXES)}"
        raise InputError("no network file", where=visible(path.name)[:STEM_CHARS], mend=known)
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in path.stem)[:STEM_CHARS].lstrip(".")
    return (stem or "network") + suffix


def _read_back(target: Path, name: str) -> LayerGraph:
    from costsim.importers.json import load_json

    graph = load_json(target)
    if len(graph) > MOST_LAYERS:
        raise InputError(f"has {len(graph):,} layers", where=name, mend=f"here up to {MOST_LAYERS:,} are priced")
    return graph


def main(source: str, target: str, seconds: str) -> int:
    """What the process does: limit itself, read, write. One line on stderr says why it could not."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_OUTPUT, MOST_OUTPUT))
    from costsim.importers import load_network
    from costsim.importers.json import save_network

    try:
        save_network(load_network(Path(source)), target)
    except CostsimError as error:
        print(f"costsim: {visible(str(error))}", file=sys.stderr)
        return 1
    except MemoryError:
        print(f"costsim: {Path(source).name}: takes more memory to read than is given here", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
