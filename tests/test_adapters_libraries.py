"""Libraries of other people: what they are given, and what is said where they are missing."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from inpaintbench.methods.diffusers import Diffusers
from inpaintbench.methods.iopaint import Iopaint
from inpaintbench.methods.networks.picture import like, to_bytes

SHAPE = (8, 8, 3)


@pytest.mark.parametrize(("cls", "library"), [(Diffusers, "diffusers"), (Iopaint, "iopaint")])
def test_a_missing_library_is_one_clear_line(cls: type, library: str) -> None:
    if importlib.util.find_spec(library) is not None:
        pytest.skip(f"{library} is installed")
    method = cls()
    assert f"pip install {library}" in method.unavailable()
    with pytest.raises(ValueError, match="is not installed"):
        method.inpaint(np.zeros(SHAPE, np.uint8), np.eye(8, dtype=bool))


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"size": 4}])
def test_settings_that_cannot_be(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Diffusers(**wrong)  # type: ignore[arg-type]


class Recorder:
    """Stands for a library's pipeline or model: notes the prompts, and returns the image."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.images: list[object] = []

    def __call__(self, *given: object, **named: Any) -> Any:
        self.prompts.append(named["prompt"] if named else given[2].prompt)  # type: ignore[attr-defined]
        self.images = [named["image"]] if named else []
        return self if named else given[0]

    def set_progress_bar_config(self, **settings: object) -> None:
        pass

    def to(self, device: str) -> Recorder:
        return self


@pytest.mark.parametrize(
    ("own", "given", "used"),
    [("", "a wall", "a wall"), ("", "", ""), ("a sky", "a wall", "a sky"), ("a sky", "", "a sky")],
)
def test_a_pipeline_gets_its_own_prompt_or_the_samples(
    own: str, given: str, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Recorder()
    fake = SimpleNamespace(from_pretrained=lambda *given, **named: made)
    library = SimpleNamespace(AutoPipelineForInpainting=fake, __spec__=object())
    monkeypatch.setitem(sys.modules, "diffusers", library)
    method = Diffusers(model="somebody/a-pipeline", prompt=own)
    method.inpaint(np.zeros(SHAPE, np.uint8), np.eye(8, dtype=bool), given)
    assert made.prompts == [used]


def test_iopaint_gets_the_samples_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Recorder()
    fakes: dict[str, dict[str, object]] = {
        "iopaint": {"__spec__": object()},
        "iopaint.model_manager": {"ModelManager": lambda name, device: made},
        "iopaint.schema": {
            "HDStrategy": SimpleNamespace(ORIGINAL="Original"),
            "InpaintRequest": SimpleNamespace,
        },
    }
    for name, content in fakes.items():
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**content))
    Iopaint(model="sd1.5").inpaint(np.zeros(SHAPE, np.uint8), np.eye(8, dtype=bool), "a wall")
    assert made.prompts == ["a wall"]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_and_back(dtype: str, channels: int) -> None:
    step = np.iinfo(dtype).max // 255
    image = (np.arange(48).reshape(4, 4, 3)[..., :channels] * step).astype(dtype)
    pixels = to_bytes(image)
    assert pixels.shape == (4, 4, 3)
    assert pixels.dtype == np.uint8
    back = like(pixels, image)
    assert back.shape == image.shape
    assert np.allclose(back, image)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Save a Stable Diffusion inpainting pipeline with the smallest networks there can be."""
    diffusers = pytest.importorskip("diffusers")
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("pipeline")
    words = ["<|startoftext|>", "<|endoftext|>", "a", "a</w>"]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    text = transformers.CLIPTextConfig(
        vocab_size=4, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=8, bos_token_id=0, eos_token_id=1,
        pad_token_id=1,
    )  # fmt: skip
    blocks = {"block_out_channels": (8, 8), "norm_num_groups": 4, "layers_per_block": 1}
    whole = diffusers.StableDiffusionInpaintPipeline(
        vae=diffusers.AutoencoderKL(
            latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            **blocks,
        ),
        text_encoder=transformers.CLIPTextModel(text),
        tokenizer=transformers.CLIPTokenizer(
            str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=8
        ),
        unet=diffusers.UNet2DConditionModel(
            sample_size=16, in_channels=9, out_channels=4, cross_attention_dim=16,
            attention_head_dim=4, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), **blocks,
        ),
        scheduler=diffusers.DDIMScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    whole.save_pretrained(folder / "saved")
    return str(folder / "saved")


def ready(pipeline: str, size: int = 32) -> Diffusers:
    method = Diffusers(model=pipeline, steps=2, size=size)
    method.setup("cpu", 0)
    return method


@pytest.mark.parametrize(
    ("shape", "dtype"), [((32, 40, 3), "uint8"), ((21, 35, 1), "uint8"), ((32, 32, 3), "uint16")]
)
def test_a_pipeline_fills_any_image(
    pipeline: str, shape: tuple[int, ...], dtype: str, tmp_path: Path
) -> None:
    highest = np.iinfo(dtype).max
    image = np.random.default_rng(0).integers(0, highest, shape, dtype=dtype)
    mask = np.zeros(shape[:2], dtype=bool)
    mask[5:15, 5:15] = True
    filled = ready(pipeline).inpaint(image, mask)
    assert filled.shape == image.shape
    assert np.isfinite(filled).all()
    assert filled.min() >= 0 and filled.max() <= highest
    assert filled.max() > 255 or dtype == "uint8"


def test_a_pipeline_sees_what_is_known_and_no_more(pipeline: str) -> None:
    import torch

    method = ready(pipeline)
    image = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    mask = np.zeros((32, 32), dtype=bool)
    mask[8:24, 8:24] = True

    def fill(picture: np.ndarray, seed: int = 0) -> np.ndarray:
        torch.manual_seed(seed)
        return method.inpaint(picture, mask).astype(int)

    hidden, seen = image.copy(), image.copy()
    hidden[mask] = 255 - hidden[mask]
    seen[~mask] = 255 - seen[~mask]
    assert (fill(image) == fill(hidden)).all()
    assert (fill(image) != fill(seen)).any()
    assert (fill(image) == fill(image)).all()
    assert (fill(image) != fill(image, seed=1)).any()


def test_the_key_of_a_local_pipeline_follows_its_files(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        (folder / "unet").mkdir(parents=True)
        (folder / "unet" / "weights").write_bytes(b"1")
    assert Diffusers(model=str(here)).fingerprint() == Diffusers(model=str(there)).fingerprint()
    (here / "unet" / "weights").write_bytes(b"2")
    assert Diffusers(model=str(here)).fingerprint() != Diffusers(model=str(there)).fingerprint()
    assert Diffusers(model="somebody/a-pipeline").fingerprint() == ""
