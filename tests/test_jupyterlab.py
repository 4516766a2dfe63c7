"""Every notebook in a real JupyterLab, driven by a headless browser: the kernel starts, all cells run, outputs show."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = [name for name in ("jupyterlab", "websocket") if importlib.util.find_spec(name) is None]
MISSING += [] if CHROMIUM else ["Chromium"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not on this machine: {', '.join(MISSING)}"),
]

#: Which notebooks show pictures; all show tables or text.
WITH_FIGURES = {"03_mixed_models", "04_energy_claim", "05_pain", "06_strength", "07_all_claims"}
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))

_QUIET = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync "
    "--disable-component-update --disable-quic --disable-dev-shm-usage --window-size=1280,900 --remote-debugging-port=0"
)


def _wait(what: str, ready: Any, seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError, ValueError, KeyError, IndexError, AssertionError):
            found = ready()
            if found:
                return found
        time.sleep(0.2)
    raise TimeoutError(what)


@contextmanager
def _running(command: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as stream, subprocess.Popen(command, stdout=stream, stderr=stream, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab on copies of notebooks/ and data/."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", home / "work" / "notebooks", ignore=shutil.ignore_patterns("*.py"))
    shutil.copytree(ROOT / "data" / "raw", home / "work" / "data" / "raw")
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}', "utf-8")
    environment = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "",
    }
    environment.pop("MPLBACKEND")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0", "--allow-root"]
    command += ["--IdentityProvider.token=kbstudy", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"]
    command += [
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--ServerApp.root_dir={home / 'work'}",
    ]
    with _running(command, home / "server.log", env=environment, cwd=home / "work"):

        def address() -> str:
            path = next(iter((home / "runtime").glob("jpserver-*.json")), None)
            return str(json.loads(path.read_text("utf-8"))["url"]) if path else ""

        yield _wait((home / "server.log").as_posix(), address, 90)


class Page:
    """One page of the browser, spoken to by its own protocol."""

    def __init__(self, address: str) -> None:
        import websocket

        self._socket = websocket.create_connection(address, timeout=240, suppress_origin=True)
        self._numbers = itertools.count(1)
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)  # a page without focus has no current notebook

    def ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def run(self, script: str) -> Any:
        """The value of a script, awaited if it is a promise."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    home = tmp_path_factory.mktemp("browser")
    command = [str(CHROMIUM), *_QUIET.split(), f"--user-data-dir={home / 'profile'}", "about:blank"]
    with _running(command, home / "browser.log"):
        port = _wait("the browser", lambda: (home / "profile" / "DevToolsActivePort").read_text("utf-8").split()[0])

        def target() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=5) as answer:
                pages = [item for item in json.load(answer) if item["type"] == "page"]
            return str(pages[0]["webSocketDebuggerUrl"])

        found = Page(_wait("a page", target))
        try:
            yield found
        finally:
            found.close()


_OPEN = (
    "(async () => { const app = window.jupyterapp; if (!app) return false; await app.restored;"
    " const w = await app.commands.execute('docmanager:open', {path: 'notebooks/NAME.ipynb', factory: 'Notebook'});"
    " await w.context.ready; await w.sessionContext.ready; app.shell.activateById(w.id); w.content.activate();"
    " window.opened = w; return true; })()"
)
_READY = (
    "(() => { const w = window.opened; return w.sessionContext.kernelDisplayStatus === 'idle' &&"
    " window.jupyterapp.shell.currentWidget === w; })()"
)
_RUN = (
    "(async () => { const app = window.jupyterapp;"
    " await app.commands.execute('notebook:clear-all-cell-outputs');"
    " await app.commands.execute('notebook:run-all-cells');"
    " return JSON.stringify(window.opened.content.model.toJSON().cells); })()"
)
_SHOWN = (
    "(() => { const node = window.opened.node;"
    " const seen = [...node.querySelectorAll('.jp-OutputArea-output img')].filter(i => i.naturalWidth > 100).length;"
    " return [seen, node.querySelectorAll('.jp-OutputArea-output table').length,"
    " node.querySelectorAll('.jp-OutputArea-output pre').length]; })()"
)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_all_cells_run_and_their_outputs_show(server: str, page: Page, name: str) -> None:
    page.ask("Page.navigate", url=f"{server}lab?token=kbstudy&reset")
    _wait(f"{name} in JupyterLab", lambda: page.run(_OPEN.replace("NAME", name)), 60)
    _wait(f"the kernel of {name}", lambda: page.run(_READY), 60)
    cells = [cell for cell in json.loads(page.run(_RUN)) if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"]]
    failed = [f"{output['ename']}: {output['evalue']}" for output in outputs if output["output_type"] == "error"]
    assert not failed
    assert all(cell["execution_count"] for cell in cells)
    pictures, tables, texts = page.run(_SHOWN)
    assert tables + texts > 0
    assert pictures > 0 or name not in WITH_FIGURES
    page.run("(async () => { await window.opened.sessionContext.shutdown(); return 1; })()")
