"""The training loop: reproducible, resumable, and it learns."""

from __future__ import annotations

import csv
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from inpaintbench.errors import BenchError  # noqa: E402
from inpaintbench.images.files import file_digest  # noqa: E402
from inpaintbench.methods.networks.variational import Gaussian  # noqa: E402
from inpaintbench.methods.training import recipes  # noqa: E402
from inpaintbench.methods.training.adversarial import ContextAdversarial, relative_error  # noqa: E402
from inpaintbench.methods.training.data import (  # noqa: E402
    Augmentation,
    Batch,
    BatchSource,
    CropPool,
    augment,
    with_mirror_images,
)
from inpaintbench.methods.training.export import Provenance  # noqa: E402
from inpaintbench.methods.training.loop import Training  # noqa: E402
from inpaintbench.methods.training.objective import hole_errors, hole_psnr  # noqa: E402
from inpaintbench.methods.training.perceptual import BLOCKS, PerceptualLoss  # noqa: E402
from inpaintbench.methods.training.reconstruction import (  # noqa: E402
    FLOOR,
    KNOWN_WEIGHT,
    Reconstruction,
)
from inpaintbench.methods.training.record import Entry, Log, read  # noqa: E402
from inpaintbench.methods.training.run import Images, Plan, prepare, train  # noqa: E402
from inpaintbench.methods.training.settings import Settings  # noqa: E402
from inpaintbench.methods.weights import files  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def slopes(count: int, size: int = 16) -> list[np.ndarray]:
    """Images of a random linear slope: easy to continue into a hole, unlike their mean."""
    random = np.random.default_rng(5)
    down, right = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    images = []
    for _ in range(count):
        a, b = random.uniform(-1, 1, (2, 3))
        plane = 0.5 + 0.24 * (down[..., None] * a + right[..., None] * b)
        images.append(np.rint(255 * plane).astype(np.uint8))
    return images


def centre(image: np.ndarray, number: int) -> np.ndarray:
    mask = np.zeros(image.shape[:2], dtype=bool)
    side = len(mask)
    mask[side // 4 : -side // 4, side // 4 : -side // 4] = True
    return mask


def plan(method: str, size: int = 16, **settings: object) -> Plan:
    recipe = replace(recipes.RECIPES[method], augmentation=Augmentation(0, 0, 0, 0))
    chosen: dict[str, object] = {"steps": 6, "batch": 4, "warmup": 2, "learning_rate": 1e-3}
    width = 8
    return Plan(
        recipe,
        size,
        width,
        [Images("slopes/train", 1.0, slopes(24, size))],
        slopes(4, size),
        centre,
        centre,
        Settings(**(chosen | settings)),  # type: ignore[arg-type]
        Provenance("24 slopes", "centre", "4 slopes", "inpaintbench train"),
    )


METHODS = [
    ("autoencoder", 16),
    ("vae", 16),
    ("context-encoder", 16),
    ("deepfill", 32),
    ("deepfill-paper", 32),
]


# Batches


def test_a_step_has_one_batch_and_steps_differ() -> None:
    def source(seed: int) -> BatchSource:
        pools = [(CropPool(slopes(9, 20), 16), 0.7), (CropPool(slopes(3, 40), 16), 0.3)]
        return BatchSource(pools, centre, seed, masks=8)

    first, again = source(1).batch(7, 10, "cpu"), source(1).batch(7, 10, "cpu")
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.masks, again.masks)
    for other in (source(1).batch(8, 10, "cpu"), source(2).batch(7, 10, "cpu")):
        assert not torch.equal(first.images, other.images)
    assert first.images.shape == (10, 3, 16, 16)
    assert first.masks.shape == (10, 1, 16, 16)


def test_every_pool_has_its_share_of_small_batches_too() -> None:
    pools = [
        (CropPool([np.full((8, 8, 3), value, dtype=np.uint8)], 8), share)
        for value, share in ((10, 0.7), (110, 0.2), (210, 0.1))
    ]
    still = Augmentation(0, 0, 0, 0)
    source = BatchSource(pools, centre, 0, masks=4, augmentation=still)
    seen = torch.cat([source.batch(step, 2, "cpu").images[:, 0, 0, 0] for step in range(500)])
    values, counts = (255 * (seen + 1) / 2).round().int().unique(return_counts=True)
    assert values.tolist() == [10, 110, 210]
    assert counts.tolist() == pytest.approx([700, 200, 100], abs=40)


def test_inputs_hold_nothing_of_the_hole() -> None:
    images = torch.rand(2, 3, 8, 8)
    masks = torch.zeros(2, 1, 8, 8)
    masks[..., 2:5, 2:5] = 1
    inputs = Batch(images, masks).inputs
    assert (inputs[:, :3][masks.expand(2, 3, 8, 8) == 1] == 0).all()
    assert torch.equal(inputs[:, 3:], masks)


def test_crops_come_from_every_image_and_scale() -> None:
    flat = [np.full((64, 64, 3), 10 * i, dtype=np.uint8) for i in range(4)]
    crops = CropPool(flat, 16).draw(200, torch.Generator().manual_seed(0))
    assert sorted(crops.float().mean((1, 2, 3)).unique().tolist()) == [0, 10, 20, 30]
    fine = np.zeros((64, 64, 3), dtype=np.uint8)
    fine[:, ::2] = 200  # stripes survive at the full scale alone
    contrasts = CropPool([fine], 16).draw(200, torch.Generator().manual_seed(0)).float()
    spread = contrasts.std((1, 2, 3))
    assert (spread > 90).any()
    assert (spread < 10).any()


@pytest.mark.parametrize("shape", [(15, 30, 3), (30, 30, 1)])
def test_images_without_a_crop_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="holds no 16² crop"):
        CropPool([np.zeros(shape, dtype=np.uint8)], 16)


def test_augmentation_moves_mirrors_and_keeps_the_range() -> None:
    images = torch.rand(64, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    still = augment(images, Augmentation(0, 0, 0, 0), torch.Generator().manual_seed(1))
    kept = torch.isclose(still, images, atol=1e-6).flatten(1).all(1)
    mirrored = torch.isclose(still, images.flip(3), atol=1e-6).flatten(1).all(1)
    assert (kept | mirrored).all()
    assert 10 < int(mirrored.sum()) < 54
    moved = augment(images, Augmentation(), torch.Generator().manual_seed(1))
    assert float(moved.min()) >= 0 and float(moved.max()) <= 1
    assert not torch.equal(moved, images)


def test_a_warp_turns_and_enlarges_about_the_centre() -> None:
    down, right = torch.meshgrid(
        torch.linspace(-1, 1, 33), torch.linspace(-1, 1, 33), indexing="ij"
    )
    images = torch.stack([0.5 + 0.3 * right, 0.5 + 0.3 * down, torch.full_like(down, 0.5)])
    images = images.expand(256, 3, 33, 33)
    warped = augment(
        images, Augmentation(0, 0, 0, 0, turn=20, enlarge=0.5), torch.Generator().manual_seed(3)
    )
    # away from the reflected border, slopes say by how much each image was turned and enlarged
    inside = warped[:, :, 10:-10, 10:-10]
    across = (inside[..., -1] - inside[..., 0]).mean(2)[:, :2] / (0.3 * 12 / 16)
    size = across.norm(dim=1)
    angle = torch.rad2deg(torch.atan2(across[:, 1].abs(), across[:, 0].abs()))
    changed = (size - 1).abs() > 1e-3
    assert 90 < int(changed.sum()) < 166
    assert float(size.min()) > 1 / 1.5 - 0.01 and float(size.max()) < 1.01
    assert 15 < float(angle.max()) < 20.5
    assert torch.allclose(warped[:, :, 16, 16], torch.tensor(0.5), atol=1e-3)


def test_a_share_of_the_crops_loses_its_colour() -> None:
    images = torch.rand(400, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    changed = augment(images, Augmentation(0, 0, 0, 0, grey=0.25), torch.Generator().manual_seed(1))
    grey = (changed.std(1) < 1e-6).flatten(1).all(1)
    assert 70 < int(grey.sum()) < 130


# Losses


def test_the_relative_error_asks_as_much_of_smooth_images() -> None:
    images = torch.zeros(2, 3, 8, 8)
    masks = torch.zeros(2, 1, 8, 8)
    masks[..., 2:6, 2:6] = 1
    fill = torch.stack([torch.full((3, 8, 8), 0.05), torch.full((3, 8, 8), 0.5)]).requires_grad_()
    error = relative_error(fill, Batch(images, masks))
    assert error.item() == pytest.approx((np.log(0.06) + np.log(0.51)) / 2)
    error.backward()
    smooth, rough = fill.grad.abs().sum((1, 2, 3)).tolist()
    assert smooth == pytest.approx(rough * 0.51 / 0.06)
    assert (fill.grad * (1 - masks)).abs().sum() == 0


def test_hole_psnr_is_the_mean_of_each_images_own() -> None:
    images = torch.zeros(2, 3, 4, 4)
    masks = torch.zeros(2, 1, 4, 4)
    masks[:, :, :2] = 1
    fill = torch.full((2, 3, 4, 4), 9.0)  # what is outside of the hole doesn't count
    fill[0, :, :2] = 0.2  # an error of .1 of the range: 20 dB
    fill[1, :, :2] = 0.02  # .01: 40 dB
    assert hole_errors(fill, Batch(images, masks)).tolist() == pytest.approx([0.01, 0.0001])
    assert hole_psnr(fill, Batch(images, masks)) == pytest.approx(30, abs=1e-3)


def test_divergence_is_that_of_torch() -> None:
    parameters = torch.randn(2, 5, 12, generator=torch.Generator().manual_seed(0))
    one, other = (Gaussian.of(part) for part in parameters)

    def peer(gaussian: Gaussian) -> torch.distributions.Normal:
        return torch.distributions.Normal(gaussian.mean, torch.exp(gaussian.log_variance / 2))

    expected = torch.distributions.kl_divergence(peer(one), peer(other)).sum(1)
    assert torch.allclose(one.divergence(other), expected, atol=1e-5)
    assert torch.allclose(one.divergence(one), torch.zeros(5), atol=1e-6)


def test_latents_are_drawn_around_the_mean() -> None:
    gaussian = Gaussian(torch.full((20000, 1), 2.0), torch.full((20000, 1), 0.5).log() * 2)
    torch.manual_seed(0)
    draws = gaussian.sample()
    assert float(draws.mean()) == pytest.approx(2, abs=0.02)
    assert float(draws.std()) == pytest.approx(0.5, abs=0.02)


def test_fills_of_mirror_images_that_differ_are_an_error() -> None:
    class Leaning(torch.nn.Module):
        """Fills with what every column is called, from 0 at the left."""

        def forward(self, inputs):
            return torch.arange(8.0).expand(len(inputs), 3, 8, 8)

    masks = torch.zeros(4, 1, 8, 8)
    masks[..., 2:6, 3:4] = 1  # column 3, which is column 4 of the mirror image
    batch = Batch(torch.zeros(4, 3, 8, 8), masks)
    objective = Reconstruction(Leaning())
    assert set(objective.losses(batch).parts) == {"log_error", "known"}
    objective.symmetry = 4.0
    losses = objective.losses(with_mirror_images(batch))
    # for a data range of 1, errors of 1.5 and 2, each a quarter off their mean
    assert float(losses.parts["asymmetry"]) == pytest.approx(0.25**2)
    hole = float(losses.total - KNOWN_WEIGHT * losses.parts["known"])
    assert hole == pytest.approx(np.log((1.5**2 + 2**2) / 2 + 4 * 0.25**2 + FLOOR), rel=1e-5)


def test_context_encoder_weighs_its_losses_as_the_paper() -> None:
    """Pathak et al. 2016: .999 L2 + .001 adversarial; the border counts ten times."""

    class Grey(torch.nn.Module):
        def forward(self, inputs):
            return torch.full_like(inputs[:, :3], 0.2)

    class Undecided(torch.nn.Module):
        def forward(self, inputs):
            return torch.zeros(len(inputs))

    masks = torch.zeros(1, 1, 8, 8)
    masks[..., 2:6, 2:6] = 1  # 16 pixels, with a border of 20
    batch = Batch(torch.zeros(1, 3, 8, 8), masks)
    objective = ContextAdversarial(Grey(), Undecided(), band=1)
    losses = objective.losses(batch)
    error, fooled = 0.04, float(np.log(2))  # grey of .2 instead of 0, images in [-1, 1]
    assert float(losses.total) == pytest.approx(
        0.999 * (error + 10 * error * 20 / 16) + 0.001 * fooled
    )
    assert float(objective.critic_loss(batch, losses.fill)) == pytest.approx(2 * fooled)
    objective.adversarial = 4.0
    assert float(objective.losses(batch).total - losses.total) == pytest.approx(
        0.003 * fooled, rel=1e-4
    )


# The loop


def trunk(channels: int = 6) -> dict[str, np.ndarray]:
    """Lay out a network as VGG-16's first blocks, with few channels and random weights."""
    random = np.random.default_rng(3)
    tensors, seen = {}, 3
    for number in (number for block in BLOCKS for number in block):
        weight = random.normal(0, (2 / (9 * seen)) ** 0.5, (channels, seen, 3, 3))
        tensors[f"features.{number}.weight"] = weight.astype(np.float32)
        tensors[f"features.{number}.bias"] = np.zeros(channels, np.float32)
        seen = channels
    return tensors


def test_the_style_is_that_of_the_texture_wherever_it_lies() -> None:
    """Stripes half a period off differ by structure and not by style; grey differs by both."""
    stripes = torch.tensor([1.0, 1, 1, 1, -1, -1, -1, -1]).repeat(8).expand(1, 3, 64, 64)
    batch = Batch(stripes, torch.ones(1, 1, 64, 64))
    loss = PerceptualLoss(trunk(), "cpu")
    same, moved, grey = (
        {name: float(value) for name, value in loss.terms(fill, batch).items()}
        for fill in (stripes, stripes.roll(4, 3), torch.zeros_like(stripes))
    )
    assert same == {"perceptual": 0.0, "style": 0.0}
    assert moved["perceptual"] > 0.5 * grey["perceptual"] > 0
    assert moved["style"] < 0.2 * grey["style"]


def test_the_perceptual_loss_sees_the_composite() -> None:
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    masks = torch.zeros(2, 1, 32, 32)
    masks[:, :, 8:24, 8:24] = 1
    noisy_outside = images + (1 - masks)
    terms = PerceptualLoss(trunk(), "cpu").terms(noisy_outside, Batch(images, masks))
    assert {name: float(value) for name, value in terms.items()} == {"perceptual": 0, "style": 0}


def test_perceptual_and_style_are_weighed_as_in_the_paper() -> None:
    """Liu et al. 2018: 6 L1 in the hole + .05 perceptual + 120 style, of standardised images."""
    ours = PerceptualLoss.weigh({"perceptual": torch.tensor(2.0), "style": torch.tensor(0.01)})
    of_standardised = 2 * np.mean([0.229, 0.224, 0.225])
    assert float(ours) == pytest.approx((0.05 * 2 + 120 * 0.01) / 6 * of_standardised)


def test_a_run_learns_from_the_perceptual_loss(tmp_path: Path) -> None:
    runs = {
        weight: prepare(
            replace(plan("deepfill", 32, steps=3, perceptual=weight), features=trunk()),
            tmp_path / str(weight),
        )
        for weight in (0.0, 5.0)
    }
    networks = {weight: training.run() for weight, training in runs.items()}
    assert "style" in read(tmp_path / "5.0" / "log.csv")[-1].values
    first, second = (next(network.parameters()) for network in networks.values())
    assert not torch.equal(first, second)


def test_the_perceptual_loss_needs_its_network(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="VGG-16"):
        prepare(plan("deepfill", 32, perceptual=1.0), tmp_path)


@pytest.mark.parametrize(("method", "size"), METHODS)
def test_a_resumed_run_ends_as_an_uninterrupted_one(method: str, size: int, tmp_path: Path) -> None:
    whole = prepare(plan(method, size), tmp_path / "whole").run()

    def interrupt(done: float, entry: Entry | None) -> None:
        if done >= 0.5:
            raise KeyboardInterrupt

    wanted = plan(method, size, checkpoint_minutes=0.0)
    with pytest.raises(KeyboardInterrupt):
        prepare(wanted, tmp_path / "parts").run(interrupt)
    torch.rand(3)  # other use of the generator in between
    resumed = prepare(wanted, tmp_path / "parts")
    resumed.resume()
    assert 0 < resumed.step < 6
    again = resumed.run().state_dict()
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, again[name]), name
    steps = [entry.step for entry in read(tmp_path / "parts" / "log.csv")]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_a_finished_run_resumes_to_the_same_weights_and_card(tmp_path: Path) -> None:
    wanted = plan("autoencoder", checkpoint_minutes=0.0)

    def left(resume: bool) -> tuple[dict[str, torch.Tensor], list[str]]:
        path = train(wanted, tmp_path, resume, lambda done, entry: None)
        card = path.with_suffix(".md").read_text().splitlines()
        # the file's header lists its entries in any order, so its digest may differ
        return dict(files.read(path)), [line for line in card if "SHA-256" not in line]

    (weights, card), (again, same) = left(False), left(True)
    assert same == card
    assert all(torch.equal(weights[name], again[name]) for name in weights | again)


@pytest.mark.parametrize("method", ["autoencoder", "vae"])
def test_it_learns(method: str, tmp_path: Path) -> None:
    """Slopes go on into the hole: 60 steps are enough to beat the mean of what is known."""
    wanted = plan(method, steps=150, batch=16, learning_rate=3e-3, warmup=10)
    training = prepare(wanted, tmp_path)
    network = training.run()
    batch = training._validation
    with torch.inference_mode():
        learned = hole_psnr(training.objective.fill(network, batch), batch)
    known = 1 - batch.masks
    mean = (batch.images * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True)
    assert learned > hole_psnr(mean.expand_as(batch.images), batch) + 3


def test_the_adversary_learns_too(tmp_path: Path) -> None:
    training = prepare(plan("context-encoder", steps=3), tmp_path)
    before = [p.clone() for p in training.objective.critic.parameters()]
    training.run()
    after = list(training.objective.critic.parameters())
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_rate_warms_up_and_follows_a_cosine(tmp_path: Path) -> None:
    settings = {"steps": 100, "warmup": 10, "learning_rate": 1.0}
    training = prepare(plan("autoencoder", **settings), tmp_path)
    rates = []
    for training.step in range(101):
        rates.append(training._rate(training.step / 100))
    assert rates[0] == pytest.approx(0.1)
    assert np.argmax(rates) in (8, 9, 10)
    assert rates[50] == pytest.approx(0.02 + 0.98 * 0.5)
    assert rates[100] == pytest.approx(0.02)


def test_the_average_follows_the_weights_faster_at_first(tmp_path: Path) -> None:
    training = prepare(plan("autoencoder", steps=40, learning_rate=1e-2), tmp_path)
    weights = next(training.objective.network.parameters())
    seen: list[torch.Tensor] = []
    training.run(lambda done, entry: seen.append(weights.detach().clone()))
    wanted = seen[0]
    for step, now in enumerate(seen[1:40], 1):
        wanted = wanted.lerp(now, 1 - (1 + step) / (10 + step))
    average = next(training.averaged.parameters()).detach()
    assert torch.allclose(average, wanted, atol=1e-6)
    assert not torch.allclose(average, seen[-1], atol=1e-4)


def test_other_settings_do_not_resume(tmp_path: Path) -> None:
    prepare(plan("autoencoder"), tmp_path).run()
    with pytest.raises(ValueError, match="batch 4 instead of 5"):
        prepare(plan("autoencoder", batch=5), tmp_path).resume()
    prepare(plan("autoencoder", checkpoint_minutes=9.0), tmp_path).resume()


@pytest.mark.parametrize(
    "wrong", [{}, {"steps": 1, "minutes": 1.0}, {"steps": 0}, {"minutes": -1.0}]
)
def test_settings_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="steps"):
        Settings(**wrong)  # type: ignore[arg-type]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such checkpoint; leave out --resume"):
        prepare(plan("autoencoder"), tmp_path).resume()
    for name in ("checkpoint.pt", "autoencoder.safetensors"):
        with pytest.raises(ValueError, match=f"{name}: no such file to start from"):
            prepare(replace(plan("autoencoder"), start=tmp_path / name), tmp_path)


def test_only_what_has_a_critic_weighs_an_adversarial_loss(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="autoencoder has no adversarial loss"):
        prepare(plan("autoencoder", adversarial=4.0), tmp_path)


def test_only_what_compares_mirror_images_weighs_them(tmp_path: Path) -> None:
    prepare(plan("autoencoder", symmetry=4.0), tmp_path / "autoencoder")
    with pytest.raises(ValueError, match="vae has no loss that compares mirror images"):
        prepare(plan("vae", symmetry=4.0), tmp_path / "vae")


def test_a_run_by_the_clock_ends_in_time(tmp_path: Path) -> None:
    wanted = plan("autoencoder", steps=None, minutes=0.02)
    training = prepare(wanted, tmp_path)
    training.run()
    assert 1.2 <= training.seconds < 10
    assert training.step > 3


def test_a_log_forgets_what_is_trained_again(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.csv")
    for step in (10, 20, 30):
        log.add(Entry(step, step / 2, {"loss": 1 / step}))
    again = Log(tmp_path / "log.csv", step=20)
    again.add(Entry(25, 12.5, {"loss": 0.5}))
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["10", "20", "25"]
    assert rows[2] == {"step": "25", "seconds": "12.5", "loss": "0.5"}


# Weights and cards


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    return train(plan("autoencoder"), folder, False, lambda done, entry: None)


def test_a_run_leaves_weights_card_log_and_pictures(trained: Path) -> None:
    left = {path.name for path in trained.parent.iterdir()}
    assert left == {
        "autoencoder.safetensors", "autoencoder.md", "checkpoint.pt", "log.csv", "curve.png",
        "preview.png",
    }  # fmt: skip
    card = trained.with_suffix(".md").read_text()
    for said in (file_digest(trained), "24 slopes", "| 6 of 4 images |", "## Loss curve"):
        assert said in card, said


def test_the_header_describes_the_network(trained: Path) -> None:
    found = files.describe(trained)
    assert found.network == "autoencoder"
    assert dict(found.architecture) == {"size": 16, "width": 8, "blocks": 1}
    assert (found.size, found.trained_on) == (16, ("slopes/train",))


def test_altered_weights_are_refused(trained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.safetensors"
    content = bytearray(trained.read_bytes())
    copy.write_bytes(content)
    assert files.read(copy)  # without a card there is nothing to compare with
    files.card(copy).write_text(files.card(trained).read_text())
    assert files.read(copy)
    content[-1] ^= 1
    copy.write_bytes(content)
    with pytest.raises(files.WeightsError, match="altered"):
        files.read(copy)


def test_half_precision_costs_nothing(tmp_path: Path) -> None:
    wanted = plan("autoencoder", steps=60, batch=16, learning_rate=3e-3, warmup=10)
    training = prepare(wanted, tmp_path)
    network = training.run()
    batch = training._validation
    with torch.inference_mode():
        before = hole_psnr(training.objective.fill(network, batch), batch)
        network.half().float()
        after = hole_psnr(training.objective.fill(network, batch), batch)
    assert after == pytest.approx(before, abs=0.01)


def test_a_run_starts_from_other_weights(trained: Path, tmp_path: Path) -> None:
    started = prepare(replace(plan("vae"), start=trained), tmp_path).objective.network
    given = files.read(trained)
    own = started.state_dict()
    assert torch.equal(own["encoder.stages.0.weight"], given["encoder.stages.0.weight"])
    assert "prior.weight" not in given
    with pytest.raises(ValueError, match="shares no tensor"):
        prepare(replace(plan("deepfill", 32), start=trained), tmp_path)


def test_a_run_goes_on_from_another_with_its_critic(tmp_path: Path) -> None:
    first = prepare(plan("deepfill", 32), tmp_path / "first")
    first.run()
    wanted = replace(plan("deepfill", 64), start=tmp_path / "first" / "checkpoint.pt")
    second = prepare(wanted, tmp_path / "second").objective
    for name, value in first.averaged.state_dict().items():
        assert torch.equal(second.network.state_dict()[name], value)
    assert first.objective.critic is not None
    assert second.critic is not None
    for name, value in first.objective.critic.state_dict().items():
        assert torch.equal(second.critic.state_dict()[name], value)


def test_what_is_no_checkpoint_is_not_started_from(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"G": {}}, path)
    with pytest.raises(ValueError, match="not a checkpoint"):
        prepare(replace(plan("deepfill", 32), start=path), tmp_path)


# The command


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Build CIFAR-10 in the official layout, of 12 slopes a batch."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    rows = np.stack([image.transpose(2, 0, 1).ravel() for image in slopes(12, 32)])
    for name in [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]:
        content = {b"data": rows, b"labels": [0] * len(rows), b"filenames": [b""] * len(rows)}
        (folder / name).write_bytes(pickle.dumps(content))
    path = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, "cifar-10-batches-py")
    return path


@pytest.mark.slow
def test_one_command_from_images_to_a_method(archive: Path, tmp_path: Path, monkeypatch) -> None:
    from inpaintbench.cli.train import train as command
    from inpaintbench.plugins import registry

    monkeypatch.setenv("INPAINTBENCH_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "run"
    command(
        "autoencoder", dataset=[f"cifar10[path={archive}]"], steps=3, batch=4, device="cpu", out=out
    )
    method = registry.methods().make(f"autoencoder[weights={out}/autoencoder.safetensors]")
    method.setup("cpu", 0)
    assert method.trained_on == ("cifar10/train",)
    image = slopes(1, 32)[0]
    mask = centre(image, 0)
    filled = method.inpaint(image, mask)
    assert (filled[~mask] == image[~mask]).all()


def test_images_smaller_than_a_crop_are_left_out_and_said(tmp_path: Path, capsys) -> None:
    import cv2

    from inpaintbench.cli.train import train as command

    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for number, image in enumerate([*slopes(4, 16), *slopes(1, 12)]):
        cv2.imwrite(str(photographs / f"{number}.png"), image)
    command(
        "autoencoder",
        dataset=[f"folder[path={photographs}]"],
        masks=["context-encoder-center"],
        steps=1,
        batch=2,
        size=16,
        device="cpu",
        out=tmp_path / "run",
    )
    assert "1 of 5 images left out, smaller than 16×16" in capsys.readouterr().err
    assert "3 of photographs/train" in (tmp_path / "run" / "autoencoder.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"method": "autoencodr"}, "autoencoder"),
        ({"method": "telea"}, "can't be trained"),
        ({"method": "vae", "steps": 3, "minutes": 1.0}, "give one of"),
        ({"method": "vae", "dataset": ["photos"]}, "scored on these images"),
        ({"method": "vae", "dataset": ["cifar10[split=test]"]}, "scored on these images"),
    ],
)
def test_the_command_refuses_in_one_line(arguments: dict[str, object], said: str) -> None:
    from inpaintbench.cli.train import train as command

    with pytest.raises(BenchError, match=said):
        command(**arguments)  # type: ignore[arg-type]


def test_the_preview_shows_damaged_filled_and_true(tmp_path: Path) -> None:
    import cv2

    training: Training = prepare(plan("autoencoder", steps=1), tmp_path)
    training.run()
    grid = cv2.imread(str(tmp_path / "preview.png"))[..., ::-1]
    scale = 64 // 16
    assert grid.shape == (3 * 16 * scale, 4 * 16 * scale, 3)
    true = grid[2 * 64 : 3 * 64 : scale, 0:64:scale]
    assert np.abs(true.astype(int) - slopes(4)[0]).max() <= 1
    assert (grid[32, 32] == 191).all()  # grey in the damaged image's hole


@pytest.mark.parametrize(
    ("size", "expected"), [(32, (32, 64, 128)), (128, (32, 64, 128, 128, 128)), (8, (32,))]
)
def test_networks_halve_images_down_to_four_pixels(size: int, expected: tuple[int, ...]) -> None:
    from inpaintbench.methods.networks.encoder_decoder import widths

    assert widths(size, 32) == expected
    with pytest.raises(ValueError, match="size must be"):
        widths(size + 4, 32)


@pytest.mark.parametrize("method", ["autoencoder", "vae", "context-encoder"])
def test_there_is_a_128_variant(method: str) -> None:
    objective = recipes.RECIPES[method].make(128, 8)
    masks = torch.zeros(2, 1, 128, 128)
    masks[..., 32:96, 32:96] = 1
    batch = Batch(torch.zeros(2, 3, 128, 128), masks)
    assert objective.losses(batch).fill.shape == (2, 3, 128, 128)
