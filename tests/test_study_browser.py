"""A whole study in a real browser: raters vote by a rule, and the fit and the site show it."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from small_runs import small_run
from test_site_browser import CHROMIUM, FLAGS

from inpaintbench.study.key import FLOOR, TRUTH, StudyKey, read_key
from inpaintbench.study.results import read_fit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None, reason="playwright isn't installed"
    ),
]

# by this rule of the raters; mean-fill comes first, as no metric would have it
PREFERRED = [TRUTH, "mean-fill", "navier-stokes", "telea", FLOOR]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
READY = "#voting[aria-busy=false]"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("run") / "run"
    small_run(directory, "telea", "navier-stokes", "mean-fill")
    return directory


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def axe() -> str:
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        pytest.skip("axe-playwright-python isn't installed")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text("utf-8")


@dataclasses.dataclass
class Seat:
    """A rater's browser at the page of a study; nothing may complain or leave the machine."""

    browser: Any
    study: Path
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __enter__(self) -> Seat:
        self.key = read_key(self.study)
        self.shown = {p.left_token: p.left for p in self.key.pairs}
        self.shown |= {p.right_token: p.right for p in self.key.pairs}
        self.context = self.browser.new_context(**self.settings)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.open()
        return self

    def open(self) -> None:
        self.page.goto((self.study / "page" / "index.html").as_uri())

    def __exit__(self, *exception: object) -> None:
        self.context.close()
        if exception[0] is None:
            assert self.complaints == []
            here = ((self.study / "page").as_uri(), "blob:", "data:")
            assert [url for url in self.requests if not url.startswith(here)] == []

    def start(self, name: str) -> None:
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_role("button", name="Start").click()

    def side(self) -> str:
        """Say on which side the result is that the rule prefers."""
        self.page.wait_for_selector(READY)
        left, right = (
            PREFERRED.index(self.shown[Path(image.get_attribute("src")).stem])
            for image in (self.page.locator("#image-left"), self.page.locator("#image-right"))
        )
        return "left" if left < right else "right"

    def progress(self) -> str:
        return str(self.page.locator("#progress").inner_text())

    def save(self, path: Path) -> dict[str, Any]:
        with self.page.expect_download() as download:
            self.page.locator(".save:visible").click()
        download.value.save_as(path)
        votes: dict[str, Any] = json.loads(path.read_text("utf-8"))
        assert download.value.suggested_filename == f"votes-{votes['rater']}.json"
        return votes


def serious(page: Any, axe: str) -> list[object]:
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [(v["id"], [node["html"] for node in v["nodes"]][:3]) for v in found["violations"]]


def test_a_whole_study(command: Command, browser: Any, axe: str, run: Path, tmp_path: Path) -> None:
    study, made = tmp_path / "study", ("--pairs", "9", "--per-rater", "9", "--checks", "4")
    ran = command("study", "make", run, "-o", study, *made, "--show-original", "--pixels")
    assert ran.returncode == 0, ran.stderr
    assert "9 pairs and 8 checks; a rater sees 17 of them." in ran.stdout
    files = [_by_keyboard(browser, study, tmp_path), _by_touch(browser, study, tmp_path)]
    files += [_by_mouse(browser, study, tmp_path, number) for number in (3, 4)]
    ran = command("study", "fit", study, *files)
    assert ran.returncode == 0, ran.stderr
    result = read_fit(study / "results")
    assert [one.method for one in result.strengths] == PREFERRED[1:-1]
    assert (result.votes, result.counted_raters, len(result.raters)) == (27, 3, 4)
    (careless,) = (rater for rater in result.raters if rater.left_out)
    assert careless.name == "Careless"
    ran = command("study", "agreement", study, run, *files)
    assert ran.returncode == 0, ran.stderr
    assert "| PSNR |" in ran.stdout
    ran = command("study", "next", study, *files, "--pairs", "5", "-o", "more")
    assert ran.returncode == 0, ran.stderr
    assert len(read_key(tmp_path / "more").counted) == 5
    _shown_on_the_site(command, browser, axe, run, study)


def _by_keyboard(browser: Any, study: Path, folder: Path) -> Path:
    """Vote by keys, with a pause, votes taken back, and one saved before the end."""
    with Seat(browser, study) as seat:
        page = seat.page
        page.keyboard.press("ArrowLeft")  # before the start it's no vote
        seat.start("Ada <b>&")
        keys = {"left": "ArrowLeft", "right": "ArrowRight"}
        page.wait_for_selector(READY)
        page.keyboard.press("Backspace")  # nothing to take back
        page.keyboard.press("ArrowDown")
        page.wait_for_selector(READY)
        page.keyboard.press(" ")
        page.wait_for_selector(READY)
        assert seat.progress() == "3 of 17"
        page.keyboard.press("Backspace")
        page.wait_for_selector(READY)
        page.get_by_role("button", name="Take back").click()
        assert seat.progress() == "1 of 17"
        for _ in range(7):
            page.keyboard.press(keys[seat.side()])
        seat.open()  # a pause: the page is closed and opened again
        page.wait_for_selector(READY)
        assert seat.progress() == "8 of 17"
        assert len(seat.save(folder / "early.json")["votes"]) == 7
        for _ in range(10):
            page.keyboard.press(keys[seat.side()])
        page.get_by_role("heading", name="Thank you").wait_for()
        page.keyboard.press("ArrowLeft")  # after the end it's no vote
        votes = seat.save(folder / "keyboard.json")
        assert votes["name"] == "Ada <b>&"
        assert len({vote["pair"] for vote in votes["votes"]}) == 17
        assert {vote["choice"] for vote in votes["votes"]} == {"left", "right"}
        # no two pairs of one picture follow each other, and the order is the rater's own
        key = read_key(study)
        cases = [key.by_token[vote["pair"]].case for vote in votes["votes"]]
        assert sum(a == b for a, b in pairwise(cases)) <= 1
        assert [vote["pair"] for vote in votes["votes"]] != [pair.token for pair in key.pairs]
        # another person gets a page of their own
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Start as another person").click()
        seat.start("Bob")
        page.wait_for_selector(READY)
        page.keyboard.press("ArrowDown")
        other = seat.save(folder / "other.json")
        assert other["rater"] != votes["rater"]
        assert [vote["choice"] for vote in other["votes"]] == ["tie"]
    return folder / "keyboard.json"


def _by_touch(browser: Any, study: Path, folder: Path) -> Path:
    """Vote on a phone, where everything fits, and pictures can be enlarged."""
    with Seat(browser, study, PHONE) as seat:
        page = seat.page
        seat.start("")
        seat.side()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for choice in ("left", "tie", "right"):
            box = page.locator(f"[data-choice={choice}]").bounding_box()
            assert min(box["width"], box["height"]) >= 44
            assert box["y"] + box["height"] <= 844
        page.get_by_role("button", name="Enlarge the left result").tap()
        large = page.locator("#image-large")
        assert large.get_attribute("src") == page.locator("#image-left").get_attribute("src")
        page.get_by_role("button", name="show the right").tap()
        assert large.get_attribute("src") == page.locator("#image-right").get_attribute("src")
        page.get_by_role("button", name="Close").tap()
        assert seat.progress() == "1 of 17"
        for _ in range(17):
            page.locator(f"[data-choice={seat.side()}]").tap()
        page.get_by_role("heading", name="Thank you").wait_for()
        assert seat.save(folder / "touch.json")["name"] == ""
    return folder / "touch.json"


def _by_mouse(browser: Any, study: Path, folder: Path, number: int) -> Path:
    """Vote with the mouse: the third by the rule, the fourth always on the left."""
    path = folder / f"mouse-{number}.json"
    with Seat(browser, study) as seat:
        page = seat.page
        seat.start("Careless" if number == 4 else "Third")
        seat.side()
        known = page.locator("#image-known")
        masked = known.get_attribute("src")
        page.get_by_role("button", name="Show the original").click()
        assert known.get_attribute("src") != masked
        assert known.get_attribute("alt") == "The original"
        style = known.evaluate("image => getComputedStyle(image).imageRendering")
        assert style == "pixelated"
        for _ in range(17):
            wanted = "left" if number == 4 else seat.side()
            page.wait_for_selector(READY)
            page.locator(f"[data-choice={wanted}]").click()
            if page.locator("#done").is_hidden():
                assert known.get_attribute("alt") != "The original"
        seat.save(path)
    return path


def _shown_on_the_site(command: Command, browser: Any, axe: str, run: Path, study: Path) -> None:
    site = study.parent / "site"
    ran = command("leaderboard", run, "-o", site, "--study", study / "results")
    assert ran.returncode == 0, ran.stderr
    context = browser.new_context(viewport={"width": 390, "height": 844}, bypass_csp=True)
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    page.get_by_role("link", name="Study").click()
    rows = page.locator("figure.strengths tbody tr")
    cells = [row.split("\t") for row in rows.all_inner_texts()]
    assert [row[1] for row in cells] == PREFERRED[1:-1]
    assert "PSNR" in page.locator("figure.agreement").inner_text()
    assert "Careless" not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    image = page.locator("img[src='figures/strengths.svg']")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert serious(page, axe) == []
    context.close()


@pytest.mark.parametrize("settings", [{"color_scheme": "dark"}, PHONE], ids=["dark", "phone"])
def test_axe_finds_nothing(
    browser: Any, axe: str, command: Command, run: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    study = tmp_path / "study"
    made = ("--pairs", "3", "--checks", "0", "--show-original", "--title", "<i>Title</i>")
    assert command("study", "make", run, "-o", study, *made).returncode == 0
    with Seat(browser, study, {**settings, "bypass_csp": True}) as seat:
        assert seat.page.locator("h1").first.inner_text() == "<i>Title</i>"
        assert serious(seat.page, axe) == []
        seat.start("")
        seat.page.wait_for_selector(READY)
        assert serious(seat.page, axe) == []
        seat.page.get_by_role("button", name="Enlarge the right result").click()
        assert serious(seat.page, axe) == []
        seat.page.keyboard.press("Escape")
        for _ in range(3):
            seat.page.wait_for_selector(READY)
            seat.page.keyboard.press("ArrowDown")
        seat.page.get_by_role("heading", name="Thank you").wait_for()
        assert serious(seat.page, axe) == []


def test_raters_share_the_parts_and_sides_of_a_long_study(
    browser: Any, command: Command, run: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    made = ("--pairs", "12", "--per-rater", "6", "--checks", "0")
    assert command("study", "make", run, "-o", study, *made).returncode == 0
    key: StudyKey = read_key(study)
    parts, turned = set(), set()
    with Seat(browser, study) as seat:
        for _ in range(12):
            seat.page.evaluate("localStorage.clear()")
            seat.open()
            seat.start("")
            seat.page.wait_for_selector(READY)
            assert seat.progress() == "1 of 6"
            token = Path(seat.page.locator("#image-left").get_attribute("src")).stem
            pair = next(p for p in key.pairs if token in (p.left_token, p.right_token))
            parts.add(pair.part)
            turned.add(token == pair.right_token)
    assert parts == {0, 1}
    assert turned == {False, True}
