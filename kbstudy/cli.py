"""The commands. Each is a thin face of a public function; importing this module loads nothing heavy."""

from __future__ import annotations

import shlex
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

import kbstudy
from kbstudy.errors import PlanError, Problem, Problems, StudyError

if TYPE_CHECKING:
    from kbstudy.ledger import Ledger
    from kbstudy.study import Study

__all__ = ["app", "main"]

Format = Literal["html", "docx", "pdf"]

app = App(
    name="kbstudy",
    version=kbstudy.__version__,
    help="Exercise and rehabilitation trials: from raw files to honest verdicts, figures and a report.",
)


@app.command
def report(
    *folders: Path,
    to: Annotated[
        tuple[Format, ...], Parameter(consume_multiple=True, negative="", show_default=lambda _: "all three")
    ] = ("html", "docx", "pdf"),
    out: Path = Path("reports"),
    template: Path | None = None,
) -> None:
    """Analyse studies and write their reports.

    Each study's tidy table and ledger go to data/processed/, in a folder named after the study. The files of an earlier
    report are replaced, also those of formats not asked for now; files that are yours, or that you edited, are kept.

    For example: kbstudy report mytrial --to docx --to pdf

    Parameters
    ----------
    folders
        Study folders, each with a study.toml. Without any: every study in data/raw/.
    to
        Formats to write; repeat it or give several.
    out
        Where the reports go; each study gets a folder of its own in it.
    template
        A Word document whose page, styles, header and footer report.docx takes; what stands in it comes first.
    """
    failed, done = Problems(), set[str]()
    with _progress() as step:
        for folder in folders or _shipped():
            try:
                _report(folder, to, out, template, step, done)
            except StudyError as error:
                _complain(error, folder)
                failed.extend(error.problems)
    if failed.found:
        sys.exit(1)


def _report(
    folder: Path,
    to: Sequence[Format],
    out: Path,
    template: Path | None,
    step: Callable[[str], None],
    done: set[str],
) -> None:
    step(f"{folder.name}: reading")
    study = kbstudy.load(folder, on_step=lambda text: step(f"{folder.name}: {text}"))
    if study.id in done:
        do = "Give each study an id of its own in study.toml: its report folder is named after it."
        raise PlanError(Problem(f'another study of this run has the id "{study.id}" too', do=do))
    done.add(study.id)
    results = kbstudy.analyse(study, on_step=lambda text: step(f"{folder.name}: {text}"))
    tables = kbstudy.export(study) if study.has_people else None
    target = kbstudy.report(
        results, to, out / study.id, template=template, on_step=lambda text: step(f"{folder.name}: {text}")
    )
    stamp = f" ({results.stamp} DATA, NOT EVIDENCE)" if results.stamp else ""
    _say(f"[bold]{_escape(study.plan.study.title)}[/bold]{stamp}")
    if study.locked is not None:
        _say(f"  {study.locked.sentence()}")
    for verdict in results.verdicts:
        audit = results.audits.get(verdict.claim_id)
        part = " (in part not possible as stated)" if audit is not None and audit.impossible else ""
        _say(f"  {_escape(verdict.claim_id)}: {verdict.word}{part} – “{_escape(verdict.says)}”")
    files = [*(f"report.{name}" for name in to), "results.json", "provenance.json", "ro-crate-metadata.json"]
    files += [f"{name}/" for name in ("tables", "figures") if (target / name).exists()]
    _say(f"  {target.as_posix()}/: {', '.join(files)}")
    for kept in sorted(target.rglob("*.edited*")):
        _say(f"  kept what somebody edited: {_escape(kept.as_posix())}")
    if tables:
        _say(f"  {tables.as_posix()}/: tidy.csv, ledger.csv")


@app.command
def lock(folder: Path, *, again: bool = False, date: str | None = None) -> None:
    """Freeze a plan before its data are seen; later differences are then listed, and results marked post hoc.

    Writes study.lock beside study.toml. The data files need not exist.

    For example: kbstudy lock mytrial

    Parameters
    ----------
    folder
        A study folder.
    again
        Lock a plan that was locked before; the earlier lock stays in the file.
    date
        The day of the lock, as 2026-01-15. Today, if not given.
    """
    made = kbstudy.lock(folder, again=again, date=date)
    _say(_escape(str(made)))
    target = folder.with_suffix(".lock") if folder.suffix == ".toml" else folder / "study.lock"
    _say(f"[bold]{_escape(target.as_posix())}[/bold] is written: keep it with study.toml.")
    _say(
        "A date in a file proves nothing by itself: put this hash where others see its date, such as the registration."
    )


@app.command
def verify(folder: Path, *, study: Path | None = None) -> None:
    """Make a report again and say whether it is the same, and if not, what changed. Writes nothing.

    Exit status 0 if every file is the same, byte for byte; 1 if not.

    For example: kbstudy verify reports/mytrial

    Parameters
    ----------
    folder
        A report folder.
    study
        The study's folder, if it is no longer where the report was made from.
    """
    with _progress() as step:
        found = kbstudy.verify(folder, study, on_step=step)
    head, *rest = found.lines()
    _say(f"[bold {'green' if found.same else 'red'}]{_escape(head)}[/]")
    for line in rest:
        _say(f"  {_escape(line)}")
    if not found.same:
        sys.exit(1)


@app.command
def check(*folders: Path) -> None:
    """Read studies, name every problem, and say who is in and who is out. Writes nothing.

    Parameters
    ----------
    folders
        Study folders. Without any: every study in data/raw/.
    """
    failed = False
    for folder in folders or _shipped():
        try:
            study = kbstudy.load(folder)
        except StudyError as error:
            _complain(error, folder)
            failed = True
        else:
            _say(_escape(str(study)))
            if study.has_people:
                _ledger(study.ledger())
            _deviations(study)
            _say("[green]No problems.[/green] Nothing was written.\n")
    if failed:
        sys.exit(1)


@app.command
def codebook(folder: Path, *, out: Path = Path("reports")) -> None:
    """Say what every variable is and what was found in it; writes an HTML page.

    Parameters
    ----------
    folder
        A study folder.
    out
        Where to write.
    """
    from kbstudy.reporting.codebook import write_codebook

    study = kbstudy.load(folder)
    frame = kbstudy.codebook(study)
    if frame.empty:
        raise PlanError(f"{study.id} has published numbers and no participants, so there is no codebook")
    _table(frame.drop(columns=["label", "kind"]), f"Codebook of {study.id}")
    _say(write_codebook(study, frame, out / f"{study.id}-codebook").as_posix())


@app.command
def inspect(
    file: Path,
    *,
    sheet: str | None = None,
    write_profile: Annotated[
        tuple[Path, ...] | None, Parameter(consume_multiple=(0, 1), negative="", show_default=False)
    ] = None,
) -> None:
    """Say what a file is, what is in its columns, and what is odd about it. Writes nothing unless asked to.

    For example: kbstudy inspect scores.xlsx

    Parameters
    ----------
    file
        A CSV, spreadsheet, SPSS, Stata or Parquet file, a REDCap export, or what a metabolic cart exports.
    sheet
        The sheet of a spreadsheet that has several.
    write_profile
        Write down how files of this kind of gas exchange are read, for the next ones: after the file, and with a name
        if you want another than that of the file with .profile.toml.
    """
    found = kbstudy.inspect(file, sheet=sheet)
    _say(_escape(found.headline))
    _table(found.columns, f"Columns of {file.name}")
    for note in found.notes:
        _say(f"- {_escape(note)}")
    if write_profile is not None:
        from kbstudy.readers.gas_exchange import profile_use
        from kbstudy.readers.gas_exchange import write_profile as write

        target = write(file, write_profile[0] if write_profile else Path(f"{file.stem}.profile.toml"))
        _say(f"[bold]{_escape(target.as_posix())}[/bold] is written. {_escape(profile_use(file, target))}")


@app.command
def new(
    folder: Path,
    *,
    from_: Annotated[
        tuple[str, ...], Parameter(name="--from", consume_multiple=True, negative="", show_default=False)
    ] = (),
    sheet: str | None = None,
) -> None:
    """Make a study folder with a drafted study.toml.

    For example: kbstudy new mytrial --from redcap export.csv dictionary.csv

    Parameters
    ----------
    folder
        The folder to make.
    from_
        What to draft it from: "redcap EXPORT DICTIONARY" or "table FILE". Without it: a template to fill in.
    sheet
        The sheet of a spreadsheet that has several.
    """
    from kbstudy.study.drafting import new as make

    kind, files = (from_[0], from_[1:]) if from_ else ("table", ())
    if from_ and not files:
        example = "kbstudy new mytrial --from redcap export.csv dictionary.csv"
        raise PlanError(Problem("--from needs a kind and at least one file", do=f"For example: {example}"))
    path = make(folder, kind, files, sheet=sheet)
    command = f"kbstudy check {shlex.quote(folder.as_posix())}"
    _say(_escape(f"{path.as_posix()} is drafted. Read it, answer its comments, then: {command}"))


# ---- talking to a person -----------------------------------------------------------------------------------------


def _shipped() -> list[Path]:
    """The studies in ``data/raw/`` of the current folder."""
    found = sorted(path.parent for path in Path("data/raw").glob("*/study.toml"))
    if not found:
        do = "Name a study folder, or make one with: kbstudy new mytrial"
        raise PlanError(Problem("there is no study in data/raw/ of this folder", do=do))
    return found


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _say(text: str) -> None:
    from rich.console import Console

    Console(highlight=False, soft_wrap=True).print(text)


def _deviations(study: Study) -> None:
    """What differs from the locked plan, named as a [[deviation]] names it."""
    import pandas as pd

    if study.locked is not None and study.locked.deviations:
        rows = [
            {"what": one.what, "kind": one.kind, "locked": one.locked, "now": one.now, "why": one.why or "not given"}
            for one in study.locked.deviations
        ]
        _table(pd.DataFrame(rows), "What differs from the locked plan")


def _ledger(ledger: Ledger) -> None:
    counts = ledger.counts()
    if counts.empty:
        _say("No outcome is declared yet.")
    else:
        _table(counts.drop(columns="analysed"), "Who has a value, who has none and why")


def _table(frame: object, title: str) -> None:
    import pandas as pd
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    assert isinstance(frame, pd.DataFrame)
    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in frame:
        longest = max([len(str(value)) for value in frame[column]], default=0)
        table.add_column(str(column).replace("_", " "), overflow="fold", min_width=min(longest, 9))
    for record in frame.itertuples(index=False):
        table.add_row(*(_escape(str(value)) for value in record))
    Console(highlight=False).print(table)


def _complain(error: StudyError, folder: Path | None = None) -> None:
    """All problems, numbered, on standard error, without a traceback."""
    from rich.console import Console

    from kbstudy.formatting import count

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    where = f" in {folder.as_posix()}" if folder else ""
    console.print(f"[bold red]{count(len(error.problems), 'problem')}{_escape(where)}[/bold red]")
    for line in _shortened(error.problems):
        console.print(f"  {_escape(line)}")
    for advice in dict.fromkeys(problem.do for problem in error.problems if problem.do):
        console.print(f"What to do: {_escape(advice)}", style="dim")
    console.print("No report was written." if folder else "")


_SHOWN_A_COLUMN = 8


def _shortened(problems: Sequence[Problem]) -> list[str]:
    """Every problem, but of many in one column only the first ones and how many more: they usually have one cause."""
    alike_in = Counter((problem.file, problem.column) for problem in problems)
    seen: Counter[tuple[str, str]] = Counter()
    lines: list[str] = []
    for problem in problems:
        place = (problem.file, problem.column)
        before, alike = seen[place], alike_in[place]
        seen[place] += 1
        if not problem.column or alike <= _SHOWN_A_COLUMN + 1 or before < _SHOWN_A_COLUMN:
            lines.append(str(problem))
        elif before == _SHOWN_A_COLUMN:
            lines.append(f'{problem.file}, column "{problem.column}": and {alike - before} more in this column')
    return lines


class _progress:  # noqa: N801 - used like a function
    """A spinner with what is being done, on a terminal; nothing elsewhere."""

    def __enter__(self) -> Callable[[str], None]:
        from rich.console import Console

        self._status = Console(stderr=True).status("starting")
        self._status.start()
        return self._status.update

    def __exit__(self, *_: object) -> None:
        self._status.stop()


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    from rich.console import Console

    Console(stderr=True, soft_wrap=True).print(f"[yellow]{category.__name__}[/yellow]: {_escape(str(message))}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error of ours is a message and exit status 1, never a traceback."""
    warnings.showwarning = _show_warning
    try:
        app(arguments)
    except StudyError as error:
        _complain(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
