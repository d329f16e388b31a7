"""A caseworker finds a citizen, says what for, and reads their page."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from mdm.bootstrap import Application
from mdm.domain.audit import AuditAction
from support.browser import (
    NARROW,
    QUIET,
    SIZES,
    WIDE,
    OpenPage,
    Watched,
    assert_accessible,
    audited,
    citizens,
    questions,
)

pytestmark = pytest.mark.extended
SIZED = pytest.mark.parametrize("size", SIZES, ids=["wide", "narrow"])
DOTS = "•••"


def find(page: Page, text: str, birth: str = "") -> None:
    page.goto("/buscar")
    page.get_by_label("CPF, CNS, NIS").fill(text)
    page.get_by_label("Data de nascimento").fill(birth)
    page.get_by_label("Finalidade").select_option("care")
    page.get_by_role("button", name="Buscar").click()
    page.wait_for_selector("#resultado > *")


def open_found(page: Page, text: str) -> None:
    find(page, text)
    page.locator(".hit").get_by_role("link").click()
    page.get_by_role("button", name="Continuar").click()
    page.wait_for_selector("#ficha")


@pytest.fixture
def ana(open_page: OpenPage) -> Page:
    return open_page("ana")


def test_a_citizen_is_found_by_cpf_opened_for_a_purpose_and_read(
    ana: Page, registry: Application
) -> None:
    (known,) = citizens(registry, "cpf IS NOT NULL AND social_name IS NULL", 1)

    find(ana, str(known["cpf"]))
    expect(ana.get_by_role("heading", level=2)).to_be_focused()
    expect(ana.locator(".understood")).to_contain_text("Entendi: um CPF")
    ana.locator(".hit").get_by_role("link").click()
    expect(ana.get_by_role("heading", level=1)).to_have_text("Por que você precisa desta ficha?")
    ana.keyboard.press("Enter")

    expect(ana.get_by_role("heading", level=1)).to_have_text(
        re.compile(str(known["name"]), re.IGNORECASE)
    )
    headings = ana.get_by_role("heading", level=2).all_inner_texts()
    assert headings[:2] == ["Onde é atendido", "Família declarada"]
    assert str(known["cpf"]) not in ana.content()
    assert str(known["cpf"]) not in ana.url


@SIZED
def test_the_search_is_accessible_with_no_one_one_many_and_in_error(
    open_page: OpenPage, watched: Watched, registry: Application, size: tuple[int, int]
) -> None:
    watched.expected.add(422)
    page = open_page("ana", size=size)
    (one,) = citizens(registry, "cpf IS NOT NULL", 1)
    several = "birth_date IN (SELECT birth_date FROM golden_record WHERE name LIKE 'MARIA %' "
    (many,) = citizens(registry, f"{several} GROUP BY birth_date HAVING COUNT(*) > 1)", 1)
    year, month, day = str(many["birth_date"]).split("-")

    page.goto("/buscar")
    assert_accessible(page)
    find(page, "529.982.247-25")
    expect(page.get_by_role("heading", level=2)).to_contain_text("Nenhum cadastro encontrado")
    assert_accessible(page)
    find(page, str(one["cpf"]))
    expect(page.locator(".hit")).to_have_count(1)
    assert_accessible(page)
    find(page, "Maria", f"{day}/{month}/{year}")
    assert page.locator(".hit").count() > 1
    assert_accessible(page)
    find(page, "Maria")
    expect(page.get_by_role("alert")).to_contain_text("precisa também da data de nascimento")
    assert_accessible(page)


@SIZED
def test_the_page_of_a_citizen_is_accessible(
    open_page: OpenPage, watched: Watched, registry: Application, size: tuple[int, int]
) -> None:
    watched.expected |= {400, 404}
    page = open_page("ana", size=size)
    for condition in (
        "cpf IS NOT NULL AND record_count > 2",
        "cpf IS NOT NULL AND deceased_status IS NOT NULL",
        "cpf IS NOT NULL AND social_name IS NOT NULL",
    ):
        (known,) = citizens(registry, condition, 1)
        find(page, str(known["cpf"]))
        page.locator(".hit").get_by_role("link").click()
        assert_accessible(page)
        page.get_by_role("button", name="Continuar").click()
        page.wait_for_selector("#ficha")
        assert_accessible(page)
    for condition in (
        "cpf IS NULL AND cns IS NULL AND phones IS NULL AND record_count = 1",
        "record_count = (SELECT MAX(record_count) FROM golden_record)",
    ):
        (known,) = citizens(registry, condition, 1)
        page.goto(f"/cidadaos/{known['municipal_id']}")
        page.get_by_role("button", name="Continuar").click()
        page.wait_for_selector("#ficha")
        page.locator("summary").evaluate_all("all => all.forEach(s => s.parentElement.open = true)")
        assert_accessible(page)
    for address, said in (
        ("/cidadaos/ABCDE-FGHJK", "Isto não é um identificador municipal."),
        (f"/cidadaos/{never_issued()}", "Por que você precisa desta ficha?"),
    ):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_have_text(said)
        assert_accessible(page)
    page.get_by_role("button", name="Continuar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Este identificador municipal não existe."
    )


def never_issued() -> str:
    from mdm.domain.municipal_id import mint

    return str(mint())


FIRST = "lower(substr(name, 1, instr(name, ' ') - 1))"


@pytest.mark.parametrize("spelt", ["NOT LIKE", "LIKE"], ids=["plain", "in the e-mail, too"])
def test_the_civil_name_is_nowhere_in_the_page_until_who_may_asks_for_it(
    ana: Page, registry: Application, spelt: str
) -> None:
    mail = f"coalesce(emails, '') {spelt} '%' || {FIRST} || '%'"
    (known,) = citizens(registry, f"cpf IS NOT NULL AND social_name IS NOT NULL AND {mail}", 1)
    civil = str(known["name"])
    first = civil.split(maxsplit=1)[0]
    find(ana, str(known["cpf"]))
    assert not re.search(rf"\b{first}\b", ana.content(), re.IGNORECASE)
    open_found(ana, str(known["cpf"]))

    assert ana.get_by_role("heading", level=1).inner_text().upper() == known["social_name"]
    assert not re.search(rf"\b{first}\b", ana.content(), re.IGNORECASE)

    ana.locator("#valor-civil").get_by_role("button", name="Mostrar").click()
    expect(ana.locator("#valor-civil [data-revealed]")).to_be_focused()
    assert ana.locator("#valor-civil").inner_text().upper() == civil
    last = audited(registry)[-1]
    assert (last["action"], last["fields"]) == (AuditAction.CITIZEN_REVEAL, ["civil_name!"])


def test_one_value_is_shown_the_others_stay_hidden_and_so_it_is_without_scripts(
    open_page: OpenPage, registry: Application
) -> None:
    (known,) = citizens(registry, "cpf IS NOT NULL AND cns IS NOT NULL AND record_count = 1 "
                        "AND sources LIKE '%saude%' AND birth_date < '2000'", 1)  # fmt: skip
    for script in (True, False):
        page = open_page("ana", script=script)
        open_found(page, str(known["cpf"]))
        page.locator("#valor-d0").get_by_role("button", name="Mostrar").click()
        page.wait_for_selector("#valor-d0 [data-revealed]")

        shown = re.sub(r"\D", "", page.locator("#valor-d0").inner_text())
        assert shown == known["cpf"]
        assert (
            page.locator("[data-revealed]").count()
            == 1 + page.locator("#contatos ~ ul [data-revealed]").count()
        )
        assert DOTS in page.locator("#valor-d1").inner_text()


def test_a_nickname_is_never_the_headline(ana: Page, registry: Application) -> None:
    sql = (
        "SELECT g.cpf, g.name FROM golden_record g JOIN membership m ON m.municipal_id = "
        "g.municipal_id JOIN record_version v ON v.record_id = m.record_id "
        "WHERE v.payload LIKE '%\"nickname\"%' AND g.cpf IS NOT NULL AND g.social_name IS NULL "
        "AND g.name IS NOT NULL ORDER BY g.municipal_id LIMIT 3"
    )
    with registry.store.reading() as session:
        rows = session.rows(sql)
    assert len(rows) == 3

    for row in rows:
        open_found(ana, str(row["cpf"]))
        headline = ana.get_by_role("heading", level=1).inner_text()
        assert headline.upper() == str(row["name"]).upper()


def test_the_purpose_holds_for_the_citizen_and_is_asked_again_for_another(
    ana: Page, registry: Application
) -> None:
    one, other = citizens(registry, "cpf IS NOT NULL AND record_count = 1", 2)
    open_found(ana, str(one["cpf"]))

    ana.goto(f"/cidadaos/{one['municipal_id']}")
    expect(ana.locator("#ficha")).to_be_visible()
    ana.goto(f"/cidadaos/{other['municipal_id']}")
    expect(ana).to_have_url(f"/cidadaos/{other['municipal_id']}/finalidade")


def test_a_merged_id_says_whom_it_names_now(ana: Page, merged: tuple[str, str]) -> None:
    old, new = merged

    ana.goto(f"/cidadaos/{old}")
    ana.get_by_label("Atendimento em curso").check()
    ana.get_by_role("button", name="Continuar").click()

    expect(ana.locator(".notice-info").first).to_contain_text(
        f"{old[:5]}-{old[5:]} agora pertence a {new[:5]}-{new[5:]}"
    )
    assert_accessible(ana)


@pytest.fixture
def merged(open_page: OpenPage, registry: Application) -> Iterator[tuple[str, str]]:
    """Two IDs that a steward made one: the former and the one that stays."""
    page = open_page("bruno")
    for number in questions(registry, guarded=False):
        page.goto(f"/revisao/{number}")
        if page.locator(".notice-warning").count() == 0:
            break
    told = page.locator(".review-side").inner_text()
    found = re.search(r"(\w{5})-(\w{5}) passa a fazer parte de (\w{5})-(\w{5})", told)
    assert found is not None
    page.get_by_role("button", name="Mesma pessoa").click()
    expect(page.get_by_role("status")).to_have_text("Registrado: mesma pessoa.")
    yield found.group(1) + found.group(2), found.group(3) + found.group(4)
    page.get_by_role("button", name="Desfazer").click()
    expect(page.get_by_role("status")).to_contain_text("Desfeito.")


def test_the_whole_way_goes_without_a_mouse(ana: Page, registry: Application) -> None:
    (known,) = citizens(registry, "cpf IS NOT NULL", 1)
    ana.goto("/ajuda")
    ana.wait_for_timeout(QUIET)

    ana.keyboard.press("/")
    expect(ana).to_have_url("/buscar")
    ana.get_by_label("Finalidade").focus()
    ana.keyboard.type("Atendimento")
    ana.get_by_label("CPF, CNS, NIS").focus()
    ana.keyboard.type(str(known["cpf"]))
    ana.keyboard.press("Enter")
    expect(ana.get_by_role("heading", level=2)).to_be_focused()
    ana.keyboard.press("Tab")
    ana.keyboard.press("Enter")
    expect(ana).to_have_url(f"/cidadaos/{known['municipal_id']}/finalidade")
    ana.keyboard.press("Enter")

    expect(ana.locator("#ficha")).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_forced_colours_leave_the_page_readable(
    open_page: OpenPage, registry: Application, size: tuple[int, int]
) -> None:
    page = open_page("ana", size=size)
    page.emulate_media(forced_colors="active")
    (known,) = citizens(registry, "cpf IS NOT NULL AND record_count > 1", 1)

    open_found(page, str(known["cpf"]))

    assert_accessible(page)
