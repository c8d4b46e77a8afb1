"""Which methods are scored on what they were trained on."""

from __future__ import annotations

import pytest

from inpaintbench.plugins import registry
from inpaintbench.statistics.contamination import Seen, seen

OTHER_SPLIT, SAME_IMAGES, NOTHING = "another split", "the very images", "nothing"


@pytest.mark.parametrize(
    ("trained_on", "dataset", "found"),
    [
        ("cifar10/train", "cifar10", OTHER_SPLIT),
        ("cifar10/train", "cifar10[split=train]", SAME_IMAGES),
        ("cifar10", "cifar10", SAME_IMAGES),
        ("cifar10/train", "cifar100", NOTHING),
        ("places2/train", "places365-val", OTHER_SPLIT),
        ("Places2/val", "places365-val[size=512]", SAME_IMAGES),
        ("imagenet-sample-images/train", "imagenet-1k-val", OTHER_SPLIT),
        ("holiday/train", "folder[path=pictures/holiday]", SAME_IMAGES),
        ("holiday/train", 'folder[path="pictures/my holiday"]', NOTHING),
        ("celeba/train", "celeba-hq", OTHER_SPLIT),
        ("elsewhere/train", "elsewhere[made=by a plugin that is gone]", OTHER_SPLIT),
        ("photos/train", "photos[size=128]", SAME_IMAGES),
    ],
)
def test_a_dataset_goes_by_every_name_of_its_images(
    trained_on: str, dataset: str, found: str
) -> None:
    collections = () if found == NOTHING else (trained_on,)
    images = (trained_on,) if found == SAME_IMAGES else ()
    assert seen(trained_on, [dataset]) == Seen(collections, images)


def test_only_what_is_scored_here_is_named() -> None:
    trained_on = "cifar10/train, places2/train"
    assert seen(trained_on, ["kodak", "cifar10"]).collections == ("cifar10/train",)
    assert seen(trained_on, ["kodak"]) == seen("", ["cifar10"]) == Seen()


def test_what_the_learned_methods_were_trained_on_leads_to_a_dataset() -> None:
    """A name that no dataset has would never be flagged: a misspelling, for example."""
    trained = {name for cls in registry.methods().plugins.values() for name in cls.trained_on}
    assert trained
    for name in trained:
        assert seen(name, registry.datasets().plugins).collections == (name,), name
