"""Logging in, being refused, being sent back to where one was."""

import pytest
from playwright.sync_api import expect

from support.browser import PASSWORD, SIZES, WIDE, OpenPage, Watched, assert_accessible

pytestmark = pytest.mark.extended


@pytest.mark.parametrize("size", SIZES, ids=["wide", "narrow"])
def test_the_login_page_refuses_in_words_and_is_accessible(
    open_page: OpenPage, watched: Watched, size: tuple[int, int]
) -> None:
    watched.expected.add(401)
    page = open_page(size=size)
    page.goto("/entrar")
    assert_accessible(page)

    page.get_by_label("Usuário").fill("ana")
    page.get_by_label("Senha").fill("errada")
    page.get_by_role("button", name="Entrar").click()

    expect(page.get_by_role("alert")).to_contain_text("Usuário ou senha não conferem.")
    assert page.get_by_label("Usuário").input_value() == "ana"
    assert_accessible(page)


def test_who_is_not_logged_in_comes_back_to_where_they_were(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/ajuda")

    page.get_by_label("Usuário").fill("ana")
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()

    expect(page).to_have_url("/ajuda")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ajuda")
    assert_accessible(page)


def test_logging_out_ends_the_session_also_without_scripts(open_page: OpenPage) -> None:
    page = open_page("ana", script=False)

    page.get_by_role("button", name="Sair").click()
    page.goto("/ajuda")

    expect(page.get_by_role("heading", level=1)).to_have_text("Entrar")


def test_the_cookie_is_for_no_script_and_no_other_site(open_page: OpenPage) -> None:
    page = open_page("ana")

    (cookie,) = [one for one in page.context.cookies() if "session" in one["name"]]

    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert cookie["expires"] == -1


def test_a_form_from_another_site_is_refused(open_page: OpenPage) -> None:
    page = open_page("ana", size=WIDE)

    answer = page.request.post("/sair", headers={"Origin": "https://example.org"})

    assert answer.status == 403
    page.goto("/ajuda")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ajuda")


def test_pages_are_read_in_english_by_who_wants_it(open_page: OpenPage) -> None:
    page = open_page("ana")
    page.goto("/ajuda")

    page.get_by_role("button", name="English").click()

    expect(page).to_have_url("/ajuda")
    expect(page.get_by_role("heading", level=1)).to_have_text("Help")
    assert page.locator("html").get_attribute("lang") == "en"


def test_an_address_that_is_none_says_so_on_a_page(open_page: OpenPage, watched: Watched) -> None:
    watched.expected.add(404)
    page = open_page("ana")

    page.goto("/nada")

    expect(page.get_by_role("heading", level=1)).to_have_text("Esta página não existe.")
    assert_accessible(page)
