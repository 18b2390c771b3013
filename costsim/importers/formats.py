"""What the layers of a quantised file compute in, by the number formats of what they read and of their weights.

A kernel in int8 needs both operands in int8. Weights that are stored in few bits while the layer reads floats are
unpacked first, and the product is one of floats; other pairs (16-bit maps, 4-bit weights) have no kernel on the
devices known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

INT8, FLOAT = "int8", "float"
"""What ``Layer.dtype`` may be."""


@dataclass
class Formats:
    """Gathers what was met, to be said once."""

    stored_only: list[str] = field(default_factory=list)
    """Layers whose weights alone are integers."""
    without_kernel: dict[str, list[str]] = field(default_factory=dict)
    """Pairs of formats that no kernel multiplies, to the layers that have them."""

    def computed_in(self, layer: str, read: str | None, weights: str | None) -> str | None:
        """The data type of a layer that multiplies values read in one format by weights in another.

        Args:
            layer: its name.
            read: ``int8``, ``int16`` ...; None for floats.
            weights: the same.
        """
        if read is None and weights is None:
            return None
        if read == weights == INT8:
            return INT8
        if read is None:
            self.stored_only.append(layer)
        else:
            self.without_kernel.setdefault(f"{read} by {weights or 'float'}", []).append(layer)
        return FLOAT

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user has to know of the layers that compute in floats for all their integers."""
        said = [f"{pair}: no kernel multiplies that, priced in floats ({_some(at)})" for pair, at in self.pairs]
        if self.stored_only:
            said.append(f"weights alone are stored in integers, the products are of floats: {_some(self.stored_only)}")
        return tuple(said)

    @property
    def pairs(self) -> list[tuple[str, list[str]]]:
        return sorted(self.without_kernel.items())


def _some(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
