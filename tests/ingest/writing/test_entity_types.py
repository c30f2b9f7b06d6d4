"""Entity types: declared once, checked, parents first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greedy.database.connector import DBConnector
from greedy.errors import InputError
from greedy.formats.tables import TABLES
from greedy.ingest.workbook.layout import PRACTICE
from greedy.ingest.writing.entities import OURS, EntityType, EntityTypes
from greedy.ingest.writing.sessions import open_session
from greedy.ingest.writing.writer import DatabaseWriter


def test_parents_stand_before_children_and_otherwise_nothing_moves() -> None:
    types = EntityTypes(
        [
            EntityType("c", "c", parents={"b_id": "b", "c_id": "c"}),
            EntityType("x", "x"),
            EntityType("b", "b", parents={"a_id": "a"}),
            EntityType("a", "a"),
        ]
    )
    assert list(types) == ["x", "a", "b", "c"]
    assert len(types) == 4
    assert "a" in types
    assert types.get("d") is None


@given(st.permutations(range(8)), st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7))))
def test_any_order_of_declaration_will_do(order: list[int], pairs: set[tuple[int, int]]) -> None:
    parents = {n: {f"c{m}": f"t{m}" for low, m in pairs if low == n and m <= n} for n in range(8)}
    types = EntityTypes(EntityType(f"t{n}", f"t{n}", parents=parents[n]) for n in order)
    place = {name: number for number, name in enumerate(types)}
    assert all(place[parent] <= place[name] for name, one in types.items() for parent in one.parents.values())


def test_all_contradictions_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        EntityTypes(
            [
                EntityType("clients", "clients"),
                EntityType("clients", "clients"),
                EntityType("programs", "programs", parents={"client_id": "client"}, id_column=None),
                EntityType("", "x"),
            ]
        )
    assert caught.value.details == (
        "type 'clients' is declared 2 times",
        "table 'clients' is declared 2 times",
        "type 'programs' has neither an id_column nor a key: its rows cannot be told apart",
        "type 'programs': client_id refers to 'client', which is not declared. Did you mean: clients?",
        "type '' with the table 'x': both need a name",
    )


def test_a_circle_is_refused_by_its_names() -> None:
    with pytest.raises(InputError, match=re.escape("in a circle: ")) as caught:
        EntityTypes([EntityType(name, name, parents={"p": parent}) for name, parent in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))])
    assert set(caught.value.message.partition("circle: ")[2].split(" > ")) == {"a", "b", "c"}


FILES = [
    ("[entities.a", "is not TOML"),
    ("[entities.a]\ntables = 'x'", "entities.a.tables: Extra inputs are not permitted"),
    ("[entities.a]\nparents = 'x'", "entities.a.parents: "),
    ("[entity.a]\n", "entities: Field required"),
    ("x = 1", "x: Extra inputs"),
    ("[entities.a]\nparents = {b_id = 'b'}", "b_id refers to 'b', which is not declared"),
    ("[entities.a]\nid_column = ''", "neither an id_column nor a key"),
    ("\ud800", "is not UTF-8"),
    (None, "cannot be read: No such file"),
]


@pytest.mark.parametrize(("text", "message"), FILES)
def test_a_file_that_is_no_declaration_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "types.toml"
    if text is not None:
        path.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(InputError) as caught:
        EntityTypes.from_toml(path)
    assert message in "\n".join([caught.value.message, *caught.value.details])


def test_a_declaration_says_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "types.toml"
    path.write_text(
        "[entities.links]\ntable = 'crm.links'\nid_column = ''\nkey = ['a', 'b']\n[entities.a]\nid_prefix = 'a'\nknown_by = [['x', 'y'], 'z']"
    )
    types = EntityTypes.from_toml(path)
    assert types["links"] == EntityType("links", "crm.links", None, {}, None, ("a", "b"), ())
    assert types["a"] == EntityType("a", "a", "id", {}, "a", (), (("x", "y"), ("z",)))


def test_ours_are_the_tables_of_a_practice() -> None:
    assert list(OURS) == list(TABLES)
    for layout in PRACTICE:
        references = {column.field: column.refers_to for column in layout.columns if column.refers_to}
        assert references.items() <= OURS[layout.entity].parents.items()
        if layout.known_by:
            assert OURS[layout.entity].known_by == layout.known_by


async def test_ours_fit_the_database(db: DBConnector) -> None:
    async with open_session(db) as session:
        writer = DatabaseWriter(session)
        for name, one in OURS.items():
            table = await writer.table(name)
            assert set(table.columns) >= set(TABLES[name].model_fields)
            referring = {column for columns, _, _ in table.foreign_keys for column in columns if column != "dagdeel"}
            assert referring - {"blocked_by_dagdeel"} == set(one.parents)
            uniques = [set(unique) for unique in await unique_columns(db, name)]
            assert not one.key or set(one.key) in uniques


async def unique_columns(db: DBConnector, table: str) -> list[list[str]]:
    rows = await db.execute(
        "select array(select attname::text from pg_attribute where attrelid = indrelid and attnum = any (indkey)) as columns "
        "from pg_index where indrelid = $1::text::regclass and indisunique",
        [table],
        fetch_all=True,
    )
    return [row["columns"] for row in rows]
