"""Weights are found, fetched, verified and kept; nothing altered is ever used."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import pickle
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import typer
from safetensors.numpy import save_file
from typer.testing import CliRunner

from inpaintbench.cli.weights import weights as weights_command
from inpaintbench.images.download import Remote
from inpaintbench.metrics.base import MetricUnavailable
from inpaintbench.metrics.lpips import LPIPS, _layers
from inpaintbench.weights import (
    WeightFile,
    WeightsUnavailable,
    cache_folder,
    known_files,
    load_tensors,
    locate,
    obtain,
    tensor_digest,
)
from inpaintbench.weights.lpips import LPIPS_WEIGHTS, _Trunk
from inpaintbench.weights.sources import (
    Converted,
    Download,
    LocalFile,
    PackageArchive,
    Source,
    SourceError,
)

TENSORS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([1.5], np.float32),
}


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test an empty cache of its own and no folders."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.delenv("INPAINTBENCH_WEIGHTS", raising=False)


@dataclass(frozen=True)
class Given:
    """A source that has a file made beforehand, and counts how often it's asked."""

    path: Path
    title: str = "a test"
    remote: bool = False

    def fetch(self, folder: Path) -> Path:
        with (self.path.parent / "asked").open("a") as stream:
            stream.write("x")
        return self.path


def weight_file(*sources: Source, name: str = "toy") -> WeightFile:
    return WeightFile(name, tensor_digest(TENSORS), "a toy", "none", 100, sources)


def written(folder: Path, tensors: dict[str, np.ndarray] = TENSORS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "toy.safetensors")
    return folder / "toy.safetensors"


def altered() -> dict[str, np.ndarray]:
    return TENSORS | {"b": np.array([1.25], np.float32)}


def leftovers() -> list[str]:
    """List what a fetch left in the cache beside locks and finished files."""
    folder = cache_folder()
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [name for name in names if not name.endswith((".lock", ".safetensors"))]


class TestDigest:
    def test_it_is_the_same_for_every_layout(self) -> None:
        turned = {name: np.asfortranarray(array) for name, array in reversed(TENSORS.items())}
        big = {name: array.astype(">f4") for name, array in TENSORS.items()}
        assert tensor_digest(turned) == tensor_digest(TENSORS) == tensor_digest(big)

    @pytest.mark.parametrize(
        "other",
        [
            altered(),
            {"a": TENSORS["a"], "c": TENSORS["b"]},
            TENSORS | {"a": TENSORS["a"].reshape(3, 2)},
            TENSORS | {"a": TENSORS["a"].view(np.int32)},
            {"a": TENSORS["a"]},
        ],
    )
    def test_it_sees_every_change(self, other: dict[str, np.ndarray]) -> None:
        assert tensor_digest(other) != tensor_digest(TENSORS)


class TestStore:
    def test_an_explicit_folder_comes_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mine = written(tmp_path / "mine")
        written(cache_folder(), altered())
        monkeypatch.setenv(
            "INPAINTBENCH_WEIGHTS", os.pathsep.join([str(tmp_path), str(mine.parent)])
        )
        assert obtain(weight_file()) == mine
        np.testing.assert_array_equal(load_tensors(weight_file())["a"], TENSORS["a"])

    def test_what_was_fetched_is_kept(self, tmp_path: Path) -> None:
        source = Given(written(tmp_path / "source"))
        for _ in range(2):
            assert obtain(weight_file(source)) == cache_folder() / "toy.safetensors"
        assert (tmp_path / "source" / "asked").read_text() == "x"
        assert source.path.is_file(), "a file that isn't ours is copied, not moved"
        assert leftovers() == []

    def test_an_altered_file_is_refused_in_a_line(self) -> None:
        path = written(cache_folder(), altered())
        with pytest.raises(WeightsUnavailable) as caught:
            load_tensors(weight_file())
        message = str(caught.value)
        assert str(path) in message
        assert "altered" in message
        assert "inpaintbench weights --fetch toy" in message
        assert "\n" not in message

    @pytest.mark.parametrize("content", [b"", b"not safetensors", b"\xff" * 64])
    def test_a_damaged_file_is_refused(self, content: bytes) -> None:
        written(cache_folder()).write_bytes(content)
        with pytest.raises(WeightsUnavailable, match=r"can't be read.*--fetch toy"):
            obtain(weight_file())

    def test_a_file_of_another_kind_is_pinned_by_its_bytes(self, tmp_path: Path) -> None:
        place = tmp_path / "model.pt"
        place.write_bytes(b"content")
        digest = hashlib.sha256(b"content").hexdigest()
        file = WeightFile("model", digest, "", "", 7, (Given(place),), suffix=".pt")
        assert obtain(file).read_bytes() == b"content"
        obtain(file).write_bytes(b"Content")
        with pytest.raises(WeightsUnavailable, match="altered"):
            obtain(file)

    def test_sources_are_tried_in_turn_and_reasons_given(self, tmp_path: Path) -> None:
        wrong = Given(written(tmp_path / "wrong", altered()), title="a liar")
        absent = LocalFile("a shelf", lambda: [tmp_path / "shelf"], "toy.bin", "0" * 64)
        right = Given(written(tmp_path / "right"))
        assert load_tensors(weight_file(absent, wrong, right)).keys() == TENSORS.keys()
        with pytest.raises(WeightsUnavailable) as caught:
            obtain(weight_file(absent, wrong, name="other"))
        message = str(caught.value)
        for part in ("a shelf: no toy.bin", "a liar: ", "--fetch other", "INPAINTBENCH_WEIGHTS"):
            assert part in message
        assert "\n" not in message
        assert leftovers() == []

    def test_a_cache_that_cannot_be_written_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "cache").write_text("a file where the cache should be")
        with pytest.raises(WeightsUnavailable, match="can't be kept in"):
            obtain(weight_file(Given(written(tmp_path / "source"))))

    def test_processes_that_ask_at_once_fetch_once(self, tmp_path: Path) -> None:
        source = Given(written(tmp_path / "source"))
        context = multiprocessing.get_context("spawn")
        with context.Pool(4) as pool:
            paths = pool.map(obtain, [weight_file(source)] * 8)
        assert set(paths) == {cache_folder() / "toy.safetensors"}
        assert (tmp_path / "source" / "asked").read_text() == "x"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve a folder from this machine."""
    folder = tmp_path / "web"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class TestSources:
    def test_a_download_is_verified(self, web: tuple[Path, str]) -> None:
        folder, url = web
        content = written(folder).read_bytes()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        good = Download(Remote(f"{url}/toy.safetensors", digest, len(content)))
        assert load_tensors(weight_file(good)).keys() == TENSORS.keys()

        liar = Download(Remote(f"{url}/toy.safetensors", "sha256:" + "0" * 64, len(content)))
        missing = Download(Remote(f"{url}/none.safetensors", digest, len(content)))
        with pytest.raises(WeightsUnavailable, match=r"not the published file.*404"):
            obtain(weight_file(liar, missing, name="other"))

    def test_no_network_is_one_short_reason(self, tmp_path: Path) -> None:
        gone = Download(Remote("http://127.0.0.1:9/toy", "sha256:" + "0" * 64, 3))
        with pytest.raises(SourceError) as caught:
            gone.fetch(tmp_path)
        assert "\n" not in str(caught.value)

    def test_a_package_archive_comes_through_pip_and_runs_nothing(
        self, web: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = self.index(*web)
        for name, value in (("INDEX_URL", web[1]), ("EXTRA_INDEX_URL", ""), ("FIND_LINKS", "")):
            monkeypatch.setenv(f"PIP_{name}", value)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        assert archive.fetch(tmp_path).read_bytes() == b"weights"
        assert not (tmp_path / "ran").exists()

        work = tmp_path / "again"
        work.mkdir()
        with pytest.raises(SourceError, match=r"(?i)hash"):
            replace(archive, sha256="0" * 64).fetch(work)
        (work / "stand-in").rename(work / "earlier")
        with pytest.raises(SourceError, match="No matching distribution"):
            replace(archive, version="9").fetch(work)

    def test_a_file_of_a_wheel_comes_through_pip(
        self, web: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder, url = web
        for name, value in (("INDEX_URL", url), ("EXTRA_INDEX_URL", ""), ("FIND_LINKS", "")):
            monkeypatch.setenv(f"PIP_{name}", value)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        (folder / "toy-package").mkdir()
        path = folder / "toy-package" / "toy_package-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr("toy_package/weights.bin", "weights")
            information = "Metadata-Version: 2.1\nName: toy-package\nVersion: 1.0\n"
            wheel.writestr("toy_package-1.0.dist-info/METADATA", information)
            wheel.writestr("toy_package-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        (folder / "toy-package" / "index.html").write_text(f'<a href="{path.name}">{path.name}</a>')
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        archive = PackageArchive(
            "toy-package", "1.0", digest, path.stat().st_size, "toy_package/weights.bin", wheel=True
        )
        assert archive.fetch(tmp_path).read_bytes() == b"weights"

    @staticmethod
    def index(folder: Path, url: str) -> PackageArchive:
        """Lay out a package index whose one archive would leave a trace if it were built."""
        package = folder / "toy-package"
        package.mkdir()
        path = package / "toy_package-1.0.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, content in (
                ("setup.py", f"open({str(folder.parent / 'ran')!r}, 'w')\nraise SystemExit(1)"),
                ("toy_package/weights.bin", "weights"),
            ):
                entry = tarfile.TarInfo(f"toy_package-1.0/{name}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content.encode()))
        (package / "index.html").write_text(f'<a href="{path.name}">{path.name}</a>')
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        member = "toy_package-1.0/toy_package/weights.bin"
        return PackageArchive("toy-package", "1.0", digest, path.stat().st_size, member)


class TestLpips:
    """The conversions of both sources, on small networks."""

    trunk = _Trunk((0, 3), "no-heads.pth", "", "Net_0")

    def content(self) -> dict[str, dict[str, object]]:
        rng = np.random.default_rng(0)

        def convolution(kernel: int, inputs: int, outputs: int) -> dict[str, np.ndarray]:
            return {
                "kernel": rng.normal(size=(kernel, kernel, inputs, outputs)).astype(np.float32),
                "bias": rng.normal(size=outputs).astype(np.float32),
            }

        heads = {
            f"NetLinLayer_{i}": {"Conv_0": {"kernel": rng.random((1, 1, 4, 1), np.float32)}}
            for i in range(5)
        }
        return {"Net_0": {"Conv_0": convolution(5, 3, 8), "Conv_1": convolution(3, 8, 4)}, **heads}

    def test_a_pickle_of_arrays_is_read(self, tmp_path: Path) -> None:
        content = self.content()
        # NumPy 1's name of what rebuilds an array, as in the published file
        path = tmp_path / "net.ckpt"
        path.write_bytes(pickle.dumps(content, 2).replace(b"numpy._core", b"numpy.core"))
        tensors = self.trunk.from_jax(path)
        kernel = content["Net_0"]["Conv_0"]["kernel"]  # type: ignore[index]
        assert tensors["features.0.weight"].shape == (8, 3, 5, 5)
        np.testing.assert_array_equal(tensors["features.0.weight"][2, 1], kernel[:, :, 1, 2])
        assert tensors["head.4.weight"].shape == (4,)

    def test_a_pickle_that_calls_anything_is_refused(self, tmp_path: Path) -> None:
        class Attack:
            def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
                return os.mkdir, (str(tmp_path / "made"),)

        path = tmp_path / "net.ckpt"
        path.write_bytes(pickle.dumps({"Net_0": Attack()}))
        with pytest.raises(SourceError, match=r"mkdir.*not allowed"):
            self.trunk.from_jax(path)
        assert not (tmp_path / "made").exists()

    def test_torchs_checkpoint_gives_the_same_tensors(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Put the trunk of the package archive into a checkpoint in torch's cache."""
        import torch

        monkeypatch.undo()
        file = LPIPS_WEIGHTS["alex"]
        try:
            tensors = load_tensors(file)
        except WeightsUnavailable as error:
            pytest.skip(str(error))
        state = {
            name: torch.from_numpy(array)
            for name, array in tensors.items()
            if name.startswith("features.")
        } | {"classifier.1.weight": torch.zeros(3)}
        hub = tmp_path / "torch/hub/checkpoints"
        hub.mkdir(parents=True)
        torch.save(state, hub / "alexnet-owt-7be5be79.pth")
        digest = hashlib.sha256((hub / "alexnet-owt-7be5be79.pth").read_bytes()).hexdigest()

        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
        in_hub = file.sources[1]
        assert isinstance(in_hub, Converted)
        assert isinstance(in_hub.source, LocalFile)
        made = replace(in_hub, source=replace(in_hub.source, sha256=digest))
        assert tensor_digest(load_tensors(replace(file, sources=(made,)))) == file.sha256
        with pytest.raises(WeightsUnavailable, match="not the pinned file"):
            obtain(replace(file, sources=(in_hub,), name="other"))

    def test_local_sources_come_before_the_network(self) -> None:
        for file in known_files().values():
            places = [getattr(source, "source", source) for source in file.sources]
            remote = [not isinstance(place, LocalFile) for place in places]
            assert remote == sorted(remote)

    def test_a_metric_without_weights_says_what_to_do(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(LPIPS_WEIGHTS, "alex", replace(LPIPS_WEIGHTS["alex"], sources=()))
        _layers.cache_clear()
        with pytest.raises(MetricUnavailable, match=r"weights --fetch lpips-alex-v0\.1"):
            LPIPS().setup()

    @pytest.mark.slow
    def test_weights_come_from_nothing_but_a_package_index(self, tmp_path: Path) -> None:
        """From an empty cache, the first value appears; skipped where there's no index."""
        code = (
            "import numpy; from inpaintbench.plugins import registry;"
            "from inpaintbench.metrics.scoring import score_group;"
            "metric = registry.metrics().make('lpips'); metric.setup();"
            "image = numpy.zeros((32, 32, 3), 'uint8'); mask = numpy.ones((32, 32), bool);"
            "print(score_group([metric], image, mask, [image + 255])[0][0])"
        )
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "fresh")}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True
        )
        if "MetricUnavailable" in done.stderr:
            pytest.skip(done.stderr.splitlines()[-1])
        assert 0 < float(done.stdout) < LPIPS().worst


class TestCommand:
    def run(self, *arguments: str) -> tuple[int, str, str]:
        application = typer.Typer()
        application.command()(weights_command)
        done = CliRunner().invoke(application, arguments)
        return done.exit_code, done.output, str(done.exception or "")

    def test_it_shows_every_file(self) -> None:
        code, output, _ = self.run()
        assert code == 0
        for name in known_files():
            assert name in output
        assert output.count("not here") == len(known_files())

    def test_it_prints_the_folder(self) -> None:
        assert self.run("--path")[1].strip() == str(cache_folder())

    def test_it_names_a_file_that_is_altered(self) -> None:
        file = LPIPS_WEIGHTS["alex"]
        written(cache_folder()).rename(cache_folder() / file.filename)
        assert locate(file) is not None
        assert "altered" in self.run()[1]

    def test_an_unknown_name_gets_a_suggestion(self) -> None:
        code, _, error = self.run("--fetch", "lpips-alexv0.1")
        assert code != 0
        assert "did you mean 'lpips-alex-v0.1'" in error
