"""Downloads are resumed and checked, from a server on this machine."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import dataset_files
import pytest

from inpaintbench.datasets.bsds500 import Bsds500
from inpaintbench.datasets.cifar10 import Cifar10
from inpaintbench.datasets.kodak import Kodak
from inpaintbench.images.download import Remote
from inpaintbench.images.errors import DataError
from inpaintbench.plugins import registry


class Server(ThreadingHTTPServer):
    """Serves files from memory; can break connections and ignore requests for a part."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.breaks: list[int] = []  # bytes after which the next connections break
        self.resumes = True
        self.requests: list[tuple[str, str | None]] = []

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def serve(self, name: str, content: bytes) -> Remote:
        self.files[name] = content
        digest = hashlib.sha256(content).hexdigest()
        return Remote(self.url(name), f"sha256:{digest}", len(content))


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name, wanted = self.path.lstrip("/"), self.headers.get("Range")
        self.server.requests.append((name, wanted))
        if name not in self.server.files:
            self.send_error(404)
            return
        content, start = self.server.files[name], 0
        if wanted and self.server.resumes:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content)
        if self.server.breaks:
            end = min(end, start + self.server.breaks.pop(0))
        self.wfile.write(content[start:end])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("INPAINTBENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/inpaintbench/datasets"


CONTENT = os.urandom(400_000)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_downloaded_once(server: Server, tmp_path: Path) -> None:
    remote = server.serve("a.bin", CONTENT)
    for _ in range(2):
        assert remote.fetch(tmp_path / "here").read_bytes() == CONTENT
    assert server.requests == [("a.bin", None)]
    assert names(tmp_path / "here") == ["a.bin"]


def test_a_broken_download_is_carried_on_where_it_broke(server: Server, tmp_path: Path) -> None:
    remote = server.serve("a.bin", CONTENT)
    server.breaks = [100_000, 150_000]
    assert remote.fetch(tmp_path).read_bytes() == CONTENT
    starts = [int(wanted[6:-1]) if wanted else 0 for _, wanted in server.requests]
    assert starts[0] == 0 < starts[1] <= 100_000 < starts[2] <= 250_000


def test_a_download_that_stays_broken_is_carried_on_by_the_next_call(
    server: Server, tmp_path: Path
) -> None:
    remote = server.serve("a.bin", CONTENT)
    server.breaks = [150_000, 0, 0, 0]
    with pytest.raises(DataError, match="run again to carry on") as caught:
        remote.fetch(tmp_path)
    assert "\n" not in str(caught.value)
    kept = (tmp_path / "a.bin.part").stat().st_size
    assert names(tmp_path) == ["a.bin.part"]
    assert 0 < kept <= 150_000
    server.breaks = []
    assert remote.fetch(tmp_path).read_bytes() == CONTENT
    assert server.requests[-1] == ("a.bin", f"bytes={kept}-")
    assert names(tmp_path) == ["a.bin"]


def test_a_server_that_cannot_resume_sends_everything_again(server: Server, tmp_path: Path) -> None:
    remote = server.serve("a.bin", CONTENT)
    server.resumes = False
    (tmp_path / "a.bin.part").write_bytes(b"an older beginning")
    assert remote.fetch(tmp_path).read_bytes() == CONTENT


def test_a_download_complete_but_for_its_name_is_used(server: Server, tmp_path: Path) -> None:
    remote = server.serve("a.bin", CONTENT)
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    assert remote.fetch(tmp_path).read_bytes() == CONTENT
    assert server.requests == []


def test_a_file_with_a_wrong_digest_is_refused_and_deleted(server: Server, tmp_path: Path) -> None:
    remote = server.serve("a.bin", CONTENT)
    server.files["a.bin"] = CONTENT[::-1]
    with pytest.raises(DataError, match="not the published file") as caught:
        remote.fetch(tmp_path)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == []


def test_a_wrong_file_under_the_right_name_is_replaced(server: Server, tmp_path: Path) -> None:
    remote = server.serve("a.bin", CONTENT)
    (tmp_path / "a.bin").write_bytes(b"something else")
    assert remote.fetch(tmp_path).read_bytes() == CONTENT


def test_an_address_that_is_gone_is_one_clear_line(server: Server, tmp_path: Path) -> None:
    remote = Remote(server.url("gone.zip"), "sha256:" + "0" * 64, 5_000_000)
    with pytest.raises(DataError) as caught:
        remote.fetch(tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    assert "the server answered 404" in message
    assert "5 MB" in message
    assert str(tmp_path / "gone.zip") in message
    assert len(server.requests) == 1


def test_no_network_is_one_clear_line(server: Server, tmp_path: Path) -> None:
    closed = Server()
    remote = Remote(closed.url("a.zip"), "md5:" + "0" * 32, 5_000_000)
    closed.server_close()
    with pytest.raises(DataError, match="can't be downloaded: Connection refused") as caught:
        remote.fetch(tmp_path)
    assert "\n" not in str(caught.value)
    nowhere = Remote("http://no-such-host.invalid/a.zip", "md5:" + "0" * 32, 5_000_000)
    with pytest.raises(DataError, match=r"downloaded: .*(resol|not known)"):
        nowhere.fetch(tmp_path)


def test_a_folder_that_cannot_be_written_is_one_clear_line(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="can't be downloaded"):
        server.serve("a.bin", CONTENT).fetch(tmp_path / "file")


def test_a_cache_that_cannot_be_written_is_one_clear_line(caches: Path) -> None:
    caches.parent.mkdir(parents=True)
    caches.write_text("a file in the way")
    for dataset in (Kodak(), Cifar10()):
        with pytest.raises(DataError, match="can't be written"):
            dataset.fetch()


def test_a_collection_of_single_files_is_completed(
    server: Server, caches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_files.kodak(tmp_path / "kodak")
    files = sorted((tmp_path / "kodak").iterdir())
    remotes = tuple(server.serve(file.name, file.read_bytes()) for file in files)
    monkeypatch.setattr(Kodak, "remotes", remotes)
    del server.files["kodim20.png"]
    with pytest.raises(DataError, match=r"kodim20\.png .* 404"):
        Kodak().fetch()
    with pytest.raises(DataError, match="holds 19 of the 24 images"):
        Kodak().ids()
    server.files["kodim20.png"] = files[19].read_bytes()
    Kodak().fetch()
    assert Kodak().ids() == [f"kodim{n:02}" for n in range(1, 25)]
    assert len(server.requests) == 19 + 1 + 5
    Kodak().fetch()
    assert len(server.requests) == 19 + 1 + 5
    assert sum(path.suffix == ".png" for path in (caches / "kodak").iterdir()) == 24


def test_an_archive_is_downloaded_unpacked_and_deleted(
    server: Server, caches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_files.bsds500(tmp_path / "made")
    with tarfile.open(tmp_path / "BSR_bsds500.tgz", "w:gz", dereference=True) as archive:
        for path in sorted((tmp_path / "made").rglob("*.jpg")):
            entry = tarfile.TarInfo(path.relative_to(tmp_path / "made").as_posix())
            entry.size = path.stat().st_size
            with path.open("rb") as file:
                archive.addfile(entry, file)
    remote = server.serve("BSR_bsds500.tgz", (tmp_path / "BSR_bsds500.tgz").read_bytes())
    monkeypatch.setattr(Bsds500, "remotes", (remote,))
    with pytest.raises(DataError, match="downloads"):
        Bsds500().ids()
    assert server.requests == []
    Bsds500().fetch()
    assert len(Bsds500().ids()) == 200
    assert len(Bsds500(split="val").ids()) == 100
    assert not list((caches / "bsds500").rglob("*.tgz"))
    Bsds500(split="train").fetch()
    assert len(server.requests) == 1


def test_a_malicious_download_writes_nothing_outside_the_cache(
    server: Server, caches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_files.write_tar(tmp_path / "bad.tgz", {"../../../escaped.jpg": b"x"})
    remote = server.serve("BSR_bsds500.tgz", (tmp_path / "bad.tgz").read_bytes())
    monkeypatch.setattr(Bsds500, "remotes", (remote,))
    with pytest.raises(DataError, match="refused, because its member"):
        Bsds500().fetch()
    assert not list(tmp_path.rglob("escaped*"))
    assert not list(caches.rglob("*.jpg"))


def test_data_given_by_path_are_never_downloaded(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kodak, "remotes", (server.serve("kodim01.png", CONTENT),))
    with pytest.raises(DataError, match="isn't here"):
        Kodak(path=str(tmp_path)).fetch()
    assert server.requests == []


def test_cifar10_is_downloaded_and_read(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = dataset_files.cifar10(tmp_path, rows=3)
    remote = server.serve(archive.name, archive.read_bytes())
    monkeypatch.setattr(Cifar10, "remote", remote)
    Cifar10().fetch()
    assert len(Cifar10().ids()) == 3
    assert server.requests == [(archive.name, None)]


def test_every_published_address_has_a_digest_and_a_size() -> None:
    for cls in registry.datasets().plugins.values():
        for remote in (*getattr(cls, "remotes", ()), *filter(None, [getattr(cls, "remote", None)])):
            kind, _, digest = remote.digest.partition(":")
            assert len(digest) == {"md5": 32, "sha256": 64}[kind]
            assert remote.url.startswith("http")
            assert remote.size > 100_000
