"""A class of plugins that names itself."""

from __future__ import annotations

import re
from typing import ClassVar


class Named:
    """A plugin: called after its class, in kebab-case, unless it says otherwise."""

    name: ClassVar[str] = ""
    """Name on the command line and in tables; by default the class name in kebab-case."""

    def __init_subclass__(cls) -> None:
        """Name the class after itself unless it names itself."""
        super().__init_subclass__()
        if "name" not in cls.__dict__:
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()
