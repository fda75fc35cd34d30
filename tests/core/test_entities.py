"""How a patch is applied to a piece of configuration."""

from dataclasses import dataclass, field

import pytest

from chalicelib.core.entities import patched, retrying
from chalicelib.core.errors import Conflict, Invalid


@dataclass(frozen=True)
class Lamp:
    id: str
    colour: str = "white"
    rooms: tuple[str, ...] = ("hall",)
    tags: dict = field(default_factory=dict)
    version: int = 0


def test_what_a_patch_names_changes_and_the_rest_stays():
    lamp = Lamp(id="lamp-1", colour="red", tags={"a": 1}, version=4)

    changed = patched(lamp, {"rooms": ("attic",)})

    assert changed == Lamp(id="lamp-1", colour="red", rooms=("attic",), tags={"a": 1}, version=4)


@pytest.mark.parametrize(("name", "default"), [("colour", "white"), ("rooms", ("hall",)), ("tags", {})])
def test_null_gives_a_setting_its_default_back(name, default):
    lamp = Lamp(id="lamp-1", colour="red", rooms=(), tags={"a": 1})

    changed = patched(lamp, {name: None})

    assert getattr(changed, name) == default


def test_null_for_what_has_no_default_is_refused_with_its_name():
    with pytest.raises(Invalid, match="type string but found type null' on property id"):
        patched(Lamp(id="lamp-1"), {"id": None})


def test_a_merging_field_merges_at_the_first_level():
    lamp = Lamp(id="lamp-1", tags={"a": 1, "b": {"x": 1}, "c": 3})

    changed = patched(lamp, {"tags": {"b": {"y": 2}, "c": None}}, merging=frozenset({"tags"}))

    assert changed.tags == {"a": 1, "b": {"y": 2}}


@pytest.mark.parametrize("emptied", [{}, None])
def test_an_empty_merging_field_is_its_default_again(emptied):
    lamp = Lamp(id="lamp-1", tags={"a": 1})

    changed = patched(lamp, {"tags": emptied}, merging=frozenset({"tags"}))

    assert changed.tags == {}


def test_a_field_that_does_not_merge_is_replaced_as_a_whole():
    lamp = Lamp(id="lamp-1", tags={"a": 1})

    changed = patched(lamp, {"tags": {"b": 2}})

    assert changed.tags == {"b": 2}


class Failing:
    """An attempt that meets other people's changes a number of times before it succeeds."""

    def __init__(self, failures, code="changed"):
        self.failures, self.code, self.tried = failures, code, 0

    def __call__(self):
        self.tried += 1
        if self.tried <= self.failures:
            raise Conflict("It was changed.", code=self.code)
        return "done"


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_a_change_that_meets_others_is_tried_up_to_four_times(failures):
    attempt = Failing(failures)

    assert retrying(attempt) == "done"
    assert attempt.tried == failures + 1


def test_a_change_that_meets_others_four_times_is_given_up():
    attempt = Failing(4)

    with pytest.raises(Conflict, match=r"It was changed\."):
        retrying(attempt)
    assert attempt.tried == 4


def test_another_conflict_is_not_tried_again():
    attempt = Failing(1, code="auth0_idp_error")

    with pytest.raises(Conflict):
        retrying(attempt)
    assert attempt.tried == 1
