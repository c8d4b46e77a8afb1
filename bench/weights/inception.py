"""Where the Inception network of FID, KID, P-IDS and U-IDS comes from.

It is TensorFlow's Inception-v3 of 2015-12-05, which FID was defined with, as the TorchScript file
that NVIDIA published with StyleGAN2-ADA and that clean-fid reads.
"""

from __future__ import annotations

from pathlib import Path

from inpaintbench.images.download import Remote
from inpaintbench.weights.file import WeightFile
from inpaintbench.weights.sources import Download, LocalFile

_OFFICIAL = Remote(
    "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/inception-2015-12-05.pt",
    "sha256:f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4",
    95_607_719,
)


INCEPTION = WeightFile(
    name="inception-2015-12-05",
    sha256=_OFFICIAL.digest.removeprefix("sha256:"),
    about="Inception-v3 of FID, KID, P-IDS and U-IDS",
    license="Apache-2.0 (TensorFlow's Inception-v3)",
    size=_OFFICIAL.size,
    sources=(
        LocalFile(
            "clean-fid's copy",
            lambda: [Path("/tmp")],
            _OFFICIAL.name,
            _OFFICIAL.digest.removeprefix("sha256:"),
        ),
        Download(_OFFICIAL),
    ),
    suffix=".pt",
)
"""Weight file of the network."""
