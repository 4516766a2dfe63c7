"""The documentation site: it names everything, leads everywhere, and builds without warnings and the network."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import kbstudy as kb
from kbstudy.measures.energy import EQUATIONS
from tests.conftest import ROOT

DOCS = ROOT / "docs"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def replications_module():
    """The extension that makes the table, without Sphinx."""
    spec = importlib.util.spec_from_file_location("replications", DOCS / "_extensions" / "replications.py")
    module = sys.modules["replications"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- what needs no Sphinx ----------------------------------------------------------------------------------------


def pages() -> dict[str, Path]:
    """Every page by its name in a toctree, notebooks where the build puts them."""
    written = {
        path.relative_to(DOCS).with_suffix("").as_posix(): path
        for path in DOCS.rglob("*.md")
        if not path.relative_to(DOCS).parts[0].startswith("_")
    }
    return written | {f"tutorials/{path.stem}": path for path in NOTEBOOKS}


def children(name: str, known: dict[str, Path]) -> set[str]:
    """The pages that the toctrees of a page lead to."""
    if known[name].suffix != ".md":
        return set()
    found = set()
    for block in re.findall(r"```\{toctree\}\n(.*?)```", known[name].read_text("utf-8"), re.S):
        for entry in [line.strip() for line in block.splitlines() if line.strip() and not line.startswith(":")]:
            pattern = (Path(name).parent / entry).as_posix()
            matched = {page for page in known if fnmatch(page, pattern) and page.count("/") == pattern.count("/")}
            assert matched, f"{name}: {entry} is no page"
            found |= matched
    return found


def test_every_page_is_reached_from_the_first():
    known = pages()
    reached, left = set(), ["index"]
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left += children(name, known)
    assert sorted(set(known) - reached) == []
    assert len([name for name in reached if name.startswith("tutorials/")]) == len(NOTEBOOKS) + 1


def test_the_reference_has_every_public_name_once():
    text = (DOCS / "reference" / "api.md").read_text("utf-8")
    listed = re.findall(r"^   (\w+)$", text, re.M)
    assert sorted(listed) == sorted(set(kb.__all__) - {"__version__"}), "docs/reference/api.md groups them by task"


def test_the_replications_name_every_paper_and_how_close_it_is():
    module = replications_module()
    papers = sorted(path.name for path in (ROOT / "tests" / "papers").glob("test_*.py"))
    page = module.page()
    assert papers
    assert [name for name in papers if f"tests/papers/{name}" not in page] == []
    rows = {row.module: row for row in module.replications()}
    assert [name for name in papers if not rows[f"tests/papers/{name}"].tolerances] == []
    assert rows["tests/papers/test_ashar_2022.py"].needs_shared_data
    assert not rows["tests/papers/test_sas_drugtest.py"].needs_shared_data
    assert "tests/models/test_paired_reference.py" in rows
    assert "tests/models/mixed/test_sas.py" in rows


def test_the_replications_say_what_tolerances_mean():
    known = replications_module().named_tolerances()
    assert (known["FOUR_DECIMALS"].value, known["FOUR_DECIMALS"].why) == (
        "0.5e-4",
        "absolute. A table that prints four decimals",
    )
    assert known["LME4_P"].value == "1e-4"


@pytest.mark.parametrize("equation", EQUATIONS.values(), ids=list(EQUATIONS))
def test_the_page_on_energy_has_every_equation(equation):
    """As the registry has it, and the energy of a litre of oxygen at a ratio of 0.85."""
    formula = equation.formula.removeprefix("kcal/min = ").removesuffix(", L/min STPD")
    energy = float(equation.rate(1.0, 0.85, rer_above_one="cap"))
    row = rf"\| `{equation.id}` \| {re.escape(formula)} \| ([\d.]+) \|"
    found = re.search(row, (DOCS / "explanation" / "energy.md").read_text("utf-8"))
    assert found
    assert abs(float(found[1]) - energy) <= 0.0051


def test_the_page_on_effect_sizes_prints_what_its_code_gives():
    text = (DOCS / "explanation" / "effect-sizes.md").read_text("utf-8")
    scope: dict[str, object] = {}
    exec(re.search(r"```python\n(.*?)```", text, re.S)[1], scope)
    table = re.findall(r"^\| `(\w+)` \| (-?[\d.]+) \| (-?[\d.]+) to (-?[\d.]+) \|$", text, re.M)
    assert len(table) == 7
    for term, *numbers in table:
        row = scope["found"].row(term)
        assert [f"{row[name]:.2f}" for name in ("estimate", "low", "high")] == numbers


# ---- the site ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built from a copy so that nothing is written beside the sources."""
    if importlib.util.find_spec("sphinx") is None:
        pytest.skip("Sphinx is not installed here; python3 run.py docs installs it")
    place = tmp_path_factory.mktemp("docs")
    ignore = shutil.ignore_patterns("_build", "api", "__pycache__", ".ipynb_checkpoints")
    for name in ("docs", "notebooks", "tests"):
        shutil.copytree(ROOT / name, place / name, ignore=ignore)
    strict = ["-E", "-W", "--keep-going", "-q"]
    command = [sys.executable, "-m", "sphinx", *strict, "-d", place / "trees", place / "docs", place / "html"]
    # A proxy that does not answer: what tries to reach the network fails and is a warning.
    closed = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environment = {**os.environ, **closed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=environment, cwd=place, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return place / "html"


class Built(HTMLParser):
    """What a page loads, where it leads, and the places in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        for name in ("id", "name"):
            if found.get(name):
                self.places.add(str(found[name]))
        if tag in ("script", "img", "iframe", "source", "video") and found.get("src"):
            self.loads.append(str(found["src"]))
        if tag == "link" and found.get("href"):
            self.loads.append(str(found["href"]))
        if tag == "a" and found.get("href"):
            self.leads.append(str(found["href"]))


class Site:
    """All pages of a built site, each read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def pages(self) -> dict[Path, Built]:
        """Without templates that lie in ``_static``, and without what the browser test writes."""
        found = [path for path in sorted(self.folder.rglob("*.html")) if not path.name.startswith("probed-")]
        return {path: Built(path) for path in found if path.relative_to(self.folder).parts[0] != "_static"}

    def broken(self, path: Path, target: str) -> bool:
        """Whether a link of a page leads nowhere in the site."""
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            return False
        there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not there.exists():
            return True
        return bool(parts.fragment) and there in self.pages and unquote(parts.fragment) not in self.pages[there].places


@pytest.fixture(scope="module")
def built(site) -> Site:
    return Site(site.resolve())


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere(built):
    outside = re.compile(r"^(?:https?:)?//")
    loaded = {target for page in built.pages.values() for target in page.loads if outside.match(target)}
    assert loaded == set()
    for style in built.folder.rglob("*.css"):
        assert not re.search(r"(?:url\(\s*[\"']?|@import\s+[\"'])(?:https?:)?//", style.read_text("utf-8")), style


@pytest.mark.slow
def test_every_link_and_every_file_is_there(built):
    broken = [
        (path.relative_to(built.folder).as_posix(), target)
        for path, page in built.pages.items()
        for target in [*page.leads, *page.loads]
        if not target.startswith(("data:", "mailto:")) and target != "#" and built.broken(path, target)
    ]
    assert broken == []


@pytest.mark.slow
def test_every_public_name_has_a_page_with_its_sections(built):
    """Names of pages differ by more than capitals: ``kb.Lock`` must not overwrite ``kb.lock`` on macOS and Windows."""
    pages = {path.stem: path for path in built.pages if path.parent.name == "api"}
    assert len({name.lower() for name in pages}) == len(pages)
    assert {name.removesuffix("_class") for name in pages} == {f"kbstudy.{name}" for name in kb.__all__[:-1]}
    assert kb.__all__[-1] == "__version__"
    text = pages["kbstudy.ancova"].read_text("utf-8")
    for heading in ("Parameters", "When not to use", "Validated against", "References", "Examples"):
        assert heading in text


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_is_shown_with_its_results(notebook, built):
    text = (built.folder / "tutorials" / f"{notebook.stem}.html").read_text("utf-8")
    assert text.count("cell_output") >= 3
    assert "<table" in text


LOOKED_AT = (
    "index",
    "replications",
    "reference/api",
    "reference/measures",
    "reference/study-toml",
    "reference/api/kbstudy.ancova",
    "how-to/bring-your-own-trial",
    "explanation/energy",
    *(f"tutorials/{path.stem}" for path in NOTEBOOKS),
)
QUIET = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
PROBE = """<script>addEventListener("load", () => parent.postMessage(
  name + " " + document.documentElement.scrollWidth + " " + innerWidth, "*"))</script>"""
FRAMES = """<!doctype html><title>frames</title><script>addEventListener("message", event => {
  document.body.appendChild(document.createElement("p")).textContent = "seen " + event.data; })</script><body>"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_shows_it_without_scrolling_sideways(width, site):
    """In frames, because a browser window cannot be as narrow as a telephone; all at once, because it starts slowly."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed, so nothing can lay the pages out")
    frames = []
    for page in LOOKED_AT:
        path = site / f"{page}.html"
        probed = path.with_name(f"probed-{path.name}")
        probed.write_text(path.read_text("utf-8").replace("</body>", f"{PROBE}</body>"), "utf-8")
        frames.append(f'<iframe name="{page}" src="{probed.as_uri()}" style="width:{width}px;height:900px;border:0">'
                      "</iframe>")  # fmt: skip
    (site / "probed-frames.html").write_text(FRAMES + "".join(frames), "utf-8")
    options = [
        *QUIET.split(),
        f"--user-data-dir={site.parent / 'profile'}",
        "--virtual-time-budget=20000",
        "--dump-dom",
    ]
    command = [chromium, *options, "--window-size=1400,1000", (site / "probed-frames.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    seen = {page: (int(content), int(window)) for page, content, window in re.findall(
        r"<p>seen (\S+) (\d+) (\d+)</p>", done.stdout)}  # fmt: skip
    assert sorted(seen) == sorted(LOOKED_AT)
    assert {page: sizes for page, sizes in seen.items() if sizes[1] != width or sizes[0] > width} == {}
