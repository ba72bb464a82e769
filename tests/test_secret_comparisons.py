"""Nothing secret is compared by `==`, which answers the sooner the earlier two texts differ."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

CORE = Path(__file__).parent.parent / "jobtracker_core"
SECRET = re.compile(
    r"(?:^|_)(?:token|secret|hash|csrf|signature|password|cookie|hmac|mac|code_hash)s?(?:$|_text$)"
)
# Names of postings' and queries' content: nobody must guess what they are.
CONTENT = {"query_hash", "list_hash", "detail_hash", "content_hash"}


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr.lower()
    if isinstance(node, ast.Subscript):
        return name_of(node.slice)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.lower() if node.value.isidentifier() else ""
    return node.id.lower() if isinstance(node, ast.Name) else ""


def comparisons(source: str) -> list[int]:
    """Return the lines in which something secret is compared with something that has a value."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        if not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) for side in sides):
            continue  # with a word of the program: no secret
        names = {name_of(side) for side in sides}
        if any(SECRET.search(name) for name in names - CONTENT) and not names & CONTENT:
            found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "path", sorted(CORE.rglob("*.py")), ids=lambda path: str(path.relative_to(CORE))
)
def test_no_secret_is_compared_by_equality(path: Path) -> None:
    assert comparisons(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "token == given",
        "row.secret_hash != digest(text)",
        "given == self.csrf",
        "signature == headers['x']",
        "x = 1 if make_token() == given else 2",
        "row['password'] == given",
        "users.c.password_hash == known",
    ],
)
def test_the_walk_sees_a_comparison(line: str) -> None:
    assert comparisons(line) == [1]


@pytest.mark.parametrize(
    "line",
    ["query_hash == stored.query_hash", "token_id == 3", "scheme == 'token'", "token is None"],
)
def test_what_is_no_secret_may_be_compared(line: str) -> None:
    assert comparisons(line) == []
