"""Output keys change exactly when an output could."""

from __future__ import annotations

from pathlib import Path

import pytest

from inpaintbench.planning import keys
from inpaintbench.planning.keys import method_key, source_digest
from inpaintbench.plugins import registry

METHOD = '''
from dataclasses import dataclass
from inpaintbench.methods.base import Method
{imports}

@dataclass(frozen=True)
class Mine(Method):
    """A method."""
    strength: float = 1.0

    def inpaint(self, image, mask):
        return image
'''


def test_settings_and_device_kind_are_in_the_key() -> None:
    telea = registry.make_method("telea")
    assert method_key(telea, "cpu") == method_key(registry.make_method("telea[radius=3]"), "cpu")
    assert method_key(telea, "cpu") != method_key(registry.make_method("telea[radius=5]"), "cpu")
    assert method_key(telea, "cpu") != method_key(telea, "cuda")
    assert method_key(telea, "cuda:0") == method_key(telea, "cuda:1")


def test_library_versions_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    telea = registry.make_method("telea")
    before = method_key(telea, "cpu")
    monkeypatch.setattr(keys, "distribution_version", lambda name: "0.0.0")
    assert method_key(telea, "cpu") != before


def test_editing_an_imported_file_changes_the_digest(tmp_path: Path) -> None:
    plugin, inner, outer, other = (
        tmp_path / name for name in ("plugin.py", "inner.py", "outer.py", "other.py")
    )
    plugin.write_text(METHOD.format(imports="import outer"))
    outer.write_text("def f():\n    from inner import g\n    return g\n")
    inner.write_text("g = 1\n")
    other.write_text("unrelated = 1\n")

    def digest() -> str:
        source_digest.cache_clear()
        return source_digest(plugin)

    before = digest()
    other.write_text("unrelated = 2\n")
    assert digest() == before
    inner.write_text("g = 2\n")
    assert digest() != before


def test_imports_of_the_project_are_followed_even_inside_functions(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text("def f():\n    from inpaintbench.methods.base import Method\n")
    names = {path.name for path in keys._reachable(plugin)}
    assert "base.py" in names
