"""A limit and a seed name the same samples on every machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaintbench.errors import BenchError
from inpaintbench.planning.subset import choose

IDS = [f"image-{number:04d}" for number in range(1000)]


def test_without_a_seed_the_first_are_taken() -> None:
    assert choose(IDS, 3) == IDS[:3]
    assert choose(IDS, None) == choose(IDS, 5000) == choose(IDS, None, seed=1) == IDS


def test_a_seed_names_these_samples_for_ever() -> None:
    # Golden: the lowest SHA-256 of "subset", seed and id, joined by U+001F. If these change,
    # published results name other images.
    assert choose(IDS, 5, seed=0) == [
        "image-0050",
        "image-0749",
        "image-0770",
        "image-0823",
        "image-0941",
    ]


@given(
    st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=40),
    st.integers(1, 50),
    st.integers(0, 2**32),
)
def test_subsets_are_of_the_size_in_order_and_nested(ids: list[str], limit: int, seed: int) -> None:
    chosen = choose(ids, limit, seed)
    assert len(chosen) == min(limit, len(ids))
    assert chosen == [name for name in ids if name in set(chosen)]
    assert set(chosen) <= set(choose(ids, limit + 1, seed))
    assert set(chosen) == set(choose(ids[::-1], limit, seed))


def test_seeds_choose_differently_and_evenly() -> None:
    taken = [set(choose(IDS, 100, seed)) for seed in range(200)]
    assert len(set(map(frozenset, taken))) == 200
    counts = [sum(name in chosen for chosen in taken) for name in IDS]
    assert sum(counts) == 200 * 100
    assert min(counts) > 4 and max(counts) < 45  # 20 expected, standard deviation 4.2


@pytest.mark.parametrize("limit", [0, -1])
def test_an_empty_subset_is_refused(limit: int) -> None:
    with pytest.raises(BenchError, match="at least 1"):
        choose(IDS, limit)
