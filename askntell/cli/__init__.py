"""The command line: ``askntell COMMAND``, also ``python -m askntell``. One thin file a command.

Exit status: 0 done; 1 the command was right but there is nothing to give (`ask` with nothing left, `best` without a
finished trial, `run` without a single value); 2 a mistake, with one line on standard error; 130 interrupted, 143
terminated.

Nothing here imports a third-party module before a command needs it, so that ``askntell --help`` is quick.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import NoReturn

from askntell.cli import ask, best, export, init, quickstart, report, run, status, stop, tell, trials
from askntell.cli.shared import NOTHING, Parser, say
from askntell.errors import AskntellError, SpaceExhausted

__all__ = ["main"]

COMMANDS = (quickstart, init, ask, tell, run, status, best, trials, report, export, stop)

MISTAKE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count
PIPE_CLOSED = 141  # 128 + SIGPIPE
TERMINATED = 143  # 128 + SIGTERM

CARRY_ON = "everything told so far is kept, and the same command carries on from there"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; None takes them from the command line.

    Returns:
        The exit status.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name that the terminal cannot show is escaped instead of an error
            stream.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings(), _tidy_termination():
        warnings.showwarning = lambda message, *_args, **_named: say(f"warning: {message}")
        try:
            status = _command(sys.argv[1:] if argv is None else argv)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has seen enough, as in `askntell trials PATH | head`; the interpreter must not try again.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED
        except SystemExit as end:  # argparse ends this way, after --help too
            if end.code == TERMINATED:
                say(f"terminated; {CARRY_ON}")
            return end.code if isinstance(end.code, int) else MISTAKE
        except KeyboardInterrupt:
            say(f"interrupted; {CARRY_ON}")
            return INTERRUPTED
        except SpaceExhausted as error:
            say(str(error))
            return NOTHING
        except AskntellError as error:
            say(str(error))
            return MISTAKE
        except OSError as error:
            where = f"{error.filename}: " if error.filename is not None else ""
            say(f"{where}{error.strerror or error}")
            return MISTAKE
        return status


@contextlib.contextmanager
def _tidy_termination() -> Iterator[None]:
    """Let SIGTERM, which `timeout` and batch systems send, end the jobs and the display as Ctrl-C does."""

    def end(*_signal: object) -> NoReturn:
        raise SystemExit(TERMINATED)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread, whose business signals are
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _command(argv: Sequence[str]) -> int:
    arguments, payload = run.split(argv)
    parser = Parser(prog="askntell", description="Ask-and-tell hyperparameter optimisation, apart in space and time.")
    parser.add_argument("--version", action="version", version=f"askntell {_version()}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    given = parser.parse_args(arguments)
    if given.command is None:
        parser.error(f"no command; allowed: {', '.join(commands.choices)}")
    given.payload = payload
    return int(given.execute(given))


def _version() -> str:
    from askntell import __version__

    return __version__
