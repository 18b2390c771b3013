"""Reading profiles: inheritance, sources, and every way a file can be wrong."""

import pytest

from costsim.errors import InputError
from costsim.hardware import load_profile, profile_names
from costsim.hardware.load import profile_aliases, profile_folder

BASE = (profile_folder() / "rpi3b_plus.yaml").read_text()


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
    assert all(profile.source_of(path).text for path in profile.provenance)


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
        (("family: cpu", "family: cqu"), "did you mean cpu"),
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
