import pytest
from hypothesis import given
from hypothesis import strategies as st

from costsim.errors import InputError
from costsim.units import (
    DECIMAL,
    format_count,
    format_milliseconds,
    format_quantity,
    is_quantity,
    parse_quantity,
    time_column,
)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1.4 GHz", "Hz", 1.4e9),
        ("32 KiB", "B", 32 * 1024),
        ("32KiB", "B", 32 * 1024),
        ("1 TB", "B", 1e12),
        ("2.2 GB/s", "B/s", 2.2e9),
        ("1 GiB/s", "B/s", 2**30),
        ("20 us", "s", 20e-6),
        ("20 µs", "s", 20e-6),
        ("1e-3 s", "s", 1e-3),
        ("640 pJ", "J", 640e-12),
        (".5 W", "W", 0.5),
        ("3 ns", "s", 3e-9),
        ("2 mJ", "J", 2e-3),
        ("5 kHz", "Hz", 5e3),
        ("300 MB/s", "B/s", 3e8),
        ("4 MiB", "B", 4 * 2**20),
    ],
)
def test_reads_what_people_write(text, unit, value):
    assert parse_quantity(text, unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        (5, "Hz"),
        ("5", "Hz"),
        ("5 GB", "Hz"),
        ("5 GHz", "B"),
        ("5 GB", "B/s"),
        ("5 GB/s", "B"),
        ("5 KiHz", "Hz"),
        ("5 mB", "B"),
        ("5 XB", "B"),
        ("fast", "Hz"),
        ("nan s", "s"),
        ("inf s", "s"),
        ("1 2 s", "s"),
        ("", "s"),
    ],
)
def test_refuses_what_is_no_quantity_of_that_unit(text, unit):
    with pytest.raises(InputError) as error:
        parse_quantity(text, unit)
    assert "write it like" in str(error.value)
    assert "\n" not in str(error.value)


@given(st.floats(min_value=1e-3, max_value=1e3, allow_nan=False), st.sampled_from(sorted(DECIMAL)))
def test_every_prefix_scales(number, prefix):
    assert parse_quantity(f"{number!r} {prefix}Hz", "Hz") == pytest.approx(number * DECIMAL[prefix])


def test_only_numbers_with_a_unit_are_quantities():
    assert is_quantity("1.4 GHz")
    assert not is_quantity("2018 to 2026")
    assert not is_quantity("Cortex-A53")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0637, "s", "63.7 ms"),
        (2.2e9, "B/s", "2.2 GB/s"),
        (47759480, "B", "45.5 MiB"),
        (0, "B", "0 B"),
        (96, "B", "96 B"),
        (1.83e9, "Hz", "1.83 GHz"),
        (0.9996e-3, "s", "1 ms"),
        (2**20 - 1, "B", "1 MiB"),
        (1234.0, "s", "1230 s"),
        (2.5e-9, "s", "2.5 ns"),
        (3.2e-12, "J", "3.2 pJ"),
    ],
)
def test_prints_what_people_read(value, unit, text):
    assert format_quantity(value, unit) == text


def test_large_counts_are_never_in_exponent_form():
    assert format_count(145814296) == "145.8 M"
    assert format_count(9999999) == "10 M"
    assert format_quantity(123456 * 2**30, "B") == "123000 GiB"


@pytest.mark.parametrize(
    ("value_ms", "text"),
    [(63.68, "63.7 ms"), (1.0, "1 ms"), (0.8171, "817 us"), (0.00088, "880 ns"), (0.99999, "1 ms"), (0.0, "0 s")],
)
def test_times_are_shown_in_the_unit_that_fits(value_ms, text):
    assert format_milliseconds(value_ms) == text


def test_a_column_of_times_has_one_unit_and_its_points_under_each_other():
    assert time_column("time", [215.4, 5.409, 0.0061, None]) == (
        "time [ms]", ["  215    ", "    5.41 ", "    0.006", "    -    "],
    )  # fmt: skip
    assert time_column("t", [0.864, -0.0402], signed=True) == ("t [us]", ["+864  ", " -40.2"])
    assert time_column("t", []) == ("t [ms]", [])


@pytest.mark.parametrize(
    ("value", "text"), [(145_814_296, "145.8 M"), (999_999, "1 M"), (999.4, "999.4"), (2048, "2.048 k")]
)
def test_counts_are_shown_with_the_letter_that_fits(value, text):
    assert format_count(value) == text
