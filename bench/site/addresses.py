"""Names of pages and of files on them: safe anywhere, and no folder of a person's machine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_LONGEST = 48


def page_names(folder: str, names: Iterable[str]) -> dict[str, str]:
    """Give each name a page in a folder: ``telea[radius=5]`` → ``methods/telea-radius-5-….html``.

    A name that had to be changed gets a digest of itself behind it, so that pages stay apart and
    an address always means the same.
    """
    return {name: f"{folder}/{_plain(name)}.html" for name in names}


def without_folders(text: str) -> str:
    """Keep the last part of every absolute path in a text: ``/home/me/mine.py`` → ``mine.py``."""
    text = re.sub(r'(?<=File ")[^"\n]*[\\/](?=[^"\n]*")', "", text)  # folders may hold spaces
    return re.sub(r"(?<![\w.:/\\~-])(?:~|[A-Za-z]:)?[\\/](?:[^\s\"'\\/:]+[\\/])+", "", text)


def _plain(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:_LONGEST]
    if plain == name:
        return plain
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{plain}-{digest}" if plain else digest
