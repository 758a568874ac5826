"""Campaigns from the command line: stop and resume, status of many segments, export, runs with a total."""

from __future__ import annotations

import csv
import io
import json
import stat

from cli_tools import SEGMENTS, askntell, made

PRINT = ["--", "python", "-c", "print('value:', {width})"]


def test_stop_and_resume(tmp_path):
    made(tmp_path, segments=SEGMENTS)
    names = [entry["name"] for entry in SEGMENTS]
    done = askntell("stop", "calo", names[0], "--why", "binning\nis wrong", cwd=tmp_path)
    assert (done.status, done.out) == (0, f"{names[0]}: stopped, binning\\nis wrong\n")
    assert askntell("ask", "calo", cwd=tmp_path).json()["segment"] == names[1]
    refused = askntell("ask", "calo", "--segment", names[0], cwd=tmp_path)
    assert (refused.status, refused.out) == (1, "")
    status = askntell("status", "calo", cwd=tmp_path).out
    assert "note" in status.splitlines()[1]
    assert status.splitlines()[2].endswith("binning\\nis wrong")
    assert status.splitlines()[-1].endswith("1 pending, 1 segment stopped")
    done = askntell("resume", "calo", *names, cwd=tmp_path)
    assert done.out == f"{names[0]}: new\n{names[1]}: running\n"
    assert "no segment 'x'" in askntell("stop", "calo", names[0], "x", cwd=tmp_path).mistake()
    assert askntell("status", "calo", "--json", cwd=tmp_path).json()["segments"][0]["stopped"] is None, "all or nothing"


def test_status_of_many_segments(tmp_path):
    made(tmp_path, segments=[{"name": f"s{n}", "files": ["there.tar"]} for n in range(30)])
    for n in (7, 3):
        told = [{"params": {"lr": 1e-3, "width": 64, "solver": "adam"}, "value": n, "segment": f"s{n}"}]
        askntell("tell", "calo", "--from", "-", cwd=tmp_path, stdin=json.dumps(told)).json()
    done = askntell("status", "calo", "--sort", "best", "--limit", 3, cwd=tmp_path).out.splitlines()
    assert [line.split()[0] for line in done[2:5]] == ["s3", "s7", "s0"]
    assert done[5:] == [
        "... and 27 more segments",
        "2 trials finished, 0 failed, 0 pending, 30 segments waiting for inputs",
    ]
    assert len(askntell("status", "calo", "--limit", 3, "--json", cwd=tmp_path).json()["segments"]) == 30
    assert "'size'" in askntell("status", "calo", "--sort", "size", cwd=tmp_path).mistake()


def test_export(tmp_path):
    made(tmp_path, segments=SEGMENTS)
    askntell(
        "tell",
        "calo",
        askntell("ask", "calo", cwd=tmp_path).json()["number"],
        0.5,
        "--segment=pid22_eta_0_5",
        cwd=tmp_path,
    )
    (row,) = csv.DictReader(io.StringIO(askntell("export", "calo", cwd=tmp_path).out))
    assert (row["segment"], row["value"], row["params.width"]) == ("pid22_eta_0_5", "0.5", row["params.width"])
    (trial,) = json.loads(askntell("export", "calo", "--json", cwd=tmp_path).out)
    assert trial["value"] == 0.5
    done = askntell("export", "calo", "--segments", "--csv", "-o", "segments.csv", cwd=tmp_path)
    assert (done.status, done.out) == (0, "")
    assert "2 rows written to segments.csv" in done.err
    text = (tmp_path / "segments.csv").read_text("utf-8")
    assert [row["features.particle"] for row in csv.DictReader(io.StringIO(text))] == ["photon", "electron"]
    assert stat.S_IMODE((tmp_path / "segments.csv").stat().st_mode) == 0o600
    assert "not allowed with" in askntell("export", "calo", "--csv", "--json", cwd=tmp_path).mistake()


def test_a_run_with_a_total_a_target_and_missing_inputs(tmp_path):
    made(tmp_path, segments=[*SEGMENTS, {"name": "late", "files": ["late.tar"]}])
    run = ["run", "calo", "--value", r"value: (\S+)", "--parallel", 1]
    done = askntell(*run, "--total", 5, *PRINT, cwd=tmp_path)
    assert done.status == 0
    assert "1 segment waiting for inputs, such as late for late.tar" in done.err
    summary = askntell("status", "calo", "--json", cwd=tmp_path).json()
    assert [s["finished"] for s in summary["segments"]] == [3, 2, 0]
    done = askntell(*run, "--trials", 9, "--target", 512, "--patience", 3, "--quiet", "--json", *PRINT, cwd=tmp_path)
    report = done.json()
    assert {why[:14] for why in report["stopped"].values()} == {"target reached"}
    assert report["waiting"] == {"late": ["late.tar"]}
    assert (
        "--target 'x'; allowed: a number, or NAME=NUMBER"
        in askntell(*run, "--total", 5, "--target", "x", *PRINT, cwd=tmp_path).mistake()
    )


def test_share_is_kept(tmp_path):
    made(tmp_path, "--share", "none")
    assert askntell("status", "calo", "--json", cwd=tmp_path).json()["share"] == "none"
    again = ["init", "calo", "--space", "space.json", "--algorithm", "random"]
    assert "share: the study has 'none', given 'auto'" in askntell(*again, cwd=tmp_path).mistake()
