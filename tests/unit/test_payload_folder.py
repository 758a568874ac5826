"""The folder of a job, filled templates, and texts that try to be more than text."""

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payload_tools import ALL, PARAMS, payload, spec

from askntell.backends import Local
from askntell.errors import PayloadError
from askntell.goals import Goals
from askntell.job import JobStatus
from askntell.payload import read_outcome
from askntell.payload.placeholders import Names, fill_json, fill_text, fill_words
from askntell.space import Categorical, Float, Int, SearchSpace
from askntell.testing.backends import HOSTILE
from askntell.trial import Segment, Trial

pytestmark = pytest.mark.usefixtures("launch")


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
    goals = Goals.of({"chi2": "minimize"})
    for job in specs:
        assert read_outcome(job.folder, goals).values == {"chi2": 1.0}, (job.folder / "stderr.txt").read_text()
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
