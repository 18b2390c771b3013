import pandas as pd

from tests.golden.table import compute, moved, read


def test_no_number_moved_unnoticed():
    old, new = read(), compute()
    assert set(old.index) == set(new.index), "run 'make golden'"
    assert (old.notna() == new.notna()).all(axis=None), "run 'make golden'"
    change = moved(old, new)
    assert change.empty, f"moved, in percent; if meant, run 'make golden' and say so in CHANGELOG.md:\n{change}"


def test_a_moved_number_is_noticed():
    old = pd.DataFrame({"latency_ms": [1.0, 2.0]}, index=["a", "b"])
    new = pd.DataFrame({"latency_ms": [1.0, 2.2]}, index=["a", "b"])
    assert moved(old, new).loc["b", "latency_ms"].round(6) == 10.0
