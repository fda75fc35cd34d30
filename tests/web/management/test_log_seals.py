"""/api/v2/log-seals: whatever somebody does to history who can write to the table is found, and nothing else is."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy

import pytest

from chalicelib import tasks
from chalicelib.core.log_verification import FINDINGS
from chalicelib.storage.table import Item
from tests.documents import table

pytestmark = pytest.mark.security(40)

SEALS, CLIENTS, KEYS = "/api/v2/log-seals", "/api/v2/clients", "/api/v2/keys/signing"
PERSON = {"connection": "Username-Password-Authentication", "email": "ann@example.com", "password": "Long-enough-1"}


@pytest.fixture
def later(core, clock):
    """Let minutes pass, and in the third of each period happen what the schedule does: in others it finds no tenant."""

    def minutes_later(minutes):
        for _ in range(minutes):
            clock.advance(minutes=1)
            if clock.time.minute % 10 == 2:
                core.log_seals.run()

    return minutes_later


@pytest.fixture
def history(api, later):
    """Let three clients be made in each of three periods, a minute after another, and be sealed."""
    for period in range(3):
        for number in range(3):
            api.post(CLIENTS, {"name": f"c{period}{number}"})
            later(1)
        later(7)
    later(3)
    return found(api.get(SEALS))


@pytest.fixture
def edit(contents):
    """Do what somebody can who can write to the table: edit a copy of its items, which then are those of the table."""

    def edit(change):
        items = deepcopy(contents.read())
        change(items)
        contents.restore(items)

    return edit


@pytest.fixture
def look(api):
    """Verify everything as an administrator would; give each thing that is found, of the seals and of their events."""

    def verify():
        chain = found(api.get(SEALS))
        findings = [*chain["findings"]]
        for seal_id in [seal["id"] for seal in chain["log_seals"]] + ["unsealed"]:
            answer = api.get(f"{SEALS}/{seal_id}")
            findings += answer.json["findings"] if answer.status == 200 else [{"kind": "not found"}]
        return [each for place, each in enumerate(findings) if each not in findings[:place]]

    return verify


@pytest.fixture
def kinds(look):
    return lambda: {finding["kind"] for finding in look()}


def found(answer):
    assert answer.status == 200, answer.text
    assert answer.json["intact"] == (answer.json["findings"] == [])
    return answer.json


def events(items, tenant="main"):
    return [each for each in items if each["sk"]["S"].startswith("LOG#") and each["pk"]["S"].startswith(f"T#{tenant}#")]


def seals(items):
    return [each for each in items if each["sk"]["S"].startswith("LOG_SEAL#") and each["pk"]["S"] == "T#main#S"]


def newest(items):
    return next(each for each in items if each["pk"]["S"] == "T#main#S" and each["sk"]["S"] == "NEWEST")


def set_back(items, earlier):
    """Put the seals back as they were."""
    items[:] = [each for each in items if not each["pk"]["S"].endswith("#S")]
    items += [deepcopy(each) for each in earlier if each["pk"]["S"].endswith("#S")]


# Nothing happened


def test_history_that_nobody_touched_is_intact(api, history, look):
    answers = [found(api.get(f"{SEALS}/{seal['id']}")) for seal in history["log_seals"]]

    assert look() == []
    assert [seal["events"] for seal in history["log_seals"]] == [3, 3, 4]
    assert [answer["events"] for answer in answers] == [3, 3, 4]
    assert history["sealed_until"] == "2026-03-01T12:30:00.000Z"


def test_a_seal_is_made_two_minutes_after_its_period_and_covers_what_lies_between(api, later):
    later(11)
    before = found(api.get(SEALS))["log_seals"]
    later(30)
    api.post(CLIENTS, {"name": "after a rest"})
    later(11)

    first, second = found(api.get(SEALS))["log_seals"][::-1]
    assert before == []
    assert (first["since"], first["until"], first["sealed_at"]) == at("12:00", "12:10", "12:12")
    assert (second["since"], second["until"], second["sealed_at"]) == at("12:10", "12:50", "12:52")


def at(*times):
    return tuple(f"2026-03-01T{time}:00.000Z" for time in times)


def test_the_schedule_seals(core, api, clock):
    clock.advance(minutes=12)

    tasks.sweep(core)

    assert len(found(api.get(SEALS))["log_seals"]) == 1


def test_a_tenant_in_which_nothing_happens_costs_a_query_and_a_read_and_writes_nothing(core, later, contents, clock):
    later(12)
    before = contents.read()
    clock.advance(minutes=10)

    with_calls = calls_of(core.log_seals.run)

    assert with_calls == {"Query": 1 + 3, "BatchGetItem": 1}
    assert contents.read() == before


def calls_of(work):
    made = Counter()
    events_of_client = Item._get_connection().connection.client.meta.events

    def note(model, **_):
        made[model.name] += 1

    events_of_client.register("before-call.dynamodb", note)
    work()
    events_of_client.unregister("before-call.dynamodb", note)
    return made


def test_between_the_first_minutes_of_a_period_the_schedule_only_names_the_tenants(core, later, clock):
    later(12)

    for _ in range(9):
        clock.advance(minutes=1)
        assert calls_of(core.log_seals.run) == {"Query": 1}


# Somebody changes events


@pytest.mark.parametrize(
    ("attribute", "value", "kind"),
    [
        ("document", {"S": "{}"}, "event_changed"),
        ("document", {"S": "no JSON"}, "event_changed"),
        ("document", {"N": "1"}, "event_changed"),
        ("expires_at", {"N": "2000000000"}, "event_changed"),
        ("expires_at", {"N": "1"}, "events_missing"),
        ("expires_at", {"S": "never"}, "events_missing"),
        ("by_time_pk", {"S": "T#main#LOGS#1"}, "events_missing"),
        ("by_time_sk", {"S": "17723671200000000" + "0" * 20}, "event_changed"),
        ("by_time_sk", {"S": "17723671200000000"}, "event_changed"),
        ("by_time_sk", {"S": "9"}, "events_missing"),
    ],
)
def test_an_event_of_which_anything_was_changed_is_found(history, edit, kinds, attribute, value, kind):
    edit(lambda items: events(items)[4].update({attribute: value}))

    assert kind in kinds()


def test_a_changed_word_is_found_and_the_event_is_named(api, history, edit):
    def change(items):
        event = events(items)[4]
        event["document"]["S"] = event["document"]["S"].replace("Create", "Delete")

    edit(change)

    seal = history["log_seals"][1]
    (finding,) = found(api.get(f"{SEALS}/{seal['id']}"))["findings"]
    event = next(each for each in api.get("/api/v2/logs").json if each["description"] == "Delete a client")
    assert finding == {"kind": "event_changed", "log_id": event["log_id"]}


@pytest.mark.parametrize("place", ["T#main#H#2026030111", "T#main#U#auth0|ann", "T#acme#H#2026030112"])
def test_an_event_that_was_moved_elsewhere_is_found(history, edit, kinds, place):
    edit(lambda items: events(items)[4]["pk"].update(S=place))

    assert kinds() & {"event_changed", "events_missing"}


def test_a_changed_event_is_found_before_it_is_sealed(api, edit, later):
    api.post(CLIENTS, {"name": "Shop"})
    later(1)
    edit(lambda items: events(items)[1]["document"].update(S=events(items)[0]["document"]["S"]))

    answer = found(api.get(f"{SEALS}/unsealed"))

    assert [finding["kind"] for finding in answer["findings"]] == ["event_changed"]
    assert answer["events"] == 2


def test_a_dropped_event_is_found_in_its_minute(api, history, edit, look):
    edit(lambda items: items.remove(events(items)[4]))

    assert look() == [{"kind": "events_missing", "minute": "2026-03-01T12:10:00.000Z", "count": 1}]


def test_a_minute_that_was_dropped_is_found(history, edit, look):
    def drop(items):
        for event in [each for each in events(items) if each["by_time_sk"]["S"] < "1772366460000"]:
            items.remove(event)

    edit(drop)

    assert look() == [{"kind": "events_missing", "minute": "2026-03-01T12:00:00.000Z", "count": 2}]


@pytest.mark.parametrize("attributes", [["document"], ["sk", "by_time_sk"], ["document", "expires_at"]])
def test_two_events_that_changed_places_are_found(history, edit, look, attributes):
    def swap(items):
        first, second = events(items)[4:6]
        for attribute in attributes:
            first[attribute], second[attribute] = second[attribute], first[attribute]

    edit(swap)

    assert [finding["kind"] for finding in look()] == ["event_changed"] * 2


@pytest.mark.parametrize("mark", ["", "#", "#" + "0" * 32, "#{mark}"])
def test_a_forged_event_is_found(history, edit, look, mark):
    def forge(items):
        forged = deepcopy(events(items)[4])
        log_id, genuine = forged["sk"]["S"].split("#")[1:]
        other = f"{log_id[:-1]}{int(log_id[-1], 16) ^ 1:x}"
        forged["sk"]["S"] = f"LOG#{other}{mark.format(mark=genuine)}"
        forged["by_time_sk"]["S"] = other
        items.append(forged)

    edit(forge)

    findings = look()
    assert findings[0]["kind"] == "event_changed"
    assert {finding["kind"] for finding in findings[1:]} <= {"events_added"}


def test_a_genuine_event_in_the_place_of_another_is_found(api, later, edit, look, contents):
    api.post(CLIENTS, {"name": "Shop"})
    kept = events(contents.read())[1]
    edit(lambda items: items.remove(events(items)[1]))
    api.post(CLIENTS, {"name": "Till"})
    later(12)

    edit(lambda items: items.__setitem__(items.index(events(items)[1]), kept))

    assert look() == [{"kind": "events_replaced", "minute": "2026-03-01T12:00:00.000Z"}]


# Somebody changes seals


def test_a_dropped_seal_is_found(history, edit, look):
    edit(lambda items: items.remove(seals(items)[1]))

    assert look() == [{"kind": "seal_missing", "seal": 2, "count": 1}]


def test_the_oldest_seal_is_missing_unless_its_time_is_over(history, edit, look, clock):
    edit(lambda items: items.remove(seals(items)[0]))
    before = look()

    clock.advance(days=2, minutes=-20)

    assert {"kind": "seal_missing", "seal": 1, "count": 1} in before
    assert look() == []


@pytest.mark.parametrize(("dropped", "told"), [(1, (3, 1)), (2, (2, 2)), (3, (3, 1))])
def test_the_newest_seals_that_were_dropped_are_found(history, edit, look, dropped, told):
    edit(lambda items: [items.remove(seal) for seal in seals(items)[-dropped:]])

    assert look() == [{"kind": "seal_missing", "seal": told[0], "count": told[1]}]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda items: items.remove(newest(items)), "newest_missing"),
        (lambda items: newest(items)["document"].update(S="{}"), "newest_changed"),
        (lambda items: newest(items)["document"].update(S=seals(items)[2]["document"]["S"]), "newest_changed"),
        (lambda items: seals(items)[1]["document"].update(S=seals(items)[0]["document"]["S"]), "seal_changed"),
        (lambda items: seals(items)[1]["document"].update(S="{}"), "seal_changed"),
        (lambda items: seals(items)[1]["document"].update(S="[]"), "seal_changed"),
        (lambda items: seals(items)[1].update(document={"N": "1"}), "seal_changed"),
        (lambda items: seals(items)[1]["sk"].update(S="LOG_SEAL#x"), "seal_changed"),
        (lambda items: seals(items)[1].update(expires_at={"S": "never"}), "seal_missing"),
    ],
)
def test_a_changed_seal_is_found(history, edit, kinds, change, kind):
    edit(change)

    assert kind in kinds()


@pytest.mark.parametrize("field", ["since", "until", "sealed_at", "previous", "minutes"])
def test_a_seal_of_which_anything_was_changed_is_found(history, edit, look, field):
    def change(items):
        documents = [json.loads(seal["document"]["S"]) for seal in seals(items)]
        documents[1][field] = documents[0][field]
        seals(items)[1]["document"]["S"] = json.dumps(documents[1])

    edit(change)

    assert {"kind": "seal_changed", "seal": 2} in look()


def test_an_old_seal_in_the_place_of_the_newest_is_found(history, edit, kinds):
    edit(lambda items: seals(items)[2]["document"].update(S=seals(items)[1]["document"]["S"]))

    assert {"seal_changed", "newest_changed"} <= kinds()


def test_seals_that_were_set_back_so_that_history_is_sealed_anew_are_found(api, later, edit, look, contents):
    later(13)
    earlier = contents.read()
    for name in ("Shop", "Till"):
        api.post(CLIENTS, {"name": name})
    later(40)

    edit(lambda items: (set_back(items, earlier), items.remove(events(items)[1])))
    unsealed = look()
    later(10)

    assert [finding["kind"] for finding in unsealed] == ["unsealed"]
    assert look() == [{"kind": "sealed_late", "seal": 2}]


def test_seals_that_all_were_dropped_are_found(api, history, later, edit, look, clock):
    edit(lambda items: set_back(items, []))
    clock.advance(minutes=20)
    unsealed = look()
    later(60)

    assert [finding["kind"] for finding in unsealed] == ["unsealed"]
    assert "sealed_late" in {finding["kind"] for finding in look()}


def test_a_chain_that_begins_anew_without_what_was_before_is_found(api, history, later, edit, look):
    edit(lambda items: (set_back(items, []), [items.remove(event) for event in events(items)]))
    api.post(CLIENTS, {"name": "Shop"})
    later(12)

    assert look() == [{"kind": "begins_late", "seal": 1}]


def test_nothing_is_sealed_after_a_note_of_the_newest_seal_that_is_not_ours(api, history, later, edit, kinds, caplog):
    edit(lambda items: newest(items)["document"].update(S="{}"))
    api.post(CLIENTS, {"name": "Shop"})
    later(60)

    assert kinds() >= {"newest_changed", "unsealed"}
    assert "history of main is not sealed" in caplog.text


def test_what_nobody_can_change_says_which_seals_there_were(history, caplog):
    told = [record.message for record in caplog.get_records("setup") if record.name == "gatehouse"]

    assert {seal["id"] for seal in history["log_seals"]} <= {message.rpartition(" ")[2] for message in told}


# What leaves rightly


def test_events_that_expired_are_not_missing_whether_or_not_they_are_removed(api, history, edit, look, clock):
    clock.advance(days=2, minutes=-24)
    kept = look()

    def expire(items):
        now = clock.now().timestamp()
        for item in [each for each in items if int(each.get("expires_at", {"N": "9" * 12})["N"]) <= now]:
            items.remove(item)

    edit(expire)

    partly = [found(api.get(f"{SEALS}/{seal['id']}")) for seal in found(api.get(SEALS))["log_seals"]]
    assert (kept, look()) == ([], [])
    assert [(each["number"], each["expired_minutes"]) for each in partly] == [(3, 0), (2, 1), (1, 3)]


def test_a_seal_is_shown_as_long_as_one_of_its_events_may_be(api, history, clock):
    first = history["log_seals"][-1]["id"]

    clock.advance(days=2, minutes=-23, milliseconds=-1)
    before = api.get(f"{SEALS}/{first}").status
    clock.advance(milliseconds=1)
    after = api.get(f"{SEALS}/{first}").status

    assert (before, after) == (200, 404)
    assert len(found(api.get(SEALS))["log_seals"]) == 2


@pytest.mark.parametrize("before", [1, 30], ids=["before it is sealed", "after it is sealed"])
def test_events_that_went_with_their_user_are_not_missing(api, later, look, before):
    ann = api.post("/api/v2/users", PERSON).json["user_id"]
    api.patch(f"/api/v2/users/{ann}", {"nickname": "Ann"})
    later(before)
    api.delete(f"/api/v2/users/{ann}")
    later(30)

    first = found(api.get(SEALS))["log_seals"][-1]
    answer = found(api.get(f"{SEALS}/{first['id']}"))
    assert answer["removed_with_users"] == 2
    assert look() == []


def test_what_a_deleted_user_leaves_names_nobody(api, later, contents):
    ann = api.post("/api/v2/users", PERSON).json["user_id"]
    api.delete(f"/api/v2/users/{ann}")

    (trace,) = [item for item in contents.read() if item["sk"]["S"].startswith("TRACE#")]

    assert trace.keys() == {"pk", "sk", "mark", "removed_at", "expires_at"}
    assert ann not in json.dumps(trace)


def test_who_drops_an_event_cannot_say_that_it_went_with_a_user(api, history, later, edit, look):
    ann = api.post("/api/v2/users", PERSON).json["user_id"]
    api.delete(f"/api/v2/users/{ann}")
    later(30)

    def drop(items):
        event = events(items)[4]
        trace = next(item for item in items if item["sk"]["S"].startswith("TRACE#"))
        items.append({**trace, "sk": {"S": event["sk"]["S"].replace("LOG", "TRACE")}})
        items.remove(event)

    edit(drop)

    assert {finding["kind"] for finding in look()} == {"trace_changed", "events_missing"}


def test_who_notes_a_deletion_in_the_table_cannot_have_history_count_as_removed(api, core, later, edit, look):
    bob = api.post("/api/v2/users", {**PERSON, "email": "bob@example.com"}).json["user_id"]
    ann = api.post("/api/v2/users", PERSON).json["user_id"]
    later(12)
    with_note = noted(core, bob)
    document = with_note["document"]["S"].replace(bob, ann)
    edit(lambda items: items.append({**with_note, "document": {"S": document}}))

    core.sweep.run()

    assert look() == [{"kind": "events_missing", "minute": "2026-03-01T12:00:00.000Z", "count": 1}]


def noted(core, user_id):
    """Make the item that notes the deletion of a user, as it is noted when there is one."""
    from chalicelib.core.work import USER, Work
    from chalicelib.storage.work import work_item

    work = Work.on(USER, user_id, "main", core.users.ambient.now())
    return work_item(core.logs.store.table, work).serialize()


@pytest.mark.parametrize("revoked", [False, True])
def test_history_outlives_the_keys_it_is_sealed_with(api, later, look, revoked):
    for _ in range(4):
        api.post(CLIENTS, {"name": "Shop"})
        later(7)
        api.post(f"{KEYS}/rotate")
        previous = next(key["kid"] for key in api.get(KEYS).json if key["previous"])
        if revoked:
            api.put(f"{KEYS}/{previous}/revoke")
    later(20)

    assert len(found(api.get(SEALS))["log_seals"]) == 3
    assert look() == []


# How it is asked for


def test_a_seal_is_each_tenants_own(api, acme, later):
    later(12)
    mine, theirs = (found(each.get(SEALS))["log_seals"][0]["id"] for each in (api, acme))

    assert mine != theirs
    assert acme.get(f"{SEALS}/{mine}").status == 404
    assert acme.get(f"{SEALS}/{theirs}").status == 200


@pytest.mark.parametrize("seal_id", ["seal_1", "seal_0_" + "0" * 32, "seal_1_" + "0" * 32, "Unsealed", "x" * 1_024])
def test_a_seal_that_does_not_exist_is_not_found(api, later, seal_id):
    later(12)

    answer = api.get(f"{SEALS}/{seal_id}")

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_log_seal")
    assert answer.json["message"] == "The log seal does not exist."


@pytest.mark.parametrize("value", ["", "x", "0" * 37, "0" * 37 + "-1-", "0" * 37 + "--", "-1-", "0" * 37 + "-1-0"])
def test_what_is_no_position_is_refused_unless_it_is_one(api, later, value):
    later(12)
    seal = found(api.get(SEALS))["log_seals"][0]["id"]

    answer = api.get(f"{SEALS}/{seal}", query={"from": value})

    assert answer.status == (200 if value.endswith("-1-") and len(value) > 3 else 400)


def test_everything_that_can_be_found_is_explained():
    assert {row["kind"]: row["means"] for row in table("docs/api/log-seals.md", "kind", "means")} == FINDINGS
