"""Reading profiles: inheritance, sources, and every way a file can be wrong."""

import numpy as np
import pytest

import costsim
from costsim.errors import InputError
from costsim.hardware import load_profile, profile_names
from costsim.hardware.folders import profile_aliases, shipped_folder
from costsim.hardware.vary import at_points, vary

BASE = (shipped_folder() / "rpi3b_plus.yaml").read_text()


@pytest.fixture
def profile_file(tmp_path):
    def write(text, name="mine.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize("name", profile_names())
def test_every_shipped_profile_loads_and_every_number_has_a_source(name):
    profile = load_profile(name)
    assert profile.name == name
    assert profile.provenance
    texts = [profile.source_of(path).text for path in profile.provenance]
    assert all(texts)
    assert not [text for text in texts if "from memory" in text or "remembered" in text]


def test_aliases_lead_to_named_boards():
    assert load_profile("arm_a53").name == "rpi3b_plus"
    assert set(profile_aliases().values()) <= set(profile_names())
    assert not set(profile_aliases()) & set(profile_names())


def test_a_file_may_extend_a_shipped_profile(profile_file):
    path = profile_file(
        "extends: rpi3b_plus\nname: overclocked\nsources: {me: {kind: measured, text: my bench}}\n"
        "hardware: {clock: {value: 1.6 GHz, source: me}}\n"
    )
    profile = load_profile(path)
    assert profile.name == "overclocked"
    assert profile.aliases == ()
    assert profile.value_at("hardware.clock") == 1.6e9
    assert profile.source_of("hardware.clock").text == "my bench"
    assert profile.value_at("hardware.cores") == 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("name: rpi3b_plus", "name: rpi3b_plus\nname: twice"), "duplicate"),
        (("family: cpu", "family: ccpu"), "did you mean cpu"),
        (("family: cpu", ""), "has no family"),
        (("schema_version: 1", "schema_version: 9"), "schema_version"),
        (("  cores:", "  kores:"), "unknown key"),
        (("{value: 1.4 GHz, source: board}", "{value: 1.4, source: board}"), "has no unit"),
        (("{value: 1.4 GHz, source: board}", "{value: 1.4 GB, source: board}"), "not in Hz"),
        (("{value: 1.4 GHz, source: board}", "1.4 GHz"), "has no source"),
        (("{value: 1.4 GHz, source: board}", "{value: 1.4 GHz, source: rumour}"), "'rumour' is not listed"),
        (("hardware:\n", "hardware: [\n"), "not valid YAML"),
        (("extends: _cortex_a53", "extends: nobody"), "extends 'nobody'"),
    ],
)
def test_a_wrong_file_is_refused_with_file_place_and_mend(profile_file, change, says):
    assert change[0] in BASE
    path = profile_file(BASE.replace(*change, 1))
    with pytest.raises(InputError) as error:
        load_profile(path)
    assert says in str(error.value)
    assert "mine.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_extending_in_a_circle_is_refused(profile_file):
    profile_file("extends: b\nname: a\n", "a.yaml")
    path = profile_file("extends: a\nname: b\n", "b.yaml")
    with pytest.raises(InputError, match="extends itself"):
        load_profile(path)


def test_settings_leave_the_shipped_profile_alone():
    changed = load_profile("arm_a53", {"hardware.clock": "2 GHz"})
    assert changed.value_at("hardware.clock") == 2e9
    assert changed.source_of("hardware.clock").text == "set on the command line"
    assert load_profile("arm_a53").value_at("hardware.clock") == 1.4e9


class TestDataTypesNobodyMeasured:
    def test_the_interval_is_wide_and_says_why(self):
        measured, unmeasured = (costsim.analyze("resnet18", "v100", dtype=dtype) for dtype in ("fp32", "fp16"))
        card = unmeasured.simulation.calibration
        assert measured.simulation.calibration == load_profile("v100").calibration
        assert card.status == "uncalibrated" and card.mean_error_ratio is None
        assert "fp16" in card.data and "fp32" in card.data
        for analysis, low, high in ((measured, 0.78, 1.44), (unmeasured, 0.3, 3.0)):
            summary = analysis.summary
            assert summary["latency_low_ms"] == pytest.approx(low * summary["latency_ms"])
            assert summary["latency_high_ms"] == pytest.approx(high * summary["latency_ms"])

    @pytest.mark.parametrize("name", profile_names())
    def test_no_data_type_is_trusted_more_than_a_measured_one(self, name):
        profile = load_profile(name)
        known = profile.calibration
        for dtype in set(profile.runtime.dtypes) - set(known.by_dtype):  # those were measured and have their own card
            own = profile.calibration_in(dtype)
            assert own.low_ratio <= known.low_ratio and own.high_ratio >= known.high_ratio
        if known.status != "uncalibrated":  # else no data type of it was measured, and each may have a card of its own
            assert profile.calibration_in(profile.runtime.dtypes[0]) == known

    def test_a_profile_may_say_that_several_were_measured(self):
        profile = load_profile("v100")
        both = profile.calibration.model_copy(update={"dtypes": ("fp32", "fp16")})
        assert profile.model_copy(update={"calibration": both}).calibration_in("fp16") == both


class TestFittedNumbersStandApart:
    HEAD = "extends: rpi3b_plus\nname: mine\nsources: {mine: {kind: fitted, text: my fit}}\n"

    @pytest.mark.parametrize(
        "block",
        [
            "hardware: {clock: {value: 1.6 GHz, source: mine}}",
            "runtime: {im2col_min_channels: {value: 3, source: mine}}",
        ],
    )
    def test_none_is_among_the_facts(self, profile_file, block):
        with pytest.raises(InputError, match=r"is fitted, not a fact; move it under fitted\."):
            load_profile(profile_file(self.HEAD + block + "\n"))

    def test_those_under_fitted_are_the_devices(self, profile_file):
        path = profile_file(self.HEAD + "fitted: {hardware: {clock: 1.6 GHz, source: mine}}\n")
        profile = load_profile(path)
        assert profile.hardware.clock_hz == 1.6e9
        assert profile.source_of("hardware.clock").text == "my fit"

    def test_a_file_that_extends_it_has_the_last_word(self, profile_file):
        profile_file(self.HEAD + "fitted: {hardware: {clock: 1.6 GHz, source: mine}}\n", "parent.yaml")
        fact = (
            "sources: {sheet: {kind: datasheet, text: a sheet}}\nhardware: {clock: {value: 1.5 GHz, source: sheet}}\n"
        )
        assert load_profile(profile_file(f"extends: parent\nname: child\n{fact}")).hardware.clock_hz == 1.5e9

    def test_a_number_given_twice_is_refused(self, profile_file):
        text = self.HEAD.replace("sources: {", "sources: {sheet: {kind: datasheet, text: a sheet}, ")
        text += (
            "hardware: {clock: {value: 1.5 GHz, source: sheet}}\nfitted: {hardware: {clock: 1.6 GHz, source: mine}}\n"
        )
        with pytest.raises(InputError, match=r"hardware\.clock is also in fitted\.hardware"):
            load_profile(profile_file(text))


def test_a_column_whose_values_agree_at_some_points_is_a_number_there():
    profile = vary(load_profile("rpi4b"), {"hardware.clock": np.array([1e9, 1e9, 2e9])})
    agreed, apart = (at_points(profile, np.array(where)).hardware.clock_hz for where in ([0, 1], [1, 2]))
    assert type(agreed) is float and agreed == 1e9
    assert apart.tolist() == [1e9, 2e9]
