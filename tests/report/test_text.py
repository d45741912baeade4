"""The report for people."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from imgscan.model import Diagnostic, Hidden, Location, Origin, Stats, TargetReport, Visibility
from tests.report.samples import (
    ACCEPTED,
    BROKEN,
    CLEAN,
    CONTEXT,
    DIRECTORY,
    HISTORY,
    HOOK,
    HOSTILE,
    LIVE,
    SHOP,
    finding,
    layers,
    line,
    render,
)


def text(*reports: TargetReport, **settings: object) -> str:
    """Render reports for a terminal."""
    return render("text", *reports, context=replace(CONTEXT, **settings)).decode()  # type: ignore[arg-type]


def test_findings_stand_under_their_layer() -> None:
    """Findings are grouped by layer; the layer's line has its number, digest and instruction."""
    shown = text(SHOP)
    heading = shown.index("layer 4 of 7  sha256:dc383e6cb34a  COPY . /app\n")
    assert heading < shown.index("app/.env:3:19") < shown.index("layer 6 of 7  ")


@pytest.mark.parametrize(
    ("visibility", "shown"),
    [
        (Visibility("visible"), "visible in the finished image"),
        (Visibility("deleted", 1), "deleted in layer 2, still readable by anyone who pulls the image"),
        (Visibility("overwritten", 1), "overwritten by layer 2, still readable by anyone who pulls the image"),
        (Visibility("deleted"), "deleted in a later layer, still readable by anyone who pulls the image"),
    ],
)
def test_a_findings_life_is_told(visibility: Visibility, shown: str) -> None:
    """A finding says whether its file is visible, deleted or overwritten, by which layer, and that it is readable."""
    report = TargetReport("a", "image", layers=layers("COPY a", "RUN b"), findings=(finding(visibility=visibility),))
    assert shown in text(report, width=100)


def test_a_secret_in_several_places_is_told_once() -> None:
    """The first place of a secret says how many there are; the others refer to it."""
    shown = text(SHOP)
    assert shown.count("3 places, 2 layers") == 1
    assert shown.count("same secret as app/.env:3:19 in layer 4 of 7") == 2


def test_a_binary_has_an_offset() -> None:
    """A finding in a binary is placed by its byte offset."""
    assert "usr/local/bin/server at byte 1,204,224\n" in text(SHOP)


def test_an_encoding_is_named() -> None:
    """A secret that is not written plainly has its encoding beside its place."""
    assert "app/k8s/secret.yaml:7:15  as base64\n" in text(SHOP)


def test_an_image_document_has_its_field() -> None:
    """A secret in the image's config is placed by the field that holds it."""
    assert ".image/config.json  config/Env/STRIPE_API_KEY\n" in text(SHOP)


def test_the_remedy_stands_once_for_each_rule() -> None:
    """Each rule that found something has its steps once, and the steps for rebuilding are reported once for all."""
    shown = text(SHOP)
    assert shown.count("Rotate: Stripe secret key (live)") == 1
    assert shown.count("Rebuild the image") == 1
    assert "Stripe App" not in shown


def test_different_ways_to_rebuild_name_their_rules() -> None:
    """Where rules ask for different rebuilding, each block says whose it is."""
    report = TargetReport("a", "image", findings=(finding(), finding("stripe-ephemeral-key", HOOK)))
    shown = text(report)
    assert "Rebuild the image: Stripe secret key (live)\n" in shown
    assert "Rebuild the image: Stripe ephemeral key\n" in shown


def test_a_directory_is_told_to_clean_up() -> None:
    """A directory has no image to rebuild."""
    shown = text(DIRECTORY)
    assert "Clean up" in shown
    assert "Rebuild" not in shown


def test_examples_ask_for_nothing() -> None:
    """Documented examples and accepted findings have no steps to take."""
    report = TargetReport("a", "filesystem", findings=(finding(status="example", level="note"),))
    shown = text(report)
    assert "an example from Stripe's documentation, not a leak" in shown
    assert "What to do" not in shown


def test_a_clean_target_says_what_was_read() -> None:
    """Where nothing is found one line says so, how much was read, and that it was everything."""
    last = text(CLEAN).splitlines()[-1]
    assert last == "No Stripe secrets found · read everything: 18.4 MB, 12 entries, 2 layers"


def test_an_unwhole_scan_never_says_everything() -> None:
    """Where something could not be read the last line says so, whether anything was found or not."""
    report = TargetReport(
        "a", "image", diagnostics=(Diagnostic("error", "gone", "Gone.", bytes=5),), stats=Stats(10, 2, 1)
    )
    last = text(report).splitlines()[-1]
    assert last == "No Stripe secrets found · INCOMPLETE: 1 error (5 bytes); read 10 bytes, 2 entries, 1 layer"


def test_skipped_content_is_in_the_totals() -> None:
    """Content that was skipped is counted in the last line."""
    assert text(SHOP).splitlines()[-1].endswith("skipped 1 (12.6 MB)")


def test_what_was_not_scanned_is_told_by_reason() -> None:
    """Things not scanned are under their reason, errors first, ten places of a reason unless verbose."""
    shown = text(BROKEN)
    assert shown.index("digest-mismatch") < shown.index("nested-too-deep")
    assert shown.count("nested-too-deep") == 1
    assert "and 4 more; -v lists them" in shown
    assert "srv/13.zip" not in shown
    assert "srv/13.zip" in text(BROKEN, verbose=1)


def test_hidden_findings_are_counted_with_the_way_to_see_them() -> None:
    """What is not listed is counted, with the options that list it."""
    report = TargetReport("a", "image", hidden=Hidden(confidence=2, examples=1, publishable=3))
    shown = text(report)
    assert "Not listed: 2 below the chosen confidence" in shown
    assert "To see them: --min-confidence low · --include examples,publishable" in shown


def test_several_targets_end_in_one_line_for_all() -> None:
    """Over several targets a secret counts once, and the last line has all of them."""
    last = text(CLEAN, SHOP, SHOP).splitlines()[-1]
    assert last.startswith("3 targets: 3 secrets in 12 places: 8 errors, 4 warnings")


def test_no_target_is_no_clean_target() -> None:
    """A report of no target does not say that nothing was found."""
    assert text() == "No target was scanned.\n"


def test_quiet_prints_a_line_for_each_finding() -> None:
    """When quiet there is one line for each finding, the way compilers write, and the totals."""
    lines = text(SHOP, quiet=True).splitlines()
    assert len(lines) == len(SHOP.findings) + 1
    assert lines[0] == (
        "app/.env:3:19: error: Stripe secret key (live) sk_live_51…a1B2 (shop:latest, layer 4 of 7, deleted in layer 5)"
    )


def test_quiet_prints_only_totals_when_nothing_is_found() -> None:
    """When quiet and nothing is found the totals are all there is."""
    assert text(CLEAN, quiet=True).count("\n") == 1


def test_verbose_lists_every_layer() -> None:
    """When verbose each layer is listed, with its whole digest, and each finding with its fingerprint."""
    shown = text(SHOP, verbose=1)
    assert all(f"layer {number} of 7" in shown for number in range(1, 8))
    assert all(f"digest {layer.digest}" in shown for layer in SHOP.layers)
    assert all(f"fingerprint {one.fingerprint}" in shown for one in SHOP.findings)


def test_paths_are_never_broken() -> None:
    """A path stays on one line however narrow the terminal."""
    path = "a very/long path/" + "x" * 300
    report = TargetReport("a", "image", layers=layers("COPY"), findings=(finding(location=line(0, path, 1, 1)),))
    assert f"{path}:1:1\n" in text(report, width=20)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_prose_is_wrapped(width: int) -> None:
    """Prose keeps to the terminal's width, and to 100 columns in a wider one."""
    remedy = text(SHOP, width=width).partition("What to do")[2].partition("Not scanned")[0]
    assert max(len(row) for row in remedy.splitlines()) <= min(width, 100)


def test_color_changes_nothing_but_color() -> None:
    """Without its colour sequences a coloured report is the plain one."""
    for report in (SHOP, CLEAN, BROKEN, DIRECTORY, HOSTILE):
        assert re.sub(r"\x1b\[[\d;]*m", "", text(report, color=True)) == text(report)


def test_no_line_begins_with_a_runner_command() -> None:
    """No line of a hostile image's report is a command to a CI runner."""
    rows = [row.lstrip() for row in text(HOSTILE, width=40).splitlines()]
    assert not [row for row in rows if row.startswith("::") or "##[" in row or "##vso[" in row]


def test_a_finding_may_stand_outside_any_layer_that_is_listed() -> None:
    """A layer that the manifest does not list is named by its number alone."""
    report = TargetReport("a", "image", findings=(finding(held=LIVE, location=Location(layer=7, path="b", offset=0)),))
    assert "\nlayer 8\n" in text(report)


def test_accepted_findings_are_counted_apart() -> None:
    """The totals say how many of the findings are accepted in the baseline, and each of them says so."""
    shown = text(ACCEPTED)
    assert "accepted in the baseline\n" in shown
    assert "2 secrets in 2 places: 1 error, 1 warning, 1 of them accepted in the baseline" in shown


def test_an_origin_is_told() -> None:
    """A finding names the source or Dockerfile line it comes from, on its own line or within the quiet one."""
    assert "           from deploy/.env:3\n" in text(ACCEPTED)
    assert ", from Dockerfile:7, accepted in the baseline)" in text(ACCEPTED, quiet=True)


def test_what_dockerignore_would_do_is_told() -> None:
    """A source file that a line of .dockerignore would have kept out is reported with that advice, and no other is."""
    advice = "listing the file in .dockerignore keeps it out of the image\n"
    brought = finding(origin=Origin(3, source="deploy/.env", ignorable=True))
    assert f"           from deploy/.env:3\n           {advice}" in text(replace(CLEAN, findings=(brought,)))
    assert advice not in text(ACCEPTED)


def test_a_commit_is_told_and_whether_the_key_still_stands() -> None:
    """In a repository a finding names its commit, and whether the newest commit still has it."""
    shown = text(HISTORY)
    assert "           commit 1f0c1f0c1f0c, 2024-02-28\n           deleted since, still in the history\n" in shown
    assert "still there in the newest commit" in shown
