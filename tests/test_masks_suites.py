"""What every mask suite promises, whoever wrote it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from mask_cases import SUITES, Formula

from inpaintbench.errors import BenchError
from inpaintbench.masks.base import MaskSuite
from inpaintbench.masks.random import RandomStream
from inpaintbench.planning.case import draw_mask, kind_of, make_cases
from inpaintbench.plugins import registry

READ_FROM_CONTENT = {"textures"}
"""Suites that place holes by what the image shows."""

SHAPES = [
    (16, 16, 1, 8),
    (32, 32, 3, 8),
    (33, 47, 3, 16),
    (40, 300, 1, 16),
    (129, 65, 1, 8),
    (256, 256, 3, 8),
    (513, 257, 3, 8),
]


@pytest.fixture(params=SUITES)
def suite(request: pytest.FixtureRequest) -> MaskSuite:
    return registry.masks().make(request.param)


def test_no_suite_fails_to_import() -> None:
    assert registry.masks().broken == ()


def test_only_suites_of_files_need_more_than_an_image() -> None:
    assert set(registry.masks().plugins) - set(SUITES) <= {"folder", "paired", "pconv-files"}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "x".join(map(str, s)))
def test_draws_some_hole_and_leaves_something_known(
    suite: MaskSuite, shape: tuple[int, int, int, int]
) -> None:
    dataset = Formula(*shape)
    for index, sample_id in enumerate(dataset.ids()[: 2 * len(suite.kinds)]):
        sample = dataset.load(sample_id)
        before = sample.image.copy()
        mask = suite.draw(sample, suite.kinds[index % len(suite.kinds)], RandomStream(index))
        assert mask.shape == shape[:2]
        assert mask.dtype == np.bool_
        assert 0 < np.count_nonzero(mask) < mask.size
        assert np.array_equal(sample.image, before), "the image was changed"


def test_a_mask_depends_on_nothing_that_was_drawn_before(suite: MaskSuite) -> None:
    dataset = Formula(50, 70)
    cases = [(s, i) for s in dataset.ids()[:3] for i in range(3)]
    masks = {case: draw_mask(dataset, dataset.load(case[0]), suite, case[1], 7) for case in cases}
    fresh = type(suite)()
    for sample, index in reversed(cases):
        again = draw_mask(dataset, dataset.load(sample), fresh, index, 7)
        assert np.array_equal(again, masks[sample, index])


def test_only_suites_with_chance_draw_other_masks(suite: MaskSuite) -> None:
    sample = Formula(64, 64).load("00")
    differ = [
        len({suite.draw(sample, kind, RandomStream(n)).tobytes() for n in range(9)}) > 1
        for kind in suite.kinds
    ]
    assert any(differ) == suite.by_chance
    count = len(list(make_cases(("", Formula()), ["00"], ("", suite), 40, 0)))
    assert count == (40 if suite.by_chance else len(suite.kinds))


def test_depth_and_colour_of_the_image_leave_the_mask_alone(suite: MaskSuite) -> None:
    if suite.name in READ_FROM_CONTENT:
        pytest.skip("places its holes by the image's content")
    for kind in suite.kinds:
        masks = [
            suite.draw(Formula(48, 64, channels, bits).load("00"), kind, RandomStream(kind))
            for channels, bits in ((1, 8), (3, 8), (3, 16))
        ]
        assert np.array_equal(masks[0], masks[1])
        assert np.array_equal(masks[0], masks[2])


def test_each_kind_has_its_turn(suite: MaskSuite) -> None:
    dataset = Formula()
    for sample in dataset.ids()[:3]:
        turn = [kind_of(dataset, sample, suite, index) for index in range(len(suite.kinds))]
        assert sorted(turn) == sorted(suite.kinds)
    first = {kind_of(dataset, sample, suite, 0) for sample in dataset.ids()}
    assert first == set(suite.kinds), "the first mask of a sample is always of the same kind"


def test_says_what_it_draws(suite: MaskSuite) -> None:
    assert registry.summary(type(suite)).endswith((".", "]``."))
    assert suite.source
    assert suite.version >= 1


@pytest.mark.parametrize(
    "specification",
    [
        "small-holes[min_radius=9,max_radius=8]",
        "small-holes[max_coverage=0.95]",
        "large-regions[min_coverage=0.7]",
        "large-regions[max_coverage=0.9]",
        "textures[min_radius=0]",
        "scratches[min_coverage=0]",
        "dust[max_coverage=0.6]",
        "object-shapes[roughness=2]",
        "pixel-dropout[percent=0]",
        "pixel-dropout[percent=100]",
        "folder[hole=grey]",
        "small-holes[radius=3]",
    ],
)
def test_a_parameter_out_of_range_is_refused_in_a_line(specification: str) -> None:
    with pytest.raises(BenchError) as error:
        registry.masks().make(specification)
    assert "\n" not in str(error.value)
    assert specification.split("[")[0] in str(error.value)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 2), (1, 600), (600, 1)])
@pytest.mark.parametrize("name", SUITES)
def test_a_suite_that_cannot_draw_on_a_tiny_image_says_so(
    name: str, shape: tuple[int, int]
) -> None:
    suite = registry.masks().make(name)
    dataset = Formula(*shape)
    sample = dataset.load("00")
    for index in range(len(suite.kinds)):
        try:
            assert draw_mask(dataset, sample, suite, index, 0).shape == shape
        except BenchError as refusal:
            assert re.search(r"can't draw such a hole on an image of|hole$", str(refusal))
        else:
            assert shape != (1, 1)
