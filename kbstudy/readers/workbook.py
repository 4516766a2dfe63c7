"""Workbooks by python-calamine, opened only after the guards have looked at them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from kbstudy.readers.guards import Limits, check_cells, check_workbook
from kbstudy.readers.source import Source

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

__all__ = ["Workbook"]

_PASSWORD_ADVICE = "Open it in a spreadsheet program and save a copy without the password."


class Workbook:
    """A spreadsheet that was checked and could be opened.

    Parameters
    ----------
    source
        The file.
    limits
        What it may hold.

    Raises
    ------
    ReadError
        If it is damaged, protected by a password, or has absurdly many cells.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        check_workbook(source, limits)
        self.source, self.limits = source, limits
        self._book = self._opened()

    @property
    def names(self) -> list[str]:
        """The names of its sheets."""
        return list(self._book.sheet_names)

    def sheet(self, name: str) -> CalamineSheet:
        """One sheet."""
        try:
            return self._book.get_sheet_by_name(name)
        except BaseException as error:
            raise self._damaged(error) from None

    def rows(self, sheet: CalamineSheet) -> list[list[Any]]:
        """Its cells from A1 on, as numbers, text, dates and times."""
        check_cells(self.source, sheet.total_height, sheet.total_width, self.limits)
        try:
            return sheet.to_python(skip_empty_area=False)
        except BaseException as error:
            raise self._damaged(error) from None

    def _opened(self) -> CalamineWorkbook:
        from python_calamine import CalamineWorkbook, PasswordError

        try:
            return CalamineWorkbook.from_filelike(io.BytesIO(self.source.data))
        except PasswordError:
            raise self.source.error("the spreadsheet is protected by a password", _PASSWORD_ADVICE) from None
        except BaseException as error:
            raise self._damaged(error) from None

    def _damaged(self, error: BaseException) -> BaseException:
        # A panic of the library is not an Exception; an interrupt by the user is not a damaged file.
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            return error
        return self.source.error(f"the spreadsheet cannot be read and may be damaged ({error})", self.limits.damaged)
