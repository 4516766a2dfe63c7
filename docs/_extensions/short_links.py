"""Links to the page of a public name, whatever path a docstring gives it.

``kbstudy.models.ancova`` and ``kbstudy.ancova`` are one function, and only the second has a page.
"""

from __future__ import annotations

import importlib
from typing import Any

from sphinx.util.nodes import make_refnode

import kbstudy


def object_at(path: str) -> Any:
    """What a dotted path leads to; ``None`` if nothing."""
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
            for part in parts[count:]:
                found = getattr(found, part)
        except (ImportError, AttributeError):
            continue
        return found
    return None


def public_path(path: str) -> str | None:
    """The path under which the reference has it: a public name, or a method of one."""
    owner, _, method = path.rpartition(".")
    by_identity = {id(getattr(kbstudy, name)): f"kbstudy.{name}" for name in kbstudy._HOME}
    found = object_at(path)
    if id(found) in by_identity:
        return by_identity[id(found)]
    owned = by_identity.get(id(object_at(owner))) if owner else None
    return f"{owned}.{method}" if owned else None


def resolve(app: Any, env: Any, node: Any, shown: Any) -> Any:
    """Called by Sphinx for each reference that it cannot resolve itself."""
    if node.get("refdomain") != "py":
        return None
    path = public_path(node["reftarget"])
    if path is None:
        return None
    known = env.domains["py"].objects.get(path)
    return known and make_refnode(app.builder, node["refdoc"], known.docname, known.node_id, shown, path)


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
