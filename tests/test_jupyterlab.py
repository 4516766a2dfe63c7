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
from collections.abc import Callable, Iterator
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

NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
TOKEN = "kbstudy"

_QUIET = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync "
    "--disable-component-update --disable-quic --disable-dev-shm-usage --window-size=1280,900 --remote-debugging-port=0"
)


def _wait(what: str, ready: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What ``ready`` returns once that is something; until then files, ports and pages may not be there yet."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            last = ready()
            if last:
                return last
        except (OSError, ValueError, LookupError, RuntimeError) as error:
            last = error
        time.sleep(0.2)
    raise TimeoutError(f"{what} not within {seconds:g} s: {last!r}")


@contextmanager
def _running(command: list[str], log: Path, **options: Any) -> Iterator[None]:
    with log.open("wb") as stream, subprocess.Popen(command, stdout=stream, stderr=stream, **options) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab on copies of notebooks/ and data/, on a port that the system chose."""
    home = tmp_path_factory.mktemp("lab")
    work = home / "work"
    shutil.copytree(ROOT / "notebooks", work / "notebooks", ignore=shutil.ignore_patterns("*.py", ".*"))
    shutil.copytree(ROOT / "data" / "raw", work / "data" / "raw")
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # Otherwise cells outside of the window are not in the page.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}', "utf-8")
    environment = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    environment.pop("MPLBACKEND", None)  # the tests' own would keep figures out of the notebook
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root"),
        *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={work}"),
        *("--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]

    def address() -> str:
        file = next((home / "runtime").glob("jpserver-*.json"))
        return str(json.loads(file.read_text("utf-8"))["url"])

    def started() -> str:
        with suppress(StopIteration):
            return address()
        return ""

    with _running(command, home / "server.log", env=environment, cwd=work):
        yield _wait(f"JupyterLab ({home / 'server.log'})", started, 90)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address at which a headless Chromium takes orders."""
    home = tmp_path_factory.mktemp("browser")
    command = [str(CHROMIUM), *_QUIET.split(), f"--user-data-dir={home / 'profile'}", "about:blank"]
    with _running(command, home / "browser.log"):
        file = home / "profile" / "DevToolsActivePort"
        port = _wait(f"Chromium ({home / 'browser.log'})", lambda: file.read_text("utf-8").split()[0])
        yield f"http://127.0.0.1:{port}"


class Page:
    """One page of the browser, spoken to by the browser's own protocol."""

    def __init__(self, address: str) -> None:
        import websocket

        self._socket = websocket.create_connection(address, timeout=120, suppress_origin=True)
        self._numbers = itertools.count(1)
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)  # a page without focus has no current notebook

    def ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return answer["result"]

    def run(self, script: str) -> Any:
        """The value of a script, awaited if it is a promise."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def page(browser: str) -> Iterator[Page]:
    """A fresh page: leaving one with unsaved changes would ask whether to."""
    ask = urllib.request.Request(f"{browser}/json/new?about:blank", method="PUT")
    with urllib.request.urlopen(ask, timeout=30) as answer:
        target = json.load(answer)
    opened = Page(target["webSocketDebuggerUrl"])
    try:
        yield opened
    finally:
        opened.close()
        with urllib.request.urlopen(f"{browser}/json/close/{target['id']}", timeout=30):
            pass


_READY = """(() => {
  const shown = window.jupyterapp?.shell.currentWidget;
  return Boolean(shown?.context?.isReady && shown.context.path.endsWith("NAME.ipynb") && shown.sessionContext.isReady
    && shown.sessionContext.kernelDisplayStatus === "idle");
})()"""

_RUN = """(async () => {
  const app = window.jupyterapp;
  await app.commands.execute("notebook:clear-all-cell-outputs");
  await app.commands.execute("notebook:run-all-cells");
  return app.shell.currentWidget.content.model.toJSON().cells;
})()"""

_SEEN = """(() => {
  const outputs = [...window.jupyterapp.shell.currentWidget.node.querySelectorAll(".jp-OutputArea-output")];
  const visible = (node) => node.getBoundingClientRect().width > 20 && node.getBoundingClientRect().height > 10;
  const shows = (what) => outputs.filter((output) => [...output.querySelectorAll(what)].some(visible)).length;
  const loaded = outputs.filter((output) => [...output.querySelectorAll("img")].some((i) => i.naturalWidth > 100));
  return {pictures: Math.min(loaded.length, shows("img")), tables: shows("table"), texts: shows("pre")};
})()"""

_SHUT_DOWN = "(async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); })()"


def _kinds(cells: list[dict[str, Any]]) -> dict[str, int]:
    """How many outputs hold a picture, a table, or printed text."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    held = [output.get("data", {}) for output in outputs]
    return {
        "pictures": sum("image/png" in data for data in held),
        "tables": sum("<table" in "".join(data.get("text/html", "")) for data in held),
        # Printed text may come in one piece or in several.
        "texts": sum(any(o["output_type"] == "stream" for o in cell.get("outputs", [])) for cell in cells),
    }


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_all_cells_run_and_their_outputs_show(server: str, page: Page, name: str) -> None:
    committed = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text("utf-8"))["cells"]
    page.ask("Page.navigate", url=f"{server}lab/tree/notebooks/{name}.ipynb?token={TOKEN}&reset")
    _wait(f"{name} in JupyterLab", lambda: page.run(_READY.replace("NAME", name)), 90)

    cells = [cell for cell in page.run(_RUN) if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"]]
    failed = [f"{one['ename']}: {one['evalue']}" for one in outputs if one["output_type"] == "error"]
    assert not failed
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))

    made = _kinds(cells)
    assert made == _kinds(committed)
    assert made["tables"] + made["pictures"] > 0

    def all_seen() -> bool:
        seen = page.run(_SEEN)
        return all(seen[kind] >= count for kind, count in made.items())

    _wait(f"outputs of {name} in the page, {made}", all_seen, 20)
    page.run(_SHUT_DOWN)
