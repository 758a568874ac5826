"""Payloads: what is refused before anything runs, and what a job gets."""

import functools
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from payload_tools import ALL, PARAMS, SPACE, argv, payload, spec

from askntell.errors import PayloadError
from askntell.space import Categorical, Constant, Float, Int, Ordinal, SearchSpace
from askntell.trial import Segment

pytestmark = pytest.mark.usefixtures("launch")


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
