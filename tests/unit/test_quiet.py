"""Time on a quiet machine: sleeping counts, waiting for a core does not."""

from pathlib import Path
from time import process_time, sleep

import pytest

from tests.quiet import QuietTime


def test_sleeping_is_counted():
    with QuietTime() as quiet:
        sleep(0.05)
    assert quiet.seconds >= 0.04


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only Linux tells how long a thread waited")
def test_computing_takes_its_own_time_however_full_the_machine_is():
    began = process_time()
    with QuietTime() as quiet:
        while process_time() - began < 0.1:
            pass
    assert quiet.seconds == pytest.approx(0.1, abs=0.03)
