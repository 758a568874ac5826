"""``askntell init``: create a study."""

from __future__ import annotations

import argparse
from pathlib import Path

from askntell.cli.shared import Commands, add_json, add_path, positive, print_json, print_line
from askntell.report.text import plural, printable

__all__ = ["add", "constraint", "execute", "objective"]


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "init",
        help="create a study",
        description="Create a study in a new folder. Repeated with the same settings, it changes nothing.",
        epilog="example:\n  askntell init runs/calo --space space.json --objective chi2 --trials 40",
    )
    add_path(parser)
    parser.add_argument("--space", metavar="FILE", required=True, help="search space, the JSON of SearchSpace.save")
    parser.add_argument("--segments", metavar="FILE", help="segments, a JSON list in phpo's format; default one, 'all'")
    parser.add_argument(
        "--objective",
        metavar="NAME[:minimize|maximize]",
        action="append",
        help="name of the value and the direction that is better (default: value:minimize); may be repeated",
    )
    parser.add_argument(
        "--constraint",
        metavar="NAME<=LIMIT",
        action="append",
        help="a value told with the objectives and its limit, with <= or >=; may be repeated",
    )
    parser.add_argument("--algorithm", metavar="NAME", default="auto", help="what proposes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="key of every random stream (default: %(default)s)")
    parser.add_argument("--trials", type=positive, metavar="N", help="planned trials per segment (default: no limit)")
    parser.add_argument(
        "--share",
        choices=("auto", "none"),
        default="auto",
        help="whether segments learn from each other (default: %(default)s)",
    )
    add_json(parser, "the study")
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Create it, or find it as it should be."""
    from askntell.space import SearchSpace
    from askntell.study import Study

    existed = (Path(given.path) / "study.json").exists()
    objectives = _unique([objective(text) for text in given.objective or ["value:minimize"]], "--objective")
    constraints = _unique([constraint(text) for text in given.constraint or ()], "--constraint")
    with Study(
        given.path,
        SearchSpace.load(given.space),
        objectives=objectives,
        constraints=constraints,
        algorithm=given.algorithm,
        seed=given.seed,
        segments=given.segments,
        trials=given.trials,
        share=given.share,
    ) as study:
        if given.json:
            print_json(study.summary())
            return 0
        planned = "" if study.planned is None else f", {plural(study.planned, 'trial')} planned in each"
        print_line(
            f"{printable(given.path)} {'is already there' if existed else 'created'}: "
            f"{plural(len(study.space.parameters), 'parameter')}, {plural(len(study.segments), 'segment')}{planned}, "
            f"{printable(study.goals)}, algorithm {printable(study.algorithm)}, seed {study.seed}"
        )
    return 0


def objective(text: str) -> tuple[str, str]:
    """Name and direction of ``NAME[:DIRECTION]``.

    Raises:
        SettingsError: the part behind the last colon is no direction.
    """
    from askntell.errors import SettingsError
    from askntell.goals import DIRECTIONS

    name, colon, direction = text.rpartition(":")
    if not colon:
        return text, "minimize"
    if direction not in DIRECTIONS:
        raise SettingsError(
            f"--objective {text!r}: direction {direction!r}; allowed: {', '.join(DIRECTIONS)}",
            hint=f"a name with a colon is written with its direction, {text}:minimize",
        )
    return name, direction


def constraint(text: str) -> tuple[str, str]:
    """Name and limit of ``NAME<=LIMIT`` or ``NAME>=LIMIT``.

    Raises:
        SettingsError: neither relation is there.
    """
    from askntell.errors import SettingsError

    for relation in ("<=", ">="):
        name, found, limit = text.rpartition(relation)
        if found and name.strip():
            return name.strip(), f"{relation} {limit.strip()}"
    raise SettingsError(f"--constraint {text!r} is not of the form 'NAME<=LIMIT' or 'NAME>=LIMIT'")


def _unique(entries: list[tuple[str, str]], option: str) -> dict[str, str]:
    from askntell.errors import SettingsError

    names = [name for name, _ in entries]
    if len(set(names)) < len(names):
        raise SettingsError(f"{option} names {max(names, key=names.count)!r} twice")
    return dict(entries)
