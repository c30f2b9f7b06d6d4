"""Signing in with accounts of a Supabase project: a real Auth server, and tokens as nobody but an attacker makes them."""

from __future__ import annotations

import json
import secrets
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from greedy.errors import OutsideError
from greedy.settings import Settings
from greedy.store.accounts import Accounts
from greedy.web.app import create_app
from greedy.web.security.access import Access
from greedy.web.security.supabase import SupabaseSignIn
from tests import node_programs
from tests.timing import PATIENCE_SECONDS
from tests.web.security.conftest import with_trial
from tests.web.strangers import client_of, csrf_of

ANNA, EVE = "Anna@Practice.example", "eve@elsewhere.example"
PASSWORD = "a long password"  # noqa: S105
JWT_SECRET = secrets.token_hex(32)


@dataclass(frozen=True)
class Project:
    """An Auth server. `tokens`: of Anna and of Eve, who has an account too, and is no planner."""

    url: str
    key: str
    tokens: dict[str, str]

    def sign_in(self, planners: str = ANNA, secret: str | None = JWT_SECRET) -> SupabaseSignIn:
        return SupabaseSignIn(Accounts(self.url, self.key), planners, secret)


@pytest.fixture(scope="module")
def auth() -> Iterator[Project]:
    """A real Auth server, in which both have an account."""
    keys = {"publishable_key": "sb_publishable_x", "secret_key": f"sb_secret_{secrets.token_hex(16)}", "jwt_secret": JWT_SECRET}
    node_programs.installed()
    program = [node_programs.node(), node_programs.FOLDER / "auth_server.mjs"]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=node_programs.environment()
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(keys) + "\n")
        process.stdin.flush()
        url = f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        tokens = {}
        for email in (ANNA, EVE):
            made = httpx.post(
                f"{url}/auth/v1/signup",
                json={"email": email, "password": PASSWORD},
                headers={"apikey": keys["publishable_key"]},
                timeout=PATIENCE_SECONDS,
            )
            tokens[email] = made.raise_for_status().json()["access_token"]
        yield Project(url, keys["secret_key"], tokens)
        process.stdin.close()


@pytest.fixture
async def stranger(auth: Project, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(with_trial(create_app(settings, access=Access(accounts=auth.sign_in())))) as client:
        yield client


async def sign_in(client: httpx.AsyncClient, email: str, password: str) -> httpx.Response:
    csrf = await csrf_of(client)
    return await client.post("/sign-in", data={"csrf": csrf, "name": email, "password": password})


async def test_a_planner_signs_in(stranger: httpx.AsyncClient) -> None:
    assert (await sign_in(stranger, ANNA, PASSWORD)).status_code == 303
    assert ANNA.lower() in (await stranger.get("/x")).text.lower()


@pytest.mark.parametrize(
    ("email", "password"), [(ANNA, "wrong"), (EVE, PASSWORD), ("nobody@practice.example", PASSWORD), ("", ""), ("x" * 300, "x")]
)
async def test_nobody_else_does(stranger: httpx.AsyncClient, email: str, password: str) -> None:
    answer = await sign_in(stranger, email, password)
    assert answer.status_code == 403
    assert "wrong" in answer.text
    assert (await stranger.get("/x")).status_code == 303


async def test_a_program_comes_with_her_token(stranger: httpx.AsyncClient, auth: Project) -> None:
    answer = await stranger.post("/trial/change", headers={"Authorization": f"Bearer {auth.tokens[ANNA]}"})
    assert answer.status_code == 200
    for token in (auth.tokens[EVE], auth.tokens[ANNA][:-2], "x.y.z", "", "é"):
        answer = await stranger.post("/trial/change", headers={"Authorization": f"Bearer {token}".encode()})
        assert answer.status_code == 401


async def test_who_is_no_planner_any_more_is_out(stranger: httpx.AsyncClient, auth: Project, settings: Settings) -> None:
    await sign_in(stranger, ANNA, PASSWORD)
    app = create_app(settings, access=Access(accounts=auth.sign_in(planners="bert@practice.example")))
    async with client_of(app, stranger.cookies["greedy"]) as client:
        assert (await client.get("/x")).status_code == 303


async def test_a_project_that_does_not_answer_is_no_refusal(settings: Settings) -> None:
    gone = SupabaseSignIn(Accounts("http://127.0.0.1:1", "sb_secret_x"), ANNA)
    async with client_of(create_app(settings, access=Access(accounts=gone))) as client:
        answer = await sign_in(client, ANNA, PASSWORD)
        assert answer.status_code == 503
        token = jwt.encode({"sub": "x"}, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "x"})
        answer = await client.get("/api/v1/rosters", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 503
    with pytest.raises(OutsideError) as caught:
        await Accounts("http://127.0.0.1:1", "sb_secret_x").sign_in(ANNA, PASSWORD)
    assert not any(secret in str(caught.value) for secret in (PASSWORD, "sb_secret"))


def claims(issuer: str | None, **others: Any) -> dict[str, Any]:
    """What an access token of a hosted project says, of Anna."""
    said = {"sub": "01", "aud": "authenticated", "role": "authenticated", "email": ANNA, "exp": int(time.time()) + 3600, "iss": issuer}
    return {name: value for name, value in (said | others).items() if value is not None}


class TestSharedSecret:
    """Tokens of a project that signs with a secret."""

    async def test_its_own_tokens_are_believed(self, auth: Project) -> None:
        for issuer in (f"{auth.url}/auth/v1", None):
            person = await auth.sign_in().bearer(jwt.encode(claims(issuer), JWT_SECRET, "HS256"))
            assert person is not None
            assert person.name == ANNA

    @pytest.mark.parametrize(
        "others",
        [
            {"exp": 1},
            {"exp": None},
            {"aud": "anon"},
            {"aud": None},
            {"sub": None},
            {"role": "service_role"},
            {"role": "anon"},
            {"is_anonymous": True},
            {"email": EVE},
            {"email": None},
            {"email": [ANNA]},
            {"email": "anna@practice.example".replace("a", "\u0430")},
            {"iss": "https://elsewhere.supabase.co/auth/v1"},
            {"nbf": 2**33},
        ],
        ids=str,
    )
    async def test_what_they_say_has_to_be_right(self, auth: Project, others: dict[str, Any]) -> None:
        assert await auth.sign_in().bearer(jwt.encode(claims(f"{auth.url}/auth/v1", **others), JWT_SECRET, "HS256")) is None

    async def test_forged_ones_are_not(self, auth: Project) -> None:
        said = claims(f"{auth.url}/auth/v1")
        unsigned = jwt.encode(said, None, "none")
        for token in (
            jwt.encode(said, "x" * 64, "HS256"),
            unsigned,
            jwt.encode(said, JWT_SECRET, "HS512"),
            f"{unsigned}x",
            "a.b",
            "." * 9,
            "[" * 50_000,
        ):
            assert await auth.sign_in().bearer(token) is None

    async def test_without_the_secret_none_is(self, auth: Project) -> None:
        for secret in (None, ""):
            assert await auth.sign_in(secret=secret).bearer(auth.tokens[ANNA]) is None


class _Keys(BaseHTTPRequestHandler):
    """The public keys of a hosted project."""

    def do_GET(self) -> None:
        self.server.asked += 1  # type: ignore[attr-defined]
        body = json.dumps({"keys": self.server.keys}).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class TestSigningKeys:
    """Tokens of a project that signs with a private key, whose public key it shows."""

    @pytest.fixture
    def hosted(self) -> Iterator[HTTPServer]:
        server = HTTPServer(("127.0.0.1", 0), _Keys)
        server.keys, server.asked = [], 0  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
        server.server_close()

    def sign_in(self, hosted: HTTPServer) -> SupabaseSignIn:
        return SupabaseSignIn(Accounts(self.url(hosted), "sb_secret_x"), ANNA)

    def url(self, hosted: HTTPServer) -> str:
        return f"http://127.0.0.1:{hosted.server_port}"

    def show(self, hosted: HTTPServer, key: Any, algorithm: str, name: str) -> None:
        public = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
        hosted.keys.append(public | {"kid": name, "alg": algorithm, "use": "sig"})  # type: ignore[attr-defined]

    @pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
    async def test_its_own_tokens_are_believed_and_the_keys_asked_for_once(self, hosted: HTTPServer, algorithm: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else rsa.generate_private_key(65537, 2048)
        self.show(hosted, key, algorithm, "first")
        access = self.sign_in(hosted)
        token = jwt.encode(claims(f"{self.url(hosted)}/auth/v1"), key, algorithm, headers={"kid": "first"})
        for _ in range(3):
            assert await access.bearer(token) is not None
        assert hosted.asked == 1  # type: ignore[attr-defined]

    async def test_forged_ones_are_not(self, hosted: HTTPServer) -> None:
        key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.show(hosted, key, "ES256", "first")
        access, said = self.sign_in(hosted), claims(f"{self.url(hosted)}/auth/v1")
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        forged = [
            jwt.encode(said, other, "ES256", headers={"kid": "first"}),
            jwt.encode(said, other, "ES256", headers={"kid": "unknown"}),
            jwt.encode(said, other, "ES256", headers={"kid": "first", "jku": f"{self.url(hosted)}/mine"}),
            jwt.encode(said, None, "none", headers={"kid": "first"}),
            _signed_with(public, said),
        ]
        for token in forged * 3:
            assert await access.bearer(token) is None
        assert hosted.asked <= 2  # type: ignore[attr-defined]  # nobody makes us ask all the time


def _signed_with(public_key: bytes, said: dict[str, Any]) -> str:
    """A token that is signed with the public key as if it were a secret."""
    import base64
    import hashlib
    import hmac

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    content = f"{encoded(json.dumps({'alg': 'HS256', 'kid': 'first'}).encode())}.{encoded(json.dumps(said).encode())}"
    return f"{content}.{encoded(hmac.new(public_key, content.encode(), hashlib.sha256).digest())}"
