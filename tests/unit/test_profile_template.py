"""``costsim hw new``: a template of every family, with every field, that can be filled in and loaded."""

import pytest
from ruamel.yaml import YAML

import costsim
from costsim.devices import families
from costsim.hardware import load_profile
from costsim.hardware.declared import Block
from costsim.hardware.template import attribute_docstrings, template


def required(model, tree, path=""):
    """Dotted paths of all fields the schema demands, following the blocks the template chose."""
    for name, info in model.model_fields.items():
        if info.is_required():
            word = info.alias or name
            yield f"{path}{word}"
            blocks = [b for b in (info.annotation, *getattr(info.annotation, "__args__", ())) if isinstance(b, type)]
            block = next((b for b in blocks if issubclass(b, Block)), None)
            if block and isinstance(tree.get(word), dict) and word in tree and path + word != "sources":
                yield from required(block, tree[word], f"{path}{word}.")


def holds(tree, path):
    for word in path.split("."):
        tree = tree[word]
    return True


@pytest.mark.parametrize("family", families())
def test_the_template_holds_every_required_field_and_loads(family, run, tmp_path):
    path = tmp_path / "mine.yaml"
    code, out, err = run("hw", "new", "--family", family, "-o", str(path))
    assert (code, out) == (0, "") and "every value is an example" in err
    profile = load_profile(path)
    assert (profile.name, profile.family, profile.calibration.status) == ("mine", family, "uncalibrated")
    of_runtimes = ("runtime", "fitted") if profile.shared_runtimes else ()
    own = [number for number in profile.provenance if not number.startswith(of_runtimes)]
    assert {profile.source_of(number).kind for number in own} == {"estimated"}
    tree = YAML(typ="safe").load(path.read_text())
    fields = [f for f in required(type(profile), tree) if not f.startswith("sources.") and f not in of_runtimes]
    assert len(fields) > 15 and all(holds(tree, field) for field in fields)
    assert run("hw", "check", str(path))[0] == 0


@pytest.mark.parametrize("family", families())
def test_every_docstring_of_a_field_is_in_the_template(family):
    text = " ".join(line.strip(" #") for line in template(family, "mine").splitlines())
    model = type(load_profile(next(n for n in costsim.profile_names() if load_profile(n).family == family)))
    for block in ("hardware",) if model.shared_runtimes else ("hardware", "runtime", "fitted"):
        for said in attribute_docstrings(model.model_fields[block].annotation).values():
            assert said.replace("``", "") in text


def test_a_filled_template_is_the_device_it_was_filled_with(tmp_path):
    text = template("accelerator", "mine")
    for example, value in (
        ("clock: 1 GHz", "clock: 800 MHz"),
        ("atomic_c: 1", "atomic_c: 16"),
        ("atomic_k: 1", "atomic_k: 16"),
        ("size: 1 MiB", "size: 512 KiB"),
        ("#? burst: null", "burst: 64 B"),
    ):
        assert example in text
        text = text.replace(example, value, 1)
    (tmp_path / "mine.yaml").write_text(text)
    hardware = load_profile(tmp_path / "mine.yaml").hardware
    assert hardware.clock_hz == 800e6 and hardware.array.macs_per_cycle == 256
    assert hardware.memory.onchip.size_bytes == 512 * 1024 and hardware.memory.dram.burst_bytes == 64


def test_a_file_that_is_there_is_kept(run, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("precious")
    code, _, err = run("hw", "new", "--family", "cpu", "-o", str(path))
    assert code == 1 and "is there already" in err and path.read_text() == "precious"
    assert run("hw", "new", "--family", "cpu", "-o", str(tmp_path / "mine.txt"))[0] == 1


def test_a_gpu_is_what_its_datasheet_prints(tmp_path):
    text = template("gpu", "mine")
    for example, value in (
        ("multiprocessors: 1", "multiprocessors: 128"),
        ("clock: 1 GHz", "clock: 2520 MHz"),
        ("macs_per_cycle: {fp32: 1}", "macs_per_cycle: {fp32: 128, tf32: 128, fp16: 256, bf16: 256, int8: 1024}"),
        ("lanes: 1", "lanes: 128"),
        ("register_file: 1 MiB", "register_file: 256 KiB"),
        ("      size: 1 MiB", "      size: 72 MiB"),
        ("      bandwidth: 1 GB/s", "      bandwidth: 10322 GB/s"),
        ("      size: 1 MiB", "      size: 24 GB"),
        ("      bandwidth: 1 GB/s", "      bandwidth: 1008 GB/s"),
        ("      bandwidth: 1 GB/s", "      bandwidth: 25 GB/s"),
    ):
        assert example in text
        text = text.replace(example, value, 1)
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    for runtime in ("pytorch_eager", "pytorch_compiled", "tensorrt"):
        mine, shipped = (costsim.analyze("resnet18", hw, runtime=runtime, dtype="fp16") for hw in (path, "rtx_4090"))
        assert mine.latency_ms == shipped.latency_ms
        assert mine.trust.ends(1.0) == shipped.trust.ends(1.0)
