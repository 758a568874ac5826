"""Views of studies that never ran, with made-up values: what the report's tests look at."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from html.parser import HTMLParser
from types import SimpleNamespace

from askntell.goals import Goals, Objective
from askntell.report.view import SegmentView, StudyView, gain, steps
from askntell.trial import Trial, TrialStatus

NOW = datetime(2026, 5, 4, 3, 2, tzinfo=UTC)
PARTICLES = ("photon", "electron", "pion")

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</style></title><svg onload=alert(1)>",
    "<!--<script>",
    "]]>--><b>",
    "'\"><a href='javascript:alert(1)'>x</a>",
    "&lt;b&gt;&amp;",
    "\u2028\u2029\u202eevil",
    "\x1b[31mred\x1b[0m\r\n\x07\x9b2J",
    "[bold red]markup[/bold red] :boom:",
    "{0.__class__} %s ${HOME} `id` $(id)",
    "=cmd|'/C calc'!A0",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 η 电子",
]


def trial(number, value=None, *, segment="all", failure=None, message="", params=None, by="sobol"):
    """A closed trial, or a pending one without value and failure."""
    status = TrialStatus.PENDING
    if value is not None:
        status = TrialStatus.FINISHED
    elif failure is not None:
        status = TrialStatus.FAILED
    return Trial(
        number=number,
        segment=segment,
        params={"lr": 0.00123456789, "solver": "adam"} if params is None else params,
        status=status,
        values=None if value is None else {"chi2": value},
        failure=failure,
        message=message,
        by=by,
    )


def study_view(
    count, features=lambda _: {}, *, trials=12, objective=None, name="pid#", message="out of memory", params=None
):
    """A view of `count` segments with `trials` trials each, every 9th of them failed; "#" in `name` is the place."""
    objective = Objective("chi2") if objective is None else objective
    rng = random.Random(count)
    segments, failures = [], []
    for place in range(count):
        title = name.replace("#", str(place))
        level = 1 + 0.5 * math.sin(place)
        made = [
            trial(n, segment=title, failure="memory", message=message, params=params)
            if n % 9 == 5
            else trial(n, level + rng.random() / (n + 1), segment=title, params=params)
            for n in range(trials)
        ]
        failures += [t for t in made if t.failure]
        finished = [t for t in made if t.value is not None]
        best = min(finished, key=lambda t: objective.loss(t.value))
        segments.append(
            SegmentView(
                name=title,
                features=features(place),
                status="done",
                finished=len(finished),
                failed=trials - len(finished),
                best=best,
                default_value=made[0].value,
                gain=gain(objective, best.value, made[0].value),
                steps=steps(Goals((objective,)), made),
                values=[(n + 1, t.value) for n, t in enumerate(made) if t.value is not None] if count == 1 else (),
            )
        )
    return StudyView(
        name="calo",
        goals=Goals((objective,)),
        algorithm="auto",
        created="2026-05-04T01:00:00Z",
        planned=trials,
        segments=segments,
        failures=failures,
    )


SAMPLES = {
    "empty": StudyView(name="empty", goals=Goals((Objective("chi2"),)), segments=[SegmentView(name="all")]),
    "one": study_view(1),
    "one with features": study_view(1, lambda _: {"eta": 1.0}),
    "no features": study_view(8),
    "one numeric": study_view(9, lambda n: {"eta": n / 4}),
    "numeric and text": study_view(12, lambda n: {"particle": PARTICLES[n % 3], "eta": n // 3 / 4}),
    "text": study_view(9, lambda n: {"particle": PARTICLES[n % 3]}),
    "several numeric": study_view(
        40, lambda n: {"particle": PARTICLES[n % 3], "eta": n / 4, "energy": 2.0 ** (n % 11)}
    ),
    "few of two numeric": study_view(12, lambda n: {"depth": n % 2, "eta": n // 2}),
    "some without": study_view(6, lambda n: {"eta": 1.0 * n} if n % 2 else {}),
    "three hundred": study_view(300, lambda n: {"particle": PARTICLES[n % 3], "eta": n // 3 / 20}),
    "three hundred names": study_view(300),
    "campaign": StudyView(
        name="campaign",
        goals=Goals((Objective("chi2"),)),
        segments=[
            SegmentView(name="a", status="idle", finished=9, shared=4),
            SegmentView(name="b", status="stopped", finished=3, note="target reached: chi2 = 1 in trial 2"),
            SegmentView(name="c", status="waiting", note="missing: <c>.tar"),
        ],
    ),
    "maximize": study_view(3, objective=Objective("accuracy", "maximize")),
}


class Structure(HTMLParser):
    """What a browser would see: elements with attributes, and text by element."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.comments = 0
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == [], f"left open: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open and self._open[-1] == tag, f"</{tag}> closes {self._open[-1:]}"
        self._open.pop()

    def handle_data(self, data):
        self.texts.append((self._open[-1] if self._open else "", data))

    def handle_comment(self, data):
        self.comments += 1

    def text(self, *tags: str) -> str:
        return "".join(text for tag, text in self.texts if tag in tags)

    def count(self, tag: str) -> int:
        return sum(element == tag for element, _ in self.elements)


def plan(total, *segments, done_before=0):
    """What a runner hands to `on_start`."""
    return SimpleNamespace(total=total, done_before=done_before, segments=segments)
