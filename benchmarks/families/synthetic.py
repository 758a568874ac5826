"""Synthetic families after optimizers that are to profit from likeness, and not to suffer from its lack.

Every function is a rising transformation of a bent bowl with ripples, all of whose terms vanish at one point: the
optimum and its value are known exactly. Six reals in [0, 1]; losses of a segment are offset + scale * function, with
offsets of standard deviation 3 and logarithms of scales of 0.7. Features are a class (three) and a place on a grid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
from numpy.typing import NDArray
from problems.problem import cube, fixed_numbers, vector
from scipy.special import ndtri

from askntell import Segment
from askntell.space import Params
from families.instance import Array, Family, Instance, grid_features

__all__ = ["Landscape", "landscapes", "synthetic"]

D = 6
OFFSET, LOG_SCALE = 3.0, 0.7
_BEND = 0.15  #: from here on the bowl flattens: a loss has a steep way to its best region and a plateau far away
_RANDOM = 1001  #: points of which the median is a random point's loss


@final
class _Draws:
    """Numbers of one seed, the same on every machine."""

    def __init__(self, seed: int) -> None:
        self._seed = 1000 * seed
        self._calls = 0

    def uniform(self, *shape: int) -> Array:
        self._calls += 1
        return fixed_numbers(self._seed + self._calls, *shape)

    def normal(self, *shape: int) -> Array:
        made: Array = ndtri(np.clip(self.uniform(*shape), 1e-12, 1.0 - 1e-12))
        return made

    def order(self, count: int) -> NDArray[np.intp]:
        return np.argsort(self.uniform(count), kind="stable")


@final
@dataclass(frozen=True, kw_only=True)
class Landscape:
    """A function on [0, 1]^d that is 0 at its optimum and larger everywhere else.

    Attributes:
        optimum: Shape (d,).
        weights: Curvatures, shape (d,).
        mix: Invertible matrix that couples the coordinates, shape (d, d).
        ripples: Waves per unit of each mixed coordinate, shape (d,).
        order, mirrored: The function reads coordinate ``order[k]`` as its k-th, and 1 - it where mirrored; (d,).
    """

    optimum: Array
    weights: Array
    mix: Array
    ripples: Array
    order: NDArray[np.intp]
    mirrored: NDArray[np.bool_]

    @classmethod
    def drawn(cls, draws: _Draws) -> Self:
        """A landscape whose optimum has no coordinate near the centre: a mirrored one is really elsewhere."""
        side = draws.uniform(D)
        return cls(
            optimum=np.where(side < 0.5, 0.15 + 0.36 * side, 0.67 + 0.36 * (side - 0.5)),
            weights=np.exp(0.7 * draws.normal(D)),
            mix=np.eye(D) + 0.2 * draws.normal(D, D) / np.sqrt(D),
            ripples=1.5 + draws.uniform(D),
            order=np.arange(D),
            mirrored=np.zeros(D, dtype=bool),
        )

    def shifted(self, by: Array) -> Landscape:
        """The same shape elsewhere, inside the cube."""
        return replace(self, optimum=np.clip(self.optimum + by, 0.03, 0.97))

    def permuted(self, order: NDArray[np.intp], mirrored: NDArray[np.bool_]) -> Landscape:
        """The same function of exchanged and mirrored coordinates; only of one that is neither."""
        return replace(self, order=order, mirrored=mirrored)

    @property
    def place(self) -> Array:
        """The optimum as a point of the space, shape (d,)."""
        x = np.empty(D)
        x[self.order] = np.where(self.mirrored, 1.0 - self.optimum, self.optimum)
        return x

    def __call__(self, X: Array) -> Array:
        """Values at points (n, d), shape (n,)."""
        read = X[:, self.order]
        z = (np.where(self.mirrored, 1.0 - read, read) - self.optimum) @ self.mix.T
        bowl = z * z + 0.01 * (1.0 - np.cos(2.0 * np.pi * self.ripples * z))
        found: Array = np.log1p(bowl @ self.weights / (_BEND * D))
        return found


def _shift_everywhere(draws: _Draws, size: int, std: float) -> list[Landscape]:
    base = Landscape.drawn(draws)
    return [base.shifted(by) for by in std * draws.normal(size, D)]


def _drift(draws: _Draws, size: int) -> list[Landscape]:
    """The optimum moves along a bent path with the grid, and by class."""
    base = Landscape.drawn(draws)
    along, bend, apart = 0.10 * draws.normal(D), 0.05 * draws.normal(D), 0.05 * draws.normal(3, D)
    made = []
    for kind, at in grid_features(size):
        t = 2.0 * at - 1.0
        made.append(base.shifted(t * along + (t * t - 0.5) * bend + apart["abc".index(kind)]))
    return made


def _clusters(draws: _Draws, size: int) -> list[Landscape]:
    bases = [Landscape.drawn(draws) for _ in range(3)]
    shifts = 0.03 * draws.normal(size, D)
    return [bases["abc".index(kind)].shifted(by) for (kind, _), by in zip(grid_features(size), shifts, strict=True)]


def _mirrored(draws: _Draws, size: int) -> list[Landscape]:
    """Two groups with opposite optima; which segment is in which has nothing to do with the features."""
    base = Landscape.drawn(draws)
    other = base.permuted(np.arange(D), np.ones(D, dtype=bool))
    second = set(draws.order(size)[: size // 2].tolist())
    return [other if k in second else base for k in range(size)]


def _adversarial(draws: _Draws, size: int) -> list[Landscape]:
    """The drift, but every third segment has its coordinates exchanged, and its optimum on other sides."""
    made = _drift(draws, size)
    for k in draws.order(size)[: size // 3].tolist():
        order = draws.order(D)
        if (order == np.arange(D)).any():
            order = np.roll(np.arange(D), 1 + int(draws.uniform(1)[0] * (D - 1)))
        here = made[k].optimum > 0.5
        wanted = here.copy()  # the side on which the new optimum is to lie, by coordinate of the space
        flips = draws.order(D)[:4]
        wanted[flips] = ~wanted[flips]
        made[k] = made[k].permuted(order, here != wanted[order])
    return made


KINDS: dict[str, tuple[Callable[[_Draws, int], list[Landscape]], str, str]] = {
    "drift": (_drift, "related", "the optimum drifts with the features"),
    "shifts": (lambda d, s: _shift_everywhere(d, s, 0.06), "related", "random shifts of the optimum (0.06)"),
    "identical": (lambda d, s: _shift_everywhere(d, s, 0.0), "related", "identical up to offset and scale"),
    "clusters": (_clusters, "", "three unrelated clusters, one for each class"),
    "mirrored": (_mirrored, "", "two groups with opposite optima, features useless"),
    "unrelated": (lambda d, s: [Landscape.drawn(d) for _ in range(s)], "unrelated", "nothing in common"),
    "adversarial": (_adversarial, "unrelated", "drift, one third of the segments permuted"),
}


def landscapes(kind: str, size: int, seed: int) -> list[Landscape]:
    """The functions of an instance, without offsets and scales."""
    return KINDS[kind][0](_Draws(7919 * (list(KINDS).index(kind) + 1) + seed), size)


def _instance(kind: str, size: int, seed: int) -> Instance:
    functions = landscapes(kind, size, seed)
    draws = _Draws(104_729 + seed)
    offsets, scales = OFFSET * draws.normal(size), np.exp(LOG_SCALE * draws.normal(size))
    points = fixed_numbers(11, _RANDOM, D)

    def evaluate(index: int, params: Params) -> float:
        return float(offsets[index] + scales[index] * functions[index](vector(params)[None])[0])

    return Instance(
        family=kind,
        seed=seed,
        space=cube(D, 0.0, 1.0),
        segments=tuple(
            Segment(f"{name}-{k}", features={"class": name, "grid": round(at, 6)})
            for k, (name, at) in enumerate(grid_features(size))
        ),
        evaluate=evaluate,
        minima=offsets,
        units=scales * np.array([np.median(function(points)) for function in functions]),
        odd=tuple(k for k, f in enumerate(functions) if (f.order != np.arange(D)).any()),
    )


def synthetic() -> list[Family]:
    """The families on which the method may be designed: on instances of the half "tune"."""

    def maker(kind: str) -> Callable[[int, int], Instance]:
        return lambda size, seed: _instance(kind, size, seed)

    return [
        Family(name=kind, make=maker(kind), about=about, sizes=(15, 100, 300), related=related)
        for kind, (_, related, about) in KINDS.items()
    ]
