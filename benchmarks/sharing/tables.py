"""Tables of the segments benchmark: figures by family, mode and contestant, over seeds."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from _protocol import RESULTS, environment, write_result
from families import FAMILIES, Instance

from sharing import BASE, PLAYERS
from sharing.figures import AFTER, TARGETS, ends, firsts, left_after, reach

__all__ = ["Runs", "compact", "summary", "write_tables"]

Key = tuple[str, int, bool, str]  # family, segments, late, contestant
Runs = dict[Key, dict[int, tuple[dict[str, Any], Instance]]]  # by seed


def summary(runs: Runs, trials: int | None = None) -> dict[Key, dict[str, Any]]:
    """Figures of each contestant in each game, over seeds; those against `alone` on the seeds both have played.

    Runs of one game are cut to the shortest budget among them, so that they count what never happened alike.
    """
    made = {}
    for key, seeds in runs.items():
        game = key[:3]
        rivals = [record for other, rows in runs.items() if other[:3] == game for record, _ in rows.values()]
        budget = min([*(record["budget"] for record in rivals), *([trials] if trials else [])])
        base = runs.get((*game, BASE), {})
        made[key] = _figures(seeds, base, budget) | {"budget": budget, "seeds": sorted(seeds)}
    return made


def _figures(seeds: Any, base: Any, budget: int) -> dict[str, Any]:
    found: dict[str, Any] = {"to": {}, "left": {}, "times": {}}
    for target in TARGETS:
        by_seed = {s: reach(firsts(r, i, target, budget), budget) for s, (r, i) in seeds.items()}
        found["to"][f"{target:g}"] = {
            "median": _over([one.median for one in by_seed.values()]),
            "mean": _over([one.mean for one in by_seed.values()]),
            "missed": float(np.mean([one.missed for one in by_seed.values()])),
        }
        ratios = [by_seed[s].mean / reach(firsts(*base[s], target, budget), budget).mean for s in by_seed if s in base]
        if ratios:
            found["times"][f"{target:g}"] = _over(ratios)
        odd = [_of_odd(seeds[s], base[s], target, budget) for s in by_seed if s in base and seeds[s][1].odd]
        if odd:
            found.setdefault("times_odd", {})[f"{target:g}"] = _over(odd)
    for name, count in (*((str(count), count) for count in AFTER), ("end", budget)):
        if count <= budget:
            found["left"][name] = _over([float(np.median(left_after(r, i, count))) for r, i in seeds.values()])
    both = [s for s in seeds if s in base]
    if both and next(iter(seeds.values()))[1].family in REAL:
        mine = {s: reach(firsts(*seeds[s], ends(*base[s], budget), budget), budget) for s in both}
        own = {s: reach(firsts(*base[s], ends(*base[s], budget), budget), budget) for s in both}
        found["to_end"] = {
            "median": _over([mine[s].median for s in both]),
            "mean": _over([mine[s].mean for s in both]),
            "missed": float(np.mean([mine[s].missed for s in both])),
            "times": _over([mine[s].mean / own[s].mean for s in both]),
        }
    asks = [record["ask_ms"] for record, _ in seeds.values()]
    found["ask_ms"] = {
        "median": float(np.median([ask["median_second_half"] for ask in asks])),
        "worst": max(ask["worst"] for ask in asks),
    }
    return found


def _of_odd(mine: Any, base: Any, target: float, budget: int) -> float:
    """Ratio of mean trials to those of `alone`, over the segments about which the features lie."""
    odd = list(mine[1].odd)
    first, other = (reach(firsts(*run, target, budget)[odd], budget).mean for run in (mine, base))
    return first / other


REAL = {name for name, family in FAMILIES.items() if family.real}


def _over(values: Sequence[float]) -> list[float | None]:
    """Median, smallest and largest over seeds; None stands for infinite."""
    return [float(f"{v:.4g}") if np.isfinite(v) else None for v in (np.median(values), min(values), max(values))]


def _plain(value: float | None, form: str = "{:.0f}", most: str = "-") -> str:
    return most if value is None else form.format(value)


def compact(runs: Runs, trials: int | None = None) -> str:
    """A table for the terminal: one line for each contestant."""
    lines = []
    last: tuple[Any, ...] = ()
    for key, row in sorted(summary(runs, trials).items(), key=lambda item: _order(item[0])):
        if key[:3] != last:
            last = key[:3]
            lines += [
                "",
                f"{key[0]}, {key[1]} segments, {'late' if key[2] else 'at once'}, {row['budget']} trials of each",
                f"{'':22}       mean trials to regret of          times alone    regret % after          CPU ms",
                " " * 17
                + "seeds     20%   10%    5%    2% (missed)   5% (range)           10      20     end    ask worst",
            ]
        to = "".join(f"{row['to'][f'{t:g}']['mean'][0]:6.1f}" for t in TARGETS)
        times = row["times"].get("5")
        ratio = f"{times[0]:5.2f} ({times[1]:.2f}-{times[2]:.2f})" if times else ""
        some = [row["left"].get(name) for name in ("10", "20", "end")]
        left = "".join(f"{left[0]:8.2f}" if left else " " * 8 for left in some)
        cpu = row["ask_ms"]
        lines.append(
            f"  {key[3]:18} {len(row['seeds']):2}  {to} {100 * row['to']['2']['missed']:6.0f}%  {ratio:>19} {left} "
            f"{cpu['median']:6.1f}{cpu['worst']:6.0f}"
        )
        if "times_odd" in row:
            odd = row["times_odd"]["5"]
            lines.append(f"{'':24}segments with lying features alone: {odd[0]:.2f} ({odd[1]:.2f}-{odd[2]:.2f})")
        if "to_end" in row:
            end = row["to_end"]
            lines.append(
                f"{'':24}to what alone ends with: {end['mean'][0]:.1f} trials, {end['times'][0]:.2f} of alone's "
                f"({end['times'][1]:.2f}-{end['times'][2]:.2f}), never {100 * end['missed']:.0f}%"
            )
    return "\n".join(lines)


def _order(key: Key) -> tuple[Any, ...]:
    name = key[3].split("@")[0]
    return (list(FAMILIES).index(key[0]), key[1], key[2], list(PLAYERS).index(name), key[3])


def write_tables(runs: Runs, options: argparse.Namespace) -> None:
    """Print Markdown tables; for the half "report" write ``results/segments.json`` and ``results/segments.md``."""
    found = summary(runs, options.trials)
    page = "\n".join(_page(found)) + "\n"
    print(page)
    if options.half == "report" and options.output:
        result: dict[str, Any] = environment("scikit-learn")
        result |= {
            "what": "regret in % of the median random point's; [median, smallest, largest] over seeds",
            "command": "python " + " ".join(["benchmarks/segments.py", *sys.argv[1:]]),
            "made": time.strftime("%Y-%m-%d", time.gmtime()),
            "games": [
                {"family": key[0], "segments": key[1], "late": key[2], "contestant": key[3], **row}
                for key, row in sorted(found.items(), key=lambda item: _order(item[0]))
            ],
        }
        write_result("segments", result)
        (RESULTS / "segments.md").write_text(page, encoding="utf-8")


def _page(found: dict[Key, dict[str, Any]]) -> list[str]:
    games = sorted({key[:3] for key in found}, key=lambda g: (g[2], g[1], list(FAMILIES).index(g[0])))
    made: list[str] = []
    for late in (False, True):
        for synthetic in (True, False):
            some = [g for g in games if g[2] == late and (g[0] not in REAL) == synthetic]
            if not some:
                continue
            when = "64 trials in flight, results late" if late else "results at once"
            made += [f"### {'Synthetic families' if synthetic else 'Real trainings'}, {when}", ""]
            made += _targets(found, some) if synthetic else _reals(found, some)
            made += ["", "Median regret in % after so many trials in each segment, and CPU time of an ask:", ""]
            made += [*_lefts(found, some), ""]
    return made


def _rows(
    found: dict[Key, dict[str, Any]], games: Sequence[Any], heads: str, cells: Callable[[dict[str, Any]], list[str]]
) -> list[str]:
    made = [f"| family | segments | contestant | seeds | {heads} |", "|" + " --- |" * (4 + heads.count("|") + 1)]
    for game in games:
        for key in sorted((key for key in found if key[:3] == game), key=_order):
            row = found[key]
            made.append(f"| {game[0]} | {game[1]} | {key[3]} | {len(row['seeds'])} | {' | '.join(cells(row))} |")
    return made


def _targets(found: dict[Key, dict[str, Any]], games: Sequence[Any]) -> list[str]:
    def cells(row: dict[str, Any]) -> list[str]:
        made = []
        for name in (f"{target:g}" for target in TARGETS):
            to = row["to"][name]
            missed = f", {100 * to['missed']:.0f} %" if to["missed"] >= 0.005 else ""
            made.append(f"{_plain(to['median'][0], '{:.3g}')} ({to['mean'][0]:.1f}{missed})")
        times, odd = row["times"].get("5"), row.get("times_odd", {}).get("5")
        ratio = f"{times[0]:.2f} [{times[1]:.2f}, {times[2]:.2f}]" if times else ""
        return [*made, ratio + (f"; permuted {odd[0]:.2f}" if odd else "")]

    head = " | ".join(f"{target:g} %" for target in TARGETS) + " | times alone, 5 %"
    text = [
        "Trials in each segment until the best loss so far has this regret: median over segments; in brackets the mean",
        "and the share of segments that never had it, which count with one trial more than there were. Medians over",
        "seeds; the last column is the ratio of means to those of `alone` with its smallest and largest over seeds.",
        "",
    ]
    return text + _rows(found, games, head, cells)


def _reals(found: dict[Key, dict[str, Any]], games: Sequence[Any]) -> list[str]:
    def cells(row: dict[str, Any]) -> list[str]:
        end = row.get("to_end")
        if not end:
            return ["", "", "", ""]
        times = end["times"]
        return [
            _plain(end["median"][0], "{:.3g}"),
            f"{end['mean'][0]:.1f}",
            f"{100 * end['missed']:.0f} %",
            f"{times[0]:.2f} [{times[1]:.2f}, {times[2]:.2f}]",
        ]

    text = [
        "Trials in each segment until the best loss is what `alone` ends with (up to 1 % of a random point's regret).",
        "",
    ]
    return text + _rows(found, games, "median | mean | never | times alone", cells)


def _lefts(found: dict[Key, dict[str, Any]], games: Sequence[Any]) -> list[str]:
    def cells(row: dict[str, Any]) -> list[str]:
        lefts = [row["left"].get(name) for name in (*map(str, AFTER), "end")]
        return [
            *(_plain(left[0], "{:.2f}") if left else "" for left in lefts),
            f"{row['ask_ms']['median']:.1f}",
            f"{row['ask_ms']['worst']:.0f}",
        ]

    return _rows(found, games, " | ".join(map(str, AFTER)) + " | end | ask ms | worst", cells)
