"""What the package never does: load code from data, hand text to a shell, evaluate text."""

from __future__ import annotations

import ast

import pytest
from package import modules, tree

FORBIDDEN_IMPORTS = {
    "pickle",
    "_pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dbm",
    "dill",
    "cloudpickle",
    "joblib",
    "yaml",
    "imp",
}
FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_ATTRIBUTES = {
    ("os", "system"),
    ("os", "popen"),
    ("tempfile", "mktemp"),
    ("subprocess", "getoutput"),
    ("subprocess", "getstatusoutput"),
    ("asyncio", "create_subprocess_shell"),
    ("numpy", "loads"),
    ("pd", "read_pickle"),
    ("torch", "load"),
}


def findings(source: ast.AST) -> list[str]:
    """Forbidden things in a syntax tree, one line each."""
    found = []
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            found += [
                f"{node.lineno}: import {a.name}" for a in node.names if a.name.split(".")[0] in FORBIDDEN_IMPORTS
            ]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in FORBIDDEN_IMPORTS:
            found.append(f"{node.lineno}: from {node.module} import")
        elif isinstance(node, ast.Call):
            found += [f"{node.lineno}: {what}" for what in _call(node)]
    return found


def _call(node: ast.Call) -> list[str]:
    found = []
    if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_NAMES:
        found.append(f"{node.func.id}()")
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value
        if isinstance(owner, ast.Name) and (owner.id, node.func.attr) in FORBIDDEN_ATTRIBUTES:
            found.append(f"{owner.id}.{node.func.attr}()")
        literal = isinstance(owner, ast.Constant) and isinstance(owner.value, str)
        if node.func.attr in ("format", "format_map") and not literal:
            found.append(".format() of a text that is not a literal")  # "{0.__class__}" reads any attribute
    for keyword in node.keywords:
        safe = isinstance(keyword.value, ast.Constant) and not keyword.value.value
        if keyword.arg in ("shell", "allow_pickle") and not safe:
            found.append(f"{keyword.arg}=")
    return found


@pytest.mark.parametrize("module", modules())
def test_no_dangerous_call(module):
    assert not findings(tree(module))


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "def f():\n    import yaml",
        "eval('1')",
        "exec(text)",
        "os.system('ls')",
        "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=how)",
        "np.load(path, allow_pickle=True)",
        "template.format(name=1)",
    ],
)
def test_the_gate_catches(text):
    assert findings(ast.parse(text))


@pytest.mark.parametrize(
    "text", ["'{}'.format(1)", "subprocess.run(['ls'], shell=False)", "model.evaluate()", "re.compile('a')"]
)
def test_the_gate_lets_through(text):
    assert not findings(ast.parse(text))
