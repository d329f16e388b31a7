"""Questions for stewards: list, claim, decide, take back, each refusal by name."""

import json
from datetime import timedelta

import pytest

from mdm.domain.access import Role
from mdm.domain.judgement import Verdict
from mdm.services.take_answers import Answer, Taken, take_answers
from support.api_city import City
from support.databases import SteppingClock

REVIEWS = "/api/v1/reviews"
pytestmark = pytest.mark.slow


def code(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]  # type: ignore[attr-defined]


def steward(city: City, name: str = "ana") -> dict[str, str]:
    return city.person(Role.STEWARD, "health", "stewardship", name)


def decide(
    city: City,
    headers: dict[str, str],
    question: str = "pair",
    verdict: str = "same",
    **more: str,
) -> object:
    path = f"{REVIEWS}/{city.questions[question]}"
    etag = city.client.get(path, headers=headers).headers["etag"]
    return city.client.post(
        f"{path}/decision",
        json={"verdict": verdict, "reason": "same family"},
        headers={**headers, "If-Match": etag, **more},
    )


def test_questions_are_listed_page_by_page(city: City) -> None:
    headers = steward(city)
    first = city.client.get(REVIEWS, params={"limit": 1}, headers=headers).json()
    second = city.client.get(
        REVIEWS, params={"limit": 1, "cursor": first["next"]}, headers=headers
    ).json()
    third = city.client.get(
        REVIEWS, params={"limit": 1, "cursor": second["next"]}, headers=headers
    ).json()

    seen = [item["review_id"] for page in (first, second) for item in page["items"]]
    assert sorted(seen) == sorted([city.questions["pair"], city.questions["guarded"]])
    assert (third["items"], third["next"]) == ([], None)


@pytest.mark.parametrize("cursor", ["x", "W10", "é", "bnVsbA"])
def test_what_is_no_cursor_is_refused(city: City, cursor: str) -> None:
    answer = city.client.get(REVIEWS, params={"cursor": cursor}, headers=steward(city))

    assert code(answer) == (400, "usage")


def test_a_question_shows_both_records_and_the_evidence(city: City) -> None:
    path = f"{REVIEWS}/{city.questions['pair']}"
    answer = city.client.get(path, headers=steward(city))
    body = answer.json()

    assert [side["source"] for side in body["sides"]] == ["clinic", "school"]
    assert body["sides"][0]["values"]["name"][0]["value"] == "Lara Zqpairname Melo"
    steps = body["evidence"]
    total = steps["prior"] + steps["relatives"] + steps["rarity"]
    assert sum(found["bits"] for found in steps["findings"]) + total == pytest.approx(5.0)
    found, settled = body["sentences"]
    assert found.startswith("O sistema não decide sozinho: ")
    assert "CPF" in settled
    assert answer.headers["etag"].strip('"') != ""


@pytest.mark.parametrize("question", ["secret", None])
def test_a_question_about_a_restricted_record_does_not_exist(
    city: City, question: str | None
) -> None:
    number = 999_999 if question is None else city.questions[question]
    path, headers = f"{REVIEWS}/{number}", steward(city)

    assert code(city.client.get(path, headers=headers)) == (404, "not_found")
    assert code(city.client.post(f"{path}/claim", headers=headers)) == (404, "not_found")


@pytest.mark.parametrize(
    ("role", "purpose"),
    [
        (Role.CASEWORKER, "care"),
        (Role.STEWARD, "record_update"),
        (Role.DATA_PROTECTION_OFFICER, "court_order"),
    ],
)
def test_only_stewards_decide_and_only_for_stewardship(
    city: City, role: Role, purpose: str
) -> None:
    headers = city.person(role, "health", purpose)

    assert code(city.client.get(REVIEWS, headers=headers)) == (403, "forbidden")


def test_systems_decide_nothing(city: City) -> None:
    assert code(city.client.get(REVIEWS, headers=city.system())) == (403, "forbidden")


def test_a_claimed_pair_is_refused_to_the_next_steward_by_name(city: City) -> None:
    path = f"{REVIEWS}/{city.questions['pair']}"
    mine = city.client.post(f"{path}/claim", headers=steward(city, "ana"))
    again = city.client.post(f"{path}/claim", headers=steward(city, "ana"))
    other = city.client.post(f"{path}/claim", headers=steward(city, "bia"))
    decided = decide(city, steward(city, "bia"))

    assert (mine.json()["state"], mine.json()["claimed_by"]) == ("claimed", "ana")
    assert again.status_code == 200
    for answer in (other, decided):
        assert code(answer) == (409, "review_taken")
        assert answer.json()["conflict_with"]["steward"] == "ana"  # type: ignore[attr-defined]


def test_a_lease_ends_by_itself(city: City) -> None:
    path = f"{REVIEWS}/{city.questions['pair']}"
    city.client.post(f"{path}/claim", headers=steward(city, "ana"))
    other = steward(city, "bia")
    clock = city.application.clock
    assert isinstance(clock, SteppingClock)
    clock.now += timedelta(minutes=14)
    early = city.client.post(f"{path}/claim", headers=other)
    clock.now += timedelta(minutes=1)

    assert code(early) == (409, "review_taken")
    assert city.client.post(f"{path}/claim", headers=other).json()["claimed_by"] == "bia"


def test_a_pair_is_let_go_of_by_who_holds_it_and_nobody_else(city: City) -> None:
    ana, bia = steward(city, "ana"), steward(city, "bia")
    path = f"{REVIEWS}/{city.questions['pair']}"
    skip = f"/revisao/{city.questions['pair']}/pular"
    city.client.post(f"{path}/claim", headers=ana)

    def skipped(headers: dict[str, str]) -> object:
        form = {"csrf_token": headers["X-CSRF-Token"]}
        assert city.client.post(skip, data=form, headers=headers).status_code == 303
        return city.client.get(path, headers=headers).json()["claimed_by"]

    assert skipped(bia) == "ana"
    assert skipped(ana) is None
    assert city.client.post(f"{path}/claim", headers=bia).json()["claimed_by"] == "bia"


def test_same_joins_the_two_and_undo_gives_each_its_id_back(city: City) -> None:
    headers = steward(city)
    before = {city.ids["pair_c"], city.ids["pair_s"]}
    answer = decide(city, headers)
    body = answer.json()  # type: ignore[attr-defined]

    assert (body["state"], body["merged"]) == ("active", 1)
    (kept,) = body["municipal_ids"]
    assert kept in before
    path = f"{REVIEWS}/{city.questions['pair']}"
    assert city.client.get(path, headers=headers).json()["decided_by"] == "ana"
    undone = city.client.post(f"{path}/undo", headers=headers).json()
    assert (undone["state"], set(undone["municipal_ids"])) == ("undone", before)
    assert city.client.get(path, headers=headers).json()["state"] == "open"


def test_a_decided_pair_is_refused_to_the_next_steward_by_name(city: City) -> None:
    decide(city, steward(city, "ana"), verdict="different")
    late = decide(city, steward(city, "bia"))

    assert code(late) == (409, "review_taken")
    conflict = late.json()["conflict_with"]  # type: ignore[attr-defined]
    assert (conflict["steward"], conflict["verdict"]) == ("ana", "different")


def test_an_answer_that_contradicts_an_earlier_one_is_refused_and_names_it(city: City) -> None:
    one, other = city.records["clinic", "c20"], city.records["school", "s20"]
    third = city.records["clinic", "c21"]
    rules = city.client.app.state.serving.reads.rules()  # type: ignore[attr-defined]
    said = [((one, third), Verdict.SAME), ((other, third), Verdict.DIFFERENT)]
    decide(city, steward(city), verdict="different")
    with city.application.store.writing(city.application.header("judge")) as session:
        for (left, right), verdict in said:
            pair = min(left, right), max(left, right)
            given = Answer(verdict=verdict, pair=pair, actor="carla", reason="papers seen")
            (taken,), _ = take_answers(session, rules, [given])
            assert isinstance(taken, Taken)

    late = decide(city, steward(city))
    assert code(late) == (409, "judgement_conflict")
    assert list(late.json()["conflict_with"]) == ["judgement"]  # type: ignore[attr-defined]


def test_a_decision_names_what_it_is_about(city: City) -> None:
    path, headers = f"{REVIEWS}/{city.questions['pair']}", steward(city)
    body = {"verdict": "same", "reason": "same family"}
    etag = city.client.get(path, headers=headers).headers["etag"]
    without = city.client.post(f"{path}/decision", json=body, headers=headers)
    city.registry.change(city.records["clinic", "c20"], {"full_name": "Outra Pessoa Melo"})
    stale = city.client.post(f"{path}/decision", json=body, headers={**headers, "If-Match": etag})

    assert code(without) == (428, "if_match_required")
    assert code(stale) == (412, "stale_content")


def test_same_across_a_guard_needs_another_steward(city: City) -> None:
    first = decide(city, steward(city, "ana"), "guarded")
    path = f"{REVIEWS}/{city.questions['guarded']}"
    again = city.client.post(f"{path}/claim", headers=steward(city, "ana"))
    waiting = city.client.get(path, headers=steward(city, "bia")).json()
    city.client.post(f"{path}/claim", headers=steward(city, "bia"))
    second = decide(city, steward(city, "bia"), "guarded")

    assert first.json()["state"] == "needs_second"  # type: ignore[attr-defined]
    assert code(again) == (409, "review_taken")
    assert (waiting["needs_second"], waiting["first_steward"]) == (True, "ana")
    assert (second.json()["state"], second.json()["merged"]) == ("active", 1)  # type: ignore[attr-defined]


def test_only_who_answered_or_a_supervisor_takes_an_answer_back(city: City) -> None:
    decide(city, steward(city, "ana"), verdict="different")
    path = f"{REVIEWS}/{city.questions['pair']}/undo"
    other = city.client.post(path, headers=steward(city, "bia"))
    chief = city.person(Role.SUPERVISOR, "health", "stewardship", "chief")

    assert code(other) == (403, "forbidden")
    assert city.client.post(path, headers=chief).status_code == 200
    assert code(city.client.post(path, headers=chief)) == (409, "judgement_conflict")


def keyed(city: City, headers: dict[str, str], key: str) -> tuple[str, dict[str, str]]:
    """The question's path, and headers that let a decision on it be sent again."""
    path = f"{REVIEWS}/{city.questions['pair']}"
    etag = city.client.get(path, headers=headers).headers["etag"]
    return path, {**headers, "Idempotency-Key": key, "If-Match": etag}


def test_a_request_sent_again_is_done_once(city: City) -> None:
    headers = steward(city)
    path, sent = keyed(city, headers, "decide-pair-1")
    body = {"verdict": "different", "reason": "not the same"}

    answers = [
        city.client.post(f"{path}/decision", json=body, headers=sent).json() for _ in range(2)
    ]
    assert answers[0] == answers[1]
    with city.application.store.reading() as session:
        assert session.number("SELECT COUNT(*) FROM judgement") == 1
    other = city.client.post(f"{path}/decision", json={**body, "verdict": "unsure"}, headers=sent)
    assert code(other) == (422, "idempotency_key_reused")
    chains = city.application.chains
    last = [row.body for chain in chains.heads() for row in chains.rows(chain)][-1]
    assert json.loads(last)["outcome"] == "idempotency_key_reused"


def test_a_decision_that_was_taken_back_does_not_return_with_a_late_repeat(city: City) -> None:
    headers = steward(city)
    path, sent = keyed(city, headers, "decide-late-1")
    body = {"verdict": "different", "reason": "not the same"}
    first = city.client.post(f"{path}/decision", json=body, headers=sent)
    assert city.client.post(f"{path}/undo", headers=headers).status_code == 200

    late = city.client.post(f"{path}/decision", json=body, headers=sent)

    assert late.json() == first.json()
    with city.application.store.reading() as session:
        assert session.number("SELECT COUNT(*) FROM ledger_event WHERE kind = 'judge'") == 1


def test_a_decision_whose_answer_was_lost_is_acknowledged_and_logged_once(city: City) -> None:
    """The process ended between the decision and the note of its answer; the caller asks again."""
    headers = steward(city)
    path, sent = keyed(city, headers, "decide-lost-1")
    body = {"verdict": "same", "reason": "same person"}
    first = city.client.post(f"{path}/decision", json=body, headers=sent)
    assert first.status_code == 200
    serving = city.client.app.state.serving  # type: ignore[attr-defined]
    with serving.beside.writing() as session:
        session.execute("UPDATE repeatable SET answer = NULL", {})

    again = city.client.post(f"{path}/decision", json=body, headers=sent)
    assert again.status_code == 200
    assert again.json()["judgement_id"] == first.json()["judgement_id"]
    with city.application.store.reading() as session:
        assert session.number("SELECT COUNT(*) FROM ledger_event WHERE kind = 'judge'") == 1


def test_a_session_that_sends_no_token_of_its_page_changes_nothing(city: City) -> None:
    headers = {**steward(city), "X-CSRF-Token": "guess"}
    path = f"{REVIEWS}/{city.questions['pair']}"

    assert code(city.client.post(f"{path}/claim", headers=headers)) == (403, "forbidden")
    assert city.client.get(path, headers=headers).json()["state"] == "open"


def test_while_the_lane_is_busy_a_decision_is_asked_to_wait(city: City) -> None:
    headers = steward(city)
    path = f"{REVIEWS}/{city.questions['pair']}"
    store = city.application.store
    store._lane_seconds = 0.1
    with store.writing(city.application.header("load")):
        busy = city.client.post(f"{path}/claim", headers=headers)
        read = city.client.get(path, headers=headers)

    assert code(busy) == (503, "lane_busy")
    assert int(busy.headers["retry-after"]) > 0
    assert read.status_code == 200
