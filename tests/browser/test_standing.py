"""How the page stands with its service: without a token, with a wrong one, while nobody answers, again."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from .conftest import Serve, Visitor

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

QUIET = "offline:?seed=7&backups=3"


async def test_the_token_is_gone_from_the_address(serve: Serve, visit: Visitor) -> None:
    service = serve(QUIET)
    async with visit(service) as seen:
        await seen.stands("Live")

        assert service.ready["address"].rstrip("/") + "/" == seen.page.url
        markup = await seen.page.evaluate(
            "document.documentElement.outerHTML + JSON.stringify(history.state)"
        )
        assert service.token not in markup
        assert (0, 0, "") == tuple(
            await seen.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
        )


async def test_without_a_token_the_page_says_how_to_get_the_link(serve: Serve, visit: Visitor) -> None:
    service = serve(QUIET)
    async with visit(service, fragment="") as seen:
        await expect(seen.page.get_by_role("heading", name="This page needs its link")).to_be_visible()
        await expect(seen.page.get_by_text("reprieve serve", exact=True)).to_be_visible()
        await expect(seen.back_up).to_be_hidden()
        await expect(seen.rows).to_have_count(0)
        assert [] == [url for url in seen.asked if "/v1/" in url or "backup" in url.rpartition("/page/")[0]]
        await seen.shot("locked")

        await seen.page.evaluate(
            f"location.hash = 'token={service.token}'"
        )  # the link, pasted into the same tab
        await seen.stands("Live")


async def test_a_token_of_another_service_is_refused(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(QUIET), fragment=f"#token={'x' * 43}") as seen:
        seen.expected = ("status of 401", "WebSocket connection")

        await expect(seen.page.get_by_text("The token is not the one of this service")).to_be_visible()
        await expect(seen.page.get_by_role("heading", name="This page needs its link")).to_be_visible()


async def test_a_service_that_is_gone_is_told_and_found_again(serve: Serve, visit: Visitor) -> None:
    service = serve(QUIET)
    async with visit(service) as seen:
        seen.expected = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
        await expect(seen.rows).to_have_count(3)

        service.stop()
        await seen.stands("No answer")
        await expect(seen.page.get_by_text("The service does not answer")).to_be_visible()
        await expect(seen.rows).to_have_count(3)
        await expect(seen.back_up).to_be_disabled()
        await seen.shot("gone")

        serve("offline:?seed=7&backups=4", "--port", str(service.port))
        await seen.stands("Live")
        await expect(seen.rows).to_have_count(4)
        await expect(seen.page.get_by_text("The service does not answer")).to_be_hidden()
        await expect(seen.back_up).to_be_enabled()


async def test_a_button_pressed_while_nobody_answers_says_so(serve: Serve, visit: Visitor) -> None:
    service = serve(QUIET)
    async with visit(service) as seen:
        seen.expected = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
        await seen.stands("Live")
        service.stop()
        await seen.stands("No answer")

        await seen.back_up.focus()
        await seen.page.keyboard.press("Enter")

        alert = seen.notices.get_by_role("alert")
        await expect(alert).to_contain_text("The service does not answer; nothing was asked of it.")


async def test_no_backups_yet(serve: Serve, visit: Visitor) -> None:
    async with visit(serve("offline:?seed=7")) as seen:
        await expect(seen.page.get_by_text("There are no backups yet")).to_be_visible()
        await expect(seen.page.get_by_role("img")).to_have_count(0)
        await expect(seen.page.get_by_role("table")).to_have_count(0)
        await seen.shot("empty")


async def test_many_backups_are_shown_when_asked_for(serve: Serve, visit: Visitor) -> None:
    async with visit(serve("offline:?seed=7&backups=60")) as seen:
        await expect(seen.rows).to_have_count(15)

        await seen.page.get_by_role("button", name="Show all 60").click()

        await expect(seen.rows).to_have_count(60)
        await expect(seen.rows.nth(15).get_by_role("button", name="Restore")).to_be_focused()


async def test_what_the_service_cannot_do_is_not_offered(serve: Serve, visit: Visitor) -> None:
    async with visit(serve("offline:?seed=7&backups=2&without=restore,undo_copies,revert")) as seen:
        await expect(seen.rows).to_have_count(2)
        await expect(seen.rows.get_by_role("button", name="Restore")).to_have_count(0)
        await expect(seen.rows.get_by_role("button", name="Delete")).to_have_count(2)
