"""What DynamoDB cannot do right now, or refuses: which of it is tried again, and as what it is told.

The answers are scripted where botocore would send the request, so this runs on one stand-in.
"""

from __future__ import annotations

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import PynamoDBException

from chalicelib.core.errors import Gone, TooLarge, Unavailable
from chalicelib.storage.keys import Key
from chalicelib.storage.table import _ATTEMPTS, PRESENT, Item

pytestmark = pytest.mark.parametrize("stand_in", ["moto"], indirect=True)

KEY = Key("person", "PROFILE")
NOWHERE = "http://127.0.0.1:1"
BUSY = [
    "TransactionConflictException",
    "TransactionInProgressException",
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
]
SILENCE = [EndpointConnectionError, ReadTimeoutError, ConnectTimeoutError]
READS = {
    "get": lambda table: table.get(Item, KEY),
    "batch": lambda table: table.batch_get(Item, [KEY]),
    "several kinds": lambda table: table.get_each([(Item, KEY)]),
    "walk": lambda table: list(table.query(Item, "person")),
    "by email": lambda table: table.query_by_email("ann@"),
    "by time": lambda table: list(table.query_by_time(["WHEN"])),
    "shards by time": lambda table: list(table.query_by_time(["WHEN#0", "WHEN#1"])),
    "count": lambda table: table.count_by_time(["WHEN"]),
}
WRITES = {
    "put": lambda table: table.put(Item.at(KEY)),
    "transaction": lambda table: table.write().put(Item.at(KEY)).commit(),
}
ONE_CALL = {**READS, "put": WRITES["put"]}
each_call = pytest.mark.parametrize("operation", ONE_CALL.values(), ids=ONE_CALL)
each_operation = pytest.mark.parametrize("operation", [*READS.values(), *WRITES.values()], ids=[*READS, *WRITES])


@pytest.fixture
def script(table, client, calls):
    """Let the next calls be answered as given, errors raised; those after them reach the table."""
    answers = []

    def answer(**_):
        if not answers:
            return None
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return AWSResponse(NOWHERE, 400, {}, None), given

    def add(*given):
        answers.extend(given)
        calls.clear()

    client.meta.events.register_last("before-call.dynamodb", answer)
    yield add
    client.meta.events.unregister("before-call.dynamodb", answer)


@pytest.fixture
def pauses(monkeypatch):
    """The pauses between attempts, which no test waits for."""
    taken = []
    monkeypatch.setattr("chalicelib.storage.table.time.sleep", taken.append)
    return taken


def refusal(code, message=""):
    return {"Error": {"Code": code, "Message": message}}


def cancelled(*codes, message=""):
    """A cancelled transaction with one reason per operation, as DynamoDB lists them."""
    reasons = [{"Code": code, "Message": message} for code in codes]
    return {**refusal("TransactionCanceledException", "Transaction cancelled"), "CancellationReasons": reasons}


def two_puts(table):
    return table.write().put(Item.at(Key("a", "X")), PRESENT, Gone("a")).put(Item.at(Key("b", "X")))


# Busy


@each_call
@pytest.mark.parametrize("code", BUSY)
def test_a_call_that_dynamodb_cannot_do_now_is_unavailable(table, script, operation, code):
    script(refusal(code, "later"))

    with pytest.raises(Unavailable) as error:
        operation(table)

    assert "later" in error.value.detail
    assert "later" not in error.value.message


@pytest.mark.parametrize("failed", [1, 5])
@pytest.mark.parametrize("code", BUSY)
def test_a_transaction_that_dynamodb_cannot_do_now_is_tried_again(table, script, calls, pauses, code, failed):
    script(*[refusal(code)] * failed)

    table.write().put(Item.at(KEY)).commit()

    assert table.get(Item, KEY)
    assert calls.count("TransactWriteItems") == failed + 1


@pytest.mark.parametrize(
    "codes",
    [
        ("TransactionConflict", "None"),
        ("None", "TransactionConflict"),
        ("TransactionConflict", "TransactionConflict"),
        ("ThrottlingError", "None"),
        ("None", "ProvisionedThroughputExceeded"),
    ],
)
def test_a_transaction_that_met_another_is_tried_again(table, script, calls, pauses, codes):
    script(cancelled(*codes))

    table.write().put(Item.at(Key("a", "X"))).put(Item.at(Key("b", "X"))).commit()

    assert calls == ["TransactWriteItems"] * 2


def test_a_transaction_is_unavailable_after_its_last_attempt_with_growing_pauses(table, script, calls, pauses):
    script(*[cancelled("TransactionConflict", "None")] * _ATTEMPTS)

    with pytest.raises(Unavailable):
        two_puts(table).commit()

    assert 6 <= len(calls) == _ATTEMPTS
    assert all(0 <= pause <= 0.02 * 2**attempt for attempt, pause in enumerate(pauses))


@pytest.mark.parametrize(
    "codes", [("ConditionalCheckFailed", "TransactionConflict"), ("ConditionalCheckFailed", "None")]
)
def test_a_failed_condition_is_told_at_once_also_if_the_transaction_met_another(table, script, calls, pauses, codes):
    script(cancelled(*codes))

    with pytest.raises(Gone):
        two_puts(table).commit()

    assert len(calls) == 1
    assert pauses == []


def test_an_attempt_after_a_busy_one_is_refused_as_a_first_would_be(table, script, calls, pauses):
    script(cancelled("TransactionConflict", "None"))

    with pytest.raises(Gone):
        two_puts(table).commit()

    assert len(calls) == 2


# No answer


@each_operation
@pytest.mark.parametrize("silence", SILENCE)
def test_a_store_that_does_not_answer_is_unavailable(table, script, operation, silence):
    script(silence(endpoint_url=NOWHERE))

    with pytest.raises(Unavailable) as error:
        operation(table)

    assert NOWHERE not in error.value.message


def test_a_transaction_without_an_answer_is_not_sent_anew_for_it_may_have_been_done(table, script, calls, pauses):
    script(ReadTimeoutError(endpoint_url=NOWHERE))

    with pytest.raises(Unavailable):
        two_puts(table).commit()

    assert len(calls) == 1
    assert pauses == []


# Refused


@pytest.mark.parametrize(
    "answer",
    [
        refusal("ValidationException", "Item size has exceeded the maximum allowed size"),
        refusal("ValidationException", "Item size to update has exceeded the maximum allowed size"),
        cancelled("None", "ValidationError", message="Item size has exceeded the maximum allowed size"),
    ],
)
def test_what_is_refused_for_its_size_is_too_large(table, script, calls, pauses, answer):
    script(answer)

    with pytest.raises(TooLarge) as error:
        two_puts(table).commit()

    assert "maximum allowed size" in error.value.detail
    assert len(calls) == 1


@each_operation
@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"])
def test_a_fault_of_ours_is_not_made_a_refusal(table, script, pauses, operation, code):
    script(refusal(code, "This is not how it is asked for"))

    with pytest.raises(PynamoDBException) as error:
        operation(table)

    assert error.value.cause_response_code == code
    assert pauses == []


def test_a_cancellation_for_no_known_reason_is_not_made_a_refusal(table, script, calls, pauses):
    script(cancelled("None", "ItemCollectionSizeLimitExceeded"))

    with pytest.raises(PynamoDBException):
        two_puts(table).commit()

    assert len(calls) == 1
