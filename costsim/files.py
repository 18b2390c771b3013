"""Reading text, writing files so that none is ever left half-written, and the folders they go to."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import re
import select
import stat
import sys
import time
from functools import cache
from pathlib import Path

from costsim.errors import InputError

LARGEST_TEXT = 256 * 2**20
"""Bytes of text that are read from one file. What is longer is no profile, log or table."""

PATIENCE_S = 2.0
"""How long a named pipe is waited for that has nobody at its other end."""

_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)\Z")
_STANDARD = {"/dev/stdout": 1, "/dev/stderr": 2}

_ANYONE_WRITES = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def is_there(path: str | Path) -> bool:
    """Whether there is anything at the path; a path that cannot be asked about has nothing that can be read.

    ``Path.exists`` raises where a name is too long or a folder may not be searched.
    """
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def check_file(path: str | Path, mend: str = "check the path") -> None:
    """Refuse a path at which there is nothing to read, before anything is read.

    Raises:
        InputError: nothing is there, a folder is, or it cannot be asked about.
    """
    try:
        if not stat.S_ISDIR(Path(path).stat().st_mode):
            return
        problem = "is a folder"
    except (FileNotFoundError, NotADirectoryError):
        problem = "no such file"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except ValueError as error:  # a null byte in the path
        problem, path = f"cannot be read: {error}", str(path).replace("\0", "\\0")
    raise InputError(problem, where=str(path), mend=mend)


def read_text(path: str | Path, mend: str = "check the path") -> str:
    """The file's text, which must be UTF-8; ``mend`` tells what it should have been.

    Raises:
        InputError: no such file, not readable, longer than ``LARGEST_TEXT``, a pipe nobody writes to, or no text.
    """
    try:
        content = _read(path)
        if len(content) > LARGEST_TEXT:
            raise InputError(f"is longer than {LARGEST_TEXT >> 20} MiB", where=str(path), mend=mend)
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), mend=mend) from None
    except UnicodeDecodeError:
        raise InputError("cannot be read: not text in UTF-8", where=str(path), mend=mend) from None
    except ValueError as error:  # a null byte in the path
        raise InputError(f"cannot be read: {error}", where=str(path).replace("\0", "\\0"), mend=mend) from None


def read_stdin(mend: str) -> str:
    """All text that comes on standard input.

    Raises:
        InputError: it is closed, cannot be read, is longer than ``LARGEST_TEXT``, or no text.
    """
    if sys.stdin is None:
        raise InputError("is closed", where="stdin", mend=mend)
    try:
        text = sys.stdin.read(LARGEST_TEXT + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where="stdin", mend=mend) from None
    except UnicodeDecodeError:
        raise InputError("cannot be read: not text in UTF-8", where="stdin", mend=mend) from None
    if len(text) > LARGEST_TEXT:
        raise InputError(f"is longer than {LARGEST_TEXT >> 20} MiB", where="stdin", mend=mend)
    return text


def working_folder() -> Path:
    """The folder relative paths are seen from.

    Raises:
        InputError: it was removed after the process was started in it.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise InputError(f"cannot be told: {error.strerror}", where="working folder", mend="go to another") from None


def mapped(path: Path, what: str, mend: str) -> mmap.mmap:
    """The bytes of a binary file, of which only those that are looked at come into memory; closed with its last reader.

    ``what`` it should be stands in the message: ``an ONNX file``.

    Raises:
        InputError: see ``check_regular``; or an empty file.
    """
    check_regular(path, mend)
    try:
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise InputError(f"not {what}: the file is empty", where=str(path), mend=mend)
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), mend=mend) from None


def check_regular(path: str | Path, mend: str = "check the path") -> None:
    """Refuse what a binary file cannot be: opening a pipe waits for ever, and a device has no end.

    Raises:
        InputError: nothing is there that is a regular file.
    """
    check_file(path, mend)
    if not stat.S_ISREG(_mode(path) or 0):
        raise InputError("is no regular file", where=str(path), mend="write it to a file first")


def write_text(path: str | Path, text: str) -> None:
    """The text as UTF-8; see ``write_bytes``. What UTF-8 cannot hold (half a surrogate pair) is written escaped."""
    write_bytes(path, text.encode(errors="backslashreplace"))


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file whole or not at all.

    A regular file is written aside, brought to the disk, and renamed into place with the mode of the one it
    replaces. Symbolic links are followed. What is there and is no regular file (a device, a pipe) is written
    into and stays what it is. A file without a write permission is left as it is, whoever asks.

    Raises:
        InputError: a folder, read-only, a folder that is not there or not writable, a full disk, a pipe nobody reads.
    """
    try:
        descriptor = _open_descriptor(path)
        if descriptor is not None:
            _write_all(descriptor, content)
            return
        mode = _mode(path)
        if mode is not None and stat.S_ISDIR(mode):
            raise InputError("is a folder", where=str(path), mend="name a file in it")
        if mode is not None and not (mode & _ANYONE_WRITES and os.access(path, os.W_OK)):
            raise InputError("is read-only", where=str(path), mend="choose another path, or allow writing to it")
        if mode is None or stat.S_ISREG(mode):
            _replace(Path(os.path.realpath(path)), content, mode)
        else:
            _write_into(path, content, mode)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path), mend="choose another path") from None
    except ValueError as error:  # a null byte in the path
        named = str(path).replace("\0", "\\0")
        raise InputError(f"cannot be written: {error}", where=named, mend="choose another path") from None


def make_folder(path: str | Path) -> Path:
    """The folder, made if it is not there.

    Raises:
        InputError: it cannot be made.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", where=str(path), mend="choose another path") from None
    except ValueError as error:  # a null byte in the path
        raise InputError(f"cannot be made: {error}", where=str(path).replace("\0", "\\0")) from None
    return folder


@cache
def as_folder(path: Path) -> Path:
    """The folder at a path, which may lead into a zip that modules are imported from: ``app.pyz/costsim/hwprofiles``.

    Of a folder in a zip it is a copy, which goes with the process. What is not there stays what it is.
    """
    archive = next((parent for parent in path.parents if parent.exists()), None)
    if path.exists() or archive is None or not archive.is_file():
        return path
    import atexit  # what follows is for packages that nobody installed
    import shutil
    import tempfile
    import zipfile

    copy, inside = tempfile.mkdtemp(prefix="costsim-"), path.relative_to(archive).as_posix()
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(copy, [name for name in packed.namelist() if name.startswith(f"{inside}/")])
    return Path(copy, inside)


def _read(path: str | Path) -> bytes:
    """The content, or one byte more than is allowed of what is longer."""
    if not stat.S_ISFIFO(Path(path).stat().st_mode):
        with Path(path).open("rb") as file:
            return file.read(LARGEST_TEXT + 1)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb", buffering=0) as pipe:
        return _read_pipe(pipe.fileno())


def _read_pipe(handle: int) -> bytes:
    """All that writers send; the first is waited for, as nothing tells a pipe without one from one that is done."""
    content, until = bytearray(), time.monotonic() + PATIENCE_S
    while len(content) <= LARGEST_TEXT:
        try:
            part = os.read(handle, 2**20)
        except BlockingIOError:  # a writer is there and silent
            select.select([handle], [], [])
            continue
        content += part
        if part:
            continue
        if content:
            break
        if time.monotonic() > until:
            raise OSError(errno.ENXIO, "nobody writes to this pipe")
        time.sleep(0.02)
    return bytes(content)


def _mode(path: str | Path) -> int | None:
    """Type and permissions of what the path leads to; None where nothing is there yet."""
    try:
        return Path(path).stat().st_mode
    except FileNotFoundError:
        return None


def _open_descriptor(path: str | Path) -> int | None:
    """The number of a descriptor this process holds, for ``/dev/stdout`` and ``/dev/fd/3``: opened anew, a file
    behind it would be overwritten from its start.
    """
    numbered = _DESCRIPTOR.match(str(path))
    return int(numbered[1]) if numbered else _STANDARD.get(str(path))


def _replace(target: Path, content: bytes, mode: int | None) -> None:
    import tempfile  # most commands write no file

    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if mode is not None:
                there = target.stat()
                with contextlib.suppress(PermissionError):  # only root gives files away
                    os.fchown(file.fileno(), there.st_uid, there.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(mode) if mode is not None else _usual_mode())
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()


def _usual_mode() -> int:
    """The mode a new file has: mkstemp makes it private."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _write_into(path: str | Path, content: bytes, mode: int) -> None:
    """Into a device or a pipe; a pipe's reader is waited for."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NOCTTY | (os.O_NONBLOCK if stat.S_ISFIFO(mode) else 0))
            break
        except OSError as error:
            if error.errno != errno.ENXIO or not stat.S_ISFIFO(mode):
                raise
            if time.monotonic() > until:
                raise OSError(errno.ENXIO, "nobody reads this pipe") from None
            time.sleep(0.02)
    try:
        os.set_blocking(handle, True)
        _write_all(handle, content)
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    for stream in (sys.stdout, sys.stderr):  # what was printed before comes before
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
