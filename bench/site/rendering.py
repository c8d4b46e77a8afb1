"""Turn templates into pages; everything that a run says is escaped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from inpaintbench.folder import Folder


@dataclass(frozen=True)
class Renderer:
    """Writes pages of a site.

    Parameters
    ----------
    folder : Folder
        Where to write.
    title : str
        Title of the site.
    """

    folder: Folder
    title: str

    @cached_property
    def _environment(self) -> Environment:
        return Environment(
            loader=PackageLoader("inpaintbench.site"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )

    def page(self, template: str, path: str, **content: Any) -> None:
        """Write a page; links in templates begin with ``root``, which leads to the site's top."""
        root = "../" * path.count("/")
        html = self._environment.get_template(template).render(
            root=root, site_title=self.title, path=path, **content
        )
        self.folder.text(path, html)

    def static_files(self) -> None:
        """Write the style sheet and the scripts."""
        for file in sorted(files("inpaintbench.site").joinpath("static").iterdir(), key=str):
            self.folder.data(f"static/{file.name}", file.read_bytes())
