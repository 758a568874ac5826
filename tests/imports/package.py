"""The package's own source, wherever it is installed: module names, files and syntax trees."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path

_SPEC = importlib.util.find_spec("askntell")
assert _SPEC is not None and _SPEC.origin is not None
ROOT = Path(_SPEC.origin).parent


@cache
def modules() -> dict[str, Path]:
    """Module name to file, for every module of the package."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ["askntell", *path.relative_to(ROOT).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    """Syntax tree of a module."""
    path = modules()[module]
    return ast.parse(path.read_text("utf-8"), filename=str(path))
