"""Keys as they are, on lines of text of every sort of file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accuracy.corpus.carriers.carrier import PLACES, Carrier, line
from accuracy.corpus.kinds import TIERS

if TYPE_CHECKING:
    from random import Random

    from accuracy.corpus.units import Unit

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


def _plain(name: str, template: str) -> Carrier:
    def write(random: Random, secret: str, _variant: int) -> Unit:
        return line(template, random, secret)

    return Carrier(f"plain: {name}", "plain", TIERS, PLACES, "text", write)


def carriers() -> tuple[Carrier, ...]:
    """Return the carriers of this module."""
    return tuple(_plain(name, template) for name, template in (LINES | ESCAPED_LINES).items())
