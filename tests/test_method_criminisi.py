"""Criminisi's exemplar-based filling does what the paper says, and nothing else."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaintbench.methods.criminisi import Criminisi
from inpaintbench.methods.kernels.colour import cielab
from inpaintbench.methods.kernels.fill_front import MISSING, complete_patch, start


def texture(height, width, channels=3, seed=0, dtype=np.uint8):
    """Smooth noise over the full range: no two patches alike."""
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(seed).normal(size=(height, width, channels))
    smooth = gaussian_filter(noise, (1.5, 1.5, 0), mode="wrap")
    scaled = (smooth - smooth.min()) / np.ptp(smooth) * np.iinfo(dtype).max
    return np.round(scaled).astype(dtype)


def box(height, width, top, left, bottom, right):
    mask = np.zeros((height, width), bool)
    mask[top:bottom, left:right] = True
    return mask


def damaged(image, mask, garbage=0):
    image = image.copy()
    image[mask] = garbage
    return image


# --- the algorithm as published, by brute force -------------------------------------------------


def reference(image, mask, size, search_radius=None, stride=1):
    """Fill by the method's own description: plain loops, no bounds, nothing incremental."""
    height, width = mask.shape
    half = size // 2
    lab = cielab(image, mask)
    levels = np.round(lab * 8).astype(np.int64)
    lightness = lab[0].copy()
    known = ~mask
    confidence = known.astype(float)
    output = image.copy()
    radius = search_radius or max(height, width)
    complete = [
        (y, x)
        for y in range(0, height - size + 1, stride)
        for x in range(0, width - size + 1, stride)
        if not mask[y : y + size, x : x + size].any()
    ]

    def window(y, x, reach):
        for i in range(max(y - reach, 0), min(y + reach + 1, height)):
            for j in range(max(x - reach, 0), min(x + reach + 1, width)):
                yield i, j

    def gradient(y, x):
        up, down = max(y - 1, 0), min(y + 1, height - 1)
        left, right = max(x - 1, 0), min(x + 1, width - 1)
        if not all(known[p] for p in [(y, x), (up, x), (down, x), (y, left), (y, right)]):
            return 0.0, 0.0
        return (
            (lightness[down, x] - lightness[up, x]) / 2,
            (lightness[y, right] - lightness[y, left]) / 2,
        )

    def normal(y, x):
        vector = np.zeros(2)
        for i in range(-2, 3):
            for j in range(-2, 3):
                if not known[np.clip(y + i, 0, height - 1), np.clip(x + j, 0, width - 1)]:
                    vector += np.array([i, j]) * np.exp(-(i * i + j * j) / 2)
        length = np.sqrt(vector[0] * vector[0] + vector[1] * vector[1])
        return vector / length if length >= 1e-9 else np.zeros(2)

    def priority(y, x):
        total, area, steepest = 0.0, 0, (0.0, 0.0)
        for p in window(y, x, half):
            area += 1
            if known[p]:
                total += confidence[p]
                g = gradient(*p)
                if g[0] * g[0] + g[1] * g[1] > steepest[0] ** 2 + steepest[1] ** 2:
                    steepest = g
        n = normal(y, x)
        data = abs(steepest[1] * n[0] - steepest[0] * n[1]) / 100.0
        return data * total / area, total / area

    while not known.all():
        front = [
            (y, x)
            for y in range(height)
            for x in range(width)
            if not known[y, x]
            and any(
                0 <= v < height and 0 <= u < width and known[v, u]
                for v, u in [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
            )
        ]
        scores = {p: priority(*p) for p in front}
        y, x = max(front, key=lambda p: (scores[p], -p[0], -p[1]))

        def cost(source, y=y, x=x):
            down, across = source[0] - (y - half), source[1] - (x - half)
            if max(abs(down), abs(across)) > radius:
                return (np.inf,)
            total = 0
            for v, u in window(y, x, half):
                if known[v, u]:
                    total += int(((levels[:, v, u] - levels[:, v + down, u + across]) ** 2).sum())
            return total, down * down + across * across, source

        best = min(complete, key=cost)
        down, across = best[0] - (y - half), best[1] - (x - half)
        missing = [p for p in window(y, x, half) if not known[p]]
        for v, u in missing:
            output[v, u] = output[v + down, u + across]
            levels[:, v, u] = levels[:, v + down, u + across]
            lightness[v, u] = lightness[v + down, u + across]
            confidence[v, u] = scores[y, x][1]
        for p in missing:
            known[p] = True
    return output


CASES = {
    "colour": (texture(26, 30), box(26, 30, 9, 11, 17, 20), {}),
    "grey": (texture(26, 30, 1), box(26, 30, 9, 11, 17, 20), {}),
    "sixteen bits": (texture(24, 24, 3, dtype=np.uint16), box(24, 24, 8, 8, 15, 15), {}),
    "corner": (texture(25, 27), box(25, 27, 0, 0, 9, 10), {}),
    "edge": (texture(25, 27), box(25, 27, 17, 9, 25, 18), {}),
    "two holes": (texture(27, 29), box(27, 29, 4, 4, 9, 10) | box(27, 29, 15, 16, 21, 24), {}),
    "flat": (np.full((24, 25, 3), 90, np.uint8), box(24, 25, 9, 9, 15, 16), {}),
    "small patch": (texture(20, 22), box(20, 22, 7, 8, 13, 15), {"patch_size": 5}),
    "radius": (texture(30, 34), box(30, 34, 11, 12, 18, 21), {"search_radius": 10}),
    "stride": (texture(30, 34), box(30, 34, 11, 12, 18, 21), {"stride": 3}),
    "stride and radius": (
        texture(31, 33, 1),
        box(31, 33, 11, 12, 18, 21),
        {"stride": 2, "search_radius": 12, "patch_size": 7},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_equals_brute_force(name):
    image, mask, parameters = CASES[name]
    image = damaged(image, mask)
    expected = reference(image, mask, **{"size": 9, **_renamed(parameters)})
    np.testing.assert_array_equal(Criminisi(**parameters).inpaint(image, mask), expected)


def _renamed(parameters):
    return {{"patch_size": "size"}.get(key, key): value for key, value in parameters.items()}


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(16, 30),
    width=st.integers(16, 30),
    levels=st.sampled_from([2, 3, 256]),
    seed=st.integers(0, 10**6),
)
def test_equals_brute_force_on_random_holes(height, width, levels, seed):
    """Few grey levels give many ties, random holes touch borders and leave islands."""
    random = np.random.default_rng(seed)
    image = texture(height, width, int(random.choice([1, 3])), seed)
    image = (image.astype(int) * levels // 256 * (255 // (levels - 1))).astype(np.uint8)
    mask = np.zeros((height, width), bool)
    for _ in range(random.integers(1, 4)):
        y, x = random.integers(0, height), random.integers(0, width)
        mask[y : y + random.integers(1, 9), x : x + random.integers(1, 9)] = True
    mask[: height // 2, : width // 2] = False  # keeps complete patches of 7×7
    image = damaged(image, mask)
    actual = Criminisi(patch_size=7).inpaint(image, mask)
    np.testing.assert_array_equal(actual, reference(image, mask, 7))


# --- parts of it, by hand -----------------------------------------------------------------------


def test_priorities_of_a_toy_front():
    """A vertical black-white edge runs into a hole below row 6; patches are 5×5.

    At the middle of the front (row 6, column 5) two of five rows are known: C = 10/25. The edge
    lies between columns 5 and 6, so the central difference in row 4 (row 5 touches the hole) is
    (100 - 0) / 2 across; the normal points down; D = |50 · 1| / 100 and P = C · D = 0.2. Three
    columns away no patch sees the edge: D = 0.
    """
    lightness = np.zeros((12, 12))
    lightness[:, 6:] = 100
    front, first = start(lightness, box(12, 12, 6, 0, 12, 12), half=2)
    assert front.confidence[6, 5] == pytest.approx(10 / 25)
    assert front.priority[6, 5] == pytest.approx(0.2)
    assert front.priority[6, 2] == 0
    assert front.confidence[6, 0] == pytest.approx(6 / 15)  # the patch is cut by the border
    assert front.priority[7, 5] == -1  # inside the hole
    assert front.priority[5, 5] == -1  # known
    assert first == (6, 3)  # sees the edge's column 5; equals go in raster order


def test_confidence_propagates_into_the_hole():
    """After a 5×5 patch is filled at C = 0.4, its pixels count 0.4 each."""
    lightness = np.zeros((12, 12))
    lightness[:, 6:] = 100
    front, (y, x) = start(lightness, box(12, 12, 6, 0, 12, 12), half=2)
    following = complete_patch(front, 2, y, x, -6, 0)
    assert (y, x) == (6, 3)
    filled = front.confidence[6:9, 1:6]
    np.testing.assert_allclose(filled, 0.4)
    assert (front.origin[6:9, 1:6] == np.arange(144).reshape(12, 12)[0:3, 1:6]).all()
    # Row 9 below the patch: 5 known columns of rows 7 and 8, at 0.4.
    assert front.confidence[9, 3] == pytest.approx(10 * 0.4 / 25)
    assert (front.origin[9:] == MISSING).all()
    assert following[0] >= 6


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_are_those_of_scikit_image(channels, dtype):
    from skimage.color import gray2rgb, rgb2lab

    image = texture(20, 21, channels, dtype=dtype)
    expected = rgb2lab(gray2rgb(image[..., 0]) if channels == 1 else image)
    actual = cielab(image, np.zeros((20, 21), bool))
    np.testing.assert_allclose(actual, np.moveaxis(expected, 2, 0)[:channels], atol=1e-3)


# --- what the paper shows -----------------------------------------------------------------------


def test_continues_a_straight_line():
    """A dark diagonal bar on a white ground crosses the hole without a break."""
    y, x = np.mgrid[:96, :96]
    image = np.where(np.abs(y - x) < 5, 30, 230).astype(np.uint8)[..., None]
    mask = box(96, 96, 34, 34, 62, 62)
    filled = Criminisi().inpaint(damaged(image, mask), mask)
    np.testing.assert_array_equal(filled, image)


def test_continues_the_boundary_of_two_textures():
    """Stripes above, checks below: the straight boundary and both textures go on."""
    y, x = np.mgrid[:90, :120]
    stripes = np.where(x // 2 % 2, 200, 120)
    checks = np.where((x // 3 + y // 3) % 2, 90, 20)
    image = np.where(y < 45, stripes, checks).astype(np.uint8)[..., None]
    mask = box(90, 120, 33, 42, 60, 78)
    filled = Criminisi().inpaint(damaged(image, mask), mask)
    np.testing.assert_array_equal(filled, image)


def test_structure_comes_before_texture():
    """The paper's point: the pixel at the end of the strong edge is filled first."""
    y, x = np.mgrid[:60, :60]
    image = np.where(x < 30, 200, 40) + (x * 7 + y * 5) % 11
    mask = box(60, 60, 25, 15, 45, 50)
    lab = cielab(image.astype(np.uint8)[..., None], mask)
    _, (top, left) = start(lab[0], mask, half=4)
    assert top in (25, 44)
    assert abs(left - 29.5) <= 5


# --- what every method owes ---------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_copies_known_pixels_and_changes_none(dtype, channels):
    image = texture(41, 37, channels, dtype=dtype)
    mask = box(41, 37, 0, 5, 9, 20) | box(41, 37, 30, 30, 41, 37)
    given = damaged(image, mask)
    before = given.copy()
    filled = Criminisi().inpaint(given, mask)
    assert filled.dtype == dtype
    np.testing.assert_array_equal(given, before)
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    palette = {tuple(p) for p in image[~mask]}
    assert all(tuple(p) in palette for p in filled[mask])


def test_never_reads_the_hole():
    image = texture(48, 48)
    mask = box(48, 48, 12, 0, 30, 20) | box(48, 48, 40, 30, 44, 44)
    clean = Criminisi().inpaint(damaged(image, mask), mask)
    dirty = Criminisi().inpaint(damaged(image, mask, 255), mask)
    np.testing.assert_array_equal(clean, dirty)


def test_read_only_input_gives_the_same():
    image, mask = texture(32, 32), box(32, 32, 10, 10, 20, 20)
    expected = Criminisi().inpaint(damaged(image, mask), mask)
    frozen = damaged(image, mask)
    frozen.flags.writeable = False
    mask.flags.writeable = False
    np.testing.assert_array_equal(Criminisi().inpaint(frozen, mask), expected)


def test_threads_do_not_matter():
    image, mask = texture(48, 48), box(48, 48, 12, 12, 32, 32)
    before = numba.get_num_threads()
    try:
        outputs = []
        for threads in {1, numba.config.NUMBA_NUM_THREADS}:
            numba.set_num_threads(threads)
            outputs.append(Criminisi().inpaint(damaged(image, mask), mask))
    finally:
        numba.set_num_threads(before)
    assert all((output == outputs[0]).all() for output in outputs)


def test_empty_hole_returns_the_image():
    image = texture(20, 20)
    np.testing.assert_array_equal(Criminisi().inpaint(image, np.zeros((20, 20), bool)), image)


def test_full_hole_is_black():
    mask = np.ones((20, 20), bool)
    assert not Criminisi().inpaint(texture(20, 20), mask).any()


def test_without_a_complete_patch_smaller_ones_serve():
    """Known stripes 4 pixels wide hold patches of 3×3, none of 5×5."""
    image = texture(32, 32)
    mask = np.arange(32) % 8 < 4
    mask = np.broadcast_to(mask, (32, 32)).copy()
    given = damaged(image, mask)
    np.testing.assert_array_equal(
        Criminisi(patch_size=9).inpaint(given, mask), Criminisi(patch_size=3).inpaint(given, mask)
    )


def test_single_known_pixels_are_spread_to_the_nearest():
    image = np.zeros((9, 9, 1), np.uint8)
    image[1, 1], image[7, 7] = 50, 200
    mask = np.ones((9, 9), bool)
    mask[1, 1] = mask[7, 7] = False
    filled = Criminisi(stride=4).inpaint(image, mask)
    assert filled[0, 0, 0] == 50
    assert filled[8, 8, 0] == 200
    assert set(np.unique(filled)) == {50, 200}


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 3), (8, 5), (9, 64)])
def test_images_smaller_than_a_patch(shape):
    image = texture(max(shape[0], 4), max(shape[1], 4))[: shape[0], : shape[1]]
    mask = np.zeros(shape, bool)
    mask[-1, -1] = True
    filled = Criminisi().inpaint(damaged(image, mask), mask)
    assert filled.shape == image.shape


def test_a_radius_without_patches_grows():
    """A patch of the hole's middle has no complete patch within 3 pixels."""
    image, mask = texture(64, 64), box(64, 64, 16, 16, 48, 48)
    filled = Criminisi(search_radius=3).inpaint(damaged(image, mask), mask)
    assert set(map(tuple, filled[mask])) <= set(map(tuple, image[~mask]))


@pytest.mark.parametrize(
    "parameters", [{"patch_size": 8}, {"patch_size": 1}, {"search_radius": 0}, {"stride": 0}]
)
def test_refuses_senseless_parameters(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        Criminisi(**parameters)
