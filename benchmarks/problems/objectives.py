"""The suite of two objectives: quality is the area that the found front dominates, seen from a reference point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askntell import Categorical, Float, Int, Ordinal, SearchSpace
from askntell.space import Params
from problems.hpo import OBJECTIVES
from problems.problem import BenchmarkProblem, Values, cube, fixed_numbers, number, vector
from problems.tables import area, front_of, look_up, made, table

__all__ = ["objectives"]

Front = Callable[[NDArray[np.float64]], NDArray[np.float64]]
BEAM_AREA = 8.083018082517459  # of all grid points with offset 0.37: `beam_area`


def objectives() -> list[BenchmarkProblem]:
    """Three problems in each half: a curved front, a sphere's or a broken front, and a real table."""
    found = [
        _zdt("zdt1-6", "tune", 6, lambda f: 1 - np.sqrt(f), 4.5 + 2 / 3, seed=61),
        _dtlz("dtlz2-5", "tune", 5, seed=62),
        _zdt("zdt2-8", "report", 8, lambda f: 1 - f**2, 4.5 + 1 / 3, seed=71),
        _beam(),
    ]
    for name, measures, reference in (
        ("size-error-digits", ("error", "log10_nodes"), (0.9, 5.0)),
        ("cost-error-cancer", ("log_loss", "log10_nodes"), (0.7, 3.5)),
    ):
        if made(name):
            found.append(_real(name, measures, reference))
    return found


def _zdt(name: str, half: str, d: int, shape: Front, largest: float, seed: int) -> BenchmarkProblem:
    """ZDT with its set of optima moved inside the box: x1, ..., x(d-1) are best at fixed odd places."""
    best = 0.15 + 0.7 * fixed_numbers(seed, d - 1)

    def true(params: Params) -> Values:
        x = vector(params)
        g = 1 + 9 * float(np.abs(x[1:] - best).mean())
        return {"a": float(x[0]), "b": g * float(shape(np.array(x[0] / g)))}

    return BenchmarkProblem(
        name=name,
        suite="objectives",
        half=half,
        space=cube(d, 0, 1),
        true=true,
        minimum=None,
        source="Zitzler, Deb & Thiele 2000, its set of optima moved",
        reference={"a": 1.1, "b": 5.0},
        largest_area=largest,
    )


def _dtlz(name: str, half: str, d: int, seed: int) -> BenchmarkProblem:
    """DTLZ2 of two objectives, its set of optima moved off the centre."""
    best = 0.15 + 0.7 * fixed_numbers(seed, d - 1)

    def true(params: Params) -> Values:
        x = vector(params)
        g = 1 + 4 * float(((x[1:] - best) ** 2).sum())
        return {"a": g * float(np.cos(np.pi / 2 * x[0])), "b": g * float(np.sin(np.pi / 2 * x[0]))}

    return BenchmarkProblem(
        name=name,
        suite="objectives",
        half=half,
        space=cube(d, 0, 1),
        true=true,
        minimum=None,
        source="Deb et al. 2005, its set of optima moved",
        reference={"a": 2.0, "b": 2.0},
        largest_area=4 - np.pi / 4,
    )


# density, stiffness, price
_MATERIAL = {
    "steel": (7.8, 210.0, 0.0),
    "aluminium": (2.7, 70.0, 0.15),
    "titanium": (4.5, 110.0, 0.5),
    "carbon": (1.6, 135.0, 0.45),
}
_WALLS = [0.001, 0.0013, 0.0016, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01]


def _beam_values(material: str, ribs: Any, height: Any, width: Any, wall: Any, offset: Any) -> tuple[Any, Any]:
    """Logarithms of mass (with a price) and deflection of a hollow beam; numbers or arrays."""
    density, stiffness, price = _MATERIAL[material]
    inner_h, inner_w = np.maximum(height - 2 * wall, 0), np.maximum(width - 2 * wall, 0)
    section = height * width - inner_h * inner_w
    inertia = (width * height**3 - inner_w * inner_h**3) / 12
    mass = 1e3 * density * section * (1 + 0.03 * ribs)
    bending = 1.0 / (stiffness * 1e3 * inertia * (1 + 0.5 * np.log(ribs))) + 0.02 * (offset - 0.37) ** 2
    return np.log10(mass) + price, np.log10(bending + 1e-3)


_BEAM = SearchSpace(
    {
        "material": Categorical(list(_MATERIAL)),
        "ribs": Int(1, 12),
        "height": Float(0.02, 0.2, step=0.002),
        "width": Float(0.02, 0.2, step=0.002),
        "wall": Ordinal(_WALLS),
        "offset": Float(-1.0, 1.0),
    }
)
_BEAM_REFERENCE = (3.0, 2.0)


def beam_area() -> float:
    """The area that the beam's true front dominates, by all 4.4 million grid points at the best offset; seconds."""
    side = 0.02 + 0.002 * np.arange(91)
    height, width, wall = np.meshgrid(side, side, np.array(_WALLS), indexing="ij")
    found = []
    for material in _MATERIAL:
        for ribs in range(1, 13):
            both = _beam_values(material, ribs, height, width, wall, 0.37)
            found.append(front_of(np.stack([part.ravel() for part in both], axis=1)))
    return area(np.concatenate(found), np.array(_BEAM_REFERENCE))


def _beam() -> BenchmarkProblem:
    """Mass against deflection: a material, an integer, three stepped sizes and a real; the front has parts."""

    def true(params: Params) -> Values:
        rest = [number(params, key) for key in ("ribs", "height", "width", "wall", "offset")]
        mass, bending = _beam_values(str(params["material"]), *rest)
        return {"mass": float(mass), "bending": float(bending)}

    return BenchmarkProblem(
        name="beam-6",
        suite="objectives",
        half="report",
        space=_BEAM,
        true=true,
        minimum=None,
        source="Ours: mass against bending of a hollow beam; its front by enumeration",
        reference=dict(zip(("mass", "bending"), _BEAM_REFERENCE, strict=True)),
        largest_area=BEAM_AREA,
    )


def _real(name: str, measures: tuple[str, str], reference: tuple[float, float]) -> BenchmarkProblem:
    half, source, space = OBJECTIVES[name]
    cells = np.stack([table(name)[f"all.{measure}"].ravel() for measure in measures], axis=1)
    return BenchmarkProblem(
        name=name,
        suite="objectives",
        half=half,
        space=space,
        true=lambda params: {m: look_up(name, space, params, measure=m) for m in measures},
        minimum=None,
        source=source,
        reference=dict(zip(measures, reference, strict=True)),
        largest_area=area(cells, np.array(reference)),
    )
