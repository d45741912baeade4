"""Keys in other encodings: UTF-16, base64, hexadecimal, percent signs, escapes, and one inside another."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from accuracy.corpus.carriers.carrier import PLACES, Carrier, line
from accuracy.corpus.kinds import STRUCTURAL, TIERS
from accuracy.corpus.units import Unit, based, each, escaped, unit, utf16, wrapped

if TYPE_CHECKING:
    from random import Random

    from accuracy.corpus.carriers.carrier import Habitat

LEADS = (
    b"",
    b"=",
    b"a:",
    b"PORT=8080\n",
    b'{"currency":"eur","key":"',
    b"[payment]\nurl = https://shop.example/\nkey = ",
)
TAILS = (b"", b":", b"\n", b'"}\n', b"\nDEBUG=false\nLOCALE=de_DE.UTF-8\n", b" \n" + b"retries: 3\n" * 9)


def inner_text(random: Random, secret: str) -> Unit:
    """Put a key into the kind of text that gets encoded."""
    if random.random() < 0.25:
        return line("{n}={k}\n", random, secret)
    return unit(random.choice(LEADS), secret.encode(), random.choice(TAILS))


def _alone(random: Random, secret: str, shift: int) -> Unit:
    """Put as many characters before a key as give it one alignment in base64."""
    lead = random.choice(LEADS)
    lead = lead + b"\n" * ((shift - len(lead)) % 3)
    return unit(lead, secret.encode(), random.choice(TAILS))


def _on_line(random: Random, made: Unit) -> Unit:
    """Put something encoded on a line of its own kind of file."""
    before, after = random.choice(((b"\n", b"\n"), (b"data: ", b"\n"), (b'{"data":"', b'"}\n'), (b"x = '", b"'\r\n")))
    return made.between(before, after)


# Base64


def _base64(alphabet: str, shift: int, padded: bool) -> Carrier:
    def write(random: Random, secret: str, _variant: int) -> Unit:
        made = based(_alone(random, secret, shift), url=alphabet == "URL", padded=padded)
        return _on_line(random, made)

    name = f"base64: {alphabet} alphabet, alignment {shift}, {'padded' if padded else 'not padded'}"
    return Carrier(name, "base64", TIERS, PLACES, "text", write)


def _base64_binary(random: Random, secret: str, _variant: int) -> Unit:
    before, after = (random.randbytes(random.randrange(90)) for _ in range(2))
    return _on_line(random, based(unit(before, secret.encode(), after), url=random.random() < 0.5))


def _basic(random: Random, secret: str, _variant: int) -> Unit:
    header = random.choice((b"Authorization: Basic ", b"-H 'Authorization: Basic ", b'"authorization":"basic '))
    after = {b"A": b"\r\n", b"-": b"'\n", b'"': b'"\n'}[header[:1]]
    return based(unit(b"", secret.encode(), b":")).between(header, after)


def _kubernetes(_random: Random, secret: str, variant: int) -> Unit:
    text = secret.encode()
    made = based(unit(b"", text, b"\n" if variant % 2 else b""))
    if variant % 3 == 0:
        return made.between(b'{"apiVersion":"v1","kind":"Secret","data":{"payment-key":"', b'"}}\n')
    other = based(unit(b"", b"postgres", b"")).data
    head = b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\ntype: Opaque\ndata:\n  user: " + other
    return made.between(head + b"\n  payment-key: ", b"\n  zone: ZXU=\n")


# Hexadecimal and percent


def hexadecimal(inner: Unit, upper: bool) -> Unit:
    """Write in hexadecimal digits, two a byte."""
    return each(inner, 2, lambda data: data.hex().upper().encode() if upper else data.hex().encode())


def _hexadecimal(upper: bool) -> Carrier:
    def write(random: Random, secret: str, _variant: int) -> Unit:
        made = hexadecimal(inner_text(random, secret), upper)
        before, after = random.choice(
            ((b"\n", b"\n"), (b"0x", b";\n"), (b"X'", b"'\n"), (b"\\x", b"\n"), (b"key: ", b"\n"))
        )
        return made.between(before, after)

    return Carrier(f"hex: {'upper' if upper else 'lower'} case", "hex", TIERS, PLACES, "text", write)


def _percent_whole(inner: Unit, upper: bool = True) -> Unit:
    form = "%%%02X" if upper else "%%%02x"
    return each(inner, 3, lambda data: "".join(form % byte for byte in data).encode())


def _percent(upper: bool) -> Carrier:
    def write(random: Random, secret: str, _variant: int) -> Unit:
        made = _percent_whole(unit(b"", secret.encode(), random.choice((b"", b":", b"\n"))), upper)
        return made.between(b"https://shop.example/?key=", random.choice((b"&n=1\n", b"\n", b"#top\n")))

    return Carrier(f"percent: whole, {'upper' if upper else 'lower'} case", "percent", TIERS, PLACES, "text", write)


_UNDERSCORES: dict[str, tuple[str, str]] = {
    "%5F": ("percent", "https://shop.example/?key={k}&n=1\n"),
    "%5f": ("percent", "key={k}\n"),
    "\\u005f": ("escaped", '{"key":"{k}","n":1}\n'),
    "\\u005F": ("escaped", '{n}="{k}"\n'),
    "\\x5f": ("escaped", "const {n} = '{k}';\n"),
    "\\x5F": ("escaped", "{n} = b'{k}'\n"),
    "\\137": ("escaped", "printf '{k}\\n'\n"),
    "&#95;": ("escaped", "<key>{k}</key>\n"),
    "&#x5f;": ("escaped", '<add key="{n}" value="{k}"/>\n'),
    "&#x5F;": ("escaped", "<b>{k}</b>\n"),
    "&lowbar;": ("escaped", "<td>{k}</td>\n"),
}


def _underscore(form: str) -> Carrier:
    encoding, template = _UNDERSCORES[form]

    def write(random: Random, secret: str, _variant: int) -> Unit:
        return escaped(line(template, random, secret), lambda byte: form.encode() if byte == b"_" else byte)

    return Carrier(f"{encoding}: {form} for the underscore", encoding, TIERS, PLACES, "text", write)


# UTF-16


def _utf16_text(order: str, mark: bool) -> Carrier:
    def write(random: Random, secret: str, _variant: int) -> Unit:
        template = random.choice(("{n}={k}\r\n", '{"{n}":"{k}"}\r\n', "clé: {k}\n", "{k}\n", "→{k}←\n"))
        return utf16(line(template, random, secret), order, mark)

    name = f"utf-16-{order}: text {'with' if mark else 'without'} its mark"
    habitat: Habitat = "utf-16-le" if order == "le" else "utf-16-be"
    return Carrier(name, f"utf-16-{order}", TIERS, PLACES, habitat, write)


# A string of the other byte order begins one byte beside every string. At an odd offset the bytes around it must
# forbid that reading; of a big-endian string they can only forbid its last character, so the shapes that may be of
# any length are left out there.


def _utf16_binary(order: str, odd: bool) -> Carrier:
    def write(random: Random, secret: str, _variant: int) -> Unit:
        made = utf16(unit(b"", secret.encode(), b""), order)
        before = random.choice((b"\x7f\x07\x00\x00", "A=".encode(f"utf-16-{order}"), b"\xff\xfe\xfd\xfc"))
        if odd:
            before += b"\x91" if order == "le" else b"\x00"
        after = b"\x91\x00\x00\x00" if odd else b"\x00\x00"
        return made.between(before, after).bound()

    name = f"utf-16-{order}: in a binary, {'odd' if odd else 'even'} offset"
    return Carrier(name, f"utf-16-{order}", "ABC" if odd and order == "be" else TIERS, PLACES, "binary", write)


# One inside another


def _layer(name: str, random: Random, made: Unit) -> Unit:
    if name == "base64":
        return based(made, url=random.random() < 0.3, padded=random.random() < 0.8)
    if name == "base64 wrapped":
        return wrapped(based(made), 76, b"\n").bound()
    if name == "hex":
        return hexadecimal(made, upper=random.random() < 0.5)
    if name == "percent":
        return _percent_whole(made)
    if name == "percent underscore":
        return escaped(made, lambda byte: b"%5F" if byte == b"_" else byte)
    if name == "escaped":
        return escaped(made, lambda byte: b"\\u005f" if byte == b"_" else byte)
    return utf16(made, name[-2:])


def _nested(*layers: str, tiers: str = TIERS) -> Carrier:
    """Make a carrier of layers that are named outermost first."""

    def write(random: Random, secret: str, _variant: int) -> Unit:
        made = inner_text(random, secret)
        for name in reversed(layers):
            made = _layer(name, random, made)
            if name != layers[0]:
                made = made.between(random.choice(LEADS), random.choice(TAILS)) if name == "base64" else made
        return _on_line(random, made)

    words = "+".join(name.partition(" ")[0] for name in layers)
    return Carrier(f"nested: {' of '.join(layers)}", words, tiers, 2 * PLACES, "text", write)


def _split_inside(random: Random, secret: str, variant: int) -> Unit:
    at = secret.index("_", secret.index("_") + 1) + 1 + variant
    parts = secret[:at].encode(), secret[at:].encode()
    return _on_line(random, based(unit(b'key = "', b'" + "'.join(parts), b'"\n')).bound())


def carriers() -> tuple[Carrier, ...]:
    """Return the carriers of this module."""
    return (
        *(_base64(*each) for each in product(("standard", "URL"), range(3), (True, False))),
        Carrier("base64: among random bytes", "base64", STRUCTURAL, 2 * PLACES, "text", _base64_binary),
        Carrier("base64: Authorization: Basic", "base64", TIERS, PLACES, "text", _basic),
        Carrier("base64: Kubernetes Secret", "base64", TIERS, PLACES, "text", _kubernetes),
        *(_hexadecimal(upper) for upper in (False, True)),
        *(_percent(upper) for upper in (True, False)),
        *(_underscore(form) for form in _UNDERSCORES),
        *(_utf16_text(*each) for each in product(("le", "be"), (True, False))),
        *(_utf16_binary(*each) for each in product(("le", "be"), (False, True))),
        _nested("base64", "base64"),
        _nested("base64", "base64", "base64"),
        _nested("base64 wrapped", "base64"),
        _nested("base64", "base64 wrapped"),
        _nested("base64", "utf-16-le"),
        _nested("base64", "utf-16-be"),
        _nested("base64", "percent"),
        _nested("base64", "percent underscore"),
        _nested("base64", "escaped"),
        _nested("base64", "hex"),
        _nested("base64", "utf-16-le", "base64"),
        _nested("base64", "utf-16-le", "hex"),
        _nested("hex", "base64"),
        _nested("hex", "base64", "base64"),
        _nested("hex", "utf-16-le"),
        Carrier("nested: base64 of split", "base64+split", STRUCTURAL, PLACES, "text", _split_inside),
    )
