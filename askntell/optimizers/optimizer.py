"""`Optimizer`: ask and tell in memory. It numbers what an algorithm proposes and checks what it is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, final, overload

from askntell.errors import SettingsError, SpaceExhausted
from askntell.goals import Goals
from askntell.history import History
from askntell.optimizers.algorithm import Algorithm
from askntell.optimizers.pareto import hypervolume_of, pareto_front
from askntell.optimizers.proposer import Proposer, ask_many, best_in, checked_deadline, explained, recommended_in
from askntell.optimizers.registry import algorithm_from
from askntell.space import Params, Scalar, SearchSpace
from askntell.trial import DEFAULT_SEGMENT, Noise, Outcome, Problem, Segment, Trial

__all__ = ["Optimizer"]


@final
class Optimizer:
    """One search in memory.

    Args:
        space: What may be tried.
        algorithm: A name (``auto gp tpe cmaes random sobol grid ax``) or an `Algorithm` object.
        seed: Integer >= 0. The same seed and history give the same proposal.
        direction: "minimize" (default) or "maximize".
        objectives: ``{name: direction}`` instead of `direction`, one to four of them.
        constraints: ``{name: "<= 4096"}``: limits of values that are told with the objectives.
        trials: How many trials are planned; then `ask` raises `SpaceExhausted`. None: no limit.

    Raises:
        SettingsError: an argument is wrong, or the algorithm is not for several objectives.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        algorithm: str | Algorithm[Any] = "auto",
        seed: int = 0,
        direction: str | None = None,
        objectives: Mapping[str, str] | None = None,
        constraints: Mapping[str, str] | None = None,
        trials: int | None = None,
    ) -> None:
        if not isinstance(space, SearchSpace):
            raise SettingsError(f"space must be a SearchSpace, got {type(space).__name__}")
        self._problem = Problem(
            space=space,
            goals=Goals.of(objectives, constraints, direction),
            trials=trials,
            segments=(Segment(DEFAULT_SEGMENT),),
        )
        self._history = History(space, self._problem.goals, DEFAULT_SEGMENT)
        self._proposer = Proposer(self._problem, algorithm_from(algorithm), seed)
        self._queue: deque[Params] = deque()

    @classmethod
    def from_history(cls, space: SearchSpace, history: Iterable[Trial], **settings: Any) -> Self:
        """An optimizer with these settings that has already seen these trials (any order; replayed, never re-asked)."""
        made = cls(space, **settings)
        for trial in sorted(history, key=lambda t: t.number):
            made._history.add(
                Trial(
                    number=trial.number,
                    params=space.check(trial.params),
                    by=trial.by,
                    worker=trial.worker,
                    why=trial.why,
                )
            )
            if trial.outcome is not None:
                outcome = Outcome.from_dict(trial.outcome.to_dict(), made._problem.goals)
                made._history.close(trial.number, outcome)
        return made

    @property
    def space(self) -> SearchSpace:
        """What may be tried."""
        return self._problem.space

    @property
    def history(self) -> list[Trial]:
        """All trials in number order."""
        return list(self._history)

    @property
    def best(self) -> Trial | None:
        """The feasible finished trial with the best observed value (lowest number among equals), or None.

        Raises:
            SettingsError: there are several objectives, of which no trial is the best: see `pareto_front`.
        """
        return best_in(self._history)

    @property
    def goals(self) -> Goals:
        """What is better, and what is allowed."""
        return self._problem.goals

    @property
    def pareto_front(self) -> list[Trial]:
        """The feasible finished trials that no other one beats in every respect, in number order.

        With one objective: the best ones.
        """
        return pareto_front(self._history.closed, self.goals)

    def hypervolume(self, reference: Mapping[str, float] | Sequence[float]) -> float:
        """The hypervolume between the front and `reference`: see `askntell.optimizers.pareto.hypervolume_of`.

        Args:
            reference: ``{objective: number}`` or the numbers in the order of the objectives, in their own units.

        Raises:
            SettingsError: the reference does not give one finite number for each objective.
        """
        return hypervolume_of(self._history.closed, self.goals, reference)

    @property
    def recommended(self) -> Trial | None:
        """The feasible finished trial that the algorithm's model believes to be best: see `recommended_in`.

        Raises:
            SettingsError: there are several objectives.
        """
        return recommended_in(self._history, self._proposer)

    def explain(self, trial: Trial | int) -> dict[str, Scalar]:
        """Why this trial was proposed: what proposed it (`by`), and what the algorithm noted (`Trial.why`).

        Raises:
            UnknownTrial: nobody asked for it.
        """
        return explained(self._history.get(trial.number if isinstance(trial, Trial) else trial))

    @property
    def stop(self) -> str | None:
        """Why there is nothing more to ask, or None while there is."""
        trials = self._problem.trials
        if trials is not None and len(self._history) >= trials:
            return f"the {trials} planned trials are spent"
        if self._queue or self.space.size is None:
            return None
        number = self._history.next_number
        return None if self._proposer.propose(self._history, number, {}) is not None else "every point was tried"

    @overload
    def ask(
        self, count: None = None, *, fixed: Mapping[str, Scalar] | None = None, deadline: float | None = None
    ) -> Trial: ...
    @overload
    def ask(
        self, count: int, *, fixed: Mapping[str, Scalar] | None = None, deadline: float | None = None
    ) -> list[Trial]: ...

    def ask(
        self, count: int | None = None, *, fixed: Mapping[str, Scalar] | None = None, deadline: float | None = None
    ) -> Trial | list[Trial]:
        """The next trial, or a list of `count` distinct ones.

        Args:
            count: How many, >= 1; a list of fewer if fewer are left.
            fixed: Parameters held at a value.
            deadline: Seconds that one proposal may take, imports excluded; the model is made smaller to keep it. The
                limit comes from a fixed table, not from a clock, and is noted in `Trial.why`.

        Raises:
            SpaceExhausted: the planned trials are spent, or every point was tried.
            ParamsError: `fixed` is not of the space. SettingsError: a wrong count or deadline.
        """
        held = self.space.check_fixed(fixed) if fixed else {}
        limit = checked_deadline(deadline)
        return self._ask_one(held, limit) if count is None else ask_many(lambda: self._ask_one(held, limit), count)

    def _ask_one(self, fixed: Mapping[str, Scalar], deadline: float | None) -> Trial:
        history, trials = self._history, self._problem.trials
        if trials is not None and len(history) >= trials:
            raise SpaceExhausted(f"the {trials} planned trials are spent", hint="give a larger trials=")
        number = history.next_number
        if self._queue and not fixed:
            trial = Trial(number=number, params=self._queue.popleft(), by="enqueued")
        else:
            proposal = self._proposer.propose(history, number, fixed, deadline=deadline)
            if proposal is None:
                raise SpaceExhausted(f"every point of the space was tried, {len(history)} in all")
            trial = Trial(number=number, params=proposal.params, by=proposal.by, why=proposal.why)
        history.add(trial)
        return trial

    def enqueue(self, params: Mapping[str, Scalar]) -> None:
        """Make these params the next trial (first in, first out), whatever the algorithm would propose.

        Raises:
            ParamsError: they are not a point of the space.
        """
        self._queue.append(self.space.check(params))

    def tell(
        self,
        trial: Trial | int | Mapping[str, Scalar],
        value: object = None,
        *,
        failed: str | None = None,
        message: str = "",
        std: Noise = None,
    ) -> Trial:
        """Record the outcome of a trial; telling the same again changes nothing.

        Args:
            trial: A trial, its number, or params that were measured elsewhere (they become a trial of their own).
            value: The value, or ``{name: number}`` with every objective and constraint. NaN and infinite count as
                failed.
            failed: Instead of a value: crash, timeout, memory, nan or infeasible.
            message: Kept with the trial.
            std: Known standard deviation of the value's noise, in its units, or ``{name: number}``.

        Returns:
            The closed trial.

        Raises:
            TellError: the outcome is malformed. TellConflict: the trial was closed with another outcome.
            UnknownTrial: nobody asked for this number. ParamsError: the params are not of the space.
        """
        outcome = Outcome.of(self.goals, value, failed=failed, message=message, std=std)
        if isinstance(trial, Mapping):
            number = self._history.next_number
            self._history.add(Trial(number=number, params=self.space.check(trial), by="told"))
            return self._history.close(number, outcome)
        before = self._history.checked(trial, outcome)
        return before if before.status.closed else self._history.close(before.number, outcome)

    def __repr__(self) -> str:
        if self.goals.several:
            return f"<Optimizer: {len(self._history)} trials, {len(self.pareto_front)} on the front>"
        best = self.best
        return f"<Optimizer: {len(self._history)} trials, best {None if best is None else best.value}>"
