"""A report holds no secret, wherever in an image it stood."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING

import pytest

from fixtures.builders import OCI_INDEX, Image, Layer, descriptor, dump, folder, oci_files, sha256, tar
from fixtures.keys import Keys
from imgscan.cli.rules import rule_infos
from imgscan.report import FORMATS, ReportContext, open_report
from tests.scan.support import scan, search, search_fields
from tests.streams.tar_archives import END, file, header, long, pax

if TYPE_CHECKING:
    from imgscan.model import TargetReport

KEYS = Keys("secrecy")
KEY = KEYS.secret99()
RAW = KEY.encode()


def hostile_layer() -> bytes:
    """Put the key into everything that a tar says."""
    return b"".join(
        [
            pax((b"comment", RAW), (b"x." + RAW, RAW)),
            file(b"a", b"K=" + RAW),
            long(b"dir/" + RAW + b"/\xff.env"),
            file(b"dir", b"\n\nK=" + RAW),
            long(b"link/" + RAW),
            long(b"to/" + RAW, b"K"),
            header(b"link", b"1"),
            pax((b"path", b"dir/\x1b[31m" + RAW)),
            file(b"dir", base64.b64encode(b"user:" + RAW)),
            long(b"dir/.wh." + RAW),
            file(b"dir"),
            END,
            RAW,
        ]
    )


def hostile_files() -> dict[str, bytes]:
    """Put the key into everything that a layout says."""
    image = Image(
        [Layer(hostile_layer(), f"RUN |1 K={KEY} login {KEY}"), Layer(tar({f"dir/.wh.{KEY}": b""}))],
        config={"Env": [f"{KEY}={KEY}"], "Labels": {KEY: KEY}, KEY: {KEY: [KEY]}},
        empty=[(1, f"ENV {KEY}")],
        tag=f"shop:{KEY}",
        annotations={KEY: KEY},
        attestation={"_type": "https://in-toto.io/Statement/v0.1", "predicate": {"args": {KEY: KEY}}},
    )
    files = oci_files(image)
    index = json.loads(files["index.json"])
    for entry in index["manifests"]:
        if entry["platform"]["os"] == "linux":
            entry["platform"]["variant"] = KEY
    absent = {"mediaType": KEY, "digest": f"{'x' * 9}:{KEY}", "platform": {"os": KEY, "architecture": KEY}}
    index["manifests"] += [absent, descriptor(b"[]", f"{OCI_INDEX};{KEY}")]
    stray = tar({f"in/{KEY}": RAW})
    return files | {
        "index.json": dump(index | {"annotations": {KEY: KEY}}),
        f"blobs/sha256/{sha256(b'[]')}": b"[]",
        f"blobs/sha256/{sha256(stray)}": stray,
        f"{KEY}.txt": RAW,
        f"{KEY}.json": dump({KEY: KEY}),
        f"{KEY}.tar": stray[:700],
    }


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[TargetReport]:
    """Scan it all."""
    return scan(folder(tmp_path_factory.mktemp("hostile"), hostile_files()))


def assert_kept(text: str) -> None:
    """Check that no part of the key is in a text, plain or in base64, that would tell it."""
    for piece in (KEY[12:-6], KEY[20:60]):
        assert piece not in text
        for shift in range(3):
            encoded = base64.b64encode(b"=" * shift + piece.encode()).decode()
            assert encoded[4 : len(encoded) // 4 * 4 - 4] not in text


def test_the_key_is_found_in_every_place(reports: list[TargetReport]) -> None:
    """The hostile image does put the key into everything that the other tests speak of."""
    fields = {finding.location.field for report in reports for finding in report.findings}
    assert {field.split("/")[0] for field in fields if field} >= {
        "tar",
        "config",
        "history",
        "annotations",
        "predicate",
    }
    assert None in fields
    assert {"tar/name", "tar/link", "tar/pax/comment", "tar/trailer"} <= fields
    assert any(report.diagnostics for report in reports)


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_shows_it(name: str, reports: list[TargetReport]) -> None:
    """No report holds the key, in any format."""
    for verbose in (0, 2):
        out = io.BytesIO()
        report = open_report(name, ReportContext("0", rule_infos(), verbose=verbose))
        report.start(out)
        for each in reports:
            report.target(each, out)
        report.finish(out)
        text = out.getvalue().decode()
        assert "sk_" + "live_51" in text
        assert_kept(text)


def test_no_value_shows_it(reports: list[TargetReport]) -> None:
    """No value of a report holds the key."""
    assert_kept(repr(reports))


def test_no_hit_shows_it() -> None:
    """A hit knows the raw name of its member, for look-ups; whatever of it is shown holds no key."""
    hits = search(hostile_layer()) + search_fields(".image/x", {KEY: KEY})
    assert hits
    assert_kept(repr([hit.path for hit in hits] + [hit.field for hit in hits] + [hit.secret for hit in hits]))
