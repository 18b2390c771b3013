"""Reading an upload in a process of its own, with limits, so that no file can harm the server or another visitor.

The process writes the network as costsim's own JSON, which is all that is ever used of the file. It is forked off one
that has imported the importers, and ends with the file.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path, PurePosixPath

from anyio import to_thread

from costsim.errors import CostsimError, InputError, visible
from costsim.importers import load_network
from costsim.importers.json import save_network
from costsim.serve.sessions import Upload

SUFFIXES = (".onnx", ".tflite", ".param", ".json")
MOST_MEMORY = 3 * 2**30
"""Bytes of address space a reader may have."""

MOST_OUTPUT = 16 * 2**20
"""Bytes of JSON a network may take."""

MOST_LAYERS = 5000
"""Above it every answer takes seconds, for all visitors."""

STEM_CHARS = 80
"""Characters of a file's name that are shown."""

MOST_SAID = 4096
"""Bytes of the line that says why a file cannot be read."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["costsim.__main__", __name__, "costsim.importers.onnx.reader", "costsim.importers.tflite.reader"]
)


@dataclass
class Reader:
    """Reads uploads, a few at a time."""

    seconds: float = 30.0
    """How long one file may take."""
    at_once: int = 2

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.at_once)

    async def start(self) -> None:
        """Have the process that readers are forked off import everything while nobody waits for it yet."""
        await to_thread.run_sync(forkserver.ensure_running)

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
            return Upload(name, target.read_bytes())

    async def _run(self, source: Path, target: Path) -> None:
        said, saying = _FORKS.Pipe(duplex=False)
        process = _FORKS.Process(target=_read, args=(source, target, self.seconds, saying), daemon=True)
        with said, saying:
            try:
                await to_thread.run_sync(process.start)  # the first one waits for the process it is forked off
                await to_thread.run_sync(process.join, self.seconds, abandon_on_cancel=True)
                if process.is_alive():
                    raise InputError(f"takes longer than {self.seconds:g} s to read", where=source.name)
            finally:
                if process.pid is not None:
                    process.kill()
            if process.exitcode:
                line = said.recv_bytes(MOST_SAID).decode(errors="replace") if said.poll() else ""
                line = line.replace(f"{source.parent}/", "")
                raise InputError(line or f"{source.name}: cannot be read as a network")


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


def _read(source: Path, target: Path, seconds: float, saying: Connection) -> None:
    """What the process does: limit itself, read, write. One line says why it could not."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(silence, stream)
    os.chdir(source.parent)
    for limit, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_FSIZE, MOST_OUTPUT),
    ):
        resource.setrlimit(limit, (most, most))
    try:
        graph = load_network(source)
        if len(graph) > MOST_LAYERS:
            mend = f"here up to {MOST_LAYERS:,} are priced"
            raise InputError(f"has {len(graph):,} layers", where=source.name, mend=mend)
        save_network(graph, target)
    except CostsimError as error:
        line = visible(str(error))
    except MemoryError:
        line = f"{source.name}: takes more memory to read than is given here"
    else:
        return
    saying.send_bytes(line.encode()[:MOST_SAID])
    sys.exit(1)
