"""``costsim check``: what the guidelines find in a network, and what it costs on a device."""

from __future__ import annotations

from collections.abc import Sequence

import click

from costsim.advice import Advice, advise_simulation
from costsim.analysis import Analysis
from costsim.api import analyze
from costsim.cli.options import parse_settings, run_options
from costsim.cli.outputs import format_option, print_report
from costsim.errors import AssertionFailedError, InputError, unknown_name
from costsim.files import write_text
from costsim.graph import LayerGraph
from costsim.guidelines import Finding, check
from costsim.guidelines.assertion import Verdict, judge
from costsim.guidelines.pricing import apply_findings, takes_minutes
from costsim.guidelines.regions import regions
from costsim.guidelines.suppress import load_suppressions
from costsim.importers.json import save_network
from costsim.limits import parse_assertion
from costsim.report.verbs.checked import Checked


@click.command("check", short_help="What breaks the guidelines, and what that costs.")
@click.argument("network")
@click.option("--hw", required=True, metavar="HW", help="A name of 'costsim hw list', or the path of a profile.")
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
@click.option("-o", "--output", "target", metavar="FILE", help="Where --apply writes the changed network, as JSON.")
def command(
    network: str, hw: str, settings: tuple[str, ...], output: str, everything: bool, suppress: str | None,
    assertions: tuple[str, ...], applied: tuple[str, ...], html: str | None, target: str | None, **run: object,
) -> None:  # fmt: skip
    """Find what breaks the guidelines in NETWORK, priced by what the counterfactual would save on HW.

    A price is what the device model predicts for the changed network; it says nothing of accuracy.
    """
    limits = [parse_assertion(text) for text in assertions]
    suppressions = load_suppressions(suppress) if suppress else []
    if bool(applied) != bool(target):
        raise InputError(
            "--apply and --output go together", where="check", mend="write --apply G2@stage3 -o better.json"
        )
    analysis = analyze(network, hw, settings=parse_settings(settings), **run)  # type: ignore[arg-type]
    if takes_minutes(analysis.simulation):
        click.echo("costsim: every finding needs a buffer plan of its own here; this takes minutes", err=True)
    found = check(analysis.simulation)
    kept = [f for f in found if not any(s.covers(f) for s in suppressions)]
    totals = analysis.summary
    places = [region.name for region in regions(analysis.simulation.graph)]
    verdicts = [judge(limit, totals, analysis.unknown, kept, places) for limit in limits]
    idle = [s for s in suppressions if not any(s.covers(f) for f in found)]
    advice = _advice(analysis, verdicts) if output in ("text", "json") else None
    checked = Checked(analysis, kept, len(found) - len(kept), verdicts, everything, advice)
    changed = _changed(analysis, found, applied)
    print_report("check", output, checked)
    for suppression in idle:
        click.echo(f"costsim: nothing found for the suppression of {suppression.id}", err=True)
    if target and changed:
        save_network(changed, target)
        click.echo(f"{changed.name} with {', '.join(applied)} applied written to {target}", err=True)
    if html:  # after the result is printed, so that a bad path loses nothing
        from costsim.report.page.html import page

        write_text(html, page(analysis, click.get_current_context().obj, kept, verdicts))
        click.echo(f"report written to {html}", err=True)
    if failed := [str(verdict) for verdict in verdicts if not verdict.holds]:
        raise AssertionFailedError("; ".join(failed))


def _advice(analysis: Analysis, verdicts: Sequence[Verdict]) -> Advice | None:
    """What would meet the failed limits on totals, all together and keeping those that hold."""
    of_totals = [v for v in verdicts if "." not in v.assertion.metric]
    if all(v.holds for v in of_totals):
        return None
    return advise_simulation(analysis.simulation, [v.assertion for v in of_totals])


def _changed(analysis: Analysis, found: Sequence[Finding], keys: tuple[str, ...]) -> LayerGraph | None:
    """The network with the counterfactuals of the named findings, one after the other."""
    by_key = {finding.key: finding for finding in found}
    for key in keys:
        if key not in by_key:
            raise unknown_name("finding", key, by_key, where="--apply")
    return apply_findings(analysis.simulation.graph, [by_key[key] for key in keys]) if keys else None
