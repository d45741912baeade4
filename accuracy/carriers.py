"""The carriers: every way in which keys sit in images, as functions from a key to bytes.

A `Carrier` says what the bytes look like, what `encoding` a report must call them, and which tiers can be told in
them. How many variants it has is part of it: a carrier that can be cut at twenty places has twenty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from accuracy.kinds import STRUCTURAL, TIERS
from accuracy.units import Unit, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Habitat = Literal["text", "binary", "utf-16-le", "utf-16-be"]


@dataclass(frozen=True, slots=True)
class Carrier:
    """One way to carry a key.

    `encoding` is the word that a report must use, nested ones joined by `+`, outermost first. `tiers` are those
    whose credentials can be told in it: where letters may touch on both sides, only the structural one can.
    `write(random, key, variant)` gives the bytes. `habitat` is the sort of file that they stand in: bytes for a
    `text` file may stand in a binary as well, UTF-16 is the text of a whole file.
    """

    name: str
    encoding: str
    tiers: str
    variants: int
    habitat: Habitat
    write: Callable[[Random, str, int], Unit] = field(repr=False)


NAMES = ("PAYMENT_KEY", "STRIPE_API_KEY", "api_secret", "stripeSecretKey", "BILLING_TOKEN", "MY_STRIPE_KEY")
"""Half of them speak of Stripe."""

LINES: dict[str, str] = {
    "alone on a line": "\n{k}\n",
    "environment file": "{n}={k}\n",
    "environment file, double quotes": '{n}="{k}"\n',
    "environment file, single quotes, CRLF": "{n}='{k}'\r\n",
    "shell export": "export {n}={k};\n",
    "shell default": 'key="${{n}:-{k}}"\n',
    "Dockerfile ENV": "ENV {n}={k} PORT=80\n",
    "Dockerfile RUN": "RUN ./configure --{n}={k} && make\n",
    "YAML": "{n}: {k}\n",
    "YAML list": "env:\n  - {k}\n",
    "YAML with comment": '{n}: "{k}" # rotate\n',
    "JSON": '{"id":7,"{n}":"{k}","n":1}\n',
    "JSON array": '["{n}","{k}"]\n',
    "JSON in JSON": '{"body":"{\\"{n}\\":\\"{k}\\"}"}\n',
    "INI": "[payment]\n{n} = {k}\n",
    "TOML": "[payment]\n{n} = '{k}'\n",
    "XML element": "<{n}>{k}</{n}>\n",
    "XML attribute": '<add key="{n}" value="{k}"/>\n',
    "XML CDATA": "<key><![CDATA[{k}]]></key>\n",
    "properties": "payment.{n}={k}\n",
    "properties, colon": "payment.{n}:{k}\n",
    "URL user": "https://{k}:@api.example/v1/charges\n",
    "URL query": "https://shop.example/pay?{n}={k}&amount=1\n",
    "URL path": "https://shop.example/{n}/?{k}#top\n",
    "curl -u": "curl https://api.example/v1/charges -u {k}:\n",
    "bearer header": "Authorization: Bearer {k}\r\n",
    "SQL insert": "INSERT INTO settings VALUES (1,'{n}','{k}');\n",
    "PostgreSQL dump": "7\t{n}\t{k}\t2021-01-01\n",
    "CSV": "7,{n},{k},x\n",
    "Markdown code": "Put `{k}` into `{n}`.\n",
    "Markdown bold": "The key is **{k}**.\n",
    "Markdown table": "|{n}|{k}|\n",
    "Markdown link": "[the key]({k})\n",
    "log line": "2021-03-04T05:06:07Z INFO charge {n}={k} status=402\n",
    "sentence": "Our {n} is {k}. Keep it.\n",
    "PHP define": "define('{n}','{k}');\n",
    "JavaScript template": "const {n}=`{k}`;\n",
    "C string": 'static char {n}[]="{k}\\0";\n',
    "Python bytes": "{n} = b'{k}'\n",
    "brackets": "[{k}]\n",
    "angle brackets": "<{k}>\n",
    "guillemets": "clé «{k}» ✓\n",
    "after an underscore": "KEY_{k}\n",
    "after a hyphen": "--{n} -{k} \n",
    "Windows batch": "set {n}={k}&rem x\r\n",
    "regular expression": "/^{k}$/\n",
    "shell backslash": "{n}={k}\\ x\n",
}
"""Lines of text with a key in the place of `{k}` and the name of a variable in that of `{n}`."""

ESCAPED_LINES: dict[str, str] = {
    "behind \\n in JSON": '{"env":"{n}=\\n{k}\\nPORT=80"}\n',
    "behind \\t and \\r\\n": 'printf("{n}\\t{k}\\r\\n");\n',
    "behind \\u003d in JSON": '{"url":"https://shop.example/?{n}\\u003d{k}\\u0026n=1"}\n',
    "behind \\u003e in JSON": '{"xml":"\\u003c{n}\\u003e{k}\\u003c/{n}\\u003e"}\n',
    "behind \\u0022": "var x = '{\\u0022{n}\\u0022:\\u0022{k}\\u0022}';\n",
    "behind \\x22": 'x = "{\\x22{n}\\x22:\\x22{k}\\x22}"\n',
    "behind %3D": "https://shop.example/?next=%2Fpay%3F{n}%3D{k}%26n%3D1\n",
    "behind %22": "https://shop.example/?json=%7B%22{n}%22%3A%22{k}%22%7D\n",
    "behind &quot;": "<div data-x='{&quot;{n}&quot;:&quot;{k}&quot;}'>\n",
    "behind a colour": "\x1b[1;32m{n}\x1b[0m=\x1b[31m{k}\x1b[0m\n",
}
"""Lines in which what separates the key from its name is escaped, and ends in a letter or digit."""

PLACES = 6
"""The number of ways in which a corpus surrounds a carrier: a carrier with no choices of its own has as many."""


def line(template: str, random: Random, secret: str) -> Unit:
    """Fill a line with a key and, where it has one, the name of a variable."""
    return fill(template.replace("{n}", random.choice(NAMES)), secret)


def _plain(name: str, template: str) -> Carrier:
    def write(random: Random, secret: str, _variant: int) -> Unit:
        return line(template, random, secret)

    return Carrier(f"plain: {name}", "plain", TIERS, PLACES, "text", write)


def carriers() -> dict[str, Carrier]:
    """Give all carriers by name."""
    from accuracy import encoded, formats, split, wraps  # noqa: PLC0415 - they are made of what stands above

    made = (
        *(_plain(name, template) for name, template in (LINES | ESCAPED_LINES).items()),
        *encoded.carriers(),
        *wraps.carriers(),
        *split.carriers(),
        *formats.carriers(),
    )
    return {carrier.name: carrier for carrier in made}


__all__ = ["ESCAPED_LINES", "LINES", "NAMES", "PLACES", "STRUCTURAL", "TIERS", "Carrier", "Habitat", "carriers", "line"]
