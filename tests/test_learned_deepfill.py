"""DeepFill v2: the public layout, attention against a plain loop, tiles, any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from inpaintbench.methods.deepfill import DeepFill  # noqa: E402
from inpaintbench.methods.networks.attention import ContextualAttention  # noqa: E402
from inpaintbench.methods.networks.deepfill import (  # noqa: E402
    DeepFillNetwork,
    GatedConvolution,
    PatchCritic,
    _copied,
    _detail,
)
from inpaintbench.methods.networks.tiles import tent, windows  # noqa: E402

# Names and shapes in states_pt_places2.pth, as its network defines them
# (nipponjo/deepfillv2-pytorch, model/networks.py, cnum 48).
PUBLIC = {
    "stage1.conv1.conv.weight": (48, 5, 5, 5),
    "stage1.down_block1.conv1_downsample.conv.weight": (96, 24, 3, 3),
    "stage1.down_block1.conv2.conv.bias": (96,),
    "stage1.down_block2.conv1_downsample.conv.weight": (192, 48, 3, 3),
    "stage1.down_block2.conv2.conv.weight": (192, 96, 3, 3),
    "stage1.conv_bn1.conv.weight": (192, 96, 3, 3),
    "stage1.conv_bn7.conv.weight": (192, 96, 3, 3),
    "stage1.up_block1.conv1_upsample.conv.conv.weight": (96, 96, 3, 3),
    "stage1.up_block2.conv1_upsample.conv.conv.weight": (48, 48, 3, 3),
    "stage1.up_block2.conv2.conv.weight": (24, 24, 3, 3),
    "stage1.conv_to_rgb.conv.weight": (3, 12, 3, 3),
    "stage2.b1_conv1.conv.weight": (48, 3, 5, 5),
    "stage2.b1_down_block1.conv1_downsample.conv.weight": (48, 24, 3, 3),
    "stage2.b1_down_block2.conv1_downsample.conv.weight": (96, 48, 3, 3),
    "stage2.b1_down_block2.conv2.conv.weight": (192, 48, 3, 3),
    "stage2.b1_conv_bn5.conv.weight": (192, 96, 3, 3),
    "stage2.b2_down_block2.conv1_downsample.conv.weight": (192, 48, 3, 3),
    "stage2.b2_down_block2.conv2.conv.weight": (192, 96, 3, 3),
    "stage2.b2_conv_bn1.conv.weight": (192, 96, 3, 3),
    "stage2.b2_conv_bn4.conv.weight": (192, 96, 3, 3),
    "stage2.b2_conv_bn5.conv.weight": (192, 96, 3, 3),
    "stage2.conv_bn6.conv.weight": (192, 192, 3, 3),
    "stage2.conv_bn7.conv.weight": (192, 96, 3, 3),
    "stage2.up_block1.conv2.conv.weight": (96, 48, 3, 3),
    "stage2.conv_to_rgb.conv.weight": (3, 12, 3, 3),
}


def small(seed: int = 0) -> DeepFillNetwork:
    torch.manual_seed(seed)
    return DeepFillNetwork(width=8).eval()


def test_the_full_network_has_the_published_parameters() -> None:
    assert sum(p.numel() for p in DeepFillNetwork().parameters()) == 4_052_478


def test_names_and_shapes_are_the_public_ones() -> None:
    states = DeepFillNetwork().state_dict()
    assert {name: tuple(states[name].shape) for name in PUBLIC} == PUBLIC
    modules = {name.rsplit(".", 1)[0] for name in states}
    # 17 convolutions in the first stage, 25 in the second; weights and biases, nothing else.
    assert len(states) == 2 * len(modules) == 2 * (17 + 25)


def test_a_gate_scales_its_feature() -> None:
    convolution = GatedConvolution(1, 1, kernel=1)
    with torch.no_grad():
        convolution.conv.weight.copy_(torch.tensor([2.0, 0.0])[:, None, None, None])
        convolution.conv.bias.copy_(torch.tensor([0.0, 0.0]))
        assert convolution(torch.full((1, 1, 1, 1), 3.0)).item() == pytest.approx(6 * 0.5)
        convolution.conv.bias[1] = 50
        assert convolution(torch.full((1, 1, 1, 1), 3.0)).item() == pytest.approx(6)


@pytest.mark.parametrize("width", [16, 48])
def test_a_fresh_network_lets_its_inputs_through_to_the_last_layer(width: int) -> None:
    torch.manual_seed(0)
    stage = DeepFillNetwork(width).stage1
    features = torch.randn(2, 5, 64, 64) * 0.5
    with torch.no_grad():
        for layer in list(stage.children())[:-1]:
            features = layer(features)
            assert 0.1 < float(features.std()) < 2


def test_a_fresh_first_stage_on_small_images_is_a_diffusion() -> None:
    torch.manual_seed(0)
    network = DeepFillNetwork(width=8, shrink=4).eval()
    down, right = torch.meshgrid(
        torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij"
    )
    image = torch.stack([0.5 * right, 0.5 * down, torch.full_like(down, 0.3)])[None]
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 20:44, 20:44] = 1
    with torch.no_grad():
        coarse, fine = network(torch.cat([image * (1 - mask), mask], 1))
    assert coarse.shape == fine.shape == image.shape
    # a constant stays, and a slope is met within what the hole's middle leaves open
    assert torch.allclose(coarse[:, 2], image[:, 2], atol=1e-5)
    assert float(((coarse - image).abs() * mask).max()) < 0.15
    assert float((coarse - image).abs()[..., 8:-8, 8:-8].mean()) < 0.03


def test_a_hole_everywhere_is_finite_on_small_images_too() -> None:
    network = DeepFillNetwork(width=8, shrink=4).eval()
    inputs = torch.cat([torch.zeros(1, 3, 48, 80), torch.ones(1, 1, 48, 80)], 1)
    with torch.no_grad():
        for filled in network(inputs):
            assert torch.isfinite(filled).all()


def test_detail_copied_from_where_it_lies_is_itself() -> None:
    image = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    detail = _detail(image)
    assert float(detail.mean().abs()) < 0.05 and not torch.equal(detail, image)
    places = torch.arange(4 * 6).expand(2, -1)
    assert torch.allclose(_copied(detail, places), detail, atol=1e-6)


def test_a_fresh_network_continues_a_texture_by_copying_it() -> None:
    torch.manual_seed(0)
    network = DeepFillNetwork(width=8, shrink=4, residuals=1).eval()
    stripes = 0.5 * torch.sign(torch.sin(torch.arange(96) * torch.pi / 4 + 0.1))
    image = stripes.expand(1, 3, 96, 96)
    mask = torch.zeros(1, 1, 96, 96)
    mask[..., 32:64, 32:64] = 1
    with torch.no_grad():
        coarse, fine = network(torch.cat([image * (1 - mask), mask], 1))
    inside = (slice(None), slice(None), slice(36, 60), slice(36, 60))
    assert float(coarse[inside].std()) < 0.1
    assert float(fine[inside].std()) > 0.3


def test_the_chosen_patches_are_known_ones() -> None:
    features = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(2, 1, 64, 64)
    mask[..., 16:40, 24:48] = 1
    chosen = ContextualAttention().choose(features, mask)
    assert chosen.shape == (2, 64)
    down, right = chosen // 8, chosen % 8
    assert not ((down >= 2) & (down < 5) & (right >= 3) & (right < 6)).any()


def slow_attention(features: np.ndarray, mask: np.ndarray, fuse: bool) -> np.ndarray:
    """Contextual attention in loops, from its definition; features (C, H, W), mask (H/2, W/2)."""
    channels, height, width = features.shape
    tall, wide = height // 2, width // 2
    places = [(y, x) for y in range(tall) for x in range(wide)]
    reduced = np.pad(features[:, ::2, ::2], ((0, 0), (1, 1), (1, 1)))
    holes = np.pad(mask, 1)
    patches = [reduced[:, y : y + 3, x : x + 3] for y, x in places]
    known = [not holes[y : y + 3, x : x + 3].any() for y, x in places]
    lengths = [np.sqrt((patch**2 + 1e-4).sum()) for patch in patches]
    score = {
        (p, q): (patches[i] * patches[j]).sum() / lengths[i]
        for i, p in enumerate(places)
        for j, q in enumerate(places)
    }

    def along(scores: dict, order: list) -> dict:
        """Add the neighbours before and after, of both places at once, in an order of places."""
        return {
            (order[i], order[j]): sum(
                scores[order[i + d], order[j + d]]
                for d in (-1, 0, 1)
                if 0 <= i + d < len(order) and 0 <= j + d < len(order)
            )
            for i in range(len(order))
            for j in range(len(order))
        }

    if fuse:
        score = along(along(score, places), sorted(places, key=lambda place: place[::-1]))
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1)))
    pasted = np.zeros((channels, height + 2, width + 2))
    for y, x in places:
        values = np.array(
            [score[p, (y, x)] * usable * 10 for p, usable in zip(places, known, strict=True)]
        )
        weights = np.exp(values - values.max())
        weights = weights / weights.sum() * known
        for weight, (v, u) in zip(weights, places, strict=True):
            pasted[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4] += (
                weight * padded[:, 2 * v : 2 * v + 4, 2 * u : 2 * u + 4]
            )
    return pasted[:, 1:-1, 1:-1] / 4


@pytest.mark.parametrize("fuse", [False, True])
def test_attention_is_its_definition(fuse: bool) -> None:
    random = np.random.default_rng(3)
    features = random.normal(size=(2, 3, 8, 12)).astype(np.float32)
    masks = np.zeros((2, 4, 6), dtype=bool)
    masks[0, 1:3, 2:4] = True
    masks[1, 0, 5] = True  # each image of a batch has a hole of its own
    large = torch.from_numpy(masks[:, None].repeat(4, 2).repeat(4, 3).astype(np.float32))
    with torch.inference_mode():
        result = ContextualAttention(fuse=fuse)(torch.from_numpy(features), large).numpy()
    for i in range(2):
        expected = slow_attention(features[i], masks[i], fuse)
        assert np.allclose(result[i], expected, atol=1e-4)


def test_attention_takes_nothing_from_the_hole() -> None:
    features = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:40, 24:48] = 1
    attention = ContextualAttention(sharpness=0.0)  # every usable patch counts the same
    before = attention(features, mask)
    changed = features.clone()
    changed[..., 4:10, 6:12] = 100
    assert torch.allclose(before, attention(changed, mask), atol=1e-5)


def test_a_hole_everywhere_is_finite() -> None:
    inputs = torch.zeros(1, 4, 64, 64)
    inputs[:, 3] = 1
    with torch.inference_mode():
        coarse, fine = small()(inputs)
    assert torch.isfinite(coarse).all()
    assert torch.isfinite(fine).all()


def test_the_critic_is_lipschitz_and_judges_places() -> None:
    """Spectral normalisation leaves every layer with a largest singular value of about 1."""
    torch.manual_seed(0)
    critic = PatchCritic(width=8)
    inputs = torch.randn(2, 4, 128, 128)
    for _ in range(20):  # power iterations
        verdicts = critic(inputs)
    assert verdicts.shape == (2, 32, 2, 2)
    for stage in critic.stages:
        largest = torch.linalg.matrix_norm(stage.weight.detach().flatten(1), 2)
        assert float(largest) == pytest.approx(1, abs=0.1)


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    path = tmp_path / "states_pt_places2.pth"
    torch.save({"G": small().state_dict(), "D": {}}, path)
    return str(path)


@pytest.mark.parametrize("shape", [(64, 64, 3), (37, 61, 1), (8, 9, 3), (300, 520, 3)])
def test_any_size_from_a_public_checkpoint(shape: tuple[int, ...], checkpoint: str) -> None:
    method = DeepFill(weights=checkpoint)
    method.setup("cpu", 0)
    assert method.skip(shape, np.dtype("uint8")) is None
    assert method.trained_on == ("places2/train",)
    image = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    mask = np.zeros(shape[:2], dtype=bool)
    mask[2 : shape[0] // 2, 3 : shape[1] // 2] = True
    before = image.copy()
    filled = method.inpaint(image, mask)
    assert filled.shape == image.shape
    assert (filled[~mask] == image[~mask]).all()
    assert (image == before).all()
    assert not (filled[mask] == image[mask]).all()


def test_the_fill_is_the_networks_own(checkpoint: str) -> None:
    """Against the network called by hand as its public demo calls it: [-1, 1], mask 1 = hole."""
    method = DeepFill(weights=checkpoint)
    method.setup("cpu", 0)
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    mask = np.zeros((64, 64), dtype=bool)
    mask[10:40, 20:50] = True
    pixels = torch.from_numpy(image.transpose(2, 0, 1)[None] / np.float32(127.5) - 1)
    hole = torch.from_numpy(mask[None, None].astype(np.float32))
    with torch.inference_mode():
        fine = small()(torch.cat([pixels * (1 - hole), hole], 1))[1]
    by_hand = ((fine[0].numpy().transpose(1, 2, 0) + 1) * 127.5)[mask]
    assert np.abs(method.inpaint(image, mask)[mask] - by_hand).max() <= 0.51


def test_a_checkpoint_of_another_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "states.pth"
    torch.save({"G": {"first.weight": torch.zeros(1)}}, path)
    with pytest.raises(ValueError, match=r"no stage1\.conv1\.conv\.weight"):
        DeepFill(weights=str(path)).setup("cpu", 0)
    cut = dict(list(small().state_dict().items())[:-1])
    torch.save({"G": cut}, path)
    with pytest.raises(ValueError, match="state_dict"):
        DeepFill(weights=str(path)).setup("cpu", 0)


# Modules of states_tf_places2.pth in the order in which its network calls them
# (nipponjo/deepfillv2-pytorch, model/networks_tf.py); ours are called in the same order.
NUMBERED = [
    *["conv1", "conv2_downsample", "conv3", "conv4_downsample", "conv5", "conv6"],
    *[f"conv{n}_atrous" for n in (7, 8, 9, 10)],
    *["conv11", "conv12", "conv13_upsample.conv", "conv14", "conv15_upsample.conv", "conv16"],
    "conv17",
    *["xconv1", "xconv2_downsample", "xconv3", "xconv4_downsample", "xconv5", "xconv6"],
    *[f"xconv{n}_atrous" for n in (7, 8, 9, 10)],
    *["pmconv1", "pmconv2_downsample", "pmconv3", "pmconv4_downsample", "pmconv5", "pmconv6"],
    *["pmconv9", "pmconv10", "allconv11", "allconv12", "allconv13_upsample.conv", "allconv14"],
    *["allconv15_upsample.conv", "allconv16", "allconv17"],
]


def test_the_numbered_layout_of_the_authors_weights_loads(tmp_path: Path) -> None:
    own = small().state_dict()
    states = {
        f"{name}.conv.{part}": own[f"{module}.{part}"]
        for name, module in zip(
            NUMBERED, dict.fromkeys(key.rsplit(".", 1)[0] for key in own), strict=True
        )
        for part in ("weight", "bias")
    }
    path = tmp_path / "states_tf_places2.pth"
    torch.save({"G": states}, path)
    method = DeepFill(weights=str(path))
    method.setup("cpu", 0)
    network = method.ready()
    assert all(torch.equal(tensor, own[name]) for name, tensor in network.state_dict().items())
    assert not network.stage2.contextual_attention.fuse
    image = np.random.default_rng(0).integers(0, 255, (32, 40, 3), dtype=np.uint8)
    mask = np.zeros((32, 40), dtype=bool)
    mask[5:20, 8:30] = True
    assert (method.inpaint(image, mask)[~mask] == image[~mask]).all()


def test_tensorflow_pads_at_the_end() -> None:
    """SAME padding, stride 2, even size: the first window starts at the first pixel."""
    convolution = GatedConvolution(1, 1, stride=2, activation=torch.nn.Identity())
    with torch.no_grad():
        convolution.conv.weight.zero_()
        convolution.conv.weight[0, 0, 0, 0] = 1  # the window's first pixel
        convolution.conv.bias.copy_(torch.tensor([0.0, 50.0]))  # an open gate
        rows = torch.arange(16.0).view(1, 1, 4, 4)
        assert convolution(rows)[0, 0].tolist() == [[0, 0], [0, 5]]
        convolution.tensorflow = True
        assert convolution(rows)[0, 0].tolist() == [[0, 2], [8, 10]]


def test_the_full_network_asks_for_its_checkpoint() -> None:
    method = DeepFill(size="full")
    reason = method.unavailable()
    assert reason is not None and "states_pt_places2.pth" in reason
    with pytest.raises(ValueError, match="inpaintbench train deepfill"):
        method.inpaint(np.zeros((64, 64, 3), np.uint8), np.eye(64, dtype=bool))
    missing = DeepFill(weights="none/states_pt_places2.pth").unavailable()
    assert missing is not None and "no such checkpoint" in missing


@pytest.mark.parametrize("wrong", [{"size": "huge"}, {"tile": 100}, {"tile": 300}])
def test_parameters_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        DeepFill(**wrong)  # type: ignore[arg-type]


# Tiles


@pytest.mark.parametrize(("height", "width"), [(100, 700), (513, 512), (1200, 900)])
def test_windows_cover_the_hole_and_overlap(height: int, width: int) -> None:
    mask = torch.zeros(height, width)
    mask[height // 10 :, width // 3 : width - 5] = 1
    covered = torch.zeros_like(mask)
    for rows, columns in windows(mask, 512, 128):
        part = covered[rows, columns]
        assert part.shape == (min(height, 512), min(width, 512))
        part += 1
    assert (covered[mask > 0] > 0).all()


def test_windows_away_from_the_hole_are_left_out() -> None:
    mask = torch.zeros(1024, 1024)
    mask[10:20, 10:20] = 1
    assert list(windows(mask, 512, 128)) == [(slice(0, 512), slice(0, 512))]


def test_blending_weights_fall_off_evenly() -> None:
    weights = tent(4, 6)
    assert weights[0].tolist() == [1, 1, 1, 1, 1, 1]
    assert weights[1].tolist() == [1, 2, 2, 2, 2, 1]
    assert torch.equal(weights, weights.flip(0, 1))


def test_tiles_blend_without_changing_a_constant_fill(checkpoint: str) -> None:
    """A network whose fill is the same everywhere gives the same whole or in tiles."""
    method = DeepFill(weights=checkpoint, tile=256)
    method.setup("cpu", 0)
    network = method.ready()
    with torch.no_grad():
        network.stage2.conv_to_rgb.conv.weight.zero_()
        network.stage2.conv_to_rgb.conv.bias.fill_(0.3)
    image = np.full((400, 300, 3), 60, dtype=np.uint8)
    mask = np.zeros((400, 300), dtype=bool)
    mask[100:390, 50:290] = True
    filled = method.inpaint(image, mask)
    expected = round((np.tanh(0.3) + 1) * 127.5)
    assert (filled[mask] == expected).all()
