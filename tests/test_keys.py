"""Output keys change exactly when an output could."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inpaintbench.errors import BenchError
from inpaintbench.planning import benchmark, keys
from inpaintbench.planning.case import make_cases
from inpaintbench.planning.keys import method_key, metric_key, source_of
from inpaintbench.planning.plan import describe, make_plan
from inpaintbench.plugins import registry
from inpaintbench.plugins.source import follow

METHOD = '''
from dataclasses import dataclass
from typing import TYPE_CHECKING
from inpaintbench.methods.base import Method
{imports}

@dataclass(frozen=True)
class Mine(Method):
    """A method."""
    strength: float = 1.0

    def inpaint(self, image, mask):
        {inside}
        return image
'''


def key(file: Path) -> str:
    return method_key(registry.make_method(str(file)), "cpu")


def write(folder: Path, files: dict[str, str], imports: str = "", inside: str = "") -> Path:
    """Write a method ``mine.py`` that imports something, and the files that it imports."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    method = folder / "mine.py"
    folder.mkdir(parents=True, exist_ok=True)
    method.write_text(METHOD.format(imports=imports, inside=inside))
    return method


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


OWN_FOLDER = "import sys, pathlib; sys.path.insert(0, str(pathlib.Path(__file__).parent)); "
FOLLOWED = {
    "a file beside": ({"outer.py": "X = 1"}, "import outer", "", "outer.py"),
    "what that imports": (
        {"outer.py": "def f():\n    from inner import g\n    return g", "inner.py": "g = 1"},
        "import outer",
        "",
        "inner.py",
    ),
    "a package beside": (
        {"lib/__init__.py": "from .core import X", "lib/core.py": "X = 1"},
        "import lib",
        "",
        "lib/core.py",
    ),
    "the package that holds what is imported": (
        {"lib/__init__.py": "", "lib/core.py": "X = 1"},
        "from lib.core import X",
        "",
        "lib/__init__.py",
    ),
    "a package found when the method runs": (
        {"lib/__init__.py": "from .core import X", "lib/core.py": "X = 1"},
        "",
        OWN_FOLDER + "import lib",
        "lib/core.py",
    ),
    "a relative import of the package above": (
        {
            "lib/__init__.py": "",
            "lib/a/__init__.py": "",
            "lib/a/net.py": "from .. import b",
            "lib/b.py": "",
        },
        "from lib.a.net import b",
        "",
        "lib/b.py",
    ),
    "a folder without an __init__": (
        {"models/net.py": "X = 1"},
        "from models import net",
        "",
        "models/net.py",
    ),
    "all of a package": (
        {"lib/__init__.py": "__all__ = ['core']", "lib/core.py": ""},
        "from lib import *",
        "",
        "lib/core.py",
    ),
    "a module named in a call": (
        {"outer.py": "X = 1"},
        "import importlib",
        "importlib.import_module('outer')",
        "outer.py",
    ),
    "a file named like one of Python's own": ({"chunk.py": ""}, "import chunk", "", "chunk.py"),
    "a compiled module": ({"fast.so": "machine code"}, "", "import fast", "fast.so"),
    "a neighbour of a neighbour's": (
        {"src/net.py": "import layers", "src/layers.py": ""},
        "",
        "from src import net",
        "src/layers.py",
    ),
    "one of two files that stand beside others": (
        {
            "a/net.py": "import near",
            "b/net.py": "import near",
            "a/near.py": "",
            "b/near.py": "",
        },
        "",
        "import a.net, b.net",
        "b/near.py",
    ),
    "the other of them": (
        {
            "a/net.py": "import near",
            "b/net.py": "import near",
            "a/near.py": "",
            "b/near.py": "",
        },
        "",
        "import a.net, b.net",
        "a/near.py",
    ),
    "one of two files of a name": (
        {"a/__init__.py": "", "b/__init__.py": "", "a/core.py": "", "b/core.py": ""},
        "import a.core, b.core",
        "",
        "b/core.py",
    ),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_editing_whatever_is_imported_changes_the_key_in_any_folder(
    name: str, tmp_path: Path
) -> None:
    files, imports, inside, edited = FOLLOWED[name]
    here, there = tmp_path / "here", tmp_path / "zz with a space" / "there"
    method = write(here, {**files, "other.py": ""}, imports, inside)
    shutil.copytree(here, there, ignore=shutil.ignore_patterns("__pycache__"))
    before = key(method)
    assert key(there / "mine.py") == before
    (here / "other.py").write_text("unrelated = 2")
    assert key(method) == before
    (here / edited).write_text(files[edited] + "\nmore = 1")
    after = key(method)
    assert after != before
    (there / edited).write_text(files[edited] + "\nmore = 1")
    assert key(there / "mine.py") == after


def test_swapping_two_files_of_a_name_changes_the_key(tmp_path: Path) -> None:
    files = {"a/__init__.py": "", "b/__init__.py": "", "a/core.py": "X = 1", "b/core.py": "X = 22"}
    method = write(tmp_path, files, "import a.core, b.core")
    before = key(method)
    write(tmp_path, {"a/core.py": "X = 22", "b/core.py": "X = 1"}, "import a.core, b.core")
    assert key(method) != before


def test_what_only_type_checkers_import_does_not_count(tmp_path: Path) -> None:
    imports = "if TYPE_CHECKING:\n    import outer\nelse:\n    import inner"
    method = write(tmp_path, {"outer.py": "", "inner.py": ""}, imports)
    before = key(method)
    (tmp_path / "outer.py").write_text("X = 1")
    assert key(method) == before
    (tmp_path / "inner.py").write_text("X = 1")
    assert key(method) != before


def test_a_module_elsewhere_on_the_path_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    method = write(tmp_path / "method", {}, "import on_the_path_only")
    library.mkdir()
    (library / "on_the_path_only.py").write_text("")
    monkeypatch.syspath_prepend(library)
    before = key(method)
    (library / "on_the_path_only.py").write_text("X = 1")
    assert key(method) != before


def test_folders_that_a_file_puts_on_the_path_are_searched(tmp_path: Path) -> None:
    imports = "import sys, pathlib\nsys.path.append(str(pathlib.Path(__file__).parent / 'src'))"
    method = write(tmp_path, {"src/net.py": ""}, f"{imports}\nimport net")
    before = key(method)
    (tmp_path / "src" / "net.py").write_text("X = 1")
    assert key(method) != before


def distribution(site: Path, name: str, version: str, files: dict[str, str]) -> None:
    """Install a distribution of one package into a folder."""
    metadata = site / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (metadata / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    for file, content in files.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(content)


def test_an_installed_plugin_is_followed_and_of_a_library_the_version_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = {
        "keyed_fill/__init__.py": "",
        "keyed_fill/near.py": METHOD.format(imports="from .network import X", inside=""),
        "keyed_fill/far.py": METHOD.format(
            imports="import keyed_fill.network, keyed_fill_more, keyed_library", inside=""
        ),
        "keyed_fill/network.py": "X = 1",
        "keyed_fill_more/__init__.py": "",
    }
    distribution(tmp_path, "keyed_fill_plugin", "1", modules)
    distribution(tmp_path, "keyed-other-name", "2", {"keyed_library.py": "from torch import nn"})
    monkeypatch.syspath_prepend(tmp_path)

    def digests() -> list[str]:
        classes = [importlib.import_module(f"keyed_fill.{name}").Mine for name in ("near", "far")]
        return [source_of(cls).digest() for cls in classes]

    far = source_of(importlib.import_module("keyed_fill.far").Mine)
    assert far.versions["keyed-other-name"] == "2"
    assert "torch" not in far.versions
    assert {"keyed_fill", "keyed_fill.network", "keyed_fill_more"} <= far.modules.keys()
    before = digests()
    (tmp_path / "keyed_library.py").write_text("changed = True")
    assert digests() == before
    (tmp_path / "keyed_fill/network.py").write_text("X = 200")
    after = digests()
    assert all(new != old for new, old in zip(after, before, strict=True))
    (tmp_path / "keyed_fill_more/__init__.py").write_text("X = 200")
    assert digests()[0] == after[0]
    assert digests()[1] != after[1]


def test_what_is_not_installed_is_noted_and_what_python_has_is_not(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import no_such_library_here, json, numpy.linalg")
    found = follow(tmp_path / "mine.py", "mine", [str(tmp_path)])
    assert found.modules.keys() == {"mine"}
    assert found.versions["no_such_library_here"] == "not installed"
    assert found.versions.keys() == {"no_such_library_here", "numpy"}


def test_following_imports_nothing() -> None:
    code = (
        "import sys; from pathlib import Path; import inpaintbench.methods.base as base;"
        "from inpaintbench.plugins.source import follow;"
        "path = Path(base.__file__).with_name('deepfill.py');"
        "found = follow(path, 'inpaintbench.methods.deepfill');"
        "assert 'inpaintbench.methods.networks.deepfill' in found.modules, found.modules;"
        "assert 'torch' in found.versions and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"# -*- coding: latin-1 -*-\n# M\xe9thode\n"])
def test_sources_are_read_as_python_reads_them(start: bytes, tmp_path: Path) -> None:
    method = write(tmp_path, {"outer.py": ""}, "import outer")
    method.write_bytes(start + method.read_bytes())
    before = key(method)
    (tmp_path / "outer.py").write_text("X = 1")
    assert key(method) != before


@pytest.mark.parametrize("broken", ["def f(:", "\0", "(" * 5000])
def test_a_neighbour_that_cannot_be_parsed_counts_by_its_bytes(broken: str, tmp_path: Path) -> None:
    method = write(tmp_path, {"outer.py": broken}, inside="import outer")
    before = key(method)
    (tmp_path / "outer.py").write_text(broken + " ")
    assert key(method) != before


DATASET = '''
from dataclasses import dataclass
import numpy as np
from inpaintbench.datasets.base import Dataset, Sample
from shade import SHADE

@dataclass(frozen=True)
class Flat(Dataset):
    """One shade."""
    preparation = "none"
    def ids(self):
        return ["one"]
    def load(self, sample_id):
        return Sample(sample_id, np.full((8, 8, 1), SHADE, np.uint8))
'''
SUITE = '''
import numpy as np
from inpaintbench.masks.base import MaskSuite

class Dots(MaskSuite):
    """One dot."""
    def draw(self, sample, kind, random):
        mask = np.zeros(sample.image.shape[:2], bool)
        mask[3, 3] = True
        return mask
'''
METRIC = '''
from dataclasses import dataclass
from typing import ClassVar
from inpaintbench.metrics.base import Metric

@dataclass(frozen=True)
class Bias(Metric):
    """Mean error."""
    name: ClassVar[str] = "bias"
    scale: float = 1.0
    label: str = "bias"
    @property
    def id(self):
        return f"bias-{self.scale}"
    def bind(self, reference):
        return lambda result: float(result.composite.mean() - reference.mean())
'''


def own_plugins(folder: Path) -> Path:
    write(folder, {"data.py": DATASET, "suite.py": SUITE, "metric.py": METRIC})
    (folder / "shade.py").write_text("SHADE = 100")
    return folder


def case_id(folder: Path, dataset: str = "", suite: str = "") -> str:
    data = dataset or str(folder / "data.py")
    masks = suite or str(folder / "suite.py")
    (case,) = make_cases(
        (data, registry.datasets().make(data)),
        ["one"],
        (masks, registry.masks().make(masks)),
        count=1,
        seed=0,
    )
    return case.id


def test_own_datasets_suites_and_metrics_count_with_their_source(tmp_path: Path) -> None:
    here, there = own_plugins(tmp_path / "here"), own_plugins(tmp_path / "there")
    assert case_id(here) == case_id(there)
    before = case_id(here), case_id(here, suite="large-regions"), metric_key_of(here)
    assert metric_key_of(there) == before[2] != ""
    (here / "shade.py").write_text("SHADE = 200 + 1")
    (here / "metric.py").write_text(METRIC + "\n# changed")
    after = case_id(here), case_id(here, suite="large-regions"), metric_key_of(here)
    assert all(new != old for new, old in zip(after, before, strict=True))
    (here / "suite.py").write_text(SUITE + "\n# changed")
    assert case_id(here) != after[0]
    assert case_id(here, suite="large-regions") == after[1]


def metric_key_of(folder: Path) -> str:
    return metric_key(registry.metrics().make(f"{folder / 'metric.py'}[scale=2]"))


def test_the_project_s_own_metrics_have_no_key() -> None:
    assert metric_key(registry.metrics().make("psnr")) == ""


def own_benchmark(folder: str, method: str = "mine.py[strength=2]") -> benchmark.Benchmark:
    return benchmark.Benchmark(
        name="own",
        datasets=(f"{folder}data.py",),
        masks=(f"{folder}suite.py",),
        methods=(f"{folder}{method}",),
        metrics=(f"{folder}metric.py[scale=2]",),
    )


def test_a_plan_of_files_means_the_same_in_any_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_plugins(tmp_path / "a folder [1]")
    monkeypatch.chdir(folder)
    plan = make_plan(own_benchmark("./"))
    monkeypatch.chdir(tmp_path)
    assert plan == make_plan(own_benchmark(f"{folder}/"))
    (variant,) = plan.variants
    assert variant.label == "mine[strength=2]"
    assert registry.make_method(variant.specification).strength == 2  # type: ignore[attr-defined]
    assert registry.datasets().make(plan.cases[0].dataset).ids() == ["one"]
    assert registry.metrics().make(plan.benchmark.metrics[0]).id == "bias-2.0"


def test_a_variant_says_what_its_method_is() -> None:
    variant = describe("telea[radius=5]", "cpu")
    assert (variant.label, variant.specification) == ("telea[radius=5]", "telea[radius=5]")
    assert (variant.name, variant.family, variant.deterministic) == ("telea", "diffusion", True)
    assert variant.settings == {"radius": 5.0}
    assert "Telea" in variant.paper
    assert variant.key == method_key(registry.make_method("telea[radius=5]"), "cpu")


@pytest.mark.parametrize("raised", ["OSError", "SystemExit", "GeneratorExit"])
def test_a_method_that_cannot_say_what_it_is_ends_in_one_line(raised: str, tmp_path: Path) -> None:
    inside = f"return image\n    def fingerprint(self):\n        raise {raised}('no weights')"
    method = write(tmp_path, {}, inside=inside)
    with pytest.raises(BenchError, match="no weights") as caught:
        describe(str(method), "cpu")
    assert "\n" not in str(caught.value)


def test_two_methods_that_are_the_same_are_refused(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        (tmp_path / name.removesuffix(".png")).mkdir()
        (tmp_path / name.removesuffix(".png") / name).write_bytes(b"")
    (tmp_path / "one" / "one.png").rename(tmp_path / "one" / "two.png")
    methods = tuple(f"precomputed[folder={tmp_path / name}]" for name in ("one", "two"))
    wanted = benchmark.Benchmark("same", ("photos",), ("large-regions",), methods, ("psnr",))
    with pytest.raises(BenchError, match="are the same: leave one of them out"):
        make_plan(wanted)
