"""What gets in, in raw bytes against a real process: Host x Origin x Sec-Fetch-Site x content type x method.

The holes of others are here by their numbers (docs: security).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from tests.support.services import Answer, Service, answer_from, request, serving

LISTED = "https://snippets.example"
SDK_TYPE = "Content-Type: application/json"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("guard")
    words = ("--allow-origin", LISTED, "--allow-host", "backups.example", "--allow-host", "box:8080")
    with serving(folder, "offline:?seed=7&speed=1000&backups=1", *words) as running:
        yield running


def refused(answer: Answer) -> bool:
    """Whether it was the guard that refused; it does so in one sentence."""
    if answer.status not in (401, 403, 415, 421):
        return False
    assert "text/plain; charset=utf-8" == answer.headers["content-type"]
    assert answer.text.endswith(".")
    assert "\n" not in answer.text
    assert "nosniff" == answer.headers["x-content-type-options"]
    return True


OUR_HOSTS = ("localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "LOCALHOST:{port}")
OTHER_HOSTS = (
    "evil.example:{port}",  # DNS rebinding: CVE-2024-28224, CVE-2025-66414, CVE-2026-42559
    "localhost.evil.example:{port}",
    "localhost",
    "localhost:1",
    "localhost.:{port}",
    "0.0.0.0:{port}",
    "127.0.0.2:{port}",
    "127.1:{port}",
    "[::ffff:127.0.0.1]:{port}",
    "evil.example@localhost:{port}",
    "box:{port}",
    "",
)


@pytest.mark.parametrize("host", [*OUR_HOSTS, "backups.example", "backups.example:{port}", "box:8080"])
def test_our_names_are_let_in(service: Service, host: str) -> None:
    answer = service.ask("GET", "/backups", f"Host: {host.format(port=service.port)}")

    assert 200 == answer.status


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("host", OTHER_HOSTS)
def test_any_other_host_is_misdirected(service: Service, host: str, method: str) -> None:
    answer = service.ask(method, "/backups", f"Host: {host.format(port=service.port)}")

    assert answer.status in (421, 400)  # 400: the parser refuses what is no host at all
    assert 400 == answer.status or refused(answer)


def test_no_host_two_hosts_and_another_host_in_the_first_line_are_refused(service: Service) -> None:
    ours = f"Host: localhost:{service.port}"

    assert service.ask_raw("GET", "/backups").status in (400, 421)
    assert service.ask_raw("GET", "/backups", ours, "Host: evil.example").status in (400, 421)
    assert 421 == service.ask_raw("GET", "http://evil.example/backups", ours).status
    assert 200 == service.ask_raw("GET", f"http://localhost:{service.port}/backups", ours).status


ORIGINS = {
    None: True,
    "http://localhost:{port}": True,
    LISTED: True,
    "null": False,
    "": False,
    "http://evil.example": False,
    "https://localhost:{port}": False,
    "http://localhost:1": False,
    "http://localhost": False,
    "http://127.0.0.1:{port}": False,  # another name of ours, but not the one that is called
    f"{LISTED}.evil.example": False,
    f"{LISTED}:8443": False,
    "http://snippets.example": False,
    "file://": False,
}
SITES = {None: True, "none": True, "same-origin": True, "same-site": False, "cross-site": False, "odd": False}
TYPES = {
    None: True,
    "application/json": True,
    "application/json; charset=utf-8": True,
    "APPLICATION/JSON": True,
    "text/plain": False,
    "application/x-www-form-urlencoded": False,
    "multipart/form-data; boundary=x": False,
    "text/plain; application/json": False,
    "application/json, text/plain": False,
    "": False,
}
SHAPES = [
    ("GET", "/backups"),
    ("HEAD", "/backups"),
    ("POST", "/backup/0.0.1_19700101T000000000Z/delete"),
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_pages_get_in_by_their_origin_and_where_they_come_from(service: Service, origin: str | None) -> None:
    for site, (method, path) in product(SITES, SHAPES):
        sent = origin and origin.format(port=service.port)
        lines = [SDK_TYPE]
        lines += [] if sent is None else [f"Origin: {sent}"]
        lines += [] if site is None else [f"Sec-Fetch-Site: {site}"]

        answer = service.ask(method, path, *lines)

        let_in = ORIGINS[origin] and (SITES[site] or origin == LISTED)
        assert let_in is (answer.status not in (403,)), (method, origin, site, answer)
        leave = sent if sent == LISTED else None
        assert leave == answer.headers.get("access-control-allow-origin"), (method, origin, site)


@pytest.mark.parametrize("named", TYPES)
@pytest.mark.parametrize("body", [b"", b"null", b"{}"])
def test_what_changes_something_is_json_or_nothing(service: Service, named: str | None, body: bytes) -> None:
    lines = [] if named is None else [f"Content-Type: {named}"]
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    head = (f"Host: localhost:{service.port}", "Transfer-Encoding: chunked", *lines)

    declared = service.ask("POST", SHAPES[2][1], *lines, body=body)
    with service.connect() as connection:
        connection.sendall(request("POST", SHAPES[2][1], *head) + chunks)
        chunked = answer_from(connection)

    allowed = not body or (named is not None and TYPES[named])
    expected = 404 if allowed else 415
    assert (expected, expected) == (declared.status, chunked.status), (declared, chunked)


@pytest.mark.parametrize("named", TYPES)
def test_an_empty_form_of_another_page_is_refused_as_a_page(service: Service, named: str | None) -> None:
    lines = [] if named is None else [f"Content-Type: {named}"]
    path, empty = "/backups/create", "Content-Length: 0"

    assert 403 == service.ask("POST", path, "Origin: http://evil.example", empty, *lines).status
    assert 403 == service.ask("POST", path, "Sec-Fetch-Site: cross-site", empty, *lines).status
    assert 421 == service.ask("POST", path, "Host: evil.example", empty, *lines).status


def test_a_second_origin_or_type_beside_a_good_one_is_refused(service: Service) -> None:
    own = f"Origin: http://localhost:{service.port}"

    assert 403 == service.ask("GET", "/backups", own, "Origin: http://evil.example").status
    assert 403 == service.ask("GET", "/backups", "Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site").status
    two = service.ask("POST", SHAPES[2][1], SDK_TYPE, "Content-Type: text/plain", body=b"{}")
    assert two.status in (400, 415)


HANDSHAKE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@pytest.mark.parametrize("origin", [origin for origin, good in ORIGINS.items() if not good])
def test_a_websocket_of_another_page_is_refused(service: Service, origin: str) -> None:
    """Unchecked WebSocket origins: CVE-2025-24010."""
    named = f"Origin: {origin.format(port=service.port)}"

    assert refused(service.ask("GET", "/backups/streamed/progress", named, *HANDSHAKE))


@pytest.mark.parametrize("line", ["Referer: http://localhost:{port}/", "Sec-Fetch-Site: same-origin"])
def test_a_get_that_starts_a_job_comes_from_no_page_not_even_ours(service: Service, line: str) -> None:
    path = "/backups/create/streamed/websocket"

    assert refused(service.ask("GET", path, line.format(port=service.port)))
    assert refused(
        service.ask("GET", path, line.format(port=service.port), "Upgrade: h2c", "Connection: Upgrade")
    )
    assert 200 == service.ask("GET", path, "Sec-Fetch-Site: none").status
    assert 200 == service.ask("GET", path).status
    assert 200 == service.ask("GET", "/backups", line.format(port=service.port)).status


def test_preflights_are_answered_for_listed_pages_alone(service: Service) -> None:
    asked = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")

    listed = service.ask("OPTIONS", "/backups/create", f"Origin: {LISTED}", *asked)
    own = service.ask("OPTIONS", "/backups/create", f"Origin: http://localhost:{service.port}", *asked)
    other = service.ask("OPTIONS", "/backups/create", "Origin: http://evil.example", *asked)

    assert (204, b"") == (listed.status, listed.body)
    assert LISTED == listed.headers["access-control-allow-origin"]
    assert "Origin" == listed.headers["vary"]
    assert (403, 403) == (own.status, other.status)
    for answer in (listed, own, other):
        assert "*" not in answer.headers.get("access-control-allow-origin", "")
        assert not {"access-control-allow-credentials", "set-cookie"} & set(answer.headers)
        assert "access-control-allow-private-network" not in answer.headers


def test_every_answer_says_what_a_browser_may_do_with_it(service: Service) -> None:
    for answer in (
        service.ask("GET", "/backups"),
        service.ask("GET", "/nothing"),
        service.ask("PATCH", "/backups"),
        service.ask("GET", "/backups", "Host: evil.example"),
    ):
        assert "no-store" == answer.headers["cache-control"]
        assert "nosniff" == answer.headers["x-content-type-options"]
        assert "no-referrer" == answer.headers["referrer-policy"]
        assert "same-origin" == answer.headers["cross-origin-resource-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "reprieve" == answer.headers["server"]
