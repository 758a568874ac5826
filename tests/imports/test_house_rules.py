"""Rules of form that a linter does not know: exceptions carry their reason, files stay small."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest
from package import modules, tree

LARGEST_FILE = 400
LARGEST_FUNCTION = 50  # lines of code; the docstring and the signature do not count
# Files that may be longer, each with the reason.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}

_EXCEPTION = re.compile(r"#\s*(noqa\b(?::\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)?|type:\s*ignore(?:\[[^\]]*\])?)(.*)")


def without_reason(text: str) -> list[str]:
    """Comments that switch a check off and do not say why."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            for match in _EXCEPTION.finditer(token.string):
                rest = _EXCEPTION.sub("", match[2])
                codes = ":" in match[1] or "[" in match[1]
                if not codes or not re.search(r"(--|#)\s*\S+ \S+", match[2]) or not rest.strip():
                    found.append(f"line {token.start[0]}: {token.string}")
    return found


def sources() -> list[Path]:
    here = Path(__file__).resolve().parents[2]
    own = [p for folder in ("tests", "benchmarks", "docs") for p in sorted((here / folder).rglob("*.py"))]
    return [*modules().values(), *own]


@pytest.mark.parametrize("path", sources(), ids=lambda p: "/".join(p.parts[-3:]))
def test_every_exception_says_why(path):
    bare = without_reason(path.read_text("utf-8"))
    assert not bare, bare


@pytest.mark.parametrize(
    "text", ["x = 1  # noqa", "x = 1  # noqa: E501", "x = 1  # type: ignore[arg-type]", "x  # type: ignore"]
)
def test_a_bare_exception_is_caught(text):
    assert without_reason(text)


@pytest.mark.parametrize(
    "text", ["x = 1  # noqa: E501 -- a long address", "x = 1  # type: ignore[arg-type]  # stubs are wrong"]
)
def test_a_reason_is_enough(text):
    assert not without_reason(text)


@pytest.mark.parametrize("module", modules())
def test_files_stay_small(module):
    lines = len(modules()[module].read_text("utf-8").splitlines())
    if module in LONG_FILES:
        assert lines > LARGEST_FILE, f"{module} needs no exception any more"
    else:
        assert lines <= LARGEST_FILE


@pytest.mark.parametrize("module", modules())
def test_functions_stay_small(module):
    long = []
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            if lines > LARGEST_FUNCTION and f"{module}.{node.name}" not in LONG_FUNCTIONS:
                long.append(f"{node.name}: {lines} lines")
    assert not long


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith("askntell.worker")])
def test_what_runs_in_the_job_is_python_3_8(module):
    ast.parse(modules()[module].read_text("utf-8"), feature_version=(3, 8))
