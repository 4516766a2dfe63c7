"""How Sphinx builds the documentation: ``python3 run.py docs``, without warnings and without the network."""

from __future__ import annotations

import shutil
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_extensions"), str(HERE.parent)]

import kbstudy  # noqa: E402

project = "kbstudy"
author = copyright = "The kbstudy developers"  # noqa: A001
version = release = kbstudy.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "own_sections",
    "replications",
    "short_links",
]
exclude_patterns = ["_build", "_extensions", "_templates", "examples"]
templates_path = ["_templates"]
default_role = None
nitpicky = False

# Pages. The notebooks are shown as they were committed: the tests execute them.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, object] = {}
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

# The reference. Types stand in the docstrings, in words.
autodoc_typehints = "none"
autodoc_member_order = "groupwise"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
# numpydoc speaks of a heading that it does not know by a Python warning, which Sphinx would let pass.
warnings.filterwarnings("error", module="numpydoc")
#: ``kb.Lock`` and ``kb.lock`` would be one file where the file system does not tell capitals from small letters.
autosummary_filename_map = {
    f"kbstudy.{name}": f"kbstudy.{name}_class"
    for name in kbstudy.__all__
    if name != name.lower() and name.lower() in kbstudy.__all__
}

# The site. Light only, because tables and figures of the notebooks are made for a white page.
html_theme = "pydata_sphinx_theme"
html_title = "kbstudy"
html_context = {"default_mode": "light"}
html_static_path = ["_static"]
html_extra_path = ["examples"]
html_css_files = ["kbstudy.css"]
html_sidebars = {"replications": []}
toc_object_entries_show_parents = "hide"
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
html_theme_options = {
    "navbar_end": [],
    "navbar_persistent": ["search-button"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "navigation_with_keys": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-light",
}


def bring_notebooks() -> None:
    """Copy the executed notebooks beside the tutorials' index; git ignores the copies."""
    there = {path.name: path for path in sorted((HERE.parent / "notebooks").glob("*.ipynb"))}
    for copy in (HERE / "tutorials").glob("*.ipynb"):
        if copy.name not in there:
            copy.unlink()
    for name, original in there.items():
        copy = HERE / "tutorials" / name
        if not copy.exists() or copy.read_bytes() != original.read_bytes():
            shutil.copyfile(original, copy)


def setup(app: object) -> None:  # noqa: ARG001
    """Make what pages are made from, before Sphinx looks for pages."""
    shutil.rmtree(HERE / "reference" / "api", ignore_errors=True)
    bring_notebooks()
