"""A steward decides pairs: by mouse, by keyboard, without scripts; and takes it back."""

import re

import pytest
from playwright.sync_api import Page, expect

from mdm.bootstrap import Application
from support.browser import QUIET, SIZES, OpenPage, Watched, assert_accessible, questions

pytestmark = pytest.mark.extended
SIZED = pytest.mark.parametrize("size", SIZES, ids=["wide", "narrow"])
QUESTION = "Estes dois registros são da mesma pessoa?"


def begin(page: Page) -> str:
    """Open the first pair; returns its address."""
    page.goto("/revisao")
    page.get_by_role("button", name="Começar").click()
    page.wait_for_selector("#par")
    return page.url


def verdicts(registry: Application) -> list[tuple[str, str]]:
    with registry.store.reading() as session:
        rows = session.rows("SELECT verdict, state FROM judgement ORDER BY judgement_id")
    return [(str(row["verdict"]), str(row["state"])) for row in rows]


def test_a_pair_is_decided_by_mouse_and_taken_back(
    open_page: OpenPage, registry: Application
) -> None:
    page = open_page("bruno")
    first = begin(page)
    before = len(verdicts(registry))
    told = page.get_by_role("complementary", name="Por que foi sugerido")
    expect(told).to_contain_text("O sistema não decide sozinho: ")

    page.get_by_role("button", name="Pessoas diferentes").click()
    expect(page.get_by_role("status")).to_contain_text("Registrado: pessoas diferentes.")
    expect(page).not_to_have_url(first)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert verdicts(registry)[before:] == [("different", "active")]

    page.get_by_role("button", name="Desfazer").click()
    expect(page.get_by_role("status")).to_contain_text("Desfeito.")
    expect(page).to_have_url(re.compile(re.escape(first)))
    assert verdicts(registry)[before:] == [("different", "undone")]


def test_a_pair_is_decided_and_taken_back_by_keyboard_alone(
    open_page: OpenPage, registry: Application
) -> None:
    page = open_page("bruno")
    page.goto("/revisao")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").strip() == "Começar":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#par")
    page.wait_for_timeout(QUIET)
    before = len(verdicts(registry))

    page.keyboard.press("n")
    expect(page.get_by_label("Motivo")).to_be_focused()
    page.keyboard.type("mdi: conferido")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("e")
    expect(page.locator("details.steps")).to_have_attribute("open", "")
    page.keyboard.press("i")
    expect(page.get_by_role("status")).to_contain_text("Registrado: incerto.")
    assert verdicts(registry)[before:] == [("unsure", "active")]

    page.wait_for_timeout(QUIET)
    page.keyboard.press("z")
    expect(page.get_by_role("status")).to_contain_text("Desfeito.")
    assert verdicts(registry)[before:] == [("unsure", "undone")]


def test_a_pair_is_decided_and_taken_back_without_scripts(
    open_page: OpenPage, registry: Application
) -> None:
    page = open_page("bruno", script=False)
    begin(page)
    before = len(verdicts(registry))
    expect(page.locator("[data-shortcuts]")).to_be_hidden()

    page.get_by_role("button", name="Pessoas diferentes").click()
    expect(page.get_by_role("status")).to_contain_text("Registrado: pessoas diferentes.")
    page.get_by_role("button", name="Desfazer").click()

    expect(page.get_by_role("status")).to_contain_text("Desfeito.")
    assert verdicts(registry)[before:] == [("different", "undone")]


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "without-scripts"])
def test_a_pair_is_skipped_let_go_of_and_the_next_comes(
    open_page: OpenPage, registry: Application, *, script: bool
) -> None:
    page = open_page("bruno", script=script)
    first = begin(page)
    before = verdicts(registry)

    seen = [first]
    for _ in range(2):
        if script:
            page.wait_for_timeout(QUIET)
            page.keyboard.press("p")
        else:
            page.get_by_role("button", name="Pular").click()
        page.wait_for_url(lambda url: url.split("?")[0] not in seen)
        expect(page.get_by_role("status")).to_have_text("Pulado. O par continua esperando.")
        expect(page.locator(".lease")).to_contain_text("Reservado para você até")
        seen.append(page.url.split("?")[0])

    assert verdicts(registry) == before
    page.goto("/revisao")
    expect(page.locator(".tag", has_text="reservado para você")).to_have_count(1)
    page.get_by_role("button", name="Começar").click()
    expect(page).to_have_url(first)


def test_after_the_last_pair_is_skipped_the_queue_comes(open_page: OpenPage) -> None:
    page = open_page("bruno")
    page.goto("/revisao")
    page.locator(".queue-row").last.get_by_role("button").click()
    page.get_by_role("button", name="Pular").click()

    expect(page).to_have_url(re.compile(r"/revisao\?pulado=1$"))
    expect(page.get_by_role("status")).to_have_text("Pulado. O par continua esperando.")


@SIZED
def test_the_second_of_two_stewards_gets_409_and_the_name_of_the_first(
    open_page: OpenPage, watched: Watched, registry: Application, size: tuple[int, int]
) -> None:
    watched.expected.add(409)
    bruno, carla = open_page("bruno"), open_page("carla", size=size)
    number = questions(registry, guarded=False)[0]
    for page in (bruno, carla):
        page.goto(f"/revisao/{number}")
    carla.get_by_label("Motivo").fill("Conferi por telefone.")

    bruno.get_by_role("button", name="Pessoas diferentes").click()
    expect(bruno.get_by_role("status")).to_contain_text("Registrado")
    with carla.expect_response(re.compile(r"/decidir$")) as answer:
        carla.get_by_role("button", name="Mesma pessoa").click()

    assert answer.value.status == 409
    expect(carla.get_by_role("heading", level=1)).to_have_text("Este par já foi decidido.")
    expect(carla.locator("#mensagem")).to_contain_text("Bruno Prates respondeu")
    expect(carla.locator("#mensagem")).to_contain_text("Conferi por telefone.")
    assert_accessible(carla)
    bruno.get_by_role("button", name="Desfazer").click()
    expect(bruno.get_by_role("status")).to_contain_text("Desfeito.")


def test_a_reserved_pair_is_not_opened_by_another(open_page: OpenPage, watched: Watched) -> None:
    watched.expected.add(409)
    bruno, carla = open_page("bruno"), open_page("carla")
    address = begin(bruno)
    number = address.rsplit("/", 1)[1]
    expect(bruno.locator(".lease")).to_contain_text("Reservado para você até")

    carla.goto("/revisao")
    row = carla.locator(".queue-row.is-held").first
    expect(row).to_contain_text("reservado por Bruno Prates até")
    csrf = carla.locator("input[name=csrf_token]").first.input_value()
    answer = carla.request.post(f"/revisao/{number}/abrir", form={"csrf_token": csrf})

    assert answer.status == 409
    assert "Bruno Prates reservou este par" in answer.text()


def test_same_across_a_guard_needs_a_reason_and_a_second_steward(
    open_page: OpenPage, watched: Watched, registry: Application
) -> None:
    watched.expected.add(422)
    bruno, carla = open_page("bruno"), open_page("carla")
    number = questions(registry, guarded=True)[0]
    bruno.goto(f"/revisao/{number}")

    bruno.get_by_role("button", name="Mesma pessoa").click()
    expect(bruno.get_by_role("alert")).to_contain_text("Escreva o motivo")
    assert_accessible(bruno)
    bruno.get_by_label("Motivo").fill("Documentos vistos na unidade.")
    bruno.get_by_role("button", name="Mesma pessoa").click()
    expect(bruno.get_by_role("status")).to_contain_text("Falta a resposta de uma segunda pessoa")
    bruno.goto(f"/revisao/{number}")
    expect(bruno.locator("#par")).to_contain_text("A primeira resposta foi sua.")
    expect(bruno.get_by_role("button", name="Mesma pessoa")).to_have_count(0)

    carla.goto(f"/revisao/{number}")
    expect(carla.locator("#par")).to_contain_text("Bruno Prates respondeu “mesma pessoa”.")
    carla.get_by_label("Motivo").fill("Também conferi.")
    carla.get_by_role("button", name="Mesma pessoa").click()
    expect(carla.get_by_role("status")).to_contain_text("Registrado: mesma pessoa.")
    carla.get_by_role("button", name="Desfazer").click()
    expect(carla.get_by_role("status")).to_contain_text("Desfeito.")


def test_single_keys_can_be_switched_off_and_stay_off(
    open_page: OpenPage, registry: Application
) -> None:
    page = open_page("bruno")
    begin(page)
    before = verdicts(registry)
    page.locator("[data-shortcuts]").click()
    expect(page.locator("[data-shortcuts]")).to_have_text("Atalhos: desligados")
    page.reload()
    expect(page.locator("[data-shortcuts]")).to_have_attribute("aria-pressed", "false")

    page.locator("h1").click()
    for key in "dmi":
        page.keyboard.press(key)
    page.wait_for_timeout(300)

    expect(page.get_by_role("heading", level=1)).to_have_text(QUESTION)
    assert verdicts(registry) == before


def test_differences_stand_first_and_are_marked(open_page: OpenPage, registry: Application) -> None:
    page = open_page("bruno")
    page.goto(f"/revisao/{questions(registry, guarded=True)[0]}")

    said = page.locator(".compare .likeness").all_inner_texts()
    order = ["Diferente", "Parecido", "Igual", "Ausente"]
    assert said == sorted(said, key=order.index)
    assert page.locator(".compare mark").count() > 0
    assert page.locator("aside li").count() > 2


@SIZED
def test_queue_and_pairs_are_accessible(
    open_page: OpenPage, registry: Application, size: tuple[int, int]
) -> None:
    page = open_page("bruno", size=size)
    page.goto("/revisao")
    assert_accessible(page)
    for number in [questions(registry, guarded=True)[0], *questions(registry, guarded=False)[:2]]:
        page.goto(f"/revisao/{number}")
        page.locator("summary").evaluate_all("all => all.forEach(s => s.parentElement.open = true)")
        assert_accessible(page)


def test_a_caseworker_has_no_queue(open_page: OpenPage, watched: Watched) -> None:
    watched.expected.add(403)
    page = open_page("ana")

    page.goto("/revisao")

    expect(page.get_by_role("heading", level=1)).to_have_text("Você não pode ver isto.")
    assert_accessible(page)


def leave(registry: Application, count: int) -> None:
    """Let so many questions wait, and no others."""
    pairs = "SELECT review_id FROM review_item WHERE record_r IS NOT NULL ORDER BY review_id"
    with registry.store.writing(registry.header("test")) as session:
        states = [
            {**row, "state": "open" if place < count else "stale"}
            for place, row in enumerate(session.rows(pairs))
        ]
        session.update_rows("review_item", states)


@SIZED
def test_a_queue_of_one_and_an_empty_one_say_so(
    open_page: OpenPage, registry: Application, size: tuple[int, int]
) -> None:
    """The last test: it settles every question but one, and then that."""
    page = open_page("bruno", size=size)
    leave(registry, 1)
    page.goto("/revisao")
    expect(page.locator(".queue-row")).to_have_count(1)
    assert_accessible(page)

    leave(registry, 0)
    page.goto("/revisao")

    expect(page.get_by_role("heading", level=2)).to_have_text("Nenhum par espera uma resposta.")
    assert_accessible(page)
