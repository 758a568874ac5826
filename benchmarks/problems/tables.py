"""Cross-validated losses of real scikit-learn models over full grids, read from compact files.

`make_tables.py` computes them once. Every point of a problem's space is a cell of its table, so an evaluation is a
look-up and the minimum is exact.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from askntell import SearchSpace
from askntell.space import Params
from problems.problem import BenchmarkProblem

__all__ = ["TABLES", "area", "branch_axes", "front_of", "look_up", "made", "table", "table_problem"]

TABLES = Path(__file__).parent / "tables"


def made(name: str) -> bool:
    """Whether the table is there; without it its problem is left out, so that `make_tables.py` can start from none."""
    return (TABLES / f"{name}.npz").is_file()


@functools.cache
def table(name: str) -> dict[str, NDArray[np.float64]]:
    """The arrays of ``tables/<name>.npz``: one for each branch of the space ("all" if it has none) and measure."""
    with np.load(TABLES / f"{name}.npz", allow_pickle=False) as found:
        return {key: found[key].astype(np.float64) for key in found.files}


def branch_axes(space: SearchSpace, root: str | None) -> dict[str, list[str]]:
    """The parameters that span the table of each branch: those that are active under that choice of `root`.

    A deeper condition does not cut an axis: its cells are simply there for every value of the parent.
    """
    if root is None:
        return {"all": list(space.parameters)}
    axes: dict[str, list[str]] = {}
    for choice in space.parameters[root].choices:  # type: ignore[attr-defined] -- a categorical parameter has choices
        active = {root}
        for name, parameter in space.parameters.items():
            if name != root and all(
                parent in active and (parent != root or choice in allowed)
                for parent, allowed in (parameter.when or {}).items()
            ):
                active.add(name)
        axes[str(choice)] = [name for name in space.parameters if name in active and name != root]
    return axes


def look_up(name: str, space: SearchSpace, params: Params, root: str | None = None, measure: str = "loss") -> float:
    """One cell; an inactive deeper parameter reads its first cell."""
    branch = "all" if root is None else str(params[root])
    axes = branch_axes_of(name, space, root)[branch]
    cells = tuple(space.parameters[key].cell(params[key]) if key in params else 0 for key in axes)
    return float(table(name)[f"{branch}.{measure}"][cells])


_AXES: dict[str, dict[str, list[str]]] = {}


def branch_axes_of(name: str, space: SearchSpace, root: str | None) -> dict[str, list[str]]:
    """`branch_axes`, kept by the table's name."""
    if name not in _AXES:
        _AXES[name] = branch_axes(space, root)
    return _AXES[name]


def table_problem(
    name: str, suite: str, half: str, space: SearchSpace, source: str, root: str | None = None
) -> BenchmarkProblem:
    """The problem whose values are the cells of a table."""
    return BenchmarkProblem(
        name=name,
        suite=suite,
        half=half,
        space=space,
        true=lambda params: look_up(name, space, params, root),
        minimum=min(float(cells.min()) for key, cells in table(name).items() if key.endswith(".loss")),
        source=source,
    )


def front_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The non-dominated rows of (n, 2) values to minimise, by the first one."""
    ordered = values[np.lexsort((values[:, 1], values[:, 0]))]
    lowest = np.minimum.accumulate(ordered[:, 1])
    keep = np.r_[True, ordered[1:, 1] < lowest[:-1]]
    return ordered[keep]


def area(values: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Hypervolume of (n, 2) values to minimise: the area between them and the reference point."""
    inside = values[(values < reference).all(axis=1)]
    if not len(inside):
        return 0.0
    front = front_of(inside)
    right = np.r_[front[1:, 0], reference[0]]
    return float(((right - front[:, 0]) * (reference[1] - front[:, 1])).sum())
