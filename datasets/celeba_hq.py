"""CelebA-HQ: aligned faces of celebrities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from inpaintbench.datasets.reading.collection import Collection


@dataclass(frozen=True)
class CelebaHq(Collection):
    """CelebA-HQ: aligned faces of 1024², by default shrunk to 256².

    Parameters
    ----------
    split : str
        ``test`` (2,824 faces, the default), ``train`` (24,183) or ``val`` (2,993): the official
        partition of CelebA carried over.
    """

    size: int | None = 256
    split: Literal["test", "train", "val"] = "test"

    name = "celeba-hq"
    collections = ("celeba", "celebamask-hq")
    source = (
        'T. Karras, T. Aila, S. Laine, J. Lehtinen, "Progressive growing of GANs", ICLR 2018, as '
        "distributed with CelebAMask-HQ (Lee et al., CVPR 2020)"
    )
    license = "non-commercial research and education"
    layouts = ("CelebA-HQ-img/*.jpg beside CelebA-HQ-to-CelebA-mapping.txt",)
    counts: ClassVar = {"test": 2824, "train": 24_183, "val": 2993}
    obtain = "download CelebAMask-HQ.zip (3 GB) from github.com/switchablenorms/CelebAMask-HQ"

    def select(self, folder: Path) -> list[Path]:
        """Find the faces whose original in CelebA belongs to the split."""
        first, last = _PARTITION[self.split]
        for root in (folder, folder / "CelebAMask-HQ"):
            mapping = root / "CelebA-HQ-to-CelebA-mapping.txt"
            if mapping.is_file():
                rows = [line.split() for line in mapping.read_text().splitlines()[1:]]
                numbers = [row[0] for row in rows if first <= int(row[2].split(".")[0]) <= last]
                files = [root / "CelebA-HQ-img" / f"{number}.jpg" for number in numbers]
                return [file for file in files if file.is_file()]
        return []


# CelebA's official partition by the number of the original image (list_eval_partition.txt).
_PARTITION = {"train": (1, 162_770), "val": (162_771, 182_637), "test": (182_638, 202_599)}
