"""``python -m costsim`` and the command ``costsim``: Ctrl-C is answered in one line from the first moment on."""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """Run the command line; while its modules load, and when all is done, there is nothing to put in order."""
    at_once = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else it is ignored, as behind nohup
    if at_once:
        signal.signal(signal.SIGINT, _leave)
    from costsim.cli import main as run

    if at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run()
    finally:
        if at_once:
            signal.signal(signal.SIGINT, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    os.write(2, b"costsim: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    main()
