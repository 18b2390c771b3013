"""The manual of the guidelines, made of their docstrings: ``python -m costsim.guidelines.manual FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from costsim.guidelines.base import guideline, guideline_ids, manual, title

HEAD = """# Guidelines

<!-- Made from the docstrings of the rules by `make docs`; edit those. -->

`costsim check NETWORK --hw HW` looks for these. Words in italics stand for the numbers a finding gives.

Every finding has a price: what a counterfactual saves, predicted by the same device model that predicted the
network. The counterfactual keeps what the guideline keeps fixed, and is a changed network (`--apply` writes it), op
table or profile. Where it is no faster, the finding costs nothing on that device, and the report says so. Findings
that concern the same ops share their time, so that prices never add up to more than the latency. A changed network
costs something else; what it learns costsim does not know.

A finding is a `warning` from 5 % of the latency on, a `note` from 0.5 %, and `none` below that: it costs nothing, or
next to nothing, on that device.
`--suppress FILE` leaves findings out, each for a reason:

```yaml
- {id: G4, location: stage3, reason: "the shortcuts are what makes it train"}
```
"""


def page() -> str:
    """The manual as Markdown."""
    sections = [
        f"## {rule_id}: {title(guideline(rule_id))}\n\n{manual(guideline(rule_id))}\n" for rule_id in guideline_ids()
    ]
    return "\n".join([HEAD, *sections])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
