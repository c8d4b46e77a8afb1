"""README and documents: links lead somewhere, and commands and options exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT
from typer.main import get_command

from inpaintbench.cli.application import application

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
COMMAND = re.compile(r"^(?:.*&& )?inpaintbench ([a-z]+)([^|#&\n]*)", re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """Name the headings of a document as GitHub does."""
    heads = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for name, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        target = (document.parent / name) if name else document
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), f"{name}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_their_options_exist(document: Path) -> None:
    commands = get_command(application).commands  # type: ignore[attr-defined]
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    code = "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)]).replace("\\\n", " ")
    for name, rest in COMMAND.findall(code):
        assert name in commands, f"inpaintbench {name}"
        command = commands[name]
        for word in rest.split():
            command = getattr(command, "commands", {}).get(word, command)
        known = {o for parameter in command.params for o in parameter.opts}
        known |= {o for parameter in command.params for o in parameter.secondary_opts}
        for option in re.findall(r"(?<=\s)--[a-z-]+", rest):
            assert option in known | {"--help", "--debug"}, f"inpaintbench {name}{rest}"
