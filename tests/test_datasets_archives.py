"""An archive made by someone else can't write outside the folder it is unpacked into."""

from __future__ import annotations

import io
import os
import pickle
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import dataset_files
import numpy as np
import pytest

from inpaintbench.datasets.cifar10 import Cifar10
from inpaintbench.images import archive, restricted_pickle
from inpaintbench.images.errors import DataError


def tar_with(path: Path, entry: tarfile.TarInfo, content: bytes = b"") -> Path:
    """Write an archive with a harmless file first and a dangerous member after it."""
    with tarfile.open(path, "w:gz") as opened:
        good = tarfile.TarInfo("images/good.txt")
        good.size = 4
        opened.addfile(good, io.BytesIO(b"good"))
        entry.size = len(content)
        opened.addfile(entry, io.BytesIO(content))
    return path


def tar_entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


DANGEROUS_TARS = {
    "path traversal": tar_entry("images/../../escaped.txt"),
    "absolute path": tar_entry("/tmp/inpaintbench-escaped.txt"),
    "Windows path": tar_entry("..\\..\\escaped.txt"),
    "drive letter": tar_entry("C:escaped.txt"),
    "symbolic link out": tar_entry("images/link", tarfile.SYMTYPE, "../../outside"),
    "absolute symbolic link": tar_entry("images/link", tarfile.SYMTYPE, "/etc"),
    "hard link out": tar_entry("images/link", tarfile.LNKTYPE, "../outside"),
    "absolute hard link": tar_entry("images/link", tarfile.LNKTYPE, "/etc/passwd"),
    "character device": tar_entry("images/null", tarfile.CHRTYPE),
    "block device": tar_entry("images/disk", tarfile.BLKTYPE),
    "named pipe": tar_entry("images/pipe", tarfile.FIFOTYPE),
}


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("danger", DANGEROUS_TARS)
def test_a_dangerous_tar_is_refused_and_leaves_nothing(danger: str, tmp_path: Path) -> None:
    path = tar_with(tmp_path / "bad.tar.gz", DANGEROUS_TARS[danger], b"")
    before = files_below(tmp_path)
    with pytest.raises(DataError, match="refused, because its member") as caught:
        archive.unpack(path, tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert files_below(tmp_path) - before == {"cache"}
    assert not Path("/tmp/inpaintbench-escaped.txt").exists()


def test_a_file_behind_a_link_is_not_written_through_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with tarfile.open(tmp_path / "bad.tar", "w") as opened:
        opened.addfile(tar_entry("images", tarfile.SYMTYPE, "elsewhere"))
        entry = tar_entry("images/file.txt")
        entry.size = 2
        opened.addfile(entry, io.BytesIO(b"hi"))
    archive.unpack(tmp_path / "bad.tar", tmp_path / "cache")
    assert (tmp_path / "cache/images/file.txt").read_bytes() == b"hi"
    assert not (tmp_path / "cache/images").is_symlink()
    assert not any(outside.iterdir())


def zip_with(path: Path, name: str, mode: int = 0, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("images/good.txt", "good")
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        opened.writestr(entry, content)
    return path


@pytest.mark.parametrize(
    ("name", "mode", "content"),
    [
        ("../escaped.txt", 0, b"x"),
        ("images/../../escaped.txt", 0, b"x"),
        ("/escaped.txt", 0, b"x"),
        ("images/link", stat.S_IFLNK | 0o777, b"../../outside"),
        ("images/pipe", stat.S_IFIFO | 0o666, b""),
    ],
)
def test_a_dangerous_zip_is_refused_and_leaves_nothing(
    name: str, mode: int, content: bytes, tmp_path: Path
) -> None:
    path = zip_with(tmp_path / "bad.zip", name, mode, content)
    with pytest.raises(DataError, match="refused, because its member"):
        archive.unpack(path, tmp_path / "cache")
    assert files_below(tmp_path) == {"bad.zip", "cache"}


def damaged_tar(path: Path) -> Path:
    dataset_files.write_tar(path, {"a.bin": os.urandom(50_000)})
    path.write_bytes(path.read_bytes()[:20_000])
    return path


def damaged_zip(path: Path) -> Path:
    zip_with(path, "b.bin", content=os.urandom(5000))
    content = bytearray(path.read_bytes())
    content[200:400] = bytes(200)
    path.write_bytes(content)
    return path


def no_archive(path: Path) -> Path:
    path.write_bytes(b"<html>404 Not Found</html>")
    return path


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("cut.tar.gz", damaged_tar),
        ("damaged.zip", damaged_zip),
        ("page.tar.gz", no_archive),
        ("page.zip", no_archive),
    ],
)
def test_a_damaged_archive_is_refused_in_a_line_and_leaves_nothing(
    name: str, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = make(tmp_path / name)
    with pytest.raises(DataError, match="damaged") as caught:
        archive.unpack(path, tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_missing_archive_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        archive.unpack(tmp_path / "none.tar", tmp_path / "cache")


@pytest.mark.parametrize("name", ["good.tar", "good.tar.gz", "good.tgz", "good.zip"])
def test_a_good_archive_is_unpacked_beside_what_is_there(name: str, tmp_path: Path) -> None:
    files = {"set/a.txt": b"a", "set/deep/b.txt": b"b", "./c.txt": b"c"}
    if name.endswith("zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as opened:
            for member, content in files.items():
                opened.writestr(member, content)
    else:
        dataset_files.write_tar(tmp_path / name, files)
    cache = tmp_path / "cache"
    (cache / "set").mkdir(parents=True)
    (cache / "set/old.txt").write_text("old")
    archive.unpack(tmp_path / name, cache)
    found = {path for path in files_below(cache) if path.endswith(".txt")}
    assert found == {"set/a.txt", "set/deep/b.txt", "c.txt", "set/old.txt"}
    assert (cache / "set/deep/b.txt").read_bytes() == b"b"


def test_an_archive_larger_than_the_disk_is_refused_before_it_fills_it(tmp_path: Path) -> None:
    size = 1 << 60
    entry = tarfile.TarInfo("huge.bin")
    entry.size = size
    (tmp_path / "huge.tar").write_bytes(entry.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(DataError, match="fit on the disk"):
        archive.unpack(tmp_path / "huge.tar", tmp_path / "cache")


class Call:
    """A pickle of this calls a function when it is loaded."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize(
    ("function", "named"),
    [(os.mkdir, "posix.mkdir"), (eval, "builtins.eval"), (getattr, "builtins.getattr")],
)
def test_a_pickle_with_a_foreign_global_is_refused_uncalled(
    function: Callable[..., object], named: str, tmp_path: Path
) -> None:
    target = tmp_path / "made-by-a-pickle"
    bad = pickle.dumps(Call(function, str(target)))
    with pytest.raises(DataError, match=f"asks for {named}, which is not allowed") as caught:
        restricted_pickle.load(io.BytesIO(bad), "test_batch")
    assert str(caught.value).startswith("test_batch: ")
    assert not target.exists()


def test_a_pickle_can_only_decode_latin1() -> None:
    bad = b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x04\x00\x00\x00zlib\x86R."
    with pytest.raises(DataError, match="encodes text as 'zlib'"):
        restricted_pickle.load(io.BytesIO(bad), "test_batch")


@pytest.mark.parametrize("protocol", range(5))
def test_pickled_arrays_are_read(protocol: int) -> None:
    batch = dataset_files.cifar_batch(3)
    content = pickle.dumps(batch, protocol=protocol)
    read = restricted_pickle.load(io.BytesIO(content), "test_batch")
    np.testing.assert_array_equal(read[b"data"], batch[b"data"])


@pytest.mark.parametrize("content", [b"", b"not a pickle", pickle.dumps([1] * 99)[:-40]])
def test_a_damaged_pickle_is_refused_in_a_line(content: bytes) -> None:
    with pytest.raises(DataError, match="refused or damaged pickle") as caught:
        restricted_pickle.load(io.BytesIO(content), "test_batch")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("danger", ["path traversal", "symbolic link out", "hard link out"])
def test_a_malicious_cifar_archive_is_refused_and_nothing_is_written(
    danger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tar_with(tmp_path / "bad.tar.gz", DANGEROUS_TARS[danger])
    with pytest.raises(DataError, match="refused"):
        Cifar10(path=str(path)).ids()
    assert files_below(tmp_path) == {"bad.tar.gz"}


def test_a_cifar_archive_with_a_hostile_pickle_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bad = pickle.dumps({b"data": Call(os.mkdir, str(tmp_path / "made"))})
    path = dataset_files.write_tar(tmp_path / "bad.tar.gz", {"cifar-10-batches-py/test_batch": bad})
    with pytest.raises(DataError, match=r"test_batch: refused .*mkdir.* not allowed"):
        Cifar10(path=str(path)).ids()
    assert files_below(tmp_path) == {"bad.tar.gz"}
