"""How published times were taken, once a table: whoever predicts a cell of it does so by this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.simulate import Simulation, simulate


@dataclass(frozen=True)
class Protocol:
    """What stood on the watch besides the network."""

    batch: int
    input_from: Literal["host", "device"] | None = None
    """Where the input lay when the clock started; None: as the runtime has it. It matters where a host copies it."""
    threads: int | None = None
    """Of devices with cores to choose from; None: the profile's own."""

    def on(self, profile: Profile, dtype: str | None = None) -> tuple[Profile, RunConfig]:
        """The device as it was timed, and the run."""
        threads = self.threads if profile.max_threads > 1 else None
        runtime = profile.runtime
        if self.input_from and hasattr(runtime, "input_from"):
            runtime = runtime.model_copy(update={"input_from": self.input_from})
            profile = profile.model_copy(update={"runtime": runtime})
        return profile, RunConfig.of(profile, dtype, threads)

    def simulate(self, graph: LayerGraph, profile: Profile, dtype: str | None = None) -> Simulation:
        """The graph, which has the batch in its shapes, as the table timed it.

        Raises:
            DoesNotFitError: the device cannot run the network.
            InputError: a data type the runtime does not have.
        """
        return simulate(graph, *self.on(profile, dtype))


ANY = Protocol(batch=1)
"""One image, as the profile's runtime does it: tables that say no more."""

_LAYERS, _NETWORKS_ON_GPU = Protocol(1, "device", threads=1), Protocol(8, "host")
_ONE_CORE = Protocol(1, threads=1)

SHUFFLENET_V2: dict[tuple[str, str], Protocol] = {
    **{(table, platform): _LAYERS for table in ("T1", "T2", "T3", "T4") for platform in ("GPU", "ARM")},
    ("T8", "GPU"): _NETWORKS_ON_GPU,
    ("T8", "ARM"): _ONE_CORE,
    ("F2", "GPU"): _NETWORKS_ON_GPU,
    ("F2", "ARM"): _ONE_CORE,
    ("T7", "GPU"): Protocol(4, "host"),
}
"""By table and platform, arXiv 1807.11164: Tables 1 to 4 at batch 1, Table 8 at 8 on the GPU and 1 on one ARM core
(section 4), Table 7 at 4. Figure 2 counts the input's copy among the time of a network ("Data"); the speeds of
Tables 1 to 4 leave no room for it (docs/validation.md)."""
