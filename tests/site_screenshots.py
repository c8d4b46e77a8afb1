"""Take the pictures of the site that the documents show.

Run it after ``inpaintbench report results/runs/quick -o results/reference/quick --site``:
``python tests/site_screenshots.py build/site docs/images``.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image

SIZES = {1280: 860, 390: 844}
"""Width of the window → its height."""


def photograph(site: Path, folder: Path) -> list[Path]:
    """Write each kind of page at each width, light and dark; return the files.

    Parameters
    ----------
    site : Path
        A site with pictures.
    folder : Path
        Where to write ``leaderboard-1280-light.png`` and the like.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no chromium here: apt-get install chromium")
    written = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for theme in ("light", "dark"):
            for width, height in SIZES.items():
                page = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme=theme
                )
                for name, address in pages(site).items():
                    page.goto((site / address).as_uri())
                    page.evaluate(_EVERY_PICTURE)
                    path = folder / f"{name}-{width}-{theme}.png"
                    write_small(page.screenshot(), path)
                    written.append(path)
                page.close()
        browser.close()
    return written


_EVERY_PICTURE = """async () => {
  const seen = [...document.images].filter(
    (image) => image.getBoundingClientRect().top < innerHeight && image.checkVisibility());
  for (const image of seen) image.loading = "eager";
  await Promise.all(seen.map((image) => image.decode().catch(() => undefined)));
}"""


def pages(site: Path) -> dict[str, str]:
    """Choose the pages shown: of the cases one in colour, with a picture of every result."""

    def shown(path: Path) -> tuple[int, bool]:
        text = path.read_text(encoding="utf-8")
        return text.count("data-result="), "3 channels" in text

    case = max(sorted((site / "cases").glob("*.html")), key=shown)
    return {
        "leaderboard": "index.html",
        "case": f"cases/{case.name}",
        "plots": "plots.html",
    }


def write_small(png: bytes, path: Path) -> None:
    """Write a screenshot, compressed as far as it can be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").save(path, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    for file in photograph(arguments.site.resolve(), arguments.folder):
        print(f"{file} ({file.stat().st_size / 1000:.0f} kB)")  # noqa: T201
