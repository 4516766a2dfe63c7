"""Parquet files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from kbstudy.errors import Problem, ReadError
from kbstudy.readers.grid import Grid, grid_of
from kbstudy.readers.source import Source
from kbstudy.readers.text import cell_text, float32_text

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["read_parquet"]


def read_parquet(source: Source) -> Grid:
    """Read a Parquet file column by column; an empty (null) value becomes ``""``.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    Grid
        Header and rows. A saved pandas index is a column like any other.

    Raises
    ------
    ReadError
        If ``pyarrow`` is not installed, the file is damaged, or a column holds lists or records.
    """
    table = _read(source)
    nested = [field.name for field in table.schema if _nested(field.type)]
    if nested:
        raise ReadError(
            Problem(
                "holds several values in one cell or raw bytes",
                source.name,
                column=name,
                do="Save a table with one value in each cell.",
            )
            for name in nested
        )
    columns = [[name, *_texts(column)] for name, column in zip(table.column_names, table.columns, strict=True)]
    return grid_of(source.name, zip(*columns, strict=True))


def _read(source: Source) -> pa.Table:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise source.error(
            "a Parquet file needs the package pyarrow", 'Install it with: pip install "kbstudy[data]"'
        ) from None
    try:
        return pq.read_table(io.BytesIO(source.data))
    except Exception as error:  # pyarrow raises several kinds
        raise source.error(
            f"a Parquet file that cannot be read ({error})", "It may be damaged: ask for it again."
        ) from None


def _nested(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _texts(column: pa.ChunkedArray) -> list[str]:
    import pyarrow as pa

    values = column.to_pylist()
    return float32_text(values) if pa.types.is_float32(column.type) else [cell_text(value) for value in values]
