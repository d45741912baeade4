"""Values to render: a plain image, a clean one, a broken one, a hostile one, a directory; and the rules.

Nothing here is a credential: reports only ever see redacted ones.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from imgscan.model import (
    Diagnostic,
    Digest,
    Finding,
    Hidden,
    LayerInfo,
    Location,
    Origin,
    RuleInfo,
    Secret,
    Stats,
    TargetReport,
    Visibility,
)
from imgscan.remedy import REMEDIES
from imgscan.report import ReportContext, open_report

if TYPE_CHECKING:
    from imgscan.model import Level

VERSION = "0.1.0"
GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"

_RULES: dict[str, tuple[str, str, Level, float]] = {
    "stripe-secret-key": ("StripeSecretKey", "Stripe secret key (live)", "error", 9.8),
    "stripe-secret-key-test": ("StripeSecretKeyTest", "Stripe secret key (test)", "warning", 4.5),
    "stripe-restricted-key": ("StripeRestrictedKey", "Stripe restricted key (live)", "error", 9.1),
    "stripe-restricted-key-test": ("StripeRestrictedKeyTest", "Stripe restricted key (test)", "warning", 4.0),
    "stripe-organization-key": ("StripeOrganizationKey", "Stripe organization key", "error", 9.9),
    "stripe-webhook-secret": ("StripeWebhookSecret", "Stripe webhook signing secret", "error", 7.5),
    "stripe-app-secret": ("StripeAppSecret", "Stripe App signing secret", "error", 7.5),
    "stripe-cli-oauth": ("StripeCliOauth", "Stripe CLI token", "error", 9.0),
    "stripe-ephemeral-key": ("StripeEphemeralKey", "Stripe ephemeral key", "warning", 5.0),
    "stripe-client-secret": ("StripeClientSecret", "Stripe client secret", "note", 3.0),
    "stripe-publishable-key": ("StripePublishableKey", "Stripe publishable key", "note", 2.0),
}


def _rule(rule_id: str) -> RuleInfo:
    name, title, level, score = _RULES[rule_id]
    what = REMEDIES[rule_id]
    return RuleInfo(
        id=rule_id,
        name=name,
        title=title,
        level=level,
        score=score,
        precision=what.precision,
        summary=what.summary,
        description=what.description,
        rotate=what.rotate,
        rebuild=what.rebuild,
        help_uri=what.help_uri,
    )


RULES = tuple(_rule(rule_id) for rule_id in _RULES)
CONTEXT = ReportContext(version=VERSION, rules=RULES, clock=lambda: datetime(2024, 2, 29, 12, 0, 0, tzinfo=UTC))
"""Its clock stands still, so that reports which tell the time can be compared."""


def digest(text: str) -> Digest:
    """Make a digest of a name, so that layers are told apart."""
    return Digest("sha256", hashlib.sha256(text.encode()).hexdigest())


def layers(*created_by: str | None, base: int = 0) -> tuple[LayerInfo, ...]:
    """Make layers, one for each instruction, the first `base` of them from the base image."""
    return tuple(
        LayerInfo(
            index=index,
            digest=digest(f"blob {index}"),
            diff_id=digest(f"tar {index}"),
            media_type=GZIP,
            created_by=instruction,
            size=1_000 * (index + 1),
            bytes=4_096 * (index + 1),
            entries=10 * (index + 1),
            from_base=index < base,
        )
        for index, instruction in enumerate(created_by)
    )


def secret(redacted: str, account: str | None = None) -> Secret:
    """Make what is kept of a credential that looks like this."""
    return Secret(
        redacted=redacted,
        sha256=hashlib.sha256(redacted.encode()).hexdigest(),
        length=107,
        mode="test" if "_test_" in redacted else "live" if "_live_" in redacted else None,
        account=account,
        account_created=None if account is None else "2020-10-29T14:03:07Z",
    )


LIVE = secret("sk_live_51…a1B2", "acct_1HhabcDEFghiJKLm")
TEST = secret("sk_test_51…Zz9Q", "acct_1HhabcDEFghiJKLm")
HOOK = secret("whsec_Ab…x9Yz")


def finding(
    rule_id: str = "stripe-secret-key",
    held: Secret = LIVE,
    location: Location | None = None,
    visibility: Visibility | None = None,
    **changes: object,
) -> Finding:
    """Make a finding of a rule; `changes` replace fields."""
    where = location or Location(layer=0, path="app/.env", line=1, column=1)
    identity = hashlib.sha256(f"{rule_id} {where.path} {held.sha256}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    _, title, level, _ = _RULES[rule_id]
    made = Finding(
        rule_id=rule_id,
        title=title,
        level=level,
        confidence="very-high",
        status="new",
        secret=held,
        location=where,
        visibility=visibility,
        fingerprint=f"{identity}:1",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def line(layer: int | None, path: str, line: int, column: int, length: int = 107, **changes: object) -> Location:
    """Make a place in a text file; `changes` replace fields."""
    made = Location(
        layer=layer,
        path=path,
        line=line,
        column=column,
        end_line=line,
        end_column=column + length,
        offset=40 * line,
        length=length,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


SHOP = TargetReport(
    target="shop:latest",
    kind="image",
    reference="registry.example:5000/acme/shop:latest",
    digest=digest("manifest"),
    config_digest=digest("config"),
    platform="linux/amd64",
    layers=layers(
        "/bin/sh -c #(nop) ADD file:2f1a in / ",
        "RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends curl nginx-light # buildkit",
        "WORKDIR /app",
        "COPY . /app # buildkit",
        "RUN /bin/sh -c rm -f /app/.env && ./build.sh # buildkit",
        "COPY --from=build /out/server /usr/local/bin/server # buildkit",
        None,
        base=2,
    ),
    findings=(
        finding(location=line(3, "app/.env", 3, 19), visibility=Visibility("deleted", 4)),
        finding(
            "stripe-secret-key-test",
            TEST,
            line(3, "app/config/settings.yaml", 41, 12),
            Visibility("overwritten", 5),
        ),
        finding(
            location=line(3, "app/k8s/secret.yaml", 7, 15, length=144, encoding="base64"),
            visibility=Visibility("visible"),
        ),
        finding(
            location=Location(layer=5, path="usr/local/bin/server", offset=1_204_224, length=107, encoding="plain"),
            visibility=Visibility("visible"),
        ),
        finding(
            "stripe-webhook-secret",
            HOOK,
            line(5, "app/lib/pay.jar!/config/app.properties", 2, 16, length=38),
            Visibility("visible"),
            confidence="high",
        ),
        finding(
            "stripe-secret-key-test",
            TEST,
            Location(layer=None, path=".image/config.json", field="config/Env/STRIPE_API_KEY"),
        ),
    ),
    diagnostics=(
        Diagnostic(
            "skipped",
            "encrypted",
            "The archive's member is encrypted, so its content could not be read.",
            layer=5,
            path="app/backup.zip!/dump.sql",
            bytes=12_582_912,
        ),
    ),
    hidden=Hidden(confidence=2, examples=1),
    stats=Stats(bytes=412_605_440, entries=21_003, layers=7),
)

CLEAN = TargetReport(
    target="api:1.4",
    kind="image",
    reference="api:1.4",
    digest=digest("clean"),
    config_digest=digest("clean config"),
    platform="linux/arm64/v8",
    layers=layers("FROM scratch", "COPY api /api"),
    stats=Stats(bytes=18_350_080, entries=12, layers=2),
)

BROKEN = TargetReport(
    target="build/worker-2.1.tar.gz",
    kind="image",
    reference="latest",
    digest=digest("broken"),
    platform="linux/amd64",
    layers=(
        *layers("ADD rootfs.tar.gz /", "COPY . ."),
        LayerInfo(2, digest("lost"), None, GZIP, "RUN make", 52_428_800, None, None),
    ),
    findings=(
        finding(
            location=line(1, "srv/.env", 1, 12),
            visibility=Visibility("visible"),
            origin=Origin(12, dockerfile="docker/Dockerfile"),
        ),
    ),
    diagnostics=(
        Diagnostic("error", "digest-mismatch", "The layer's content is not what its digest says.", 2, None, 52_428_800),
        Diagnostic("error", "manifest-missing", "The index names a manifest that the archive does not hold"),
        *(
            Diagnostic(
                "skipped", "nested-too-deep", "An archive is nested deeper than the limit.", 1, f"srv/{n}.zip", 900
            )
            for n in range(14)
        ),
    ),
    hidden=Hidden(2, 1, 4, 1, 3),
    stats=Stats(bytes=12_288, entries=30, layers=2),
)

DIRECTORY = TargetReport(
    target="services/pay",
    kind="filesystem",
    findings=(
        finding(location=line(None, ".env.production", 4, 20)),
        finding(
            "stripe-publishable-key",
            secret("pk_live_51…Wq3e", "acct_1HhabcDEFghiJKLm"),
            Location(layer=None, path="web.zip!/app.db", offset=8_192, length=107),
        ),
        finding("stripe-secret-key-test", TEST, line(None, "docs/README.md", 9, 3), status="example", level="note"),
    ),
    stats=Stats(bytes=90_112, entries=31),
)

_HOSTILE_NAMES = (
    "a\x1b[31mred\x1b[0m",
    "new\nline\r\nand::error::x",
    "::error file=x::pwned",
    "<img src=x onerror=alert(1)>.env",
    "lone\udce9surrogate\ud800",
    "../../etc/passwd",
    "a/./b/../c/..",
    "C:/x:y:z",
    "javascript:alert(1)",
    "[click](https://evil.example) {0}",
    "##vso[task.complete]/##[error]x",
    "right\u202eto\u2066left\u2028sep\u2029\ufeff",
    "sp ace/per%cent/q?uery/ha#sh/back\\slash",
    "double//slash/",
    "\u00fcml\u00e4ut/\u65e5\u672c\u8a9e/\U0001f511",
)

HOSTILE = TargetReport(
    target="evil\x1b[2J\x07:latest",
    kind="image",
    reference="evil\x1b]0;owned\x07/../a b<script>:latest",
    digest=digest("evil"),
    platform="linux/amd64\n::set-env name=PATH::/tmp",
    layers=layers(
        *(f"RUN echo {n}" for n in range(120)),
        "COPY <b>x</b> [click](https://evil.example) {0} {{ x }}",
        "RUN echo '\n::error::pwned'\r\n\x1b[31m",
        "::warning::x",
        "##vso[task.setvariable variable=x]y ##[error]z",
        "\u202e\u2066gnp.exe",
        "RUN echo \ud800 \udcff",
        "x" * 5000,
    ),
    findings=(
        *(
            finding(location=line(120 + number % 7, name, 1, 1), visibility=Visibility("deleted", 126))
            for number, name in enumerate(_HOSTILE_NAMES)
        ),
        finding(
            location=line(0, "caf\\xe9/\\xff", 2, 2, path_bytes=b"caf\xe9/\xff"),
            visibility=Visibility("visible"),
        ),
        finding(location=Location(layer=0, path="x!/::error::!/../y", offset=2**70, length=0)),
        finding(location=Location(layer=999, path=".image/config.json", field="history/3/created_by\x00")),
    ),
    diagnostics=(
        Diagnostic("error", "bad-tar", "A header of '\x1b[1m' at\n::error::here is damaged", 121, "../\x00", 2**80),
        Diagnostic("skipped", "lím\u202eit", "\u202e", None, "::stop-commands::x", 0),
    ),
    stats=Stats(bytes=2**70, entries=1, layers=127),
)

ACCEPTED = TargetReport(
    target="pay:2",
    kind="image",
    reference="pay:2",
    digest=digest("accepted"),
    platform="linux/amd64",
    layers=layers("FROM scratch", "COPY . /srv", "COPY legacy /srv/legacy"),
    findings=(
        finding(
            location=line(1, "srv/.env", 2, 9),
            visibility=Visibility("visible"),
            origin=Origin(3, source="deploy/.env"),
        ),
        finding(
            "stripe-secret-key-test",
            TEST,
            line(2, "srv/legacy/test.cfg", 8, 5),
            Visibility("visible"),
            status="baseline",
            origin=Origin(7, dockerfile="Dockerfile"),
        ),
    ),
    stats=Stats(bytes=40_960, entries=60, layers=3),
)

HISTORY = TargetReport(
    target="main..HEAD",
    kind="git",
    findings=(
        finding(
            location=line(None, "config/.env", 3, 19, commit="1f0c" * 10, authored="2024-02-28T23:01:02+01:00"),
            visibility=Visibility("deleted"),
        ),
        finding(
            "stripe-secret-key-test",
            TEST,
            line(None, "tests/conftest.py", 12, 7),
            Visibility("visible"),
        ),
    ),
    stats=Stats(bytes=20_480, entries=9),
)

SAMPLES = {
    "history": HISTORY,
    "shop": SHOP,
    "clean": CLEAN,
    "broken": BROKEN,
    "directory": DIRECTORY,
    "hostile": HOSTILE,
    "accepted": ACCEPTED,
}


def render(format_name: str, *reports: TargetReport, context: ReportContext = CONTEXT) -> bytes:
    """Write the whole report of some targets."""
    out = io.BytesIO()
    report = open_report(format_name, context)
    report.start(out)
    for target in reports:
        report.target(target, out)
    report.finish(out)
    return out.getvalue()
