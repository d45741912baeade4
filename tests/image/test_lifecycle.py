"""The life of a file: what later layers, and later members of its own, make of it."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.image.lifecycle import DIRECTORY, FOLLOWED, PLAIN, LayerNames, Spot, hashed, resolve, trail
from imgscan.image.membernames import Room
from imgscan.model import Visibility
from tests.effort import examples

VISIBLE = Visibility("visible")


class Node(NamedTuple):
    """A member of a layer: a file, a directory (its name ends in a slash), or a hard link to `target`."""

    name: bytes
    target: bytes | None = None

    @property
    def path(self) -> bytes:
        """The name as layers note it."""
        return self.name.rstrip(b"/")

    @property
    def directory(self) -> bool:
        """Whether it is a directory."""
        return self.name.endswith(b"/")


def _node(text: str) -> Node:
    name, _, target = text.partition(" -> ")
    return Node(name.encode(), target.encode() or None)


def note(members: list[Node]) -> LayerNames:
    """Note a layer's members as a scan does."""
    names = LayerNames()
    for node in members:
        if node.target is not None:
            names.add_link(node.path, node.target)
        else:
            names.add(node.path, DIRECTORY if node.directory else PLAIN)
    return names


@pytest.mark.parametrize("text", ["a, b/, b/c", "a, .wh.b, c/.wh..wh..opq", "", "d/.wh.e, d/.wh..wh.aufs, .wh."])
def test_members_are_noted_alike_one_by_one_and_together(text: str) -> None:
    """Several members at once are recorded as each is alone, whiteouts among them too."""
    members = [_node(each) for each in text.split(", ") if each]
    together, alone = LayerNames(), note(members)
    together.add_all([node.path for node in members], [DIRECTORY if node.directory else PLAIN for node in members])
    assert (together.hashes, together.kinds) == (alone.hashes, alone.kinds)
    assert (together.whiteouts, together.opaque) == (alone.whiteouts, alone.opaque)


def life(*layers: str, of: int = 0, layer: int = 0) -> Visibility:
    """Return the life of member `of` in layer `layer`; a layer is its members, each in one word or as `a -> b`."""
    members = [[_node(text) for text in each.split(", ") if text] for each in layers]
    spot = Spot(layer, of, trail(members[layer][of].path))
    lives = resolve([spot], [note(each) for each in members])
    assert lives is not None
    return lives[spot]


def deleted(layer: int) -> Visibility:
    """Say that a file was deleted in a layer."""
    return Visibility("deleted", layer)


def overwritten(layer: int) -> Visibility:
    """Say that a file was overwritten by a layer."""
    return Visibility("overwritten", layer)


def test_a_file_that_nobody_touches_is_visible() -> None:
    """Other files, and the directories above, do not end a file."""
    assert life("etc/key", "etc/, etc/other", "etc/key2, et/c, key") == VISIBLE


def test_a_whiteout_deletes() -> None:
    """`.wh.NAME` deletes NAME of the layers below."""
    assert life("etc/key", "", "etc/.wh.key") == deleted(2)


def test_a_whiteout_of_a_directory_deletes_what_is_in_it() -> None:
    """A whiteout of any directory above a file deletes the file."""
    assert life("a/b/c/key", "a/.wh.b") == deleted(1)
    assert life("a/b/c/key", ".wh.a") == deleted(1)


def test_a_whiteout_of_something_else_deletes_nothing() -> None:
    """The name must be the whole name, in the same directory."""
    assert life("etc/key", "etc/.wh.ke, etc/.wh.key2, .wh.key, etc/etc/.wh.key") == VISIBLE


def test_a_whiteout_leaves_its_own_layer_alone() -> None:
    """A whiteout hides what lower layers hold, whether it precedes or behind a member of its own."""
    assert life("etc/key, etc/.wh.key") == VISIBLE
    assert life("etc/.wh.key, etc/key", of=1) == VISIBLE


def test_a_whiteout_leaves_upper_layers_alone() -> None:
    """A file that is made again above the whiteout is visible."""
    assert life("etc/key", "etc/.wh.key", "etc/key", layer=2) == VISIBLE


@pytest.mark.parametrize("upper", ["a/.wh.key, a/key", "a/key, a/.wh.key", "a/.wh..wh..opq, a/key", ".wh.a, a/, a/key"])
def test_a_file_made_again_after_a_whiteout_is_overwritten(upper: str) -> None:
    """Where the layer with the whiteout has the file again, the old one is overwritten rather than deleted."""
    assert life("a/key", upper) == overwritten(1)


@pytest.mark.parametrize("upper", ["a/.wh..wh..opq, a/x, a/", "a/, a/x, a/.wh..wh..opq", "a/b/c, a/.wh..wh..opq"])
def test_an_opaque_directory_deletes_what_was_in_it(upper: str) -> None:
    """An opaque marker hides all that lower layers have in its directory, wherever in its layer it is."""
    assert life("a/key", upper) == deleted(1)
    assert life("a/b/key", upper) == deleted(1)


def test_an_opaque_directory_hides_neither_itself_nor_its_neighbours() -> None:
    """The marker speaks of what is in the directory."""
    assert life("a/", "a/.wh..wh..opq") == VISIBLE
    assert life("b/key", "a/.wh..wh..opq") == VISIBLE
    assert life("ab", "a/.wh..wh..opq") == VISIBLE


def test_an_opaque_directory_leaves_its_own_layer_alone() -> None:
    """What the layer with the marker puts into the directory stays."""
    assert life("a/key, a/.wh..wh..opq") == VISIBLE


def test_an_opaque_root_deletes_everything_below() -> None:
    """A marker at the root hides every file of the lower layers."""
    assert life("a/b/key", ".wh..wh..opq") == deleted(1)
    assert life("key", "x, .wh..wh..opq") == deleted(1)


def test_a_file_is_overwritten_by_its_name() -> None:
    """The next layer that has a member of that name overwrites the file."""
    assert life("etc/key", "", "etc/key", "etc/key") == overwritten(2)


def test_a_directory_overwrites_a_file() -> None:
    """A directory in the place of a file ends the file."""
    assert life("etc/key", "etc/key/") == overwritten(1)


def test_a_file_in_the_place_of_a_parent_deletes() -> None:
    """A file or a link where a directory was takes all that was in the directory along."""
    assert life("a/b/key", "a") == deleted(1)
    assert life("a/b/key", "a/b -> other") == deleted(1)


def test_a_directory_that_comes_again_ends_nothing() -> None:
    """Layers list the directories above what they change; that changes neither them nor what is in them."""
    assert life("a/, a/key", "a/", of=1) == VISIBLE
    assert life("a/, a/key", "a/") == VISIBLE


def test_a_file_in_the_place_of_a_directory_overwrites_it() -> None:
    """A directory, which can carry a key in its name, is ended by a file of that name."""
    assert life("a/", "a") == overwritten(1)


def test_of_members_with_one_name_the_last_is_visible() -> None:
    """Members of one layer apply in order; the earlier ones are overwritten by their own layer."""
    assert life("key, key") == overwritten(0)
    assert life("key, key", of=1) == VISIBLE
    assert life("key, other, key, key", of=2) == overwritten(0)


# hard links


def test_a_hard_link_keeps_a_file_alive() -> None:
    """A file whose first name is deleted is visible while another name of it lives."""
    assert life("key, name -> key", ".wh.key") == VISIBLE
    assert life("key, name -> key", "key") == VISIBLE


def test_a_file_ends_with_its_last_name() -> None:
    """The layer that takes the last of its names ends a file."""
    assert life("key, name -> key", ".wh.key", "", ".wh.name") == deleted(3)
    assert life("key, name -> key", ".wh.key, .wh.name") == deleted(1)
    assert life("key, name -> key", ".wh.key", "name") == overwritten(2)


def test_a_hard_link_of_a_later_layer_keeps_a_file_alive() -> None:
    """A link may be made in a later layer, before the first name goes."""
    assert life("key", "name -> key", ".wh.key") == VISIBLE


def test_a_hard_link_may_lead_to_a_hard_link() -> None:
    """Names of names are names, in one layer and over several."""
    assert life("key, b -> key, c -> b", ".wh.key, .wh.b") == VISIBLE
    assert life("key, b -> key", "c -> b", ".wh.key", ".wh.b") == VISIBLE
    assert life("key, b -> key", "c -> b", ".wh.key", ".wh.b, .wh.c") == deleted(3)


def test_a_hard_link_to_another_file_overwrites() -> None:
    """A link in the place of a file ends the file, unless it leads to that very file."""
    assert life("key, other", "key -> other") == overwritten(1)
    assert life("key", "key -> key") == VISIBLE


def test_a_hard_link_made_before_its_target_was_overwritten_holds_the_old_file() -> None:
    """Order within a layer decides which file a link means."""
    assert life("key, name -> key, key") == VISIBLE
    assert life("key, key, name -> key") == overwritten(0)


def test_a_hard_link_in_the_place_of_a_parent_takes_the_names_in_it() -> None:
    """A link that replaces a directory ends the names in it, also those of the file that it leads to."""
    assert life("key, a/, a/name -> key", "a -> key", ".wh.key", "a/") == overwritten(3)


# names that are no whiteouts


@pytest.mark.parametrize("name", [".wh.", "a/.wh.", ".wh..wh.plnk", ".wh..wh.aufs", ".wh..wh.orph/x", "x.wh.key"])
def test_what_aufs_left_behind_hides_nothing(name: str) -> None:
    """A bare `.wh.` and aufs's own files hide nothing, and are files like others."""
    assert life("key, a/key, plnk, aufs, x", name) == VISIBLE
    assert life(name) == VISIBLE


def test_the_data_of_a_whiteout_are_in_no_filesystem() -> None:
    """A whiteout can hold data, which nobody sees in the finished image."""
    assert life("etc/.wh.key") == deleted(0)
    assert life("x", "a/.wh..wh..opq", layer=1) == deleted(1)


def test_a_whiteout_takes_a_whiteout_for_no_file() -> None:
    """Two layers may delete the same file; the first one did."""
    assert life("key", ".wh.key", ".wh.key") == deleted(1)


@pytest.mark.parametrize(
    ("name", "above"), [(b"a/b/c", [b"a/b", b"a"]), (b"a", []), (b"", []), (b"a//b", [b"a/", b"a"])]
)
def test_the_directories_above_a_name(name: bytes, above: list[bytes]) -> None:
    """A trail has a name's hash, then those of the directories above it, nearest first, without the root."""
    assert trail(name) == (hashed(name), *map(hashed, above))


# the law


def ancestors(name: bytes) -> list[bytes]:
    """Return the directories above a name, without the root."""
    return [name[:at] for at in range(1, len(name)) if name[at : at + 1] == b"/"]


def _hides(layer: list[Node], name: bytes) -> bool:
    parents = [b"", *ancestors(name)]
    for node in layer:
        folder, _, base = node.path.rpartition(b"/")
        if base == b".wh..wh..opq":
            if folder in parents:
                return True
        elif base.startswith(b".wh."):
            hidden = (folder + b"/" if folder else b"") + base[4:]
            if hidden == name or hidden in parents:
                return True
    return False


def simulate(layers: list[list[Node]]) -> tuple[dict[tuple[int, int], Visibility], set[tuple[int, int]]]:
    """Apply the layers to a filesystem, one member after the other, and note how each file of them ends.

    Beside it, the files that were put below what is not a directory: no filesystem has those.
    """
    below: set[tuple[int, int]] = set()
    tree: dict[bytes, tuple[int, int] | None] = {}  # path -> the file there, None for a directory
    ends: dict[tuple[int, int], Visibility] = {}
    for index, layer in enumerate(layers):
        last: dict[tuple[int, int], Visibility] = {}

        def end(path: bytes, how: Visibility, last: dict[tuple[int, int], Visibility] = last) -> None:
            file = tree.pop(path)
            if file is not None:
                last[file] = how

        gone = {path: tree[path] for path in tree if _hides(layer, path)}
        for path in gone:
            end(path, deleted(index))
        for number, node in enumerate(layer):
            if b".wh." in node.name:
                continue
            path = node.path
            new: tuple[int, int] | None = None if node.directory else (index, number)
            if node.target is not None and tree.get(node.target) is not None:
                new = tree[node.target]
                if tree.get(path) == new:
                    continue
            lost = gone.get(path)
            if lost is not None and lost in last:
                last[lost] = overwritten(index)
            if path in tree and not (node.directory and tree[path] is None):
                end(path, overwritten(index))
            if not node.directory:
                for inside in [each for each in tree if each.startswith(path + b"/")]:
                    end(inside, deleted(index))
            tree[path] = new
            if new is not None and any(tree.get(above) is not None for above in ancestors(path)):
                below.add(new)
        alive = set(tree.values())
        ends |= {file: how for file, how in last.items() if file not in alive and file not in ends}
    return ends, below


PATHS = [b"a", b"b", b"a/x", b"a/y", b"b/x", b"a/x/1", b"a/x/2", b"c"]


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    """Make a member of any sort, over few names, so that they meet."""
    path = draw(st.sampled_from(PATHS))
    folder, _, base = path.rpartition(b"/")
    sort = draw(st.sampled_from(["file", "file", "directory", "link", "link", "whiteout", "opaque"]))
    if sort == "directory":
        return Node(path + b"/")
    if sort == "whiteout":
        return Node((folder + b"/" if folder else b"") + b".wh." + base)
    if sort == "opaque":
        return Node((folder + b"/" if folder else b"") + b".wh..wh..opq")
    if sort == "link":
        target = draw(st.sampled_from(PATHS))
        if (
            target != path and not target.startswith(path + b"/") and not path.startswith(target + b"/")
        ):  # no tool can make those
            return Node(path, target)
    return Node(path)


@given(st.lists(st.lists(nodes(), max_size=5), min_size=1, max_size=4))
@settings(max_examples=examples(133))
def test_a_file_lives_as_in_a_filesystem(layers: list[list[Node]]) -> None:
    """The life of every file is what applying all layers to a filesystem, member by member, shows."""
    expected, below = simulate(layers)
    spots = [
        Spot(index, number, trail(node.path))
        for index, layer in enumerate(layers)
        for number, node in enumerate(layer)
        if node.target is None and not node.directory and b".wh." not in node.name and (index, number) not in below
    ]
    lives = resolve(spots, [note(layer) for layer in layers])
    assert lives is not None
    for spot, found in lives.items():
        told = expected.get((spot.layer, spot.member), VISIBLE)
        assert (found.layer, found.state == "visible") == (told.layer, told.state == "visible"), spot
        if not any(node.target for layer in layers for node in layer):  # with several names there are several ends
            assert found == told, spot


def test_a_file_with_too_many_links_has_no_known_life() -> None:
    """More hard links to one file than are followed: what becomes of it is not said, rather than guessed."""
    names = LayerNames()
    names.add(b"a", PLAIN)
    for number in range(FOLLOWED):
        names.add_link(b"d/%d" % number, b"a")
    spot = Spot(0, 0, trail(b"a"))
    assert resolve([spot], [names]) == {spot: VISIBLE}
    names.add_link(b"d/one more", b"a")
    assert resolve([spot], [names]) is None


def test_many_links_to_other_files_change_nothing() -> None:
    """Only links to files with findings are followed, however many there are."""
    names = LayerNames()
    names.add(b"a", PLAIN)
    for number in range(3 * FOLLOWED):
        names.add_link(b"d/%d" % number, b"b")
    spot = Spot(0, 0, trail(b"a"))
    assert resolve([spot], [names, note([Node(b"a")])]) == {spot: overwritten(1)}


@pytest.mark.parametrize("kind", ["member", "link", "folder", "whiteout"])
def test_names_that_do_not_fit_are_let_go(kind: str) -> None:
    """Layers share the room for their names; the one for which there is none keeps nothing, and says so."""
    room = Room(1 << 20)
    first, second = LayerNames(room), LayerNames(room)
    first.add(b"a", PLAIN)
    number = 0
    while second.whole:
        number += 1
        if kind == "member":
            second.add(b"%d" % number, PLAIN)
        elif kind == "whiteout":
            second.add(b".wh.%d" % number, PLAIN)
        else:
            second.add_link(b"d/%d/x" % (number if kind == "folder" else 0), b"a")
    assert 2000 < number < 120_000
    assert (len(second.hashes), len(second.kinds), len(second.targets), len(second.folders)) == (0, 0, 0, 0)
    second.add_all([b"x", b"y"], [PLAIN, PLAIN])
    assert not second.kinds
    assert resolve([Spot(0, 0, trail(b"a"))], [first, second]) is None
    assert resolve([], [first, second]) == {}
