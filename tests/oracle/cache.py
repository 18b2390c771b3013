"""A cache between ops, tensor by tensor: the readable twin of ``costsim.devices.kernels.cache``."""

from __future__ import annotations

from dataclasses import dataclass

from costsim.tables.optable import OpTable


def missed(touched: float, capacity: float) -> float:
    """Share of a tensor that is gone after so many bytes: none up to the capacity, all from twice on."""
    return min(1.0, max(0.0, touched / capacity - 1))


@dataclass(frozen=True)
class Touched:
    """Bytes an op reads and writes."""

    input_bytes: float
    output_bytes: float
    weight_bytes: float
    scratch_bytes: float = 0.0


class Cache:
    """How ops find their inputs, and how their outputs fare until they are read."""

    def __init__(self, chain: list[Touched], table: OpTable, capacity: float) -> None:
        self.chain, self.producers, self.capacity = chain, table.producers, capacity
        self.kept = [label.is_kept for label in table.labels]
        self.readers: list[list[int]] = [[] for _ in chain]
        for row, sources in enumerate(self.producers):
            for source in set(sources) - {-1}:
                self.readers[source].append(row)

    def gone(self, writer: int, reader: int) -> float:
        """Share of a tensor no longer in the cache when ``reader`` comes."""
        written = sum(op.output_bytes for op in self.chain[writer:reader])
        passing = sum(op.weight_bytes + op.scratch_bytes for op in self.chain[writer + 1 : reader + 1])
        return missed(written + passing, self.capacity)

    def read_ratio(self, row: int, missing: float = 1.0) -> float:
        """Share of an op's inputs that come from memory; ``missing`` of the network's own input does."""
        sources = self.producers[row]
        outside = self.chain[row].input_bytes if -1 in sources or not sources else 0.0
        inside = {source: self.chain[source].output_bytes for source in sources if source >= 0}
        from_memory = sum(size * self.gone(source, row) for source, size in inside.items()) + outside * missing
        return from_memory / max(sum(inside.values()) + outside, 1.0)

    def written_ratio(self, row: int, missing: float = 1.0) -> float:
        """Share of an op's output that goes out to memory; ``missing`` of a result of the network does."""
        shares = [self.gone(row, reader) for reader in self.readers[row]]
        return max([*shares, missing] if self.kept[row] or not shares else shares)
