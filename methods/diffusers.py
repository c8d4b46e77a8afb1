"""Any inpainting pipeline of the diffusers library."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.files import content_digest
from inpaintbench.methods.base import Image, Mask
from inpaintbench.methods.networks.loaded import LoadedMethod
from inpaintbench.methods.networks.picture import like, to_bytes


@dataclass
class Diffusers(LoadedMethod):
    """Inpainting pipeline of the diffusers library, from a local folder or the hub.

    Images are enlarged to a short side of `size` and to sides that are multiples of 8, filled,
    and brought back to their own size. Every call draws its noise from torch's global generator,
    which the harness seeds.

    Parameters
    ----------
    model : str
        Folder or hub name: ``stable-diffusion-v1-5/stable-diffusion-inpainting``.
    prompt : str
        What to paint, whatever the sample's own prompt is; empty takes the sample's, and where
        there is none, leaves it to the model.
    steps : int
        Denoising steps.
    guidance : float
        Scale of the classifier-free guidance; 1 switches it off.
    size : int
        Shortest side given to the model, in pixels: 512 for Stable Diffusion 1 and 2.
    half : bool
        Whether a GPU computes in half precision.
    """

    model: str = ""
    prompt: str = ""
    steps: int = 50
    guidance: float = 7.5
    size: int = 512
    half: bool = True

    family = "learned"
    deterministic = False
    prompts = "optional"
    requires = ("torch", "diffusers", "transformers")
    locations = ("model",)

    def __post_init__(self) -> None:
        if self.steps < 1 or self.size < 8:
            raise ValueError("steps must be at least 1, and size at least 8")

    def unavailable(self) -> str | None:
        """Say why the pipeline can't be used, or None."""
        if importlib.util.find_spec("diffusers") is None:
            return "diffusers is not installed: pip install diffusers transformers accelerate"
        if not self.model:
            return "no model: diffusers[model=FOLDER or hub name]"
        return None

    def fingerprint(self) -> str:
        """Digest of a local folder's files; nothing for a hub name, which stands for itself."""
        folder = Path(self.model).expanduser()
        if not self.model or not folder.is_dir():
            return ""
        return content_digest((path for path in folder.rglob("*") if path.is_file()), folder)

    def _load(self, device: str) -> Any:
        import torch
        from diffusers import AutoPipelineForInpainting

        kind = torch.float16 if self.half and device.startswith("cuda") else torch.float32
        pipeline = AutoPipelineForInpainting.from_pretrained(self.model, torch_dtype=kind)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline.to(device)

    def inpaint(self, image: Image, mask: Mask, prompt: str = "") -> NDArray[np.generic]:
        """Run the pipeline on one image."""
        import cv2
        import torch
        from PIL import Image as Picture

        pipeline = self.ready()
        height, width = mask.shape
        scale = max(1.0, self.size / min(height, width))
        tall, wide = (8 * max(1, round(side * scale / 8)) for side in (height, width))
        pixels = cv2.resize(to_bytes(image), (wide, tall), interpolation=cv2.INTER_CUBIC)
        hole = cv2.resize(mask * np.uint8(255), (wide, tall), interpolation=cv2.INTER_NEAREST)
        filled = pipeline(
            prompt=self.prompt or prompt,
            image=Picture.fromarray(pixels),
            mask_image=Picture.fromarray(hole),
            height=tall,
            width=wide,
            num_inference_steps=self.steps,
            guidance_scale=self.guidance,
            strength=1.0,
            generator=torch.Generator().manual_seed(int(torch.randint(1 << 31, ()))),
        ).images[0]
        result = cv2.resize(
            np.asarray(filled, dtype=np.uint8), (width, height), interpolation=cv2.INTER_AREA
        )
        return like(result, image)
