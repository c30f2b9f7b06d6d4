"""Migrations are written for `public`. Here their text is turned into that for another schema, or refused where that is not safe.

Known forms: `public.name`; `search_path = public, pg_temp`; `schema public`; and `from public`, `to public`, which is the role of everybody
and stays. In strings only `public.name`, and that role at the end. A comment does nothing, and is never a reason to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from greedy.database.errors import SchemaError
from greedy.database.identifiers import quoted
from greedy.database.schema.names import PUBLIC

PARTS = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?P<tag> \$(?:[^\W\d]\w*)?\$ ) (?P<body> .*? ) (?P=tag)
  | (?P<string> \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' )
  | (?P<name> "(?:[^"]|"")*" )
  | (?P<code> (?: (?! -- | /\* | \$(?:[^\W\d]\w*)?\$ | \b[eE]' ) [^'"] )+ )
    """,
    re.DOTALL | re.VERBOSE,
)
FORMS = re.compile(
    r"""
    \b(?P<path> search_path\s*=\s*public\s*,\s*pg_temp )\b(?!\s*[.,])
  | \b(?P<nothing> search_path\s*=\s*pg_catalog\s*,\s*pg_temp )\b(?!\s*[.,])
  | \b(?P<role> (?:from|to)\s+public )\b(?!\s*\.)
  | \bschema\s+(?P<schema> public )\b(?!\s*\.)
  | (?<![.\w]) (?P<prefix> public ) (?= \s*\.\s*(?:\w|\Z) )
  | \b(?P<unknown> public | search_path )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
IN_STRING = re.compile(
    r"(?P<prefix>(?<![.\w])public)(?=\.[\w\"])|\b(?P<role>(?:from|to)\s+public)(?='\Z)|\b(?P<unknown>public|search_path)\b", re.IGNORECASE
)


def rendered(sql: str, schema: str) -> str:
    """A migration's text for `schema`; for `public` as it is.

    Raises
    ------
    SchemaError
        It mentions `public` or a search path in a way that is not known, so that it might reach into another practice's schema.
    """
    return sql if schema == PUBLIC else _rendered(sql, quoted(schema))


def with_shared(sql: str, names: Mapping[str, str]) -> str:
    """A migration's text with other names for the schemas that practices share, as they are when they are made on trial."""
    return re.sub(rf"\b({'|'.join(names)})\b", lambda found: names[found[0]], sql) if names else sql


def _rendered(sql: str, name: str, lines_before: int = 0) -> str:
    done: list[str] = []
    position = 0
    while position < len(sql):
        part = PARTS.match(sql, position)
        if part is None:
            raise _refusal(sql, position, "a quote that does not end", lines_before)
        line = lines_before + sql.count("\n", 0, position)
        match part.lastgroup:
            case "body":
                done += [part["tag"], _rendered(part["body"], name, line), part["tag"]]
            case "comment":
                done.append(re.sub(r"\bpublic(?=\.[\w\"])", lambda _: name, part[0]))
            case "string":
                done.append(_forms(IN_STRING, part[0], name, line))
            case "name":
                if part[0].casefold() == f'"{PUBLIC}"':
                    raise _refusal(sql, position, part[0], lines_before)
                done.append(part[0])
            case _:
                done.append(_forms(FORMS, part[0], name, line))
        position = part.end()
    return "".join(done)


def _forms(forms: re.Pattern[str], text: str, name: str, line: int) -> str:
    def replaced(found: re.Match[str]) -> str:
        match found.lastgroup:
            case "path":
                return f"search_path = {name}, pg_temp"
            case "schema":
                return found[0][: -len(PUBLIC)] + name
            case "prefix":
                return name
            case "role" | "nothing":
                return found[0]
        raise _refusal(text, found.start(), found[0], line)

    return forms.sub(replaced, text)


def _refusal(text: str, position: int, what: str, line: int) -> SchemaError:
    begin, end = text.rfind("\n", 0, position) + 1, text.find("\n", position)
    shown = text[begin : end if end >= 0 else None].strip()
    line += text.count("\n", 0, position) + 1
    return SchemaError(
        f"a migration cannot be made for another schema than public: {what!r} in line {line}: {shown:.120}",
        next_step="write public.name, or search_path = public, pg_temp",
    )
