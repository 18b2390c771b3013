"""What people write in one line, in Python and on the command line."""

import json
from fnmatch import fnmatch

import pytest

import costsim
from costsim.cli import run
from costsim.survey import ordered, sort_key, survey

NET, HW = "shufflenet_v2_0.5x", "rpi4b"

MODULE = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return self.first(x).relu()
"""


@pytest.fixture(scope="module")
def analysis():
    return costsim.analyze(NET, HW)


def test_print_shows_the_report(analysis):
    assert str(analysis) == analysis.report("text").rstrip("\n")


def test_summary_of_a_network_and_on_a_device(capsys, analysis, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    costsim.summary(NET)
    out = capsys.readouterr().out
    graph = costsim.Network(NET).graph
    assert all(node.name in out for node in graph)
    assert out.rstrip().endswith("1.366 M parameters, 40.48 M MACs")
    costsim.summary(NET, HW)
    assert capsys.readouterr().out == f"{analysis}\n"


def test_summary_of_a_torch_module(capsys):
    torch = pytest.importorskip("torch")
    costsim.summary(torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU()), input_size=(3, 32, 32))
    assert "224 parameters" in capsys.readouterr().out


def test_files_of_an_analysis(analysis, tmp_path):
    assert (tmp_path / "a.csv").write_text(analysis.to_csv()) and analysis.to_csv(tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    assert analysis.to_markdown(tmp_path / "a.md") == (tmp_path / "a.md").read_text()
    pd, _ = pytest.importorskip("pandas"), pytest.importorskip("openpyxl")
    analysis.to_excel(tmp_path / "a.xlsx")
    sheets = pd.read_excel(tmp_path / "a.xlsx", sheet_name=None)
    assert set(sheets) == {"totals", "layers", "blocks", "findings"}
    assert sheets["layers"].latency_ms.sum() == pytest.approx(analysis.latency_ms)


@pytest.mark.parametrize("kind", ["roofline", "breakdown", "memory"])
def test_a_plot_is_a_figure(analysis, kind):
    figure = analysis.plot(kind)
    assert figure.axes[0].has_data()
    assert figure.get_suptitle().startswith(NET)


def test_another_plot_is_refused(analysis):
    with pytest.raises(costsim.InputError, match="did you mean roofline"):
        analysis.plot("rofline")


def test_the_card_of_a_notebook_has_a_bar_a_class(analysis):
    card = analysis._repr_html_()
    assert card.count("display:inline-block") == len(analysis.class_records)
    assert "<script" not in card


@pytest.mark.parametrize(("hw", "cores"), [("rpi4b", 4), ("gtx_1080ti", 1)])
def test_all_threads(hw, cores, capsys):
    assert run(["analyze", NET, "--hw", hw, "--threads", "all", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["hardware"]["threads"] == cores
    assert document["totals"]["latency_ms"] == costsim.analyze(NET, hw, threads=cores).latency_ms


def test_threads_that_are_neither(capsys):
    assert run(["analyze", NET, "--hw", HW, "--threads", "some"]) == 1
    assert "'some' is not a valid integer" in capsys.readouterr().err


def test_a_class_of_a_file(tmp_path, capsys):
    pytest.importorskip("torch")
    (tmp_path / "net.py").write_text(MODULE)
    spec = f"{tmp_path / 'net.py'}:Net"
    assert run(["analyze", spec, "--hw", HW, "--input-size", "3x64x64", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["params"] == 3 * 8 * 9 + 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("net.py", "says no name; write {0}/net.py:Net"),
        ("net.py:Nett", "unknown name 'Nett'; did you mean Net?"),
        ("other.py:Net", "no such file"),
        ("broken.py:Net", "raises ZeroDivisionError: division by zero when imported"),
        ("asks.py:network", "raises TypeError"),
        ("weights.pt", "weights alone, pickled code or TorchScript"),
        ("net.keras", "tf.lite.TFLiteConverter.from_keras_model(model).convert()"),
        ("net.pte", "give what it was exported from: module.py:Net, or a .pt2"),
        ("board.yaml", "profiles go to --hw"),
    ],
)
def test_code_that_makes_no_network_is_one_line(tmp_path, capsys, text, said):
    (tmp_path / "net.py").write_text("class Net: pass\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "asks.py").write_text("def network(channels): pass\n")
    assert run(["analyze", f"{tmp_path}/{text}", "--hw", HW]) == 1
    err = capsys.readouterr().err
    assert said.format(tmp_path) in err and len(err.splitlines()) == 1


def test_nets_by_word_family_and_size(capsys):
    assert run(["nets", "list", "shuffle", "--family", "shufflenet_v2", "--max-macs", "150M", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["networks"]
    assert {"name", "family", "input_shape", "params", "macs"} == set(found[0])
    wanted = [n for n in costsim.network_names() if n.startswith("shufflenet_v2")]
    assert [n["name"] for n in found] == [n for n in wanted if costsim.Network(n).macs <= 150e6]
    assert run(["nets", "list", "mobilenet_v?_1x"]) == 0
    names = capsys.readouterr().out.split()
    assert names == [n for n in costsim.network_names() if fnmatch(n, "*mobilenet_v?_1x*")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--family", "shufflenet"], "did you mean"), (["--max-macs", "many"], "is not"), (["zzz"], "no network is like")],
)
def test_nets_that_are_not_there(arguments, said, capsys):
    assert run(["nets", "list", *arguments]) == 1
    err = capsys.readouterr().err
    assert said in err and len(err.splitlines()) == 1


def test_nets_in_the_order_of_a_measure(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    words = ["nets", "list", "shufflenet_v?_*1x", "--family", "shufflenet_v1"]
    assert run([*words, "--sort=-fragments", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["networks"]
    counts = [row["measures"]["fragments"] for row in found]
    assert len(set(counts)) > 2 and counts == sorted(counts, reverse=True)
    first = costsim.analyze(found[0]["name"], "rpi4b")
    assert found[0]["measures"] == first.measures and found[0]["latency_ms"] == first.latency_ms
    assert run([*words, "--sort", "fragments"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80 and [line.split()[0] for line in lines[2:]] == [r["name"] for r in found][::-1]
    assert run(["nets", "list", "--sort", "fragmentatoin"]) == 1
    assert "did you mean fragmentation_ratio" in capsys.readouterr().err


@pytest.mark.parametrize(("asked", "meant"), [("fragmentation", "fragmentation_ratio"), ("-macs", "macs")])
def test_the_beginning_of_a_measures_name_will_do(asked, meant):
    assert sort_key(asked) == meant


def test_a_beginning_that_several_measures_have_is_refused():
    with pytest.raises(costsim.InputError, match="elementwise_elems"):
        sort_key("elementwise")


def test_networks_that_do_not_fit_stand_last():
    rows = ordered(survey(["alexnet", "mlperf_tiny_mobilenet"], "stm32h743"), "-macs")
    assert [(row["name"], row["macs"] is None) for row in rows] == [("mlperf_tiny_mobilenet", False), ("alexnet", True)]
