"""Two sections that our docstrings have and numpydoc does not know: "When not to use" and "Validated against"."""

from __future__ import annotations

from typing import Any

from numpydoc.docscrape import NumpyDocString
from numpydoc.docscrape_sphinx import SphinxDocString

#: As numpydoc reads a heading, and as it is printed.
HEADINGS = {"When Not To Use": "When not to use", "Validated Against": "Validated against"}


def section(doc: Any, name: str) -> list[str]:
    """The lines of a section under its heading; none if the docstring does not have it."""
    lines = doc._str_section(name)
    return [*doc._str_header(HEADINGS[name]), *lines[2:]] if lines else []


def setup(app: Any) -> dict[str, Any]:
    """Let numpydoc read them, and print one after the warnings, the other before the examples."""
    app.setup_extension("numpydoc")
    NumpyDocString.sections = {**NumpyDocString.sections, **{name: [] for name in HEADINGS}}
    warns, examples = SphinxDocString._str_warnings, SphinxDocString._str_examples
    SphinxDocString._str_warnings = lambda self: warns(self) + section(self, "When Not To Use")
    SphinxDocString._str_examples = lambda self: section(self, "Validated Against") + examples(self)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
