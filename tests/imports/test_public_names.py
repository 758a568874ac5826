"""The public names: complete, sorted, each leads somewhere, and the type checker sees the same ones."""

from __future__ import annotations

import ast
import importlib

import pytest
from package import modules, tree

import askntell

# The names that scripts are written against; a name is added here when it is added to the package.
PUBLIC = [
    "Categorical",
    "Constant",
    "Float",
    "Int",
    "Local",
    "Optimizer",
    "Ordinal",
    "SearchSpace",
    "Segment",
    "Study",
    "Trial",
    "maximize",
    "minimize",
]


def test_all_is_what_was_promised():
    assert [*PUBLIC, "__version__"] == askntell.__all__


@pytest.mark.parametrize("name", PUBLIC)
def test_each_name_resolves_to_its_home(name):
    value = getattr(askntell, name)
    assert value.__module__.startswith(askntell._HOME[name])
    assert value.__name__ == name
    assert value.__doc__, f"{name} has no docstring"
    assert name in dir(askntell)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'Studdy'"):
        askntell.Studdy  # noqa: B018 -- the access itself is what fails


def test_type_checkers_see_the_same_names():
    seen = {}
    for node in ast.walk(tree("askntell")):
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            seen |= {alias.asname: node.module for alias in node.names}
    assert seen == askntell._HOME


@pytest.mark.parametrize("module", [m for m in modules() if not m.endswith("__main__")])
def test_every_module_lists_what_it_offers(module):
    offered = getattr(importlib.import_module(module), "__all__", None)
    if not modules()[module].read_text("utf-8").strip():
        return
    if offered is None:
        assert not defined(module), f"{module} defines {defined(module)} and has no __all__"
        return
    missing = [name for name in offered if not hasattr(importlib.import_module(module), name)]
    assert not missing, missing
    assert len(set(offered)) == len(offered)


def defined(module: str) -> list[str]:
    return [
        node.name
        for node in tree(module).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    ]
