"""A space, params and a segment for tests of payloads, and the job they make."""

from __future__ import annotations

from pathlib import Path

from askntell.payload import Payload
from askntell.space import Categorical, Constant, Float, Int, SearchSpace
from askntell.trial import DEFAULT_SEGMENT, Segment, Trial

SPACE = SearchSpace(
    {
        "lr": Float(1e-5, 1.0),
        "width": Int(1, 64),
        "solver": Categorical(["adam", "sgd"]),
        "flag": Categorical([True, False, None]),
        "momentum": Float(0, 1, when={"solver": "sgd"}),
        "epochs": Constant(50),
    }
)
PARAMS = {"lr": 1e-5, "width": 8, "solver": "adam", "flag": True, "epochs": 50}
ALL = (Segment(DEFAULT_SEGMENT),)


def payload(what, *, space=SPACE, segments=ALL, **options):
    return Payload.of(what, space=space, segments=segments, **options)


def spec(what, params=PARAMS, *, segment=ALL[0], inputs=None, **options):
    made = what if isinstance(what, Payload) else payload(what, **options)
    trial = Trial(number=3, segment=segment.name, params=params, attempt=2)
    return made.spec(trial, segment, Path("f").absolute(), "name", inputs=inputs)


def argv(what, params=PARAMS, **options):
    return list(spec(what, params, **options).argv)
