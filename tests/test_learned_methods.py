"""The learned methods with the weights that come with the project."""

from __future__ import annotations

import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from inpaintbench.images.files import file_digest  # noqa: E402
from inpaintbench.methods.autoencoder import Autoencoder  # noqa: E402
from inpaintbench.methods.base import Method  # noqa: E402
from inpaintbench.methods.context_encoder import ContextEncoder  # noqa: E402
from inpaintbench.methods.mean_fill import MeanFill  # noqa: E402
from inpaintbench.methods.telea import Telea  # noqa: E402
from inpaintbench.methods.vae import Vae, VaeSample  # noqa: E402
from inpaintbench.methods.weights import files  # noqa: E402

SHIPPED = sorted(files.FOLDER.glob("*.safetensors"))
MEANS = [Autoencoder, Vae, ContextEncoder]
ARCHIVE = (
    Path(__file__).resolve().parents[2] / "shared" / "data" / "cifar-10-python-first1000.tar.gz"
)


def ready(cls: type[Method], **parameters: object) -> Method:
    method = cls(**parameters)
    method.setup("cpu", 0)
    return method


def scene(dtype: str = "uint8", channels: int = 3, side: int = 32) -> np.ndarray:
    down, right = np.mgrid[: 1 : side * 1j, : 1 : side * 1j]
    plane = np.stack([0.2 + 0.6 * down, 0.8 - 0.5 * right, 0.3 + 0.3 * down * right], -1)
    return np.rint(plane[..., :channels] * np.iinfo(dtype).max).astype(dtype)


def centre(side: int = 32) -> np.ndarray:
    mask = np.zeros((side, side), dtype=bool)
    mask[side // 4 : -side // 4, side // 4 : -side // 4] = True
    return mask


# The files


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_weights_are_small_verified_and_described(path: Path) -> None:
    assert path.stat().st_size <= 10_000_000
    assert files.card(path).is_file()
    files.verify(path)
    assert files.describe(path).trained_on
    said = files.card(path).read_text()
    for word in ("seed", "licence", "hardware", "made by", "Loss curve", "held out"):
        assert word in said, word
    assert "/work" not in said and "/tmp" not in said


def test_shipped_weights_are_small_together() -> None:
    assert sum(path.stat().st_size for path in SHIPPED) <= 30_000_000


@pytest.mark.parametrize("cls", [*MEANS, VaeSample])
def test_what_a_class_declares_is_what_its_weights_saw(cls: type[Method]) -> None:
    seen = files.describe(files.locate(cls().weights)).trained_on  # type: ignore[attr-defined]
    assert cls.trained_on == seen == cls().trained_on


# What goes in and comes out


@pytest.mark.parametrize("cls", [*MEANS, VaeSample])
@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 1), ("uint16", 3), ("uint16", 1)])
def test_grey_and_16_bits(cls: type[Method], dtype: str, channels: int) -> None:
    image, mask = scene(dtype, channels), centre()
    torch.manual_seed(0)  # some draws stray further than the mean
    filled = ready(cls).inpaint(np.where(mask[..., None], 0, image).astype(dtype), mask)
    assert filled.dtype == image.dtype
    assert filled.shape == image.shape
    assert (filled[~mask] == image[~mask]).all()
    off = np.abs(filled[mask].astype(float) - image[mask]) / np.iinfo(dtype).max
    assert off.mean() < 0.06  # a smooth scene goes on smoothly


@pytest.mark.parametrize("cls", MEANS)
def test_16_bits_and_8_bits_agree(cls: type[Method]) -> None:
    image, mask = scene(), centre()
    method = ready(cls)
    eight = method.inpaint(image, mask)
    sixteen = method.inpaint(image.astype(np.uint16) * 257, mask)
    assert np.abs(sixteen[mask] / 257 - eight[mask]).max() <= 0.51


@pytest.mark.parametrize("cls", MEANS)
def test_a_batch_is_its_images_one_by_one(cls: type[Method]) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (5, 32, 32, 3), dtype=np.uint8)
    masks = random.random((5, 32, 32)) < 0.4
    method = ready(cls)
    together = method.inpaint_batch(images, masks)  # type: ignore[attr-defined]
    for image, mask, filled in zip(images, masks, together, strict=True):
        alone = method.inpaint(image, mask).astype(int)
        assert np.abs(alone - filled).max() <= 1  # other order of the same sums


@pytest.mark.parametrize("cls", MEANS)
def test_the_hole_is_not_looked_at(cls: type[Method]) -> None:
    image, mask = scene(), centre()
    other = image.copy()
    other[mask] = 255 - other[mask]
    method = ready(cls)
    assert (method.inpaint(image, mask) == method.inpaint(other, mask)).all()


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1), (31, 17, 3)])
def test_sizes_near_the_trained_one_are_padded(shape: tuple[int, int, int]) -> None:
    method = ready(Autoencoder)
    assert method.skip(shape, np.dtype("uint8")) is None
    image = scene(channels=shape[2])[: shape[0], : shape[1]]
    mask = np.zeros(shape[:2], dtype=bool)
    mask[5:12, 4:10] = True
    filled = method.inpaint(image, mask)
    assert filled.shape == shape
    assert np.abs(filled[mask].astype(int) - image[mask]).mean() < 16


@pytest.mark.parametrize("shape", [(33, 32, 3), (256, 256, 3), (15, 32, 3)])
def test_sizes_far_from_the_trained_one_are_skipped(shape: tuple[int, int, int]) -> None:
    reason = Autoencoder().skip(shape, np.dtype("uint8"))
    assert reason is not None and "trained on 32×32" in reason


def test_the_mirror_image_is_filled_alike() -> None:
    image, mask = scene(), centre()
    method = ready(Autoencoder, mirror=True)
    mirrored = method.inpaint(image[:, ::-1].copy(), mask)[:, ::-1].astype(int)
    assert np.abs(mirrored - method.inpaint(image, mask)).max() <= 1


def test_draws_differ_and_their_seed_repeats_them() -> None:
    image, mask = scene(), centre()
    method = ready(VaeSample)
    torch.manual_seed(1)
    first, second = method.inpaint(image, mask), method.inpaint(image, mask)
    torch.manual_seed(1)
    again = method.inpaint(image, mask)
    assert (first == again).all()
    assert not (first == second).all()


def test_a_method_survives_pickling_into_a_worker() -> None:
    method = ready(Autoencoder)
    image, mask = scene(), centre()
    again = pickle.loads(pickle.dumps(method))
    assert (again.inpaint(image, mask) == method.inpaint(image, mask)).all()


def test_missing_and_foreign_weights_are_one_clear_line() -> None:
    absent = Autoencoder(weights="nowhere/a.safetensors")
    reason = absent.unavailable()
    assert reason is not None and "no such weight file" in reason
    with pytest.raises(ValueError, match="no such weight file"):
        absent.inpaint(scene(), centre())
    foreign = Autoencoder(weights="vae-cifar10").unavailable()
    assert foreign == "vae-cifar10: weights of vae, not of autoencoder"


def test_the_weights_are_part_of_the_key() -> None:
    assert Autoencoder().fingerprint() == file_digest(files.locate("autoencoder-cifar10"))
    assert Autoencoder().fingerprint() != Vae().fingerprint()


# How good they are: CIFAR-10's test images, which nothing here was trained on, with the central
# 16² hole; PSNR over the hole, averaged over images.


@pytest.fixture(scope="module")
def photographs() -> np.ndarray:
    if not ARCHIVE.is_file():
        pytest.skip("the CIFAR-10 images of ../shared/data are not here")
    with tarfile.open(ARCHIVE) as archive:
        member = next(name for name in archive.getnames() if name.endswith("test_batch"))
        file = archive.extractfile(member)
        assert file is not None
        rows = pickle.load(file, encoding="bytes")[b"data"]
    return np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def psnr(filled: np.ndarray, images: np.ndarray) -> float:
    mask = centre()
    errors = ((filled.astype(float) - images)[:, mask] ** 2).mean((1, 2))
    return float((10 * np.log10(255**2 / np.maximum(errors, 1e-9))).mean())


@pytest.fixture(scope="module")
def classical(photographs: np.ndarray) -> float:
    mask = centre()
    damaged = photographs * ~mask[..., None]
    return max(
        psnr(np.stack([method.inpaint(image, mask) for image in damaged]), photographs)
        for method in (Telea(), MeanFill())
    )


@pytest.mark.parametrize("cls", MEANS)
def test_it_beats_what_was_not_trained(
    cls: type[Method], photographs: np.ndarray, classical: float
) -> None:
    masks = np.broadcast_to(centre(), (len(photographs), 32, 32))
    damaged = photographs * ~masks[..., None]
    filled = ready(cls).inpaint_batch(damaged, masks)  # type: ignore[attr-defined]
    assert psnr(filled, photographs) > classical + 1


def test_draws_spread_around_their_mean(photographs: np.ndarray) -> None:
    """Each draw is worse than the mean of eight, as it must be if they differ for a reason."""
    images = photographs[:64]
    masks = np.broadcast_to(centre(), (64, 32, 32))
    method = ready(VaeSample)
    torch.manual_seed(0)
    draws = np.stack(
        [method.inpaint_batch(images * ~masks[..., None], masks) for _ in range(8)]  # type: ignore[attr-defined]
    )
    assert psnr(draws.astype(float).mean(0), images) > psnr(draws[0], images) + 0.1
    assert draws.astype(float).std(0)[:, centre()].mean() > 1
