"""Methods that load a model before they fill anything."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from inpaintbench.methods.base import Method


class LoadedMethod(Method):
    """A method with a model, which is on the CPU where nobody called `setup`."""

    _model: Any = None

    @abstractmethod
    def _load(self, device: str) -> Any:
        """Return the model, on the device."""

    def setup(self, device: str, seed: int) -> None:
        """Load the model."""
        self._model = self._load(device)

    def ready(self) -> Any:
        """Return the model.

        Raises
        ------
        ValueError
            When there is none, in a line that says what to do.
        """
        if self._model is None:
            if reason := self.unavailable():
                raise ValueError(reason)
            self.setup("cpu", 0)
        return self._model
