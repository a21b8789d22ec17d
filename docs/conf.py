"""How Sphinx builds these pages: `make docs`."""

import runpy
from pathlib import Path

from sphinx.application import Sphinx

from gen.version import __version__

project = "slipstick"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
nitpicky = True
html_theme = "furo"
html_title = f"slipstick {release}"
html_show_copyright = False

myst_heading_anchors = 3

autodoc_typehints = "none"  # the signature shows them
autodoc_default_options = {"members": True, "member-order": "bysource"}


def setup(app: Sphinx) -> None:
    """Have the pictures drawn and the pages on units written before the pages are read."""
    here = Path(__file__).parent
    draw = runpy.run_path(str(here / "pictures.py"))["draw"]
    write_pages = runpy.run_path(str(here / "reference.py"))["write_pages"]
    app.connect("builder-inited", lambda _: draw(Path(app.srcdir) / "formats" / "pictures"))
    app.connect("builder-inited", lambda _: write_pages(Path(app.srcdir) / "units"))
