"""What a kernel says of its processor, and the runtimes that are there."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from costsim.calibrate.host.machine import this_machine
from costsim.calibrate.host.runtimes import RUNTIMES, runtime_named
from costsim.errors import InputError
from costsim.exporters.onnx import onnx_model
from costsim.graph import NetBuilder
from costsim.networks import build

CPUINFO = """\
processor\t: 0
vendor_id\t: {vendor}
cpu family\t: {family}
model\t\t: 17
model name\t: Some CPU
flags\t\t: fpu sse2 {flags}

processor\t: 1
vendor_id\t: {vendor}
cpu family\t: {family}
model\t\t: 17
model name\t: Another core
flags\t\t: fpu sse2 {flags}
"""


@pytest.fixture
def described(tmp_path):
    def describe(
        vendor="AuthenticAMD",
        family=25,
        flags="avx2 avx512f",
        levels=((1, "Data", "32K"), (1, "Instruction", "64K"), (2, "Unified", "1024K"), (3, "Unified", "32768K")),
        **options,
    ):
        cpuinfo, caches = tmp_path / "cpuinfo", tmp_path / "cache"
        cpuinfo.write_text(CPUINFO.format(vendor=vendor, family=family, flags=flags))
        for number, (level, kind, size) in enumerate(levels):
            folder = caches / f"index{number}"
            folder.mkdir(parents=True)
            for name, value in (("level", level), ("type", kind), ("size", size)):
                (folder / name).write_text(f"{value}\n")
        return this_machine(cpuinfo, caches, options.get("architecture", "x86_64"))

    return describe


@pytest.mark.parametrize(
    ("vendor", "family", "flags", "vector_bytes", "macs", "load_bytes"),
    [
        ("AuthenticAMD", 25, "avx2 avx512f", 64, 16, 64),
        ("AuthenticAMD", 26, "avx2 avx512f", 64, 32, 128),
        ("GenuineIntel", 6, "avx2 avx512f", 64, 32, 128),
        ("GenuineIntel", 6, "avx2", 32, 16, 64),
    ],
)
def test_vectors_and_peaks_follow_the_instruction_set(described, vendor, family, flags, vector_bytes, macs, load_bytes):
    machine = described(vendor, family, flags)
    assert (machine.vector_bytes, machine.macs_per_cycle, machine.load_bytes_per_cycle) == (
        vector_bytes,
        macs,
        load_bytes,
    )
    assert machine.model == f"Some CPU (family {family}, model 17)"


def test_caches_are_those_for_data(described):
    assert described().cache_bytes == {1: 32 * 1024, 2: 1024**2, 3: 32 * 1024**2}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"architecture": "aarch64"}, "use Linux on an x86"),
        ({"flags": "sse4_2"}, "use Linux on an x86"),
        ({"levels": ()}, "says nothing of its caches"),
    ],
)
def test_other_machines_are_refused(described, options, says):
    with pytest.raises(InputError, match=says):
        described(**options)


def test_without_a_description_it_is_refused_too(tmp_path):
    with pytest.raises(InputError, match="none the base profiles describe"):
        this_machine(tmp_path / "none", tmp_path, "x86_64")


class TestRuntimes:
    """What runs is what was asked for; nothing here is timed."""

    @pytest.mark.parametrize("name", sorted(RUNTIMES))
    def test_a_graph_is_ready_to_run(self, name):
        graph = build("squeezenet_1_1").with_input(1, 3, 64, 64)
        output = np.asarray(runtime_named(name).prepare(graph, 1)())
        assert output.size == 1000
        assert np.isfinite(output).all()

    def test_an_onnx_file_runs_as_it_is(self, tmp_path):
        graph = build("squeezenet_1_1").with_input(1, 3, 64, 64)
        path = tmp_path / "net.onnx"
        path.write_bytes(onnx_model(graph, seed=3).SerializeToString())
        runtime = runtime_named("onnxruntime")
        from_file, own = (runtime.prepare(graph, 1, where)() for where in (path, None))
        assert not np.allclose(from_file[0], own[0])  # other weights

    def test_what_onnxruntime_cannot_run_is_refused_in_one_line(self, tmp_path):
        path = tmp_path / "broken.onnx"
        path.write_bytes(b"no model")
        with pytest.raises(InputError, match="onnxruntime refuses it"):
            runtime_named("onnxruntime").prepare(build("squeezenet_1_1"), 1, path)

    def test_an_input_that_is_no_image_is_refused_before_anything_is_timed(self, tmp_path):
        tokens = helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, 4])
        result = helper.make_tensor_value_info("y", TensorProto.INT64, [1, 4])
        body = helper.make_graph([helper.make_node("Abs", ["tokens"], ["y"])], "net", [tokens], [result])
        path = tmp_path / "tokens.onnx"
        path.write_bytes(
            helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
        )
        net = NetBuilder("tokens")
        net.act(net.input(1, 4), "abs")
        with pytest.raises(InputError, match="onnxruntime refuses it"):
            runtime_named("onnxruntime").prepare(net.graph, 1, path)

    def test_an_unknown_runtime_is_named(self):
        with pytest.raises(InputError, match="unknown runtime 'tvm'"):
            runtime_named("tvm")
