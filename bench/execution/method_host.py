"""Inside a method's process: find the method, then set it up and call it as its host does."""

from __future__ import annotations

from dataclasses import asdict
from multiprocessing.connection import Connection
from multiprocessing.heap import Arena
from typing import Any

from inpaintbench.environments.conversation import become
from inpaintbench.environments.host import Host
from inpaintbench.errors import BenchError
from inpaintbench.execution.failure import failure_of
from inpaintbench.methods.base import Method
from inpaintbench.planning.plan import describe
from inpaintbench.plugins import registry
from inpaintbench.plugins.draws import seed_of_draw
from inpaintbench.plugins.foreign import Foreign


def serve(connection: Connection, shared: Arena | None = None) -> None:
    """Answer requests until the connection is closed."""
    _Host(connection, shared).serve()


class _Host(Host):
    """The method of this process, found by its specification."""

    _method: Method

    def answer(self, request: dict[str, Any]) -> None:
        """Do what a request asks for."""
        if "describe" in request:
            self.send(variant=asdict(describe(request["describe"], request["device"])))
        elif "set up" in request:
            self._set_up(**request["set up"])
        else:
            super().answer(request)

    def failed(self, error: BaseException) -> dict[str, str]:
        """Describe what was raised."""
        return asdict(failure_of(error, self.stage))

    def seed_of(self, seed: int) -> int:
        """Return the seed that the method gets for the seed of a case."""
        return seed_of_draw(self._method, seed)

    def _set_up(self, specification: str, key: str, device: str, seed: int, threads: int) -> None:
        self.stage = "environment"
        found = describe(specification, device).key
        if found != key:
            raise BenchError(
                f"the method's code, weights or libraries here (key {found}) aren't those of the "
                f"plan ({key}); run the same command again"
            )
        if registry.header_of(specification):
            self._go_elsewhere(specification, {"device": device, "seed": seed, "threads": threads})
        self.send(begins=True)
        self._method = registry.make_method(specification, keep_importable=True)
        self.set_up(device, seed, threads)

    def _go_elsewhere(self, specification: str, wanted: dict[str, Any]) -> None:
        """Go on in the environment that a method asks for, and set it up there."""
        method = registry.make_method(specification)
        assert isinstance(method, Foreign)
        method.let_go()
        request = {"set up": wanted | {"make": method.making}}
        become(method.environment, self._connection, self._shared, request)
