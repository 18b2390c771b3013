"""Reading text, writing files so that none is ever left half-written, and the folders they go to."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from costsim.errors import InputError


def read_text(path: str | Path, mend: str = "check the path") -> str:
    """The file's text, which must be UTF-8; ``mend`` tells what it should have been.

    Raises:
        InputError: no such file, not readable, or no text.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), mend=mend) from None
    except UnicodeDecodeError:
        raise InputError("cannot be read: not text in UTF-8", where=str(path), mend=mend) from None


def write_text(path: str | Path, text: str) -> None:
    """The text as UTF-8; see ``write_bytes``."""
    write_bytes(path, text.encode())


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write to a temporary file beside the target, then rename it into place.

    Raises:
        InputError: the folder is not there, not writable, or the disk is full.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError("is a folder", where=str(path), mend="name a file in it")
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)  # mkstemp makes it private
        Path(temporary).replace(target)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path), mend="choose another path") from None
    finally:
        if temporary:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()


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
    return folder
