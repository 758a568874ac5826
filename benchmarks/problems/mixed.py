"""The mixed suite: reals, integers, ordered values and categories together; known minima by construction.

A category adds an offset (0 for its best level) and moves the optimum of some numbers, so that levels are worth
comparing only at their own best numbers. Levels and effects come from `fixed_numbers`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from askntell import Categorical, Float, Int, Ordinal, SearchSpace
from askntell.space import Params
from problems.classic import ackley_values, levy_values
from problems.problem import BenchmarkProblem, fixed_numbers, number

__all__ = ["chain_categories", "mixed", "rotated_mixed", "tree_categories", "valley", "wide"]

_METALS = [
    "iron",
    "copper",
    "zinc",
    "nickel",
    "cobalt",
    "tin",
    "lead",
    "silver",
    "gold",
    "titanium",
    "chromium",
    "tungsten",
]


def mixed() -> list[BenchmarkProblem]:
    """Eight problems; one of eight many-valued categories and one of 16 or more parameters in each half."""
    return [
        rotated_mixed("ackley-mixed-8", "tune", ackley_values, seed=11, source="Ackley 1987"),
        chain_categories("chain-categories-10", "tune", seed=12),
        wide("wide-16", "tune", seed=13, reals=7, integers=4, ordered=2, categories=3, power=2.0),
        valley("valley-7", "tune"),
        rotated_mixed(
            "levy-mixed-9", "report", levy_values, seed=21, integers=4, source="Levy & Montalvo 1985", at=1.0
        ),
        tree_categories("tree-categories-11", "report", seed=22),
        wide("wide-18", "report", seed=23, reals=6, integers=5, ordered=4, categories=3, power=1.4),
        service("service-8", "report"),
    ]


def rotated_mixed(
    name: str,
    half: str,
    values: Callable[[NDArray[np.float64]], float],
    *,
    seed: int,
    integers: int = 3,
    source: str,
    at: float = 0.0,
    suite: str = "mixed",
    batch: int = 1,
    noise: float = 0.0,
) -> BenchmarkProblem:
    """A classic function of three reals and some integers; one category of five and one of three move and lift it."""
    d = 3 + integers
    draws = fixed_numbers(seed, 60)
    optimum_real = np.round(-6 + 12 * draws[:3], 3)
    optimum_int = np.round(-6 + 12 * draws[3 : 3 + integers])
    moves = np.round(-2 + 4 * draws[10 : 10 + 5 * d].reshape(5, d)[:, :d], 0)
    moves[2] = 0.0  # the best level of the first category
    lifts, more = np.round(0.5 + 2 * draws[50:55], 3), np.round(0.3 + draws[55:58], 3)
    lifts[2], more[1] = 0.0, 0.0
    space = SearchSpace(
        {
            **{f"x{k}": Float(-10, 10) for k in range(3)},
            **{f"n{k}": Int(-10, 10) for k in range(integers)},
            "shape": Categorical(["round", "flat", "steep", "wavy", "ragged"]),
            "mode": Categorical(["fast", "exact", "safe"]),
        }
    )
    shapes, modes = ["round", "flat", "steep", "wavy", "ragged"], ["fast", "exact", "safe"]
    best = np.concatenate([optimum_real, optimum_int])
    keys = [key for key in space.parameters if key[0] in "xn"]

    def true(params: Params) -> float:
        x = np.array([number(params, key) for key in keys])
        shape, mode = shapes.index(params["shape"]), modes.index(params["mode"])
        return values(x - best - moves[shape] + at) + float(lifts[shape] + more[mode] * (1 + 0.1 * abs(x[0] - best[0])))

    optimum: Params = {f"x{k}": float(v) for k, v in enumerate(optimum_real)}
    optimum |= {f"n{k}": int(v) for k, v in enumerate(optimum_int)} | {"shape": "steep", "mode": "exact"}
    return BenchmarkProblem(
        name=name,
        suite=suite,
        half=half,
        space=space,
        true=true,
        minimum=0.0,
        optimum=optimum,
        source=f"{source}; the categories are ours",
        batch=batch,
        noise=noise,
    )


def _effects(
    seed: int, sizes: list[int], pairs: list[tuple[int, int]]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Effects of single levels and of pairs of levels; those of the pairs are half as strong."""
    single = [fixed_numbers(seed + 100 * k, n) for k, n in enumerate(sizes)]
    double = [0.5 * fixed_numbers(seed + 10_000 + k, sizes[a], sizes[b]) for k, (a, b) in enumerate(pairs)]
    return single, double


def _tree_minimum(
    single: list[NDArray[np.float64]], double: list[NDArray[np.float64]], pairs: list[tuple[int, int]]
) -> float:
    """Smallest sum of effects when every later category has one earlier parent: exact, leaves first."""
    total = [effect.copy() for effect in single]
    for (parent, child), effect in sorted(zip(pairs, double, strict=True), key=lambda item: -item[0][1]):
        total[parent] += (effect + total[child][None, :]).min(axis=1)
    return float(total[0].min())


def _categories(
    name: str,
    half: str,
    seed: int,
    sizes: list[int],
    pairs: list[tuple[int, int]],
    numbers: dict[str, Float | Int],
    source: str,
) -> BenchmarkProblem:
    single, double = _effects(seed, sizes, pairs)
    space = SearchSpace({f"c{k}": Categorical(_METALS[:n]) for k, n in enumerate(sizes)} | numbers)
    level = {metal: k for k, metal in enumerate(_METALS)}
    goals = np.round(0.2 + 0.6 * fixed_numbers(seed + 5, len(numbers), len(_METALS)), 2)

    def true(params: Params) -> float:
        at = [level[str(params[f"c{k}"])] for k in range(len(sizes))]
        value = sum(float(effect[i]) for effect, i in zip(single, at, strict=True))
        value += sum(float(effect[at[a], at[b]]) for effect, (a, b) in zip(double, pairs, strict=True))
        for row, key in zip(goals, numbers, strict=True):
            parameter = space.parameters[key]
            goal = parameter.position(parameter.at(float(row[at[0]])))  # on the parameter's own grid: the minimum is 0
            value += 4.0 * (parameter.position(params[key]) - goal) ** 2
        return value

    return BenchmarkProblem(
        name=name,
        suite="mixed",
        half=half,
        space=space,
        true=true,
        minimum=_tree_minimum(single, double, pairs),
        source=source,
    )


def chain_categories(name: str, half: str, seed: int) -> BenchmarkProblem:
    """Eight categories of 6 to 12 levels, neighbours interact; two reals whose optimum depends on the first."""
    sizes = [12, 8, 6, 10, 9, 7, 11, 8]
    pairs = [(k, k + 1) for k in range(7)]
    numbers: dict[str, Float | Int] = {"heat": Float(0.0, 1.0), "pressure": Float(0.01, 100.0, log=True)}
    return _categories(
        name, half, seed, sizes, pairs, numbers, "Ours: random effects on a chain, exact minimum by dynamic programming"
    )


def tree_categories(name: str, half: str, seed: int) -> BenchmarkProblem:
    """Eight categories of 7 to 12 levels interacting along a tree; a real and two integers beside them."""
    sizes = [9, 12, 7, 8, 10, 8, 11, 7]
    pairs = [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (2, 6), (3, 7)]
    numbers: dict[str, Float | Int] = {"heat": Float(100.0, 900.0), "hours": Int(1, 48, log=True), "stirs": Int(0, 20)}
    return _categories(
        name, half, seed, sizes, pairs, numbers, "Ours: random effects on a tree, exact minimum by dynamic programming"
    )


def wide(
    name: str, half: str, *, seed: int, reals: int, integers: int, ordered: int, categories: int, power: float
) -> BenchmarkProblem:
    """Many parameters of which few matter much: weights fall from 1 to 0.03, neighbours are coupled."""
    made: dict[str, Float | Int | Ordinal | Categorical] = {}
    for k in range(reals):
        made[f"x{k}"] = Float(1e-4, 1.0, log=True) if k % 3 == 1 else Float(-5.0, 5.0)
    for k in range(integers):
        made[f"n{k}"] = Int(1, 256, log=True) if k % 2 else Int(0, 15)
    for k in range(ordered):
        made[f"o{k}"] = Ordinal([1, 2, 4, 8, 16, 32][: 4 + k % 3])
    for k in range(categories):
        made[f"c{k}"] = Categorical(_METALS[: 3 + k])
    space = SearchSpace(made)
    names = [key for key in made if key[0] != "c"]
    d = len(names)
    draws = fixed_numbers(seed, 3, d)
    parameters = [space.parameters[key] for key in names]
    goal = np.array([p.position(p.at(0.1 + 0.8 * float(u))) for p, u in zip(parameters, draws[0], strict=True)])
    weight = np.exp(-3.5 * np.argsort(np.argsort(draws[1])) / d)
    lift = [np.round(0.4 * fixed_numbers(seed + 50 + k, 3 + k), 3) for k in range(categories)]
    for k, values in enumerate(lift):
        values[(seed + k) % len(values)] = 0.0

    def true(params: Params) -> float:
        u = np.array([p.position(params[key]) for p, key in zip(parameters, names, strict=True)]) - goal
        coupled = u + 0.6 * np.roll(u, 1)
        value = float((weight * np.abs(2 * coupled) ** power).sum())
        for k, values in enumerate(lift):
            value += float(values[_METALS.index(str(params[f"c{k}"]))]) * (1 + 2 * abs(float(u[k])))
        return value

    return BenchmarkProblem(
        name=name,
        suite="mixed",
        half=half,
        space=space,
        true=true,
        minimum=0.0,
        source="Ours: a coupled bowl with falling weights",
    )


_VALLEY = {"adam": (0.25, -3.0), "sgd": (0.0, -1.7), "rmsprop": (0.4, -3.4)}  # best value, best log10 rate
_BEND = {"relu": 0.3, "gelu": 0.0, "tanh": 0.9, "sigmoid": 1.6}


def valley(name: str, half: str, *, suite: str = "mixed", batch: int = 1, noise: float = 0.0) -> BenchmarkProblem:
    """The shape of a validation loss: a valley in the learning rate that moves with the solver and the batch."""
    space = SearchSpace(
        {
            "lr": Float(1e-5, 1.0, log=True),
            "width": Int(16, 1024, log=True),
            "layers": Int(1, 8),
            "dropout": Float(0.0, 0.5, step=0.05),
            "batch": Ordinal([32, 64, 128, 256]),
            "activation": Categorical(list(_BEND)),
            "solver": Categorical(list(_VALLEY)),
        }
    )

    def true(params: Params) -> float:
        best, where = _VALLEY[str(params["solver"])]
        doublings = math.log2(number(params, "batch") / 64)
        rate = math.log10(number(params, "lr")) - where - 0.3 * doublings
        value = best + _BEND[str(params["activation"])] + 0.8 * rate**2 + 0.05 * doublings**2
        value += 0.1 * math.log2(number(params, "width") / 200) ** 2
        return value + 0.08 * (number(params, "layers") - 5) ** 2 + 4 * (number(params, "dropout") - 0.15) ** 2

    return BenchmarkProblem(
        name=name,
        suite=suite,
        half=half,
        space=space,
        true=true,
        minimum=0.0,
        optimum={
            "lr": 10**-1.7,
            "width": 200,
            "layers": 5,
            "dropout": 0.15,
            "batch": 64,
            "activation": "gelu",
            "solver": "sgd",
        },
        source="Ours",
        batch=batch,
        noise=noise,
    )


_POLICY = {"lru": 0.10, "lfu": 0.0, "fifo": 0.35, "random": 0.5}
_CODEC = {"none": (1.0, 0.0), "lz4": (0.6, 0.05), "zstd": (0.4, 0.15), "gzip": (0.35, 0.6)}  # size, seconds


def service(name: str, half: str, *, suite: str = "mixed", batch: int = 1, noise: float = 0.0) -> BenchmarkProblem:
    """Response time of a server: queues, cache and compression; products of terms, not sums, and a cliff in memory."""
    space = SearchSpace(
        {
            "threads": Int(1, 128, log=True),
            "cache_mib": Int(16, 8192, log=True),
            "page_kib": Ordinal([4, 8, 16, 32, 64, 128]),
            "timeout_s": Float(0.05, 20.0, log=True),
            "ratio": Float(0.0, 1.0),
            "policy": Categorical(list(_POLICY)),
            "codec": Categorical(list(_CODEC)),
            "affinity": Categorical(["none", "core", "socket"]),
        }
    )

    def true(params: Params) -> float:
        threads, cache, page = (number(params, key) for key in ("threads", "cache_mib", "page_kib"))
        size, seconds = _CODEC[str(params["codec"])]
        pinned = {"none": 1.15, "core": 1.0, "socket": 1.05}[str(params["affinity"])]
        waiting = (24 / threads + threads / 24 - 2) * pinned + pinned - 1
        misses = math.log2(1 + 4096 * size / cache) * (0.5 + _POLICY[str(params["policy"])])
        spilled = max(0.0, math.log2((cache + 40 * threads) / 3000)) * 3  # swapping
        paging = 0.15 * (math.log2(page) - math.log2(16 * size + 8)) ** 2
        patience = 0.3 * math.log10(number(params, "timeout_s") / (0.5 + seconds)) ** 2
        split = 2 * (number(params, "ratio") - 0.3 - 0.4 * size) ** 2
        return (1 + waiting) * (1 + misses) + spilled + paging + patience + split + 2 * seconds

    return BenchmarkProblem(
        name=name,
        suite=suite,
        half=half,
        space=space,
        true=true,
        minimum=SERVICE_MINIMUM,
        source="Ours",
        batch=batch,
        noise=noise,
    )


# by enumeration of all integers, pages, policies, codecs and affinities; timeout and ratio at their best in closed form
SERVICE_MINIMUM = 1.6683399667840886
