"""The arguments of `Study.run`, checked, and made into a runner."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from askntell.books import Books
from askntell.errors import SettingsError
from askntell.roster import Roster
from askntell.runner import Runner
from askntell.stopping import Rules
from askntell.study.listener import Listener
from askntell.trial import Problem, Segment

if TYPE_CHECKING:
    from askntell.backends.backend import Backend

__all__ = ["runner_of"]


def runner_of(
    books: Books,
    payload: Callable[..., object] | str | Sequence[str],
    *,
    backend: Backend | None,
    trials: int | None,
    total: int | None,
    target: float | Mapping[str, float] | None,
    patience: int | None,
    parallel: int | None,
    segments: Sequence[str] | None,
    wait_s: float,
    poll_s: float,
    listener: Listener,
    files: Mapping[str, str | os.PathLike[str]] | None,
    value: str | None,
    timeout_s: float | None,
    cwd: str | os.PathLike[str] | None,
    env: Mapping[str, str] | None,
) -> Runner:
    """The runner of one run; the arguments are those of `Study.run`, as is what it raises before the first job."""
    from askntell.backends.local import Local
    from askntell.payload import Payload

    space = books.header.space
    chosen = _chosen(books, segments)
    cap = _number_of_trials(books, trials, _checked_total(total))
    rules = Rules.of(books.header.goals, target, patience)
    if isinstance(wait_s, bool) or not isinstance(wait_s, int | float) or not wait_s >= 0:
        raise SettingsError(f"run: wait_s={wait_s!r}; allowed: seconds >= 0")
    return Runner(
        books=books,
        payload=Payload.of(
            payload, files=files, value=value, cwd=cwd, env=env, timeout_s=timeout_s, space=space, segments=chosen
        ),
        backend=Local() if backend is None else backend,
        segments=chosen,
        trials=cap,
        total=total,
        parallel=_number_of_jobs(parallel),
        roster=Roster(books, segments=chosen, cap=cap, total=total, rules=rules),
        poll_s=poll_s,
        wait_s=wait_s,
        on_ask=listener.on_ask,
        on_tell=listener.on_tell,
    )


def _checked_total(total: int | None) -> int | None:
    if total is not None and (isinstance(total, bool) or not isinstance(total, int) or total < 1):
        raise SettingsError(f"run: total={total!r}; allowed: None or an integer >= 1")
    return total


def _number_of_trials(books: Books, trials: int | None, total: int | None) -> int | None:
    planned = books.header.trials
    count = Problem(space=books.header.space, trials=planned if trials is None else trials).trials
    if count is None and total is None:
        raise SettingsError(
            "run: no number of trials", hint="give trials=, the number per segment, or total=, of all together"
        )
    if planned is not None and count is not None and count > planned:
        raise SettingsError(
            f"run: trials={count} is more than the {planned} that the study plans for each segment",
            hint="create the study with a larger trials=, or without one",
        )
    return count


def _number_of_jobs(parallel: int | None) -> int:
    if parallel is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(parallel, bool) or not isinstance(parallel, int) or parallel < 1:
        raise SettingsError(f"run: parallel={parallel!r}; allowed: an integer >= 1")
    return parallel


def _chosen(books: Books, names: Sequence[str] | None) -> list[Segment]:
    if names is not None and (isinstance(names, str) or not all(isinstance(name, str) for name in names)):
        raise SettingsError(f"run: segments={names!r}; allowed: a list of names")
    every = books.segments
    unknown = sorted(set(names or ()) - {segment.name for segment in every})
    if unknown:
        books.history(unknown[0])  # raises, naming the segments there are
    return every if names is None else [segment for segment in every if segment.name in set(names)]
