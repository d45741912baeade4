"""Laws that hold for every report that the types allow."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.model import (
    CONFIDENCES,
    LEVELS,
    Diagnostic,
    Digest,
    Finding,
    Hidden,
    LayerInfo,
    Location,
    Origin,
    Secret,
    Stats,
    TargetReport,
    Visibility,
)
from imgscan.report import FORMATS
from imgscan.report.annotations import Annotations
from imgscan.report.markdown import LIMIT
from tests.effort import examples
from tests.report.samples import CONTEXT, RULES, render
from tests.report.test_gitlab import VALIDATOR as GITLAB
from tests.report.test_html import parsed
from tests.report.test_sarif import VALIDATOR

if TYPE_CHECKING:
    from imgscan.report import ReportContext

_SGR = re.compile(r"\x1b\[[\d;]*m")

# Characters of every kind, lone surrogates among them, and what readers might take for markup or commands.
_HOSTILE = st.sampled_from(
    ["::error::", "##[error]", "##vso[x]", "\x1b[2J", "!/", "../", "./", "//", "[a](b)", "{0}", "\n", "\u202e", "<b>"]
)
names = st.lists(st.text(st.characters(exclude_categories=()), max_size=6) | _HOSTILE, max_size=5).map("".join)
counts = st.integers(-5, 2**70) | st.just(10**400)
maybe_names = st.none() | names
maybe_counts = st.none() | counts
digests = st.builds(
    Digest,
    st.sampled_from(["sha256", "sha512", "blake3"]),
    st.text("0123456789abcdef", min_size=64, max_size=64),
)
indexes = st.integers(0, 130)
numbers = st.integers(0, 2**70) | st.just(10**400)
lines = st.integers(1, 2**70) | st.just(10**400)
visibilities = st.just(Visibility("visible")) | st.builds(
    Visibility, st.sampled_from(["overwritten", "deleted"]), st.none() | indexes
)
origins = st.builds(Origin, lines, dockerfile=names) | st.builds(Origin, lines, source=names)


@st.composite
def locations(draw: st.DrawFn) -> Location:
    """Make any place that a location may be: in a field, in a binary, or in a text with or without its end."""
    begins, ends, commits = (draw(st.booleans()) for _ in range(3))
    return Location(
        layer=draw(st.none() | indexes),
        path=draw(names | st.just(".image/config.json")),
        path_bytes=draw(st.none() | st.binary(max_size=20)),
        line=draw(lines) if begins else None,
        column=draw(lines) if begins else None,
        end_line=draw(lines) if begins and ends else None,
        end_column=draw(lines) if begins and ends else None,
        offset=draw(st.none() | numbers),
        length=draw(st.none() | numbers),
        encoding=draw(st.sampled_from(["plain", "base64", "utf-16-le"])),
        field=draw(maybe_names),
        commit=draw(names) if commits else None,
        authored=draw(maybe_names) if commits else None,
    )


findings = st.builds(
    Finding,
    rule_id=st.sampled_from([rule.id for rule in RULES]) | names,
    title=names,
    level=st.sampled_from(LEVELS),
    confidence=st.sampled_from(CONFIDENCES),
    status=st.sampled_from(["new", "baseline", "example"]),
    secret=st.builds(
        Secret,
        redacted=names,
        sha256=st.sampled_from(["0" * 64, "1" * 64, "2" * 64]),
        length=counts,
        mode=st.sampled_from(["live", "test", None]),
        account=maybe_names,
        account_created=maybe_names,
    ),
    location=locations(),
    visibility=st.none() | visibilities,
    fingerprint=names,
    origin=st.none() | origins,
)
layers = st.builds(
    LayerInfo,
    index=indexes,
    digest=st.none() | digests,
    diff_id=st.none() | digests,
    media_type=maybe_names,
    created_by=maybe_names,
    size=maybe_counts,
    bytes=maybe_counts,
    entries=maybe_counts,
    from_base=st.booleans(),
)
diagnostics = st.builds(
    Diagnostic,
    severity=st.sampled_from(["error", "skipped"]),
    code=names,
    message=names.filter(bool),
    layer=st.none() | indexes,
    path=maybe_names,
    bytes=maybe_counts,
)
reports = st.builds(
    TargetReport,
    target=names,
    kind=st.sampled_from(["image", "filesystem", "git"]),
    reference=maybe_names,
    digest=st.none() | digests,
    config_digest=st.none() | digests,
    platform=maybe_names,
    layers=st.lists(layers, max_size=4, unique_by=lambda layer: layer.index).map(tuple),
    findings=st.lists(findings, max_size=5).map(tuple),
    diagnostics=st.lists(diagnostics, max_size=4).map(tuple),
    hidden=st.builds(Hidden, counts, counts, counts, counts, counts),
    stats=st.builds(Stats, counts, counts, counts, counts, counts),
)
contexts = st.builds(
    lambda **changes: replace(CONTEXT, **changes),
    color=st.booleans(),
    width=st.integers(-1, 200),
    quiet=st.booleans(),
    verbose=st.integers(0, 2),
    sarif_category=maybe_names,
    sarif_accepted=st.booleans(),
    commit=maybe_names,
)
law = settings(database=None, max_examples=examples(20))


def _same_twice(name: str, targets: list[TargetReport], context: ReportContext = CONTEXT) -> str:
    raw = render(name, *targets, context=context)
    assert raw == render(name, *targets, context=context)
    return raw.decode("utf-8")


@law
@given(st.sampled_from(FORMATS), st.lists(reports, max_size=2))
def test_any_report_is_text(form: str, targets: list[TargetReport]) -> None:
    """A report in any format is a pure function of its values, and is UTF-8."""
    _same_twice(form, targets)


@law
@given(st.lists(reports, max_size=2), contexts)
def test_any_text_is_printable_and_no_command(targets: list[TargetReport], context: ReportContext) -> None:
    """A text report is a pure function of its values, printable but for line ends and colour, without CI commands."""
    raw = _same_twice("text", targets, context)
    rows = (_SGR.sub("", raw) if context.color else raw).split("\n")
    assert not [row for row in rows if not row.isprintable()]
    assert not [row for row in rows if row.lstrip().startswith("::") or "##[" in row or "##vso[" in row]


@law
@given(st.lists(reports, max_size=2))
def test_any_json_reads_back(targets: list[TargetReport]) -> None:
    """A JSON report is a pure function of its values, in UTF-8 that any reader takes, with every finding in it."""
    read = json.loads(_same_twice("json", targets))
    assert [len(target["findings"]) for target in read["targets"]] == [len(target.findings) for target in targets]


@law
@given(st.lists(reports, max_size=2))
def test_any_jsonl_is_one_object_a_line(targets: list[TargetReport]) -> None:
    """A JSON Lines report is a pure function of its values, each line an object with a type."""
    rows = _same_twice("jsonl", targets).split("\n")
    assert rows.pop() == ""
    assert all(json.loads(row)["type"] for row in rows)


@law
@given(st.lists(reports, max_size=2), contexts)
def test_any_sarif_is_valid(targets: list[TargetReport], context: ReportContext) -> None:
    """A SARIF report is a pure function of its values, valid by the official schema, its categories different."""
    read = json.loads(_same_twice("sarif", targets, context))
    VALIDATOR.validate(read)
    assert len({one["automationDetails"]["id"] for one in read["runs"]}) == len(targets)


@law
@given(st.lists(reports, max_size=2), contexts)
def test_any_gitlab_report_is_valid(targets: list[TargetReport], context: ReportContext) -> None:
    """A GitLab report is a pure function of its values and its clock, valid by the schema, no identity twice."""
    read = json.loads(_same_twice("gitlab", targets, context))
    GITLAB.validate(read)
    identities = [one["id"] for one in read["vulnerabilities"]]
    assert len(set(identities)) == len(identities)


@law
@given(st.lists(reports, max_size=2))
def test_any_markdown_is_printable_and_short(targets: list[TargetReport]) -> None:
    """A Markdown report is a pure function of its values, printable, within GitHub's limit, its rows of three cells."""
    raw = _same_twice("markdown", targets)
    rows = raw.split("\n")
    assert not [row for row in rows if not row.isprintable()]
    assert len(raw.encode()) <= LIMIT
    assert {row.count("|") for row in rows if row.startswith("|")} <= {4}


@law
@given(st.lists(reports, max_size=2))
def test_any_page_is_well_formed(targets: list[TargetReport]) -> None:
    """An HTML page is a pure function of its values, and its elements are closed in order, whatever the names."""
    root = parsed(_same_twice("html", targets))
    identities = [node.attributes["id"] for node in root.all() if "id" in node.attributes]
    assert len(set(identities)) == len(identities)


@law
@given(st.lists(reports, max_size=2))
def test_any_annotation_is_one_command(targets: list[TargetReport]) -> None:
    """Annotations are one printable command a line, at most ten of a kind."""
    annotations = Annotations()
    for target in targets:
        annotations.add(target)
    rows = annotations.lines()
    assert all(row.isprintable() and row.startswith(("::error ", "::warning ", "::notice ")) for row in rows)
    assert all(sum(row.startswith(f"::{kind} ") for row in rows) <= 10 for kind in ("error", "warning", "notice"))


@law
@given(st.sampled_from(["json", "jsonl", "sarif", "gitlab", "html"]), st.lists(reports, max_size=2), contexts)
def test_any_document_is_printable(form: str, targets: list[TargetReport], context: ReportContext) -> None:
    """A document for programs or browsers has no raw control, bidirectional mark or other unprintable character."""
    rows = _same_twice(form, targets, context).split("\n")
    assert not [row for row in rows if not row.isprintable()]
