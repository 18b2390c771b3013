"""``costsim check``: what the guidelines find in a network, what it costs on a device, and whether limits hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from costsim.advice import Advice, advise_simulation, other_runtimes
from costsim.advice.written import check_format, write_network
from costsim.analysis import Analysis
from costsim.api import analyze
from costsim.cli.options import parse_settings, run_options
from costsim.cli.outputs import format_option, print_report
from costsim.errors import AssertionFailedError, InputError, unknown_name
from costsim.files import write_text
from costsim.graph import LayerGraph
from costsim.graph.layergraph import SourceLine
from costsim.guidelines import Finding, check
from costsim.guidelines.assertion import Verdict, judge
from costsim.guidelines.pricing import apply_findings, takes_minutes
from costsim.guidelines.regions import regions
from costsim.guidelines.suppress import Suppression, load_suppressions
from costsim.limits import Assertion, parse_assertion
from costsim.project import FILE, Project, project_of
from costsim.report.verbs.checked import Checked


@dataclass(frozen=True)
class Asked:
    """One network on one device, and the limits it is held to."""

    network: str
    hw: str
    run: Mapping[str, Any]
    limits: Sequence[Assertion]
    written_at: Mapping[str, SourceLine] = field(default_factory=dict)


@click.command("check", short_help="What breaks the guidelines, and what that costs.")
@click.argument("network", required=False)
@click.option("--hw", metavar="HW", help="A name of 'costsim hw list', or the path of a profile.")
@click.option("--config", metavar="FILE", help=f"The {FILE} with [tool.costsim]; the nearest above if left out.")
@run_options
@format_option("check")
@click.option("--all", "everything", is_flag=True, help="Show all findings, also those that cost nothing here.")
@click.option("--suppress", metavar="FILE", help="YAML file of findings to leave out, each with a reason.")
@click.option(
    "--assert",
    "assertions",
    multiple=True,
    metavar="LIMIT",
    help="Exit with 3 unless it holds: 'latency_ms < 20', 'peak_activation_bytes <= 512KiB', 'G2.cost_ms < 1'.",
)
@click.option(
    "--apply",
    "applied",
    multiple=True,
    metavar="ID@PLACE",
    help="Change the network as this finding would have it: G2@stage3.",
)
@click.option("--html", metavar="FILE", help="Also write the report page, with these findings and limits.")
@click.option(
    "-o", "--output", "target", metavar="FILE", help="Where --apply writes the changed network: .onnx or .json."
)
def command(
    network: str | None, hw: str | None, config: str | None, settings: tuple[str, ...], output: str, everything: bool,
    suppress: str | None, assertions: tuple[str, ...], applied: tuple[str, ...], html: str | None, target: str | None,
    **run: object,
) -> None:  # fmt: skip
    """Find what breaks the guidelines in NETWORK, priced by what the counterfactual would save on HW.

    A price is what the device model predicts for the changed network; it says nothing of accuracy. Without NETWORK,
    all networks of [tool.costsim] in pyproject.toml are checked on their devices and held to their budgets. Under a
    limit that does not hold stand the changes that would meet it; 'costsim advise' has all of them.

    \b
    costsim check shufflenet_v1_g8_1x --hw rpi4b
    costsim check net.onnx --hw rpi4b --assert 'latency_ms < 30' --format junit
    costsim check net.onnx --hw rpi4b --apply G2@stage3 -o better.json
    """  # noqa: D301  click wants a real backspace
    limits = [parse_assertion(text) for text in assertions]
    suppressions = load_suppressions(suppress) if suppress else []
    if bool(applied) != bool(target):
        raise InputError(
            "--apply and --output go together", where="check", mend="write --apply G2@stage3 -o better.json"
        )
    if target:
        check_format(target)
    if network is None:
        if applied or html:
            raise InputError("--apply and --html are of one network", where="check", mend="write NETWORK --hw HW")
        project = project_of(config)
        suppressions = [*project.suppressions, *suppressions]
        asked = _of_project(project, hw, limits, {k: v for k, v in run.items() if v is not None})
    elif hw is None:
        raise InputError("--hw is missing", where="check", mend="name a device of 'costsim hw list'")
    else:
        asked = [Asked(network, hw, run, limits)]
    checks, found = [], []
    for one in asked:
        checked, of_network = _checked(one, parse_settings(settings), suppressions, everything, output)
        checks.append(checked)
        found += of_network
    changed = _changed(checks[0].analysis, found, applied)
    print_report("check", output, checks)
    for suppression in suppressions:
        if not any(suppression.covers(f) for f in found):
            click.echo(f"costsim: nothing found for the suppression of {suppression.id}", err=True)
    if target and changed:
        write_network(changed, target)
        click.echo(f"{changed.name} with {', '.join(applied)} applied written to {target}", err=True)
    if html:  # after the result is printed, so that a bad path loses nothing
        from costsim.report.page.html import page

        [checked] = checks
        write_text(html, page(checked.analysis, click.get_current_context().obj, checked.findings, checked.verdicts))
        click.echo(f"report written to {html}", err=True)
    if failed := [_failure(c, v, len(checks)) for c in checks for v in c.verdicts if not v.holds]:
        limits_held = sum(len(c.verdicts) for c in checks)
        plural, verb = "s" if limits_held > 1 else "", "do" if len(failed) > 1 else "does"
        told = f"{len(failed)} of {limits_held} limit{plural} {verb} not hold"
        raise AssertionFailedError(told if output == "text" else "; ".join(failed))


def _of_project(project: Project, hw: str | None, limits: Sequence[Assertion], run: Mapping[str, Any]) -> list[Asked]:
    """Every network on every device of a project; options of the command line come before the file's."""
    asked = []
    for entry in project.entries:
        for device in entry.devices:
            budgets = [budget for budget in entry.budgets if budget.holds_on(device)]
            written_at = {b.limit.text: SourceLine(str(project.path), b.line) for b in budgets}
            all_limits = [*(budget.limit for budget in budgets), *limits]
            asked.append(Asked(entry.network, device, {**entry.run, **run}, all_limits, written_at))
    wanted = [one for one in asked if hw in (None, one.hw)]
    if not wanted:
        raise unknown_name("device", str(hw), {one.hw for one in asked}, where=str(project.path))
    return wanted


def _checked(
    asked: Asked, settings: Mapping[str, str], suppressions: Sequence[Suppression], everything: bool, output: str
) -> tuple[Checked, list[Finding]]:
    """What is said of one network on one device, and all findings, the suppressed among them."""
    analysis = analyze(asked.network, asked.hw, settings=settings, **asked.run)
    if takes_minutes(analysis.simulation):
        click.echo("costsim: every finding needs a buffer plan of its own here; this takes minutes", err=True)
    found = check(analysis.simulation)
    kept = [f for f in found if not any(s.covers(f) for s in suppressions)]
    places = [region.name for region in regions(analysis.simulation.graph)]
    verdicts = [judge(limit, analysis.summary, analysis.unknown, kept, places) for limit in asked.limits]
    advice = _advice(analysis, verdicts, asked.hw, settings) if output != "csv" else None
    return (
        Checked(analysis, kept, len(found) - len(kept), verdicts, everything, advice, asked.written_at),
        found,
    )


def _failure(checked: Checked, verdict: Verdict, checks: int) -> str:
    of = f"{checked.analysis.network} on {checked.analysis.hardware}: " if checks > 1 else ""
    return f"{of}{verdict}"


def _advice(analysis: Analysis, verdicts: Sequence[Verdict], hw: str, settings: Mapping[str, str]) -> Advice | None:
    """What would meet the failed limits on totals, all together and keeping those that hold."""
    of_totals = [v for v in verdicts if "." not in v.assertion.metric]
    if all(v.holds for v in of_totals):
        return None
    simulation = analysis.simulation
    others = other_runtimes(hw, simulation.profile, settings)
    return advise_simulation(simulation, [v.assertion for v in of_totals], others)


def _changed(analysis: Analysis, found: Sequence[Finding], keys: tuple[str, ...]) -> LayerGraph | None:
    """The network with the counterfactuals of the named findings, one after the other."""
    by_key = {finding.key: finding for finding in found}
    for key in keys:
        if key not in by_key:
            raise unknown_name("finding", key, by_key, where="--apply")
    return apply_findings(analysis.simulation.graph, [by_key[key] for key in keys]) if keys else None
