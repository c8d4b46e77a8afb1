"""Write a comparison for machines: JSON, and JUnit XML as test reports have it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from xml.etree import ElementTree

from inpaintbench.regression import words
from inpaintbench.regression.kinds import Gate, Verdict
from inpaintbench.regression.verdicts import Comparison, fails, failures

JSON_VERSION = 1

# What XML 1.0 can't hold, escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_json(comparison: Comparison, gates: Sequence[Gate]) -> str:
    """Write everything that was found; what isn't a number is null."""
    failed = failures(comparison, gates)
    content = {
        "version": JSON_VERSION,
        "passes": not failed,
        "failures": failed,
        **asdict(comparison),
        "rule": comparison.rule,
    }
    for method, found in zip(content["methods"], comparison.methods, strict=True):
        method |= {"name": found.name, "verdict": found.verdict, "changed": found.changed}
    return json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(content: object) -> object:
    """Replace what JSON can't hold."""
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content


def write_junit(comparison: Comparison, gates: Sequence[Gate]) -> str:
    """Write a test case a figure: failed where a gate says so, skipped where nothing can be told.

    Gates on changed outputs and missing methods are test cases of their own.
    """
    suite = ElementTree.Element("testsuite", name=_clean(f"inpaintbench: {comparison.new}"))
    properties = ElementTree.SubElement(suite, "properties")
    for difference in comparison.differences:
        ElementTree.SubElement(
            properties, "property", name=difference.subject, value=_clean(str(difference))
        )
    for method in comparison.methods:
        for figure in method.figures:
            case = _case(suite, method.name, f"{figure.label} / {words.where(figure)}")
            text = f"{figure.verdict}: {words.change_in_words(figure)}"
            if fails(figure, gates):
                _fail(case, text)
            elif figure.verdict is Verdict.cant_tell:
                ElementTree.SubElement(case, "skipped", message=_clean(text))
            else:
                ElementTree.SubElement(case, "system-out").text = _clean(text)
        if Gate.changed in gates:
            case = _case(suite, method.name, "outputs")
            if method.changed:
                _fail(case, words.summary(method))
    if Gate.missing in gates:
        for name in comparison.only_base:
            _fail(_case(suite, name, "present"), f"isn't in {comparison.new}")
    for kind, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(kind, str(len(suite.findall(f".//{tag}"))))
    suite.set("errors", "0")
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, method: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=_clean(method), name=_clean(name), time="0"
    )


def _fail(case: ElementTree.Element, text: str) -> None:
    ElementTree.SubElement(case, "failure", message=_clean(text))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
