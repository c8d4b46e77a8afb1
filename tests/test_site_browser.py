"""The leaderboard site in a real browser, opened from the disk."""

from __future__ import annotations

import csv
import importlib.util
import io
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from synthetic_run import LPIPS, PSNR, SSIM, SyntheticPictures, synthetic_run

from inpaintbench.report.summary import Summary
from inpaintbench.site.addresses import page_names
from inpaintbench.site.building import write_site
from inpaintbench.statistics.axes import RankBy
from inpaintbench.statistics.standings import standing
from inpaintbench.storage.rows import RunRows

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None, reason="playwright isn't installed"
    ),
]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOSTILE = '<script>document.title = "taken over"</script>'
METHODS = ["mean-fill", "telea", "telea[radius=5]", "slow", "lama", HOSTILE]
SUITES = ("small-holes", "large-regions", "textures")


@pytest.fixture(scope="module")
def rows() -> RunRows:
    return synthetic_run(
        METHODS,
        datasets=("photos[size=128]", "textures"),
        images=4,
        unfinished={"slow": 0.5, "telea": 0.05},
        trained_on={"lama": "photos/train"},
    )


@pytest.fixture(scope="module")
def site(rows: RunRows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("browser") / "site"
    write_site(Summary(rows), directory, SyntheticPictures(rows), runs=[Path("results/runs/mine")])
    return directory


@dataclass
class Tab:
    """A page of the site, and what the browser had to say about it."""

    page: Any
    site: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: str) -> Any:
        """Open a page of the site anew, at ``name.html`` or ``name.html#state``."""
        name, _, state = path.partition("#")
        self.page.goto("about:blank")
        self.page.goto((self.site / name).as_uri() + (f"#{state}" if state else ""))
        return self.page

    def column(self, name: str) -> list[str]:
        """Read what is shown in a column, from the top."""
        cells = self.page.locator(f'tbody tr:visible [data-column="{name}"]')
        values = cells.locator(".value")
        return [t.strip() for t in (values if values.count() else cells).all_inner_texts()]

    def box(self, facet: str, value: str) -> Any:
        """Find a box to tick among the filters."""
        boxes = self.page.locator(f"details[data-facet={facet}]")
        return boxes.get_by_label(value, exact=True)

    @property
    def names(self) -> list[str]:
        """The methods shown, from the top."""
        return self.page.locator("#leaderboard tbody tr:visible th a").all_inner_texts()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser: Any, site: Path, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """Give a tab; whatever the test does, nothing may be complained about or leave the machine."""
    settings = getattr(request, "param", {})
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
    tab = Tab(context.new_page(), site)
    tab.page.on(
        "console",
        lambda m: tab.complaints.append(m.text) if m.type in ("error", "warning") else None,
    )
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    context.on("request", lambda request: tab.requests.append(request.url))
    yield tab
    context.close()
    assert tab.complaints == []
    here = site.as_uri()
    for url in tab.requests:
        assert url.startswith((here, "blob:", "data:", "about:")), url


def test_columns_sort_both_ways_by_mouse_and_keyboard(tab: Tab, rows: RunRows) -> None:
    page = tab.open("index.html")
    order = [entry.variant for entry in Summary(rows).overall.entries]
    assert tab.names == order
    head = page.locator('th[data-column="metric:PSNR"]')
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    ranked = [float(text) for text in tab.column("metric:PSNR")[:-1]]
    assert ranked == sorted(ranked, reverse=True)
    assert tab.names[-1] == "slow"  # whatever its mean is over: the cases of its own
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    ranked = [float(text) for text in tab.column("metric:PSNR")[:-1]]
    assert ranked == sorted(ranked)
    assert tab.names[-1] == "slow"
    page.locator('th[data-column="method"]').get_by_role("button").click()
    assert tab.names == sorted(tab.names, key=str.casefold)


def test_one_suite_gives_the_means_and_mean_ranks_of_the_statistics(
    tab: Tab, rows: RunRows
) -> None:
    page = tab.open("index.html")
    for suite in SUITES:
        page.locator("details[data-facet=suite] summary").click()
        tab.box("suite", suite).check()
        page.locator(".filtered").wait_for()
        here = standing(rows, suite=suite)
        page.get_by_text(f"{here.support.reached} of {len(rows.cases)} cases").wait_for()
        entries = {entry.variant: entry for entry in here.entries}
        for label, metric in (("PSNR", PSNR), ("SSIM", SSIM), ("LPIPS", LPIPS)):
            for name, text in zip(tab.names, tab.column(f"metric:{label}"), strict=True):
                digits = len(text.partition(".")[2])
                mean = entries[name].qualities[metric].estimate.mean
                assert abs(float(text) - mean) <= 0.500001 * 10.0**-digits
        for name, text in zip(tab.names, tab.column("mean-rank:perception"), strict=True):
            place = entries[name].places.get(RankBy.perception)
            if place is None:
                assert text == "–"
            else:
                digits = len(text.partition(".")[2])
                assert abs(float(text) - place.mean_rank.mean) <= 0.500001 * 10.0**-digits
        for name, text in zip(tab.names, tab.column("cells"), strict=True):
            assert text == f"{entries[name].finished}/{here.support.reached}"
        assert page.locator("#filtered-note").is_visible()
        # the columns of suites without a case are gone
        shown = page.locator("thead th.suite:visible").all_inner_texts()
        assert [text.split()[0] for text in shown] == [suite]
        tab.box("suite", suite).uncheck()
        page.keyboard.press("Escape")
    assert page.locator("#filtered-note").is_hidden()


def test_coverage_family_runtime_and_name_choose_what_they_say(tab: Tab, rows: RunRows) -> None:
    page = tab.open("index.html")
    page.locator("details[data-facet=coverage] summary").click()
    page.locator("details[data-facet=coverage] label").first.click()
    covered = ((rows.cases["coverage"] > 0.01) & (rows.cases["coverage"] <= 0.1)).sum()
    assert covered
    page.get_by_text(f"{covered} of {len(rows.cases)} cases").wait_for()
    page.locator("details[data-facet=thickness] summary").click()
    page.locator("details[data-facet=thickness] label", has_text="16–32 px").click()
    both = (rows.cases["coverage"] > 0.01) & (rows.cases["coverage"] <= 0.1)
    both &= (rows.cases["thickness"] > 16) & (rows.cases["thickness"] <= 32)
    thick = ((rows.cases["thickness"] > 16) & (rows.cases["thickness"] <= 32)).sum()
    assert thick
    page.get_by_text(f"{both.sum()} of {len(rows.cases)} cases").wait_for()
    state = page.evaluate("location.hash.slice(1)")
    page = tab.open("index.html#" + state.replace("coverage=", "no-such="))
    page.get_by_text(f"{thick} of {len(rows.cases)} cases").wait_for()
    page.get_by_role("button", name="Reset").click()
    before = dict(zip(tab.names, tab.column("metric:PSNR"), strict=True))
    page.locator("details[data-facet=family] summary").click()
    tab.box("family", "diffusion").check()
    families = rows.variants.set_index("variant")["family"]
    assert {families[name] for name in tab.names} == {"diffusion"}
    for name, text in zip(tab.names, tab.column("metric:PSNR"), strict=True):
        assert text == before[name]  # rows are chosen, numbers stay
    page.get_by_role("button", name="Reset").click()
    page.locator("#find").fill("telea")
    assert sorted(tab.names) == ["telea", "telea[radius=5]"]
    page.get_by_role("button", name="Reset").click()
    page.locator("#budget").select_option("0.1")
    runtimes = Summary(rows).overall.runtimes.of
    assert set(tab.names) == {name for name, found in runtimes.items() if found.median <= 0.1}


def test_a_view_can_be_linked(tab: Tab) -> None:
    page = tab.open("index.html")
    page.locator("details[data-facet=dataset] summary").click()
    tab.box("dataset", "photos[size=128]").check()
    page.locator("#metric").select_option("LPIPS")
    page.locator("#intervals").check()
    page.locator('th[data-column="suite:textures"]').get_by_role("button").click()
    page.get_by_text("12 of 24 cases").wait_for()
    state = page.url.partition("#")[2]
    assert "photos%5Bsize%3D128%5D" in state
    shown = (tab.names, tab.column("suite:textures"), tab.column("mean-rank:perception"))
    page = tab.open(f"index.html#{state}")
    page.get_by_text("12 of 24 cases").wait_for()
    assert (tab.names, tab.column("suite:textures"), tab.column("mean-rank:perception")) == shown
    assert page.locator("#metric").input_value() == "LPIPS"
    assert page.locator("#intervals").is_checked()
    head = page.locator('th[data-column="suite:textures"]')
    assert head.get_attribute("aria-sort") == "ascending"
    # the address of the page alone, and one that nobody can mean, show everything
    page.get_by_role("button", name="Reset").click()
    assert "#" not in page.url
    tab.open("index.html#suite=no-such&sort=nonsense&budget=x&metric=y")
    assert len(tab.names) == len(METHODS)


def test_the_skip_link_keeps_the_view(tab: Tab) -> None:
    page = tab.open("index.html#find=telea")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert sorted(tab.names) == ["telea", "telea[radius=5]"]


def test_what_is_shown_is_downloaded_as_csv(tab: Tab) -> None:
    page = tab.open("index.html#suite=textures&sort=-metric:PSNR&family=diffusion&family=learned")
    page.locator(".filtered").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "synthetic-leaderboard.csv"
    table = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
    assert [row["Method"] for row in table] == tab.names
    assert {row["Family"] for row in table} <= {"diffusion", "learned"}
    for row, text in zip(table, tab.column("metric:PSNR"), strict=True):
        digits = len(text.partition(".")[2])
        assert abs(float(row["PSNR (dB)"]) - float(text)) <= 0.500001 * 10.0**-digits
    assert "textures: LPIPS" in table[0]
    assert "small-holes: LPIPS" not in table[0]


def test_names_never_run(tab: Tab) -> None:
    page = tab.open("index.html")
    assert page.title() == "synthetic · inpaintbench"
    page.get_by_role("link", name=HOSTILE).click()
    assert page.locator("h1").inner_text() == HOSTILE
    page.get_by_role("link", name="Leaderboard").first.click()
    page.locator("#find").fill(HOSTILE)
    assert tab.names == [HOSTILE]


def _case_page(rows: RunRows) -> str:
    """Find a case with every picture."""
    done = rows.cells[rows.cells["status"] == "done"].groupby("case").size()
    case = str(done.index[done == len(METHODS)][0])
    return page_names("cases", [case])[case]


def test_the_slider_compares_two_pictures(tab: Tab, rows: RunRows) -> None:
    page = tab.open(_case_page(rows))
    page.locator("#right").select_option("lama")
    page.locator("#left").select_option("original")
    names = [page.locator(f"#{which}").get_attribute("alt") for which in ("under", "over")]
    assert names == ["original", "lama"]

    def edge() -> float:
        clip = page.locator(".over").evaluate("e => getComputedStyle(e).clipPath")
        return float(re.findall(r"([\d.]+)%", clip)[-1])

    assert edge() == 50
    page.locator("#cut").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert edge() == 55
    box = page.locator("#slider").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 60, steps=4)
    page.mouse.up()
    assert edge() == pytest.approx(20, abs=1)
    state = page.url.partition("#")[2]
    page = tab.open(f"{_case_page(rows)}#{state}")
    assert page.locator("#right").input_value() == "lama"
    assert page.locator("#left").input_value() == "original"
    assert edge() == pytest.approx(20, abs=1)


def test_zoom_stays_in_step(tab: Tab, rows: RunRows) -> None:
    page = tab.open(_case_page(rows))

    def transforms() -> set[str]:
        script = "all => all.map(e => getComputedStyle(e).transform.split(',')[0])"
        return set(page.locator(".viewer .picture img").evaluate_all(script))

    assert transforms() == {"matrix(1"}
    page.get_by_role("button", name="Zoom in").click()
    assert transforms() == {"matrix(2"}
    picture = page.locator(".tile .picture").nth(2)
    box = picture.bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.75)
    assert transforms() == {"matrix(4"}
    viewer = page.locator("#viewer")
    place = "e => [e.style.getPropertyValue('--x'), e.style.getPropertyValue('--y')].map(Number)"
    # 2× keeps the middle: 25 %; 4× at ¾ of the frame then keeps what was there
    assert viewer.evaluate(place) == pytest.approx([43.75, 43.75], abs=1)
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 20 + box["width"] / 2, box["y"] + 20, steps=3)
    page.mouse.up()
    assert viewer.evaluate(place) == pytest.approx([31.25, 43.75], abs=1)
    page.locator(".tiles").focus()
    page.keyboard.press("0")
    assert transforms() == {"matrix(1"}


def test_maps_show_error_and_similarity(tab: Tab, rows: RunRows) -> None:
    page = tab.open(_case_page(rows))
    picture = page.locator('img[data-variant="lama"]')
    for name, key in (("Error", "error"), ("1 − SSIM", "ssim"), ("Result", "result")):
        page.locator(".segments label", has_text=name).click()
        assert picture.get_attribute("src") == picture.get_attribute(f"data-{key}")
        assert picture.get_attribute("alt").endswith("of lama")
        assert page.locator("#legend-error").is_visible() == (key == "error")
        picture.scroll_into_view_if_needed()
        page.wait_for_function(
            "e => e.complete && e.naturalWidth > 0", arg=picture.element_handle()
        )


def test_cases_are_filtered_and_sorted(tab: Tab, rows: RunRows) -> None:
    page = tab.open("cases.html")
    page.locator("details[data-facet=suite] summary").click()
    tab.box("suite", "textures").check()
    expected = (rows.cases["suite"] == "textures").sum()
    page.get_by_text(f"{expected} of {len(rows.cases)} cases").wait_for()
    page.locator('th[data-column="coverage"]').get_by_role("button").click()
    shown = [float(text.split()[0]) for text in tab.column("coverage")]
    assert shown == sorted(shown)
    assert len(shown) == expected
    state = page.url.partition("#")[2]
    tab.open(f"cases.html#{state}")
    assert [float(text.split()[0]) for text in tab.column("coverage")] == shown


@pytest.mark.parametrize("tab", [{"color_scheme": "dark"}], indirect=True)
def test_the_theme_follows_the_system_until_one_is_chosen(tab: Tab) -> None:
    page = tab.open("index.html")

    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    assert brightness() < 200
    page.locator("#theme").click()
    assert brightness() > 700
    page = tab.open("plots.html")
    assert brightness() > 700
    assert page.locator("img.light").first.is_visible()
    assert page.locator("img.dark").first.is_hidden()


@pytest.mark.parametrize("tab", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_every_kind_of_page_fits_a_phone(tab: Tab, site: Path) -> None:
    for path in _kinds(site):
        page = tab.open(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path
    page = tab.open("index.html")
    page.get_by_role("button", name="Filters").click()
    page.locator("details[data-facet=suite] summary").click()
    tab.box("suite", "textures").check()
    page.locator(".filtered").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_scripts_the_table_is_there(browser: Any, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    assert page.locator("#leaderboard tbody tr").count() == len(METHODS)
    assert page.locator("#filters").is_hidden()
    context.close()


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return axe-core: of the installed package, or fetched for this test."""
    name = "axe_playwright_python/axe.min.js"
    found = importlib.util.find_spec("axe_playwright_python")
    if found and found.submodule_search_locations:
        return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text("utf-8")
    folder = tmp_path_factory.mktemp("axe")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", str(folder)]
    subprocess.run([*command, "axe-playwright-python"], check=False, capture_output=True)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(name).decode("utf-8")
    pytest.skip("axe-core can't be had: pip install axe-playwright-python")


CONTRAST = "color-contrast"


@pytest.mark.parametrize(
    ("tab", "rules"),
    [
        ({"color_scheme": "light", "bypass_csp": True}, {}),
        # what changes with the theme are colours, what changes on a phone is all else
        ({"color_scheme": "dark", "bypass_csp": True}, {"runOnly": [CONTRAST]}),
        (
            {"viewport": {"width": 390, "height": 844}, "bypass_csp": True},
            {"rules": {CONTRAST: {"enabled": False}}},
        ),
    ],
    ids=["light", "dark", "phone"],
    indirect=["tab"],
)
def test_axe_finds_nothing_serious(
    tab: Tab, site: Path, axe: str, rules: dict[str, object]
) -> None:
    options = {"resultTypes": ["violations"], "preload": False, **rules}
    for path in (*_kinds(site), "index.html#suite=textures&intervals=1"):
        page = tab.open(path)
        page.evaluate(axe)
        found = page.evaluate("options => axe.run(document, options)", options)
        if "runOnly" in rules:
            assert [rule["id"] for rule in found["passes"]] == [CONTRAST], path
        serious = [
            (violation["id"], [node["html"] for node in violation["nodes"]][:3])
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
        assert serious == [], path


def _kinds(site: Path) -> list[str]:
    """One page of each kind; of methods the one that failed."""
    method = page_names("methods", METHODS)["slow"]
    case = min(path.name for path in (site / "cases").iterdir())
    return ["index.html", "cases.html", "plots.html", "about.html", method, f"cases/{case}"]
