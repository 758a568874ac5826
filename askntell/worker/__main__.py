"""``python -m askntell.worker``: what runs around a program, or around Python callables, on the job's machine.

Also started by its path (``python -I .../askntell/worker/__main__.py``), so that neither the working folder nor the
environment decides which askntell runs.
"""

from __future__ import annotations

import os
import sys

USAGE = """usage: python -m askntell.worker run FOLDER [--wait] [--grace-s=SECONDS] [--tag=TEXT]
       python -m askntell.worker call FOLDER
       python -m askntell.worker serve

run    runs the job of FOLDER and writes its exit.json; --wait: not before a line comes on standard input;
       --tag is not read, it marks the process for those who look for it
call   runs the Python callable of FOLDER in this process
serve  runs one callable after the other: {"folder": ...} lines on standard input, answers on standard output
"""


def main(words: list[str]) -> int:
    """Run one subcommand and return the exit status."""
    command = words[0] if words else ""
    if command == "serve" and len(words) == 1:
        from askntell.worker.serve import serve

        _forget_root()
        return serve()
    if command == "call" and len(words) == 2:
        from askntell.worker.callables import call

        _forget_root()
        return call(os.path.abspath(words[1]))
    if command == "run" and len(words) >= 2:
        return _run(os.path.abspath(words[1]), words[2:])
    sys.stderr.write(USAGE)
    return 2


def _run(folder: str, options: list[str]) -> int:
    from askntell.worker.wrapper import run

    _forget_root()
    grace_s, wait = 10.0, False
    for option in options:
        name, _, value = option.partition("=")
        if option == "--wait":
            wait = True
        elif name == "--grace-s":
            grace_s = float(value)
        elif name != "--tag":
            sys.stderr.write(USAGE)
            return 2
    return run(folder, grace_s=grace_s, wait=wait)


def _root() -> str:
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _forget_root() -> None:
    # Started by path, the folder that holds askntell (perhaps a site-packages) must not stand before the user's own.
    if not __package__:
        sys.path.remove(_root())


if __name__ == "__main__":
    if not __package__:
        here = os.path.dirname(os.path.abspath(__file__))
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
        sys.path.insert(0, _root())
    sys.exit(main(sys.argv[1:]))
