"""The error that is shown as one line, and the first line of what any error says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST = 1000
"""Characters of a message that are shown."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing, and what no encoding holds; not tab and new line."""


class BenchError(Exception):
    """One clear line that says what is wrong and what to do; shown without a traceback."""


class PluginError(BenchError):
    """What a plugin's code raised, which is the `__cause__`, in a line that names the plugin."""


@contextmanager
def blamed(plugin: str) -> Iterator[None]:
    """Tell what a plugin's code raises inside as a `PluginError`; a `BenchError` stays as it is."""
    try:
        yield
    except (KeyboardInterrupt, BenchError):
        raise
    except BaseException as error:  # sys.exit() too
        raise PluginError(f"{plugin}: {type(error).__name__}: {one_line(error)}") from error


def visible(text: str) -> str:
    r"""Write control characters and lone surrogates as Python does: ``\x1b``."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(error: BaseException) -> str:
    """Return the first line of what an exception says, whatever its text is or does."""
    try:
        text = str(error)
    except BaseException as worse:
        return f"(its message can't be read: {type(worse).__name__})"
    lines = visible(text[: 2 * _LONGEST]).strip().splitlines()
    return lines[0][:_LONGEST] if lines else ""


def reason(error: BaseException) -> str:
    """Return the first line of what an exception says, or its kind where it says nothing."""
    return one_line(error).rstrip(":") or type(error).__name__
