"""Matching histories with Dockerfiles: every builder's spelling, and nothing that is uncertain."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscan.image.documents import History
from imgscan.triage.dockerfile import Dockerfile
from imgscan.triage.instructions import MOST, Alignment, Record, align
from imgscan.triage.recipe import Recipe
from tests.triage.histories import HEREDOCS, HISTORIES, PLAIN, Entry

BASE = ("/bin/sh -c #(nop) ADD file:0123456789abcdef01234567 in / ", '/bin/sh -c #(nop)  CMD ["bash"]')


def aligned(text: str, *created_by: str | None) -> Alignment:
    """Align a Dockerfile with a history."""
    found = align([History(each, empty_layer=False) for each in created_by], Recipe(Dockerfile.parse(text.encode())))
    assert found is not None
    return found


def lines(text: str, *created_by: str | None) -> list[int | None]:
    """Return the line of each history entry, None for one that has none."""
    found = aligned(text, *created_by)
    return [found.steps[at].instruction.first if at in found.steps else None for at in range(len(created_by))]


def _cases() -> list[tuple[str, str, list[Entry]]]:
    return [(builder, text, entries) for builder, (text, entries) in HISTORIES.items()]


@pytest.mark.parametrize(("builder", "text", "entries"), _cases(), ids=list(HISTORIES))
def test_real_histories(builder: str, text: str, entries: list[Entry]) -> None:
    """Each entry that a real builder wrote leads to its instruction."""
    assert lines(text, *(each.created_by for each in entries)) == [each.line for each in entries]


@pytest.mark.parametrize(("builder", "text", "entries"), _cases(), ids=list(HISTORIES))
def test_the_base_image_has_no_lines(builder: str, text: str, entries: list[Entry]) -> None:
    """What the base image's history holds leads nowhere, whatever the builder."""
    given = text.replace("FROM scratch", "FROM debian")
    found = lines(given, *BASE, *(each.created_by for each in entries))
    assert found == [None, None, *(each.line for each in entries)]


@pytest.mark.parametrize(("builder", "text", "entries"), _cases(), ids=list(HISTORIES))
def test_unrelated_entries_change_nothing(builder: str, text: str, entries: list[Entry]) -> None:
    """An instruction that the Dockerfile no longer has leads nowhere, and the others still to their lines."""
    texts = [each.created_by for each in entries]
    texts.insert(len(texts) // 2, "RUN /bin/sh -c something else # buildkit")
    expected: list[int | None] = [each.line for each in entries]
    expected.insert(len(expected) // 2, None)
    assert lines(text, *texts) == expected
    assert not aligned(text, *texts).complete


@pytest.mark.parametrize("builder", ["buildkit", "classic", "buildah"])
def test_a_whole_history_is_complete(builder: str) -> None:
    """The history that a builder wrote for a Dockerfile is completely in it."""
    text, entries = HISTORIES[builder]
    assert aligned(text, *(each.created_by for each in entries)).complete


def test_an_own_run_without_an_entry_is_not_complete() -> None:
    """A Dockerfile that has a RUN, COPY or ADD more than the history is not that of the image."""
    text, entries = HISTORIES["podman"]  # podman could not build the script of this Dockerfile
    assert not aligned(text, *(each.created_by for each in entries)).complete


@pytest.mark.parametrize("text", [PLAIN, HEREDOCS])
def test_what_a_cut_history_holds_is_known(text: str) -> None:
    """A history whose beginning is missing leads to the instructions of what is left."""
    for whole, entries in HISTORIES.values():
        if whole == text:
            left = entries[len(entries) // 2 :]
            assert lines(text, *(each.created_by for each in left)) == [each.line for each in left]


KANIKO = """\
FROM debian AS build
RUN make
FROM debian
ARG V=1
ENV A=$V
WORKDIR /srv
COPY --from=build /out \\
     /srv/$V/
COPY app ./
RUN echo a && \\
    echo b
ENTRYPOINT ["/srv/app"]
"""


def test_kaniko() -> None:
    """Kaniko records the text of what makes a layer, and nothing of what makes none."""
    texts = ("COPY --from=build /out      /srv/$V/", "COPY app ./", "RUN echo a &&     echo b")
    assert lines(KANIKO, *BASE, *texts) == [None, None, 7, 9, 10]
    assert aligned(KANIKO, *BASE, *texts).complete


def test_spellings() -> None:
    """The last instruction is known by the spelling of each builder."""
    table: list[tuple[str, str]] = [
        ("RUN a  b", "/bin/sh -c a b"),
        ("RUN a", "|1 X=a b c /bin/sh -c a"),
        ("RUN a", "RUN |1 X=a /bin/sh -c a # buildkit"),
        ("RUN a", "RUN /bin/sh -c a # buildkit"),
        ('RUN ["a", "b c"]', "a b c"),
        ('RUN ["a", "b c"]', "RUN a b c # buildkit"),
        ("run a", "RUN /bin/sh -c a"),
        ('SHELL ["/bin/bash", "-c"]\nRUN a', "RUN /bin/bash -c a # buildkit"),
        ("COPY --chown=1 a b /x/", "COPY a b /x/ # buildkit"),
        ("COPY a /x/", "COPY --chmod=755 --link a /x/ # buildkit"),
        ('COPY ["a b", "/x"]', "COPY a b /x # buildkit"),
        ("WORKDIR /srv\nCOPY a b", f"/bin/sh -c #(nop) COPY file:{'ab' * 32} in /srv/b"),
        ("COPY a b", f"/bin/sh -c #(nop) COPY file:{'ab' * 32} in b "),
        ("ENV A=x\nCOPY $A/y /$A", "COPY x/y /x # buildkit"),
        ("ARG A=x\nCOPY $A/y /$A", "COPY x/y /x # buildkit"),
        ("ARG A=x\nCOPY $A/y /$A", "COPY z/y /z # buildkit"),
        ("COPY a $BASE_HOME/", "COPY a /root/ # buildkit"),
        ("ENV PATH=/x:$PATH", "ENV PATH=/x:/usr/bin:/bin"),
        ("ENV A b c", "ENV A=b c"),
        ("ARG A=1\nARG A2=1", "ARG A2=2"),
        ("ENV A=1\nWORKDIR $A/b", "WORKDIR /base/1/b"),
        ("USER ${U:-app}", "USER app"),
        ("EXPOSE 80/tcp 443", "EXPOSE map[443/tcp:{} 80/tcp:{}]"),
        ("EXPOSE 80/tcp 443", "EXPOSE [443/tcp 80/tcp]"),
        ("RUN dir", "cmd /S /C dir"),
        ('RUN ["env", "A=1", "b"]', "env A=1 b"),
        ("ENV A=1", "cmd /S /C #(nop)  ENV A=1"),
        ("CMD a 'b'", 'CMD ["/bin/sh" "-c" "a \'b\'"]'),
        ('CMD ["é"]', 'CMD ["é"]'),
        ("HEALTHCHECK NONE", 'HEALTHCHECK &{["NONE"] "0s" "0s" "0s" "0s" \'\\x00\'}'),
        ('HEALTHCHECK CMD ["a", "b"]', 'HEALTHCHECK &{["CMD" "a" "b"] "0s" "0s" "0s" "0s" \'\\x00\'}'),
        ("MAINTAINER me", "/bin/sh -c #(nop)  MAINTAINER me"),
        ("STOPSIGNAL 9", "STOPSIGNAL 9"),
        ("ONBUILD COPY . .", "/bin/sh -c #(nop)  ONBUILD COPY . ."),
    ]
    for instruction, created_by in table:
        text = f"FROM debian\n{instruction}\n"
        assert lines(text, *BASE, created_by) == [None, None, text.count("\n")], (instruction, created_by)


def test_other_texts_do_not_match() -> None:
    """An entry that says something else leads nowhere."""
    table: list[tuple[str, str | None]] = [
        ("RUN a", "/bin/sh -c b a"),
        ("RUN a", "/bin/sh -c xa"),
        ("RUN a", "RUN /bin/sh -c a b # buildkit"),
        ("RUN a", "|1 X=y /bin/sh -c b && a"),
        ('RUN ["a"]', "|1 X=y /bin/sh -c b && a"),
        ("RUN a", "|1 X=y a"),
        ("RUN a", "|1 X=y /bin/sh -c b && /bin/sh -c a"),
        ("COPY a /x/", "COPY b /x/ # buildkit"),
        ("COPY a /x/", "ADD a /x/ # buildkit"),
        ("COPY a /x", f"COPY file:{'ab' * 32} in /y"),
        ("ENV A=1", "ENV A=2"),
        ("ARG A", "ARG B"),
        ("CMD a", 'CMD ["/bin/sh" "-c" "b"]'),
        ("USER a", ""),
        ("USER a", None),
    ]
    for instruction, created_by in table:
        assert lines(f"FROM debian\n{instruction}\n", created_by) == [None], (instruction, created_by)


def test_the_last_of_several_equal_entries_is_ours() -> None:
    """An entry that the base image has too is taken for ours where ours follow each other."""
    assert lines("FROM x\nWORKDIR /a\nRUN b\n", "WORKDIR /a", "RUN a", "WORKDIR /a", "RUN b") == [None, None, 2, 3]


def test_ambiguous_entries_lead_nowhere() -> None:
    """One entry for two equal instructions is that of neither."""
    assert lines("FROM x\nRUN a\nRUN b\nRUN a\n", "RUN a") == [None]
    assert lines("FROM x\nRUN a\nRUN a\nRUN b\n", "RUN a", "RUN b") == [None, 4]


def test_equal_instructions_are_told_apart_by_order() -> None:
    """Equal instructions with an entry each are taken in order."""
    assert lines("FROM x\nRUN a\nRUN b\nRUN a\n", "RUN a", "RUN b", "RUN a") == [2, 3, 4]


def test_stages_that_build_on_stages() -> None:
    """The history of a stage that starts from another holds the other's instructions first."""
    text = "ARG B=one\nFROM x AS one\nRUN a\nFROM y AS two\nRUN b\nFROM ${B}\nRUN c\n"
    assert lines(text, "RUN x", "RUN a", "RUN c") == [None, 3, 7]


def test_the_last_stage_of_a_name_counts() -> None:
    """Of two stages with the same name the later one is meant."""
    assert lines("FROM x AS one\nRUN a\nFROM y AS One\nRUN b\nFROM one\nRUN c\n", "RUN b", "RUN c") == [4, 6]


def test_another_stage_as_target() -> None:
    """An image of `--target` is known if that stage, and no other, is complete."""
    text = "FROM x AS one\nRUN a\nFROM y AS two\nRUN b\nFROM z\nRUN c\n"
    assert lines(text, "RUN base", "RUN b") == [None, 4]
    assert lines(text.replace("RUN b", "RUN a"), "RUN base", "RUN a") == [None, None]


def test_an_image_from_nothing_has_no_base() -> None:
    """On `scratch`, entries before the Dockerfile's own show that it is not the image's."""
    assert aligned("FROM scratch\nCOPY a /\n", "COPY a /").complete
    assert not aligned("FROM scratch\nCOPY a /\n", "RUN x", "COPY a /").complete


def test_a_dockerfile_without_a_stage_leads_nowhere() -> None:
    """Without FROM there is nothing to align."""
    assert align([History("RUN a", empty_layer=False)], Recipe(Dockerfile.parse(b"RUN a\n"))) is None


def test_no_history_leads_nowhere() -> None:
    """An image without history has no entries, and no Dockerfile is completely in it."""
    found = aligned("FROM x\nRUN a\n")
    assert (dict(found.steps), found.complete) == ({}, False)


def test_a_long_history_counts_from_its_end() -> None:
    """Of a history longer than the limit the last entries are looked at, under their own numbers."""
    found = aligned("FROM x\nRUN a\nRUN b\n", *(f"RUN {number}" for number in range(MOST + 5)), "RUN a", "RUN b")
    assert {entry: step.instruction.first for entry, step in found.steps.items()} == {MOST + 5: 2, MOST + 6: 3}


@given(st.integers(0, 10_000))
def test_alignment_keeps_the_order(seed: int) -> None:
    """Whatever the history, entries that lead somewhere lead to ever later lines, each to its own."""
    chance = random.Random(seed)
    text = "FROM x\n" + "".join(f"RUN {chance.choice('abc')}\n" for _ in range(chance.randrange(8)))
    found = lines(text, *(f"RUN {chance.choice('abcd')}" for _ in range(chance.randrange(10))))
    known = [line for line in found if line is not None]
    assert known == sorted(set(known))


@given(st.text(max_size=60) | st.text(alphabet="COPY file:ab0 #(nop)|1=-/\n", max_size=60))
def test_any_text_is_a_record(text: str) -> None:
    """No text makes the reading of an entry fail."""
    assert Record.of(text).keyword
