"""Public checkpoints of DeepFill v2, told apart by the names of their tensors.

``states_pt_places2.pth`` names its tensors as our modules. ``states_tf_places2.pth`` holds the
authors' own TensorFlow weights, numbered convolution by convolution; they need TensorFlow's
padding, and no fusing of the attention (``nipponjo/deepfillv2-pytorch``, ``networks_tf.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_BLOCKS = {
    "{}conv1": "{}conv1",
    "{}conv2_downsample": "{}down_block1.conv1_downsample",
    "{}conv3": "{}down_block1.conv2",
    "{}conv4_downsample": "{}down_block2.conv1_downsample",
    "{}conv5": "{}down_block2.conv2",
}
_UP = {
    "{}conv13_upsample": "up_block1.conv1_upsample",
    "{}conv14": "up_block1.conv2",
    "{}conv15_upsample": "up_block2.conv1_upsample",
    "{}conv16": "up_block2.conv2",
    "{}conv17": "conv_to_rgb",
}


def _numbered() -> dict[str, str]:
    """Map each module of the numbered layout to ours."""
    names = {}
    for old, new in _BLOCKS.items():
        names[old.format("")] = "stage1." + new.format("")
        names[old.format("x")] = "stage2." + new.format("b1_")
        names[old.format("pm")] = "stage2." + new.format("b2_")
    for old, new in _UP.items():
        names[old.format("")] = f"stage1.{new}"
        names[old.format("all")] = f"stage2.{new}"
    for place, number in enumerate(range(6, 13), 1):
        dilated = "_atrous" if 7 <= number <= 10 else ""
        names[f"conv{number}{dilated}"] = f"stage1.conv_bn{place}"
        if number <= 10:
            names[f"xconv{number}{dilated}"] = f"stage2.b1_conv_bn{place}"
    return names | {
        "pmconv6": "stage2.b2_conv_bn1",
        "pmconv9": "stage2.b2_conv_bn4",
        "pmconv10": "stage2.b2_conv_bn5",
        "allconv11": "stage2.conv_bn6",
        "allconv12": "stage2.conv_bn7",
    }


def from_public(states: Mapping[str, Tensor]) -> tuple[dict[str, int], dict[str, Tensor]]:
    """Return the architecture and the state dictionary of a public checkpoint's generator.

    Raises
    ------
    ValueError
        When it is in neither layout.
    """
    if "stage1.conv1.conv.weight" in states:
        return {"width": states["stage1.conv1.conv.weight"].shape[0]}, dict(states)
    if "xconv1.conv.weight" not in states:
        raise ValueError(
            "not a DeepFill v2 checkpoint in the layout of states_pt_places2.pth or "
            "states_tf_places2.pth (no stage1.conv1.conv.weight, no xconv1.conv.weight)"
        )
    names = _numbered()
    renamed = {
        re.sub(r"^\w+", lambda match: names.get(match[0], match[0]), name): tensor
        for name, tensor in states.items()
    }
    return {"width": states["conv1.conv.weight"].shape[0], "tensorflow": 1}, renamed
