"""How far a long piece of work is: a bar in a terminal or a notebook, nothing elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Bar"]

#: Seconds after which a bar appears.
_PATIENCE: Final = 1.0


class Bar:
    """A progress bar, to be used in a ``with`` statement.

    Parameters
    ----------
    what
        What is done, in a word or two.
    total
        How many pieces it has.
    show
        ``None``: after a second, where somebody can see it. ``True``: at once. ``False``: never.

    Notes
    -----
    In a notebook the bar is the browser's own: rich needs ipywidgets there, which nothing else here needs. A log file
    gets no bar.

    Examples
    --------
    >>> with Bar("Reading", 3, show=False) as bar:
    ...     for _ in range(3):
    ...         bar.advance()
    >>> bar.done
    3
    """

    def __init__(self, what: str, total: int, show: bool | None = None) -> None:
        self.what, self.total, self.done = what, total, 0
        self._appears = {None: _PATIENCE, True: 0.0, False: float("inf")}[show]
        self._begun = time.monotonic()
        self._shown: _Terminal | _Notebook | None = None

    def __enter__(self) -> Bar:
        self._draw()
        return self

    def advance(self, pieces: int = 1) -> None:
        """Some more are done."""
        self.done += pieces
        self._draw()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._shown is not None:
            self._shown.close()

    def _draw(self) -> None:
        if self._shown is None and self.done < self.total and time.monotonic() - self._begun >= self._appears:
            self._shown = _opened(self.what, self.total)
        if self._shown is not None:
            self._shown.update(self.done)


def _opened(what: str, total: int) -> _Terminal | _Notebook:
    from rich.console import Console

    console = Console(stderr=True)
    return _Notebook(what, total) if console.is_jupyter else _Terminal(what, total, console)


class _Terminal:
    def __init__(self, what: str, total: int, console: Any) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar: Progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task(what, total=total)
        self._bar.start()

    def update(self, done: int) -> None:
        self._bar.update(self._task, completed=done)

    def close(self) -> None:
        self._bar.stop()


class _Notebook:
    def __init__(self, what: str, total: int) -> None:
        import IPython.display

        page: Any = IPython.display
        self._html, self._what, self._total = page.HTML, what, total
        self._handle = page.display(page.HTML(self._line(0)), display_id=True)

    def update(self, done: int) -> None:
        self._handle.update(self._html(self._line(done)))

    def close(self) -> None:
        self._handle.update(self._html(""))

    def _line(self, done: int) -> str:
        return f'<progress value="{done}" max="{self._total}"></progress> {self._what} {done}/{self._total}'
