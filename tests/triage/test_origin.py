"""Origins: each finding points at the line that brought its key in, or nowhere."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscan.image.documents import History
from imgscan.model import Origin
from imgscan.triage.dockerfile import Dockerfile
from imgscan.triage.origin import Origins
from tests.triage.keyed import find, found

if TYPE_CHECKING:
    from pathlib import Path

    from imgscan.model import Finding

CONFIG = ".image/config.json"


class Image:
    """An image with a history, whose Dockerfile and sources are given: `steps` are `created_by`, `*` marks empty."""

    def __init__(self, text: str, *steps: str, root: Path | None = None, certain: bool = False) -> None:
        self.text = text
        history = [History(step.removeprefix("*"), empty_layer=step.startswith("*")) for step in steps]
        layers: list[int | None] = []
        for entry in history:
            layers.append(None if entry.empty_layer else sum(layer is not None for layer in layers))
        self.history, self.layers = history, layers
        dockerfile = Dockerfile.parse(text.encode()) if text else None
        self.origins = Origins(dockerfile, root, find, certain=certain)

    def trace(self, finding: Finding) -> Origin | None:
        """Trace a finding."""
        image = self.origins.image(self.history, self.layers)
        return image.trace(finding) if image is not None else None

    def line(self, finding: Finding) -> int | None:
        """Return the line of the Dockerfile that a finding leads to."""
        trace = self.trace(finding)
        if trace is None:
            return None
        assert trace == Origin(line=trace.line, dockerfile="Dockerfile")
        return trace.line

    def source(self, finding: Finding) -> tuple[str, int] | None:
        """Return the source file and the line that a finding leads to."""
        trace = self.trace(finding)
        if trace is None or trace.source is None:
            return None
        return trace.source, trace.line


def document(key: str, field: str) -> Finding:
    """Return a finding in the image's config."""
    return found(key, CONFIG, field=field)


# documents

SETTINGS = """\
FROM x
ARG TOKEN=KEY-arg
ENV A=1 \\
    # why
    STRIPE=KEY-env
LABEL a=b \\
      com.example/c=KEY-label
ENV COPY=$TOKEN OTHER=KEY-other
ENV STRIPE2=KEY-old
ENV STRIPE2=new
HEALTHCHECK CMD curl -u KEY-health: x
ONBUILD RUN echo KEY-later
ONBUILD RUN echo more
ENTRYPOINT ["serve", "KEY-entry"]
CMD KEY-dead
CMD ["--key", "KEY-cmd"]
USER $TOKEN
"""
RECORDED = (
    *("*ARG TOKEN=KEY-arg", "*ENV A=1 STRIPE=KEY-env", "*LABEL a=b com.example/c=KEY-label"),
    *("*ENV COPY=KEY-arg OTHER=KEY-other", "*ENV STRIPE2=KEY-old", "*ENV STRIPE2=new"),
    "*USER KEY-arg",
)


def test_documents() -> None:
    """A key in a config or history leads to the line of the instruction that set it there, and no other."""
    table: list[tuple[str, str, int | None]] = [
        ("KEY-env", "config/Env/STRIPE", 5),
        ("KEY-label", "config/Labels/com.example/c", 7),
        ("KEY-arg", "config/Env/COPY", 8),
        ("KEY-other", "config/Env/OTHER", 8),
        ("KEY-health", "config/Healthcheck/Test/1", 11),
        ("KEY-later", "config/OnBuild/0", 12),
        ("KEY-entry", "config/Entrypoint/1", 14),
        ("KEY-cmd", "config/Cmd/1", 16),
        ("KEY-cmd", "container_config/Cmd/1", 16),
        ("KEY-arg", "config/User", 17),
        ("KEY-arg", "history/0/created_by", 2),
        ("KEY-env", "history/1/created_by", 5),
        ("KEY-old", "history/4/created_by", 9),
        ("KEY-env", "predicate/buildDefinition/dockerfile", 5),
        ("KEY-env", "config/Env/BASE", None),
        ("KEY-old", "config/Env/STRIPE2", None),
        ("KEY-dead", "config/Cmd/0", None),
        ("KEY-env", "config/Labels/a", None),
        ("KEY-other-2", "config/Env/OTHER", None),
        ("KEY-env", "history/99/created_by", None),
        ("KEY-env", "history/²/created_by", None),
        ("KEY-env", "history/1/comment", None),
        ("KEY-env", "config", None),
        ("KEY-new", "predicate/x", None),
    ]
    for key, field, line in table:
        assert Image(SETTINGS, *RECORDED).line(document(key, field)) == line, (key, field, line)


def test_build_arguments() -> None:
    """A key from the command line of the build leads to its ARG from the history, and to its use from a file."""
    text = "FROM x\nARG A\nARG B\nENV E=$B\nRUN a && \\\n  echo ${B} > /f && \\\n  c\n"
    run = "RUN |2 A=1 B=KEY-given /bin/sh -c a &&   echo ${B} > /f &&   c # buildkit"
    image = Image(text, "*ARG A", "*ARG B", "*ENV E=KEY-given", run)
    assert image.line(found("KEY-given", CONFIG, layer=0, field="history/3/created_by")) == 3
    assert image.line(document("KEY-given", "history/2/created_by")) == 4
    assert image.line(document("KEY-given", "config/Env/E")) == 4
    assert image.line(found("KEY-given", "f", layer=0)) == 6


def test_an_unmatched_dockerfile_says_nothing_of_documents() -> None:
    """A Dockerfile that has nothing in common with the history is not this image's, whatever is in it."""
    assert Image(SETTINGS, "RUN a", "*CMD b").line(document("KEY-env", "config/Env/STRIPE")) is None


# RUN


def test_run() -> None:
    """A key in a file of a RUN leads to the line that holds it, or that names its variable, or to the instruction."""
    table: list[tuple[str, int]] = [
        ("RUN echo KEY-a > /f", 3),
        ("RUN x && \\\n\n # comment\n  echo KEY-a > /f", 6),
        ("RUN <<EOF\nx\necho KEY-a\nEOF", 5),
        ("RUN cat <<A <<B > /f\nx\nA\nKEY-a\nB", 6),
        ("RUN echo KE\\\nY-a > /f", 3),
        ("RUN echo $K > /f", 3),
        ("RUN x && \\\n echo ${K} > /f", 4),
        ("RUN <<EOF\nx\necho $K\nEOF", 5),
        ("RUN curl -O https://example.com", 3),
    ]
    for run, line in table:
        text = f"FROM x\nENV K=KEY-a\n{run}\n"
        instruction = Dockerfile.parse(text.encode()).instructions[-1]
        spelled = instruction.text if not instruction.heredocs else instruction.text.split("\n")[0]
        if "$K" not in run and "${K}" not in run:
            text = text.replace("ENV K=KEY-a", "ENV K=none")
        image = Image(text, "*ENV K=x", f"/bin/sh -c {spelled}")
        assert image.line(found("KEY-a", "f", layer=0)) == line, (run, line)


def test_layers_of_the_base_have_no_origin() -> None:
    """A file in a layer of the base image leads nowhere, though a RUN of ours has the same key."""
    image = Image("FROM x\nRUN echo KEY-a > /f\n", "RUN base", "RUN echo KEY-a > /f")
    assert image.line(found("KEY-a", "f", layer=0)) is None
    assert image.line(found("KEY-a", "f", layer=1)) == 2


def test_without_layers_there_is_no_origin() -> None:
    """Where the history does not say which entry made which layer, no layer has an instruction."""
    image = Image("FROM x\nRUN echo KEY-a > /f\n", "RUN echo KEY-a > /f")
    image.layers = [None]
    assert image.line(found("KEY-a", "f", layer=0)) is None


def test_a_key_outside_of_members_leads_to_the_instruction() -> None:
    """A finding in a tar's own structure, whose name is redacted, leads to what made the layer."""
    image = Image("FROM x\nRUN touch a\n", "RUN touch a")
    assert image.line(found("KEY-a", "sk_live_…", layer=0, field="tar/name")) == 2


def test_a_folder_named_like_the_documents() -> None:
    """A file of a layer is a file, whatever it is called."""
    image = Image("FROM x\nRUN a\nRUN echo KEY-a\n", "RUN a", "RUN echo KEY-a")
    assert image.line(found("KEY-a", CONFIG, layer=0)) == 2


# COPY


def write(root: Path, path: str, text: str) -> None:
    """Write a source file."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_copy(tmp_path: Path) -> None:
    """A file that COPY brought leads to the line of the source file."""
    write(tmp_path, "conf/a.ini", "x\ny = KEY-a\n")
    image = Image("FROM x\nWORKDIR /srv\nCOPY conf ./etc/\n", "WORKDIR /srv", "COPY conf ./etc/", root=tmp_path)
    assert image.source(found("KEY-a", "srv/etc/a.ini", layer=1)) == ("conf/a.ini", 2)


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    """A source whose name is not UTF-8 is found by its bytes, and spelled as findings are."""
    (tmp_path / os.fsdecode(b"a\xff")).write_text("KEY-a\n")
    image = Image("FROM x\nCOPY . /srv\n", "COPY . /srv", root=tmp_path)
    finding = found("KEY-a", r"srv/a\xff", layer=0, path_bytes=b"srv/a\xff")
    assert image.source(finding) == (r"a\xff", 1)


def test_copy_into_an_unknown_folder(tmp_path: Path) -> None:
    """Where the base image sets the working folder, the path's end and the key are enough."""
    write(tmp_path, "conf/a.ini", "KEY-a\n")
    image = Image("FROM x\nCOPY . .\n", "COPY . .", root=tmp_path)
    assert image.source(found("KEY-a", "usr/src/app/conf/a.ini", layer=0)) == ("conf/a.ini", 1)


def test_a_changed_source_leads_to_the_instruction(tmp_path: Path) -> None:
    """A file whose source no longer holds the key leads to COPY."""
    write(tmp_path, "conf/a.ini", "nothing\n")
    image = Image("FROM x\nCOPY conf /etc/\n", "COPY conf /etc/", root=tmp_path)
    assert image.line(found("KEY-a", "etc/a.ini", layer=0)) == 2


def test_without_a_root_copy_leads_to_the_instruction() -> None:
    """Where no sources are given, what COPY brought leads to COPY."""
    assert Image("FROM x\nCOPY a /b\n", "COPY a /b").line(found("KEY-a", "b", layer=0)) == 2


@pytest.mark.parametrize("line", ["COPY <<a <<b /etc/\nx\na\nKEY-a\nb", "COPY <<-EOF /etc/b\n\tx\n\tKEY-a\n\tEOF"])
def test_copied_here_documents(line: str) -> None:
    """A file that is written in the Dockerfile leads to the line in it."""
    dockerfile = f"FROM x\n{line}\n"
    recorded = line.split("\n", maxsplit=1)[0].replace("<<-", "<<")
    expected = dockerfile.split("\n").index(next(each for each in dockerfile.split("\n") if "KEY-a" in each)) + 1
    assert Image(dockerfile, recorded).line(found("KEY-a", "etc/b", layer=0)) == expected


STAGES = """\
FROM x AS one
WORKDIR /src
COPY app ./app/
RUN build app/pay.js > dist.js
RUN echo KEY-made > made
FROM y AS two
COPY --from=one /src /all
FROM z
COPY --from=one /src/app/pay.js /srv/renamed.js
COPY --from=0 /src/dist.js /src/made /srv/
COPY --from=two /all/app /srv/app
COPY --from=nginx /etc/conf /etc/conf
COPY --from=one /src/app/*.js /js/
"""
COPIES = (
    *("COPY /src/app/pay.js /srv/renamed.js", "COPY /src/dist.js /src/made /srv/"),
    *("COPY /all/app /srv/app", "COPY /etc/conf /etc/conf", "COPY /src/app/*.js /js/"),
)


@pytest.mark.parametrize(
    ("key", "path", "layer", "origin"),
    [
        ("KEY-a", "srv/renamed.js", 0, Origin(2, source="app/pay.js")),
        ("KEY-a", "srv/dist.js", 1, Origin(2, source="app/pay.js")),
        ("KEY-made", "srv/made", 1, Origin(5, dockerfile="Dockerfile")),
        ("KEY-a", "srv/app/pay.js", 2, Origin(2, source="app/pay.js")),
        ("KEY-b", "srv/app/pay.js", 2, Origin(11, dockerfile="Dockerfile")),
        ("KEY-a", "etc/conf", 3, Origin(12, dockerfile="Dockerfile")),
        ("KEY-a", "js/pay.js", 4, Origin(2, source="app/pay.js")),
    ],
)
def test_copy_from_a_stage(tmp_path: Path, key: str, path: str, layer: int, origin: Origin) -> None:
    """A file of another stage leads to what brought it in there; of another image, to COPY."""
    write(tmp_path, "app/pay.js", "x\nKEY-a\n")
    trace = Image(STAGES, *COPIES, root=tmp_path).trace(found(key, path, layer=layer))
    assert trace is not None
    assert replace(trace, ignorable=False) == origin


def test_stages_that_copy_from_each_other_in_many_ways_end(tmp_path: Path) -> None:
    """Stages in which everything may come from everywhere do not take forever."""
    stages = ["FROM x AS s0\nCOPY a /a\n"]
    stages += [f"FROM x AS s{n}\n" + f"COPY --from=s{n - 1} / /\n" * 8 for n in range(1, 30)]
    image = Image("".join(stages), *["COPY / /"] * 8, root=tmp_path)
    assert image.line(found("KEY-a", "a/b/c", layer=0)) == image.text.count("\n") - 7


def test_run_on_a_copied_file(tmp_path: Path) -> None:
    """What RUN made of a copied file leads to the file, if the key is at one place of what was copied."""
    write(tmp_path, "src/a.js", "KEY-a\n")
    write(tmp_path, "docs/a.md", "KEY-a\n")
    image = Image("FROM x\nCOPY src /src\nRUN build\n", "COPY src /src", "RUN build", root=tmp_path)
    trace = image.trace(found("KEY-a", "out/bundle.js", layer=1))
    assert trace == Origin(1, source="src/a.js", ignorable=False)


def test_members_of_archives(tmp_path: Path) -> None:
    """A key inside an archive that was copied leads to COPY: that the archive is the same cannot be seen."""
    write(tmp_path, "app.jar", "not the key")
    image = Image("FROM x\nCOPY app.jar /srv/\n", "COPY app.jar /srv/", root=tmp_path)
    assert image.line(found("KEY-a", "srv/app.jar!/conf/x", layer=0)) == 2


# one layer for several instructions

ONE_LAYER = "FROM scratch\nCOPY a /a\nRUN echo KEY-run > /b\nCOPY c /c\nCMD d\n"


def test_one_layer(tmp_path: Path) -> None:
    """Where one layer holds the work of several instructions, the key tells which."""
    table: list[tuple[str, str, Origin | None]] = [
        ("KEY-a", "a", Origin(1, source="a")),
        ("KEY-run", "b", Origin(3, dockerfile="Dockerfile")),
        ("KEY-c", "c", Origin(1, source="c")),
        ("KEY-x", "c", None),
    ]
    table_1: list[tuple[str, ...]] = [
        ("*COPY a /a", "*RUN echo KEY-run > /b", "*COPY c /c", "CMD d"),
        ("CMD d",),
        ("*COPY a /a", "*RUN echo KEY-run > /b", "*COPY c /c", "*CMD d", ""),
    ]
    for key, path, expected in table:
        for steps in table_1:
            write(tmp_path, "a", "KEY-a")
            write(tmp_path, "c", "KEY-c")
            trace = Image(ONE_LAYER, *steps, root=tmp_path).trace(found(key, path, layer=0))
            traced = replace(trace, ignorable=False) if trace is not None else None
            assert traced == expected, (key, path, expected, steps)


def test_one_layer_of_copies() -> None:
    """Where one layer holds several COPY and the key proves nothing, the one that writes the path is meant."""
    image = Image("FROM x\nCOPY a /a\nCOPY c /c\n", "*COPY a /a", "COPY c /c")
    assert image.line(found("KEY-x", "a", layer=0)) == 2
    assert image.line(found("KEY-x", "b", layer=0)) is None


def test_no_history(tmp_path: Path) -> None:
    """An image without history is traced by what the key proves."""
    write(tmp_path, "a", "KEY-a")
    image = Image(ONE_LAYER, root=tmp_path)
    assert image.source(found("KEY-a", "a", layer=0)) == ("a", 1)
    assert image.line(found("KEY-x", "a", layer=0)) is None


# what is known


def test_a_dockerfile_that_was_only_found(tmp_path: Path) -> None:
    """A Dockerfile that was come upon counts only if all of the image's own history is in it."""
    text = "FROM x\nRUN echo KEY-a > /f\nCMD b\n"
    finding = found("KEY-a", "f", layer=0)
    whole, changed = ("RUN echo KEY-a > /f", "*CMD b"), ("RUN echo KEY-a > /f", "RUN more", "*CMD b")
    assert Image(text, *whole, certain=True).line(finding) == 2
    assert Image(text, *changed, certain=True).line(finding) is None
    assert Image(text, *changed).line(finding) == 2


def test_sources_without_a_dockerfile(tmp_path: Path) -> None:
    """Sources alone give the origin of a file with the same name and the key at one place."""
    write(tmp_path, "deep/a.ini", "KEY-a\n")
    image = Image("", "RUN x", root=tmp_path)
    assert image.source(found("KEY-a", "srv/a.ini", layer=0)) == ("deep/a.ini", 1)
    assert image.source(found("KEY-a", "srv/b.ini", layer=0)) is None
    assert image.source(document("KEY-a", "config/Env/a.ini")) is None


def test_nothing_given() -> None:
    """Without Dockerfile and sources nothing has an origin."""
    assert Image("", "RUN x").trace(found("KEY-a", "f", layer=0)) is None


def test_no_layer() -> None:
    """A finding outside layers has no origin."""
    assert Image(ONE_LAYER, "CMD d").trace(found("KEY-a", "f")) is None


def test_prefix(tmp_path: Path) -> None:
    """Paths of sources are given as they are seen from where the report is read."""
    write(tmp_path, "a", "KEY-a")
    origins = Origins(Dockerfile.parse(b"FROM x\nCOPY a /a\n"), tmp_path, find, prefix="services/pay")
    finding = found("KEY-a", "a", layer=0)
    expected = Origin(1, source="services/pay/a")
    image = origins.image([History("COPY a /a", empty_layer=False)], [0])
    assert image is not None
    assert image.trace(finding) == expected


# .dockerignore


@pytest.mark.parametrize(
    ("copy", "ignore", "ignorable"),
    [
        ("COPY . /", None, True),
        ("COPY conf /conf", None, True),
        ("COPY conf/*.env /conf/", None, True),
        ("COPY conf/a.env /conf/", None, False),
        ("COPY . /", "*.log\n", True),
        ("COPY . /", "**/*.env\n", False),
    ],
)
def test_dockerignore(tmp_path: Path, copy: str, ignore: str | None, ignorable: bool) -> None:
    """A file that came with its folder could have been left out by `.dockerignore`; one that is named could not."""
    write(tmp_path, "conf/a.env", "KEY-a")
    if ignore is not None:
        write(tmp_path, ".dockerignore", ignore)
    trace = Image(f"FROM x\n{copy}\n", copy, root=tmp_path).trace(found("KEY-a", "conf/a.env", layer=0))
    assert trace == Origin(1, source="conf/a.env", ignorable=ignorable)


LINES = st.sampled_from(
    (
        *("FROM x", "FROM scratch AS a", "FROM a", "COPY . .", "COPY --from=a / /", "ADD a b", "RUN KEY-a"),
        *("RUN <<E\nKEY-a\nE", "ENV A=$A$A", "ENV K=KEY-a", "ARG A=KEY-a", "WORKDIR x", "RUN $K"),
        *("COPY <<E /\nKEY-a\nE", "SHELL []", "CMD []"),
    )
)


@given(st.lists(LINES, max_size=12), st.lists(st.integers(0, 11), max_size=12), st.integers(0, 12))
def test_any_dockerfile_gives_lines_of_its_own(chosen: list[str], order: list[int], layer: int) -> None:
    """Whatever the Dockerfile and the history, an origin is a line on which an instruction is."""
    text = "\n".join(chosen)
    image = Image(text or "FROM x", *(chosen[at].split("\n")[0] for at in order if at < len(chosen)))
    findings = [found("KEY-a", "x/y", layer=layer), document("KEY-a", "config/Env/K")]
    findings += [document("KEY-a", f"history/{layer}/created_by")]
    for finding in findings:
        line = image.line(finding)
        assert line is None or 1 <= line <= text.count("\n") + 1
