"""Payloads: what is refused before anything runs, what a job gets, and what its folder comes to mean."""

import functools
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell.backends import Local
from askntell.errors import PayloadError
from askntell.goals import Goals
from askntell.job import JobStatus
from askntell.payload import Interrupted, Payload, read_outcome
from askntell.payload.placeholders import Names, fill_json, fill_text, fill_words
from askntell.space import Categorical, Constant, Float, Int, Ordinal, SearchSpace
from askntell.testing.backends import HOSTILE
from askntell.trial import DEFAULT_SEGMENT, Outcome, Segment, Trial

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
VALUE = Goals.of({"chi2": "minimize"})


@pytest.fixture(autouse=True)
def launch(tmp_path, monkeypatch):
    folder = tmp_path / "launch"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def payload(what, *, space=SPACE, segments=ALL, **options):
    return Payload.of(what, space=space, segments=segments, **options)


def spec(what, params=PARAMS, *, segment=ALL[0], inputs=None, **options):
    made = what if isinstance(what, Payload) else payload(what, **options)
    trial = Trial(number=3, segment=segment.name, params=params, attempt=2)
    return made.spec(trial, segment, Path("f").absolute(), "name", inputs=inputs)


def argv(what, params=PARAMS, **options):
    return list(spec(what, params, **options).argv)


# ---- commands -------------------------------------------------------------------------------------------------------


def test_a_command_is_cut_and_filled(tmp_path):
    (tmp_path / "launch" / "train.py").write_text("")
    words = argv(
        "python train.py --lr {lr} -w={width} '{solver} x' {flag} {epochs} {number}/{attempt} {segment} {{lr}} {folder}"
    )
    here = tmp_path / "launch"
    assert words[:2] == [sys.executable, str(here / "train.py")]
    assert words[2:] == ["--lr", "1e-05", "-w=8", "adam x", "true", "50", "3/2", "all", "{lr}", str(here / "f")]


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (None, "none")])
def test_how_words_of_logic_are_written(value, text):
    assert argv(["x", "{flag}"], PARAMS | {"flag": value}) == ["x", text]


def test_floats_are_written_so_that_they_read_back():
    for number in (0.1, 1 / 3, 1e-300, 123456789.123456789):
        assert float(argv(["x", "{lr}"], PARAMS | {"lr": number})[1]) == number


def test_an_inactive_parameter_takes_its_option_along():
    command = ["x", "--momentum", "{momentum}", "-v", "a", "{momentum}", "--m={momentum}", "--", "{momentum}", "end"]
    assert argv(command) == ["x", "-v", "a", "--", "end"]
    sgd = PARAMS | {"solver": "sgd", "momentum": 0.5}
    assert argv(command, sgd) == ["x", "--momentum", "0.5", "-v", "a", "0.5", "--m=0.5", "--", "0.5", "end"]
    assert argv(["x", "--a=b", "{momentum}", "--lr={lr}", "{momentum}"]) == ["x", "--a=b", "--lr=1e-05"]
    assert argv(["x", "-a", "-b", "{momentum}"]) == ["x", "-a"]


def test_inputs_are_several_words():
    segment = Segment("s", inputs=("a b.tar", "c.xml"))
    made = spec("x --in {inputs} end", segments=[segment], segment=segment, inputs=["/d/a b.tar", "/d/c.xml"])
    assert list(made.argv) == ["x", "--in", "/d/a b.tar", "/d/c.xml", "end"]
    assert made.context["inputs"] == ["/d/a b.tar", "/d/c.xml"]
    here = str(Path.cwd())
    assert spec("x", segments=[segment], segment=segment).context["inputs"] == [f"{here}/a b.tar", f"{here}/c.xml"]


def test_features_are_placeholders():
    import numpy as np

    segments = [Segment("a", features={"particle": "photon", "eta": np.float32(0.5), "n": np.int64(2)})]
    made = spec("x {particle} {eta} {n}", segments=segments, segment=segments[0])
    assert list(made.argv) == ["x", "photon", "0.5", "2"]
    json.dumps(made.context)


@pytest.mark.parametrize("text", ["{}", "{1..3}", '{"a": 1}', "{a b}", "${}", "{a,b}", "}{", "{{", '{{"a": 1}}'])
def test_other_braces_are_left_alone(text):
    assert argv(["x", text]) == ["x", text]


def test_names_that_are_no_identifiers():
    space = SearchSpace({"learning rate": Float(0, 1), "a-b": Float(0, 1)})
    assert argv(["x", "{learning rate}", "{a-b}"], {"learning rate": 0.5, "a-b": 0.25}, space=space) == [
        "x",
        "0.5",
        "0.25",
    ]


@pytest.mark.parametrize(
    ("command", "match"),
    [
        (
            "x {rate}",
            r"word 2 of the command: \{rate\} is no placeholder; allowed: lr, width, .*, segment, number",
        ),
        ("x {lr:.3f}", "values have no format"),
        ("x {lr!r}", "values have no format"),
        ("x 'open", "cannot be cut into words: No closing quotation"),
        ("", "is empty"),
        ([], "is empty"),
        ([""], "is empty"),
        (["x", 1], "allowed: a function, a command as a string, or a list of words"),
        (None, "allowed: a function"),
        (b"x", "allowed: a function"),
        ("x --in={inputs}", "word of its own"),
        ("{momentum} x", "cannot name the program"),
        ("python tran.py", r"there is no 'tran\.py'"),
    ],
)
def test_commands_are_checked_before_anything_runs(command, match):
    with pytest.raises(PayloadError, match=match):
        payload(command)


@pytest.mark.parametrize(
    ("features", "match"),
    [
        ([{"lr": 1.0}, {}], "'lr' has the name of a parameter"),
        ([{"folder": "x"}, {}], "'folder' has the name of a built-in placeholder"),
        ([{"eta": 1.0}, {}], r"\{eta\} is a feature that 1 segment\(s\) lack, such as 'b'"),
    ],
)
def test_features_are_checked(features, match):
    segments = [Segment(name, features=given) for name, given in zip("ab", features, strict=True)]
    with pytest.raises(PayloadError, match=match):
        payload("x {eta}" if "eta" in features[0] else "x", segments=segments)


def test_a_parameter_may_have_a_built_in_name_while_it_is_no_placeholder():
    space = SearchSpace({"number": Int(0, 9), "inputs": Float(0, 1)})
    assert argv("x", {"number": 1, "inputs": 0.5}, space=space) == ["x"]
    for name in space.parameters:
        with pytest.raises(PayloadError, match="a parameter and a built-in placeholder"):
            payload(["x", f"{{{name}}}"], space=space)


@pytest.mark.parametrize("kind", ["choice", "ordinal", "constant", "feature", "segment", "first part"])
def test_a_text_that_would_be_an_option_is_refused(kind):
    space, segments, command = SPACE, ALL, ["x", "{word}"]
    if kind in ("choice", "first part"):
        space = SearchSpace({"word": Categorical(["fine", "--help"])})
        command = ["x", "{word}.txt"] if kind == "first part" else command
    elif kind == "ordinal":
        space = SearchSpace({"word": Ordinal(["-o", "fine"])})
    elif kind == "constant":
        space = SearchSpace({"word": Constant("-c")})
    elif kind == "feature":
        segments = [Segment("a", features={"word": "-rf"})]
    else:
        segments, command = [Segment("-rf")], ["x", "{segment}"]
    with pytest.raises(PayloadError, match="reads as an option; write --option="):
        payload(command, space=space, segments=segments)
    word = command[1].strip("{}").partition("}")[0]
    payload(["x", f"--option={{{word}}}"], space=space, segments=segments)
    assert argv(["x", "{lr}"], {"lr": -0.5}) == ["x", "-0.5"], "a number is no option"


def test_an_option_made_of_two_values_is_refused_when_it_comes_up():
    space = SearchSpace({"a": Categorical(["", "b"]), "c": Categorical(["-d", "e"])})
    made = payload(["x", "{a}{c}"], space=space)
    assert argv(made, {"a": "b", "c": "-d"}) == ["x", "b-d"]
    with pytest.raises(PayloadError, match="reads as an option"):
        argv(made, {"a": "", "c": "-d"})


def test_a_nul_is_refused():
    space = SearchSpace({"word": Categorical(["a\0b", "c"])})
    with pytest.raises(PayloadError, match="holds a NUL"):
        payload(["x", "{word}"], space=space)
    payload("x", space=space)


def test_words_that_name_files_become_absolute(launch):
    for name in ("a.py", "conf/b.yaml"):
        (launch / name).parent.mkdir(exist_ok=True)
        (launch / name).write_text("")
    words = argv(
        [
            "a.py",
            "conf/b.yaml",
            "--c=conf/b.yaml",
            "conf",
            "conf/",
            "./conf",
            "none.txt",
            "-",
            "--a.py",
            "x=a.py",
            "a" * 5000,
        ]
    )
    here = str(launch)
    assert words[:6] == [
        f"{here}/a.py",
        f"{here}/conf/b.yaml",
        f"--c={here}/conf/b.yaml",
        "conf",
        f"{here}/conf",
        f"{here}/conf",
    ]
    assert words[6:] == ["none.txt", "-", "--a.py", "x=a.py", "a" * 5000]


PLACES = ["a.py", "conf/b.yaml", "--c=conf/b.yaml", "conf", "conf"]


def test_where_a_job_runs(launch, tmp_path):
    made = spec("x")
    assert (made.cwd, made.launch_dir, made.name) == (launch / "f", launch, "name")
    (tmp_path / "data").mkdir()
    assert spec("x", cwd="../data").cwd == tmp_path / "data"
    (tmp_path / "data" / "t.py").write_text("")
    assert argv("python t.py", cwd=tmp_path / "data")[1] == "t.py"
    with pytest.raises(PayloadError, match="cwd='nowhere' is no folder"):
        payload("x", cwd="nowhere")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (
            {"value": "loss: ("},
            r"value='loss: \(' is no regular expression: missing \), .* at position 6",
        ),
        ({"value": "loss"}, "has 0 groups; allowed: one"),
        ({"value": "(a)(b)"}, "has 2 groups"),
        ({"value": 3}, "is no regular expression"),
        ({"env": {"A=B": "c"}}, "'A=B'='c' is no variable"),
        ({"env": {"A": 1}}, "'A'=1 is no variable"),
        ({"env": {"A": "a\0"}}, "is no variable"),
        ({"env": {"": "a"}}, "is no variable"),
        ({"timeout_s": 0}, "timeout_s=0; allowed: a number of seconds > 0"),
        ({"timeout_s": True}, "timeout_s=True"),
        ({"timeout_s": math.nan}, "timeout_s=nan"),
        ({"timeout_s": "60"}, "timeout_s='60'"),
    ],
)
def test_options_are_checked(options, match):
    with pytest.raises(PayloadError, match=match):
        payload("x", **options)


def test_options_reach_the_job():
    made = spec("x", env={"A": "b c"}, timeout_s=60, value=r"(\d+)")
    assert (made.env, made.timeout_s) == ({"A": "b c"}, 60.0)


# ---- callables ------------------------------------------------------------------------------------------------------


def train(params):
    return params["x"]


def two(first, second):
    return first


def none():
    return 1


class Model:
    @staticmethod
    def fit(params):
        return 1.0

    def method(self, params):
        return 1.0

    def __call__(self, params):
        return 1.0


def test_a_function_of_a_module(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    call = spec(train).call
    assert (call.module, call.script, call.name) == (__name__, "", "train")
    assert call.folders[0] == str(tmp_path)
    assert not any("site-packages" in folder or "lib/python3" in folder for folder in call.folders)
    assert spec(Model.fit).call.name == "Model.fit"
    assert spec(train).argv == ()


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (lambda params: 1, "is a lambda, which another process cannot import; put it at the top level of a module"),
        (functools.partial(train), "is no function of a module"),
        (Model(), "is no function of a module"),
        (Model().method, "another process would run something else"),
        (
            two,
            r"two\(first, second\) cannot be called with the params as one dict: missing a required argument: 'second'",
        ),
    ],
)
def test_what_another_process_cannot_import(function, match):
    with pytest.raises(PayloadError, match=match):
        payload(function)


def test_a_function_inside_a_function():
    def inner(params):
        return 1

    with pytest.raises(PayloadError, match="a function inside a function"):
        payload(inner)
    inner.__qualname__ = "train"
    with pytest.raises(PayloadError, match="another process would run something else"):
        payload(inner)


SCRIPT = """
import sys
from pathlib import Path
from askntell import Float, SearchSpace, Study
def train(params):
    print("imported as", __name__)
    return params["x"]
def main():
    study = Study(sys.argv[1], SearchSpace({"x": Float(0, 1)}), algorithm="random")
    study.run(train, trials=2, parallel=1, progress=False)
    print([t.value == t.params["x"] or t.message for t in study.trials()])
"""


@pytest.mark.parametrize("how", ["script", "module", "unguarded", "typed"])
def test_functions_of_the_main_program(launch, how):
    guard = "main()\n" if how == "unguarded" else "if __name__ == '__main__':\n    main()\n"
    (launch / "prog.py").write_text(SCRIPT + guard)
    words = {"module": ["-m", "prog"], "typed": ["-"]}.get(how, ["prog.py"])
    text = SCRIPT + guard if how == "typed" else None
    done = subprocess.run([sys.executable, *words, "study"], input=text, capture_output=True, text=True, timeout=60)
    if how in ("script", "module"):
        assert done.stdout == "[True, True]\n", done.stderr
        said = {path.read_text() for path in launch.rglob("stdout.txt")}
        assert said == {"imported as __mp_main__\n" if how == "script" else "imported as prog\n"}
    elif how == "typed":
        assert "train was typed into a notebook or a prompt" in done.stderr
    else:
        assert done.stdout.count("prog.py starts a run when it is imported") == 2, done.stderr
        assert len(list(launch.rglob("job.json"))) == 2, "no process starts runs of its own"


# ---- templates and the folder ---------------------------------------------------------------------------------------


def prepared(made, params=PARAMS, segment=ALL[0], inputs=()):
    job = spec(made, params, segment=segment, inputs=list(inputs))
    made.prepare(job)
    return job.folder


def test_templates_are_read_once_and_filled(launch):
    text = '{"lr": {lr}, "s": "{solver}-{width}", "t": {solver}, "m": {momentum}, "f": {flag},'
    (launch / "config.template.json").write_text(text + ' "x": {"y": {}}, "l": "{{lr}}"}')
    (launch / "t.ini").write_text("[a]\nlr = {lr}\nmomentum = {momentum}\nfolder={folder}\nflag={flag}\n")
    made = payload("x", files={"config.json": "config.template.json", "sub/t.ini": launch / "t.ini"})
    (launch / "config.template.json").write_text("changed")
    folder = prepared(made)
    assert json.loads((folder / "config.json").read_text()) == {
        "lr": 1e-05,
        "s": "adam-8",
        "t": "adam",
        "m": None,
        "f": True,
        "x": {"y": {}},
        "l": "{lr}",
    }
    filled = f"[a]\nlr = 1e-05\nmomentum = none\nfolder={folder}\nflag=true\n"
    assert (folder / "sub" / "t.ini").read_text() == filled


def test_inputs_in_a_json_template(launch):
    (launch / "t").write_text('{"files": {inputs}}')
    segment = Segment("s", inputs=("a",))
    folder = prepared(payload("x", files={"c.json": "t"}, segments=[segment]), segment=segment, inputs=["/a b", '/c"d'])
    assert json.loads((folder / "c.json").read_text()) == {"files": ["/a b", '/c"d']}
    with pytest.raises(PayloadError, match=r"read input_ds\.json instead"):
        payload("x", files={"c.txt": "t"}, segments=[segment])


@pytest.mark.parametrize(
    ("target", "text", "match"),
    [
        ("a.json", "\n\n{rate}", r"t: line 3: \{rate\} is no placeholder; allowed: lr"),
        ("a.json", None, "the template cannot be read: .*No such file"),
        ("a.json", b"\xff", "cannot be read: .*utf-8"),
        ("../a", "", r"the target '\.\./a' is not allowed"),
        ("/a", "", "is not allowed"),
        ("a/../../b", "", "is not allowed"),
        ("", "", "is not allowed"),
        (".", "", "is not allowed"),
        ("a\0b", "", "is not allowed"),
        ("exit.json", "", "is not allowed"),
        ("./result.json", "", "is not allowed"),
    ],
)
def test_templates_are_checked(launch, target, text, match):
    if text is not None:
        (launch / "t").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(PayloadError, match=match):
        payload("x", files={target: "t"})


def test_the_folder_of_a_job():
    segment = Segment("s", inputs=("a.tar",), features={"eta": 0.5})
    folder = prepared(payload("x {eta}", segments=[segment], timeout_s=9), segment=segment, inputs=["/d/a.tar"])
    assert sorted(p.name for p in folder.iterdir()) == ["input.json", "input_ds.json", "job.json"]
    assert json.loads((folder / "input.json").read_text()) == PARAMS
    assert json.loads((folder / "input_ds.json").read_text()) == ["/d/a.tar"]
    job = json.loads((folder / "job.json").read_text())
    assert job["argv"] == ["x", "0.5"]
    assert job["timeout_s"] == 9.0
    assert job["context"] == {
        "params": PARAMS,
        "segment": "s",
        "features": {"eta": 0.5},
        "inputs": ["/d/a.tar"],
        "number": 3,
        "attempt": 2,
    }
    assert not (prepared(payload("x")).parent / "g").exists()


def test_a_folder_may_be_prepared_again_and_is_private(launch):
    (launch / "t").write_text("{lr}")
    made = payload("x", files={"deep/er/a.txt": "t"})
    before = os.umask(0)
    try:
        prepared(made)
        folder = prepared(made, PARAMS | {"lr": 0.5})
    finally:
        os.umask(before)
    assert json.loads((folder / "input.json").read_text())["lr"] == 0.5
    assert (folder / "deep" / "er" / "a.txt").read_text() == "0.5"
    assert [p for p in (folder, *folder.rglob("*")) if p.stat().st_mode & 0o077] == []
    assert [p.name for p in folder.rglob(".*")] == []


# ---- hostile texts --------------------------------------------------------------------------------------------------

SHOW = """
import json, os, sys
from askntell import worker
given = os.fsencode(sys.argv[1]).decode("utf-8")
assert given == "v=" + worker.current().params["word"], given
assert json.load(open("input.json"))["word"] == worker.current().params["word"]
config = json.load(open("config.json"))
assert config == {"inside": "<" + worker.current().params["word"] + ">", "outside": worker.current().params["word"]}
text = open("plain.txt", newline="", encoding="utf-8").read()
assert text == worker.current().params["word"], text
worker.current().finish(1)
"""


def test_hostile_texts_reach_the_program_and_nothing_else(launch, tmp_path):
    words = [word for word in HOSTILE if word]
    space = SearchSpace({"word": Categorical(words)})
    (launch / "show.py").write_text(SHOW)
    (launch / "t.json").write_text('{"inside": "<{word}>", "outside": {word}}')
    (launch / "t.txt").write_text("{word}")
    made = payload(
        "python show.py v={word} ; touch CANARY", space=space, files={"config.json": "t.json", "plain.txt": "t.txt"}
    )
    before = set(tmp_path.rglob("*"))
    with Local(grace_s=1) as local:
        local.open(2)
        specs = []
        for number, word in enumerate(words):
            trial = Trial(number=number, params={"word": word})
            specs.append(made.spec(trial, ALL[0], tmp_path / "study" / str(number), f"job-{number}"))
            made.prepare(specs[-1])
        jobs = [local.submit(job) for job in specs]
        while set(local.poll(jobs).values()) != {JobStatus.ENDED}:
            time.sleep(0.01)
    for job in specs:
        assert read_outcome(job.folder, VALUE).values == {"chi2": 1.0}, (job.folder / "stderr.txt").read_text()
    new = set(tmp_path.rglob("*")) - before
    assert all((tmp_path / "study") in (path, *path.parents) for path in new), "nothing outside of the study's folder"
    assert not [path for path in new if "CANARY" in path.name]


NAMES = Names.of(SearchSpace({"a": Categorical(["x"]), "b": Float(0, 1), "c c": Int(0, 9)}), ALL)
TEXTS = st.text(alphabet=st.one_of(st.sampled_from('{}"\\ab c:-\n'), st.characters(exclude_categories=["Cs"])))


@given(text=TEXTS, value=TEXTS)
def test_texts_without_placeholders_come_through_and_values_are_never_read_again(text, value):
    try:
        parts = NAMES.cut(text, str)
    except PayloadError:
        return
    if all(isinstance(part, str) for part in parts):
        assert "".join(parts) == text or "{{" in text
    names = {part.name for part in parts if not isinstance(part, str)}
    values = dict.fromkeys(NAMES.known, value) | {"inputs": [value]}
    if "inputs" not in names:
        assert fill_text(parts, values) == "".join(part if isinstance(part, str) else value for part in parts)


@given(value=TEXTS, number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_filled_json_template_is_json_with_the_values(value, number):
    template = NAMES.cut('{"k": "\\"{a}\\\\", "o": {a}, "n": {b}, "s": "{b}", "z": [{c c}, {inputs}]}', str, json=True)
    made = json.loads(fill_json(template, {"a": value, "b": number, "inputs": [value]}))
    assert made == {"k": f'"{value}\\', "o": value, "n": number, "s": repr(number), "z": [None, [value]]}


@given(values=st.lists(TEXTS.filter(lambda t: not t.startswith("-")), min_size=1, max_size=4))
def test_one_word_stays_one_word(values):
    words = [NAMES.cut("x", str), NAMES.cut("{a}", str), NAMES.cut("--o={a}{b}", str), NAMES.cut("{inputs}", str)]
    made = fill_words(words, {"a": values[0], "b": 0.5, "inputs": values})
    assert made == ["x", values[0], f"--o={values[0]}0.5", *values]


# ---- outcomes -------------------------------------------------------------------------------------------------------

DONE = {"v": 1, "status": 0, "signal": None, "timed_out": False, "interrupted": False, "seconds": 1.5}
LINE = r"loss: (\S+)"


@pytest.fixture
def outcome(tmp_path):
    def read(end=None, *, value=LINE, goals=VALUE, **files):
        folder = tmp_path / "attempt"
        folder.mkdir()
        if end is not None:
            (folder / "exit.json").write_text(json.dumps(DONE | end))
        for key, content in files.items():
            text = content if isinstance(content, str | bytes) else json.dumps(content)
            (folder / key.replace("_", ".")).write_bytes(text.encode() if isinstance(text, str) else text)
        return read_outcome(folder, goals, None if value is None else re.compile(value))

    return read


def finished(value, message=""):
    return Outcome(values={"chi2": value}, message=message)


def failed(kind, message):
    return Outcome(failure=kind, message=message)


def test_a_job_that_goes_on_has_no_outcome(outcome):
    assert outcome(stdout_txt="loss: 1") is None


@pytest.mark.parametrize("end", [{}, {"status": 1}, {"signal": 11, "status": None}, {"interrupted": True}, None])
def test_a_value_that_was_handed_back_counts_however_the_job_ended(outcome, end):
    assert outcome(end, result_json={"v": 1, "value": 0.0}, stdout_txt="loss: 5", output_json={"loss": 3}) == finished(
        0.0
    )


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"v": 1, "value": "nan"}, failed("nan", "value was nan")),
        ({"v": 1, "value": "-inf"}, failed("nan", "value was -inf")),
        ({"v": 1, "values": {"chi2": 2.0, "ms": "nan"}}, finished(2.0)),
        ({"v": 1, "values": {"ms": 1.0, "mib": 2.0}}, "result.json names 'ms', 'mib', not 'chi2'"),
        ({"v": 1, "values": {}}, "result.json names nothing, not 'chi2'"),
        ({"v": 1, "value": "0.5"}, "result.json: value of 'chi2' must be a number, got '0.5' (str)"),
        ({"v": 1}, "result.json: got neither a value"),
        ({"v": 2, "value": 1.0}, "not an object of version 1"),
        ('{"v": 1, "value": NaN}', "result.json is damaged"),
        ("", "result.json is damaged"),
    ],
)
def test_results(outcome, result, expected):
    got = outcome({}, result_json=result)
    if isinstance(expected, str):
        assert got.failure == "crash"
        assert expected in got.message
    else:
        assert got == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({"status": 0, "loss": 0.0}, finished(0.0)),
        ({"loss": 2}, finished(2.0)),
        ({"status": 0, "loss": 1, "message": "fine\n"}, finished(1.0, "fine\\n")),
        ('{"status": 0, "loss": NaN}', failed("nan", "value was nan")),
        ('{"status": 0, "loss": -Infinity}', failed("nan", "value was -inf")),
        (
            {"status": 3, "loss": 1, "message": "no\x1b[2J data"},
            failed("crash", "output.json has status 3: no\\x1b[2J data"),
        ),
        ({"status": 3}, failed("crash", "output.json has status 3")),
        ({"status": 0}, failed("crash", "output.json has no loss")),
        ({"status": 0, "loss": None}, failed("crash", "output.json has no loss")),
        ({"status": 0, "loss": "x"}, failed("crash", "output.json: value of 'chi2' must be a number, got 'x' (str)")),
        ([1], failed("crash", "output.json holds list; allowed: an object")),
        ("{", None),
        ("[" * 100_000, None),
        ('{"loss": 1' + "0" * 400 + "}", None),
    ],
)
def test_the_grid_contract(outcome, output, expected):
    got = outcome({}, output_json=output, stdout_txt="loss: 9")
    if expected is None:
        assert got.failure == "crash"
        assert got.message.startswith("output.json")
    else:
        assert got == expected


def test_several_objectives_in_output_json_are_one_loss(outcome):
    assert outcome({}, output_json={"loss": 4, "chi2": 7}, goals=Goals.of({"chi2": "maximize"})) == finished(4.0)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"stdout_txt": "loss: 3\nepoch\nloss: 0.5 loss: 0.25\nbye\n"}, finished(0.25)),
        ({"stdout_txt": "nothing", "stderr_txt": "loss: 1e-3\n"}, finished(0.001)),
        ({"stdout_txt": "loss: 1\n", "stderr_txt": "loss: 2\n"}, finished(1.0)),
        ({"stdout_txt": "loss: 3\rloss: 2\r\nloss: 1\r"}, finished(1.0)),
        ({"stdout_txt": b"\xff\xfe loss: 4\n"}, finished(4.0)),
        ({"stdout_txt": "loss: nan"}, failed("nan", "value was nan")),
        ({"stdout_txt": "loss: inf"}, failed("nan", "value was inf")),
        (
            {"stdout_txt": "loss: 1\nloss: 0.5,\n"},
            failed("crash", r"value='loss: (\\S+)' found '0.5,', which is no number"),
        ),
        ({"stdout_txt": "x" * 2_000_000 + "\nloss: 7\n"}, finished(7.0)),
    ],
)
def test_a_line_of_the_output(outcome, files, expected):
    assert outcome({}, **files) == expected


def test_only_the_end_of_the_output_is_read(outcome):
    got = outcome({}, stdout_txt="loss: 1\n" + "noise\n" * 300_000)
    assert got.failure == "crash"
    assert "no line of the output matches" in got.message


def test_a_line_of_a_program_that_failed_is_no_value(outcome):
    got = outcome({"status": 3}, stdout_txt="loss: 1", output_json={"loss": 2})
    assert got == failed("crash", "exit status 3")


@pytest.mark.parametrize(
    ("end", "stderr", "expected"),
    [
        ({"status": 3}, "", failed("crash", "exit status 3")),
        ({"status": 3}, "Traceback\nValueError: bad lr\n\n  \n", failed("crash", "exit status 3: ValueError: bad lr")),
        ({"status": None, "signal": 11}, "", failed("crash", "killed by signal 11 (SIGSEGV)")),
        ({"status": None, "signal": 99}, "x", failed("crash", "killed by signal 99: x")),
        (
            {"status": None, "signal": 9},
            "",
            failed("crash", "killed by signal 9 (SIGKILL); the system may have run out of memory"),
        ),
        ({"status": 1, "error": "ValueError: no"}, "Traceback\nValueError: no\n", failed("crash", "ValueError: no")),
        ({"status": 1, "error": "MemoryError", "kind": "memory"}, "", failed("memory", "MemoryError")),
        ({"status": 0, "error": "f called sys.exit(0)"}, "", failed("crash", "f called sys.exit(0)")),
        ({"status": 1}, "MemoryError\n", failed("memory", "exit status 1: MemoryError")),
        (
            {"status": 1},
            "torch.cuda.OutOfMemoryError: CUDA out of memory.\nbye",
            failed("memory", "exit status 1: bye"),
        ),
        (
            {"status": None, "signal": 6},
            "terminate: std::bad_alloc",
            failed("memory", "killed by signal 6 (SIGABRT): terminate: std::bad_alloc"),
        ),
        ({"status": 1}, "out of memory\n" + "x\n" * 30, failed("crash", "exit status 1: x")),
        (
            {"timed_out": True, "status": None},
            "",
            failed("timeout", "ran longer than allowed and was ended after 1.5 s"),
        ),
        (
            {"status": 1},
            "a\x1b]0;title\x07\u202eb\u2028c",
            failed("crash", "exit status 1: a\\x1b]0;title\\x07\\u202eb\\u2028c"),
        ),
    ],
)
def test_failures_say_why(outcome, end, stderr, expected):
    assert outcome(end, stderr_txt=stderr) == expected


def test_a_timeout_comes_before_everything(outcome):
    assert outcome({"timed_out": True}, result_json={"v": 1, "value": 1.0}).failure == "timeout"


def test_messages_are_short(outcome):
    got = outcome({"status": 1}, stderr_txt="\x00" * 5000)
    assert len(got.message) == 500
    assert got.message.endswith("...")


def test_no_value_says_what_was_looked_for(outcome):
    got = outcome({}, value=None)
    assert got == failed(
        "crash", "ended with status 0 and without a value: neither result.json nor output.json, and no value= pattern"
    )


@pytest.mark.parametrize("end", [{"interrupted": True}, {"interrupted": True, "status": None, "signal": 15}])
def test_an_attempt_that_was_ended_from_outside(outcome, end):
    assert isinstance(outcome(end, stdout_txt="loss: 1", output_json={"loss": 1}), Interrupted)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"v": 7}'])
def test_a_damaged_exit_file_ends_the_attempt_only(tmp_path, text):
    (tmp_path / "exit.json").write_text(text)
    assert isinstance(read_outcome(tmp_path, VALUE), Interrupted)


def test_a_pattern_sees_long_outputs_in_linear_time(tmp_path):
    (tmp_path / "exit.json").write_text(json.dumps(DONE))
    # Quadratic in the length of a line: a MiB in one line would take minutes, cut lines take their sum.
    (tmp_path / "stdout.txt").write_text("a" * 2**20 + "\n" + ("b " * 4000 + "\n") * 100)
    began = time.perf_counter()
    assert read_outcome(tmp_path, VALUE, re.compile(r"\w*\s*loss: (\S+)")).failure == "crash"
    assert time.perf_counter() - began < 10
