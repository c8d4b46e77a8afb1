"""Where packages come from: what a person told pip, in the words of uv, which doesn't read it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "constraint": "UV_CONSTRAINT",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
}
"""Settings of pip, and the variables in which uv takes the same."""

_SECTIONS = ("global", "install", ":env:")
"""Sections of pip's configuration that hold for an installation, from the weakest."""


def uv_variables(settings: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Say in variables of uv what pip's settings say.

    Parameters
    ----------
    settings : mapping of str to str
        pip's, by name: ``index-url``.
    given : mapping of str to str
        Variables that are set: they stay as they are.
    """
    found = {}
    for name, variable in _NAMES.items():
        value = settings.get(name, "").split()
        if value and variable not in given:
            found[variable] = ("," if name == "find-links" else " ").join(value)
    if found.get("UV_NO_INDEX", "").lower() in ("0", "false", "no", "off"):
        del found["UV_NO_INDEX"]
    if "UV_INDEX" in found and "UV_INDEX_STRATEGY" not in given:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # pip's: the best of all indexes
    return found


def pip_settings() -> dict[str, str]:
    """Ask pip for its settings; where there is no pip, take those in the environment."""
    settings = {
        name.removeprefix("PIP_").lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.startswith("PIP_")
    }
    with suppress(OSError, subprocess.SubprocessError):
        words = [sys.executable, "-m", "pip", "config", "list"]
        told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
        found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
        for line in told.stdout.splitlines():
            name, _, value = line.partition("=")
            section, _, key = name.rpartition(".")
            if section in found:
                with suppress(ValueError, SyntaxError):
                    found[section][key] = str(ast.literal_eval(value))
        settings = {key: value for each in found.values() for key, value in each.items()}
    return settings
