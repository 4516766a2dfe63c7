"""What every section of ``study.toml`` is made of: the frozen base, names, and words in messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from kbstudy import formatting as fmt

__all__ = ["Declared", "Filled", "Name", "Slug", "quoted"]

#: A name that formulas and columns can take.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
#: A name that folders and links can take.
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
#: Text that is not empty.
Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Declared(BaseModel):
    """A frozen section of ``study.toml`` in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


def quoted(values: Iterable[str], last: str = "and") -> str:
    """``"a", "b" and "c"``.

    Examples
    --------
    >>> print(quoted(["a", "b", "c"], "or"))
    "a", "b" or "c"
    """
    return fmt.words([f'"{value}"' for value in values], last)
