"""One ask of a segment that learns from the others, with what keeps it from learning what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from askntell.optimizers.algorithm import Request
from askntell.optimizers.gp.joint.joint import Joint
from askntell.optimizers.gp.joint.scene import Scene
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.search import Effort, Region, ranked
from askntell.space import Scalar
from askntell.trial import Proposal, Trial

if TYPE_CHECKING:
    from askntell.optimizers.gp.chances import Weighed

__all__ = ["proposed"]

_ENOUGH = 150  #: a segment with more trials of its own than this learns from them alone
_EVERY, _FROM = 5, 6  #: every fifth ask is the segment's own, from six own trials on
_OBJECTIVES = 2  #: more of them are scalarised in a direction of each ask, in each segment alone
_DECODED = 1024  #: so many ranked candidates are compared with the taken trials


def proposed(
    joint: Joint, segment: str, request: Request, pending: Mapping[str, Collection[Trial]], effort: Effort
) -> Proposal | None:
    """The best proposal by the joint model, or None where the segment should be asked alone.

    It is asked alone while there is too little to begin with, once it has many trials of its own, at every fifth ask
    (so that whatever the others say its own model gets a fifth of the asks and sees all results), and whenever its own
    model predicts its own trials better.
    """
    active = len(joint.states.keys() | pending.keys() | {segment})
    if len(joint.problem.goals.objectives) > _OBJECTIVES or not joint.ready(active, sum(map(len, pending.values()))):
        return None
    own = joint.states.get(segment)
    values = 0 if own is None else int(np.count_nonzero(~own.outcomes.failed))
    if values > _ENOUGH or (values >= _FROM and request.number % _EVERY == _EVERY - 1):
        return None
    try:
        scene = Scene.of(joint, joint.places[segment], pending)
        if scene.explains_worse():
            return None
        score = scene.score()
        space, box = joint.problem_of(segment).space, scene.box
        decode = joint.problem.space.unit.decode if box is None else box.decode
        for _, row in zip(range(_DECODED), _ranked(scene, score, request, effort), strict=False):
            params = decode(row, request.fixed)
            if space.key(params) not in request.taken:
                return Proposal(params=params, by="gp", why=_why(scene, score, row))
    except np.linalg.LinAlgError:  # no jitter helped
        pass
    return None


def _ranked(scene: Scene, score: Weighed, request: Request, effort: Effort) -> Iterator[Array]:
    space = scene.joint.problem.space
    region = Region(space.unit, request.fixed, restricted=bool(space.constraints or space.forbidden), box=scene.box)
    rng = request.rng("gp-joint")
    yield from ranked(
        region,
        scene.columns,
        score,
        incumbents=scene.incumbents(score),
        effort=effort,
        rng=rng,
        extra=scene.chosen.points,
    )


def _why(scene: Scene, score: Weighed, row: Array) -> dict[str, Scalar]:
    """What led to this unit point, in few words and finite numbers of four digits."""
    value = float(score.value(scene.columns.transform(row[None]))[0])
    why: dict[str, Scalar] = {
        "model": "joint gp",
        "segments": len(np.unique(scene.chosen.segment)),
        "trials": int(np.count_nonzero(scene.own)),
        "used": len(scene.chosen.segment),
        "pending": len(scene.believed[0]),
    }
    return why | ({"log_gain": float(f"{value:.4g}")} if np.isfinite(value) else {})
