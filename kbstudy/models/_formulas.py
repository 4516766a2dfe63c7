"""What every model that takes a formula asks of it: which columns it names, and what is wrong with it, in words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

__all__ = ["columns_of_terms", "names_in", "said_by", "unquoted"]


def names_in(formula: str) -> tuple[str, ...]:
    """Columns that one side of a formula names, in their order.

    formulaic could tell, but forgets those in functions that learn from the data, such as ``bs(week)``; a row without
    week would then be lost without a word.

    Raises
    ------
    formulaic.errors.FormulaicError, SyntaxError
        If it cannot be read.

    Examples
    --------
    >>> names_in("arm * np.log(dose + `dose before`) + C(week)")
    ('arm', 'dose before', 'dose', 'week')
    """
    from formulaic import Formula

    return columns_of_terms(Formula(formula))


def columns_of_terms(terms: Iterable[Any]) -> tuple[str, ...]:
    """The same for terms that formulaic has parsed."""
    factors = [factor for term in terms for factor in term.factors if factor.eval_method.value != "literal"]
    named = [[factor.expr] if factor.eval_method.value == "lookup" else _in_python(factor.expr) for factor in factors]
    return tuple(dict.fromkeys(name for names in named for name in names))


def _in_python(expression: str) -> list[str]:
    """Columns in ``np.log(dose)``: neither functions nor what they belong to."""
    nodes = list(ast.walk(ast.parse(unquoted(expression), mode="eval")))
    functions = [node.func for node in nodes if isinstance(node, ast.Call)]
    owners = [node.value for node in nodes if isinstance(node, ast.Attribute)]
    names = [node.id for node in nodes if isinstance(node, ast.Name) and node not in [*functions, *owners]]
    return [*re.findall(r"`([^`]*)`", expression), *names]


def unquoted(text: str) -> str:
    """Without the names in backticks, which may hold any character."""
    return re.sub(r"`[^`]*`", "0", text)


def said_by(error: Exception) -> str:
    """The first line of a parser's message, without the colours and brackets that only a terminal understands."""
    return re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).strip().split("\n")[0]
