"""The bar appears where somebody waits and can see it."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from kbstudy import progress
from kbstudy.progress import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, show: bool | None) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with Bar("Reading", 3, show) as bar:
        for _ in range(3):
            bar.advance()
            if bar._shown is not None:
                bar._shown._bar.refresh()
    return stream.getvalue()


def test_a_terminal_shows_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    text = drawn(monkeypatch, Terminal(), True)
    assert "Reading" in text
    assert "3/3" in text


def test_a_log_file_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, io.StringIO(), True).strip() == ""


@pytest.mark.parametrize("show", [None, False])
def test_short_work_shows_nothing(show: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, Terminal(), show) == ""


def test_long_work_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    assert "3/3" in drawn(monkeypatch, Terminal(), None)
    assert drawn(monkeypatch, Terminal(), False) == ""


def test_a_notebook_gets_the_bar_of_the_browser_and_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = pytest.importorskip("IPython.display", reason="IPython comes with the extras notebook and test")
    shown: list[str] = []

    class Handle:
        def update(self, page: Any) -> None:
            shown.append(page.data)

    def display(page: Any, display_id: bool) -> Handle:
        assert display_id
        shown.append(page.data)
        return Handle()

    monkeypatch.setattr(pages, "display", display)
    monkeypatch.setattr("rich.console.Console.is_jupyter", True, raising=False)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    with Bar("Reading", 2, show=True) as bar:
        bar.advance()
    assert shown[0] == '<progress value="0" max="2"></progress> Reading 0/2'
    assert shown[-2] == '<progress value="1" max="2"></progress> Reading 1/2'
    assert shown[-1] == ""


def test_an_error_takes_the_bar_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(KeyError), Bar("Reading", 2, show=True) as bar:
        raise KeyError
    assert bar._shown is not None
    assert not bar._shown._bar.live.is_started
