"""What a database connection demands of a password. Owns the policy, the checks and their errors; hashes no password.

A password is taken exactly as typed: no trimming, no cutting, no Unicode normalisation. Normalising would make two
passwords one, would break the hashes people bring from elsewhere, and takes quadratic time on some input, which
without an upper limit on the length is an attack. Lengths are counted in Unicode code points.

Limits: `min_length` 1 to 128, 24 earlier passwords, 200 own words of 50 characters; a password has no longest length.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from chalicelib.core.documents import Document
from chalicelib.core.errors import Invalid
from chalicelib.core.password_strength import STRENGTHS, Strength

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


MAX_MIN_LENGTH = 128
MAX_HISTORY = 24
MAX_OWN_WORDS = 200
MAX_OWN_WORD_LENGTH = 50
SHORTEST_PERSONAL_PART = 3

DEFAULT_POLICY = "good"
DEFAULT_HISTORY = 5

CommonPasswords: TypeAlias = Callable[[], Container[str]]
"""Gives the well-known passwords in lower case. A function, because loading them is only worth it when one is set."""


class PasswordHasher(Protocol):
    """Turns passwords into what may be stored."""

    def hash(self, password: str) -> str:
        """Hash with a new salt; each call gives another text."""

    def verify(self, stored: str, password: str) -> bool:
        """Tell whether the password made the stored hash; False for one that is damaged or foreign."""

    def verify_nobody(self, password: str) -> bool:
        """Take as long as `verify` would for somebody, and say False (S7)."""

    def outdated(self, stored: str) -> bool:
        """Tell whether the stored hash is weaker than a new one would be (S6)."""


class PasswordError(Invalid):
    """A password its connection does not accept.

    `message` is what the Management API answers. A sign-up answers with `name`, `summary`, `code`, `description` and,
    for a weak password, `policy`.
    """

    code = "invalid_password"
    summary: ClassVar[str] = "Password is not allowed"

    def __init__(self, description: str | Document, *, policy: str = "") -> None:
        super().__init__(f"{self.name}: {self.summary}")
        self.description = description
        self.policy = policy

    @property
    def name(self) -> str:
        """Auth0's name of the error."""
        return type(self).__name__


class PasswordStrengthError(PasswordError):
    """Too short or too simple for the policy; `description` says which rules it keeps."""

    summary = "Password is too weak"


class PasswordDictionaryError(PasswordError):
    """Well known, or one of the connection's own words."""

    summary = "Password is too common"


class PasswordNoUserInfoError(PasswordError):
    """Contains a name or an address of its user."""

    summary = "Password contains user information"


class PasswordHistoryError(PasswordError):
    """One of the last passwords of its user."""

    summary = "Password has previously been used"


class PasswordLeakedError(PasswordError):
    """Known from a data breach."""

    code = "password_leaked"
    summary = "Password has been leaked"


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonalInfo:
    """What a person is called. Of `user_metadata` only name, first and last count, as with Auth0."""

    name: str = ""
    given_name: str = ""
    family_name: str = ""
    nickname: str = ""
    username: str = ""
    email: str = ""
    user_metadata: Document = field(default_factory=dict)

    def parts(self) -> frozenset[str]:
        """Give each name and each word of it, case-folded, without those shorter than 3 characters.

        Of an address only what is before the @ counts, also where it stands for a name: an unnamed user's name is the
        e-mail address, and passwords with "com" in them are no secret told.
        """
        names = (self.name, self.given_name, self.family_name, self.nickname, self.username, self.email)
        told = (self.user_metadata.get(key) for key in ("name", "first", "last"))
        wholes = [_before_at(value).strip() for value in (*names, *told) if isinstance(value, str)]
        words = (word for whole in wholes for word in (whole, *whole.split()))
        return frozenset(word.casefold() for word in words if len(word) >= SHORTEST_PERSONAL_PART)


@dataclass(frozen=True, kw_only=True, slots=True)
class PasswordPolicy:
    """The demands of one connection. `history_size` 0 means that earlier passwords are not kept."""

    strength: Strength
    history_size: int = 0
    no_personal_info: bool = False
    refuse_common: bool = True
    own_words: frozenset[str] = frozenset()

    @classmethod
    def from_options(cls, options: Document) -> PasswordPolicy:
        """Read Auth0's options; what is absent is strict: policy good, well-known passwords refused (S1, S5).

        An option outside its limits is refused with the number.
        """
        words = frozenset(_own_words(_section(options, "password_dictionary")))
        refuse_common = _enabled(options, "password_dictionary", absent=True)
        return cls(
            strength=_strength(options),
            history_size=_history_size(options),
            no_personal_info=_enabled(options, "password_no_personal_info", absent=False),
            refuse_common=refuse_common,
            own_words=words if refuse_common else frozenset(),
        )

    def remember(self, new_hash: str, previous: Sequence[str]) -> tuple[str, ...]:
        """Give the hashes to keep once a password is set, the newest first."""
        return (new_hash, *previous)[: self.history_size]


def check(
    policy: PasswordPolicy,
    password: str,
    personal: PersonalInfo,
    *,
    common: CommonPasswords,
    hasher: PasswordHasher,
    previous: Sequence[str] = (),
) -> None:
    """Refuse a password the policy does not accept, for the first of: strength, dictionary, person, history.

    `previous` are hashes, the newest first, the one in use among them. History comes last because every hash in it
    costs as much as a sign-in.
    """
    encoded(password)
    _check_strength(policy, password)
    _check_dictionary(policy, password, common)
    _check_personal(policy, password, personal)
    _check_history(policy, password, hasher, previous)


def encoded(password: str) -> bytes:
    """Give the bytes that are hashed: UTF-8 of exactly what was typed. Half a surrogate pair has none."""
    try:
        return password.encode()
    except UnicodeEncodeError:
        raise Invalid(
            "The password is not valid Unicode: it contains half of a surrogate pair.", code=PasswordError.code
        ) from None


def _check_strength(policy: PasswordPolicy, password: str) -> None:
    missing = policy.strength.missing(password)
    if not missing["verified"]:
        raise PasswordStrengthError(missing, policy=policy.strength.explain())


def _check_dictionary(policy: PasswordPolicy, password: str, common: CommonPasswords) -> None:
    if not policy.refuse_common:
        return
    folded = password.casefold()
    if folded in policy.own_words or folded in common():
        raise PasswordDictionaryError("Password is not allowed, it might be too common.")


def _check_personal(policy: PasswordPolicy, password: str, personal: PersonalInfo) -> None:
    if not policy.no_personal_info:
        return
    folded = password.casefold()
    if any(part in folded for part in personal.parts()):
        raise PasswordNoUserInfoError("Password is based on user information")


def _check_history(policy: PasswordPolicy, password: str, hasher: PasswordHasher, previous: Sequence[str]) -> None:
    size = policy.history_size
    if any(hasher.verify(earlier, password) for earlier in previous[:size]):
        raise PasswordHistoryError(f"You may not reuse any of the last {size} passwords.")


def _before_at(value: str) -> str:
    return value.rpartition("@")[0] if "@" in value else value


def _strength(options: Document) -> Strength:
    # Auth0 writes null for none. Absent is another thing: nobody chose, so the choice is ours.
    name = options.get("passwordPolicy", DEFAULT_POLICY)
    name = "none" if name is None else name
    if not isinstance(name, str) or name not in STRENGTHS:
        raise _refused(f"Expected one of {', '.join(STRENGTHS)}", "passwordPolicy")
    complexity = _section(options, "password_complexity_options")
    length = _number(complexity.get("min_length"), "password_complexity_options.min_length", 1, MAX_MIN_LENGTH)
    return STRENGTHS[name] if length is None else replace(STRENGTHS[name], min_length=length)


def _history_size(options: Document) -> int:
    size = _number(_section(options, "password_history").get("size"), "password_history.size", 0, MAX_HISTORY)
    if not _enabled(options, "password_history", absent=False):
        return 0
    return DEFAULT_HISTORY if size is None else size


def _section(options: Document, name: str) -> Document:
    section = options.get(name)
    if section is None:
        return {}
    if not isinstance(section, Mapping):
        raise _refused("Expected type object", name)
    return section


def _enabled(options: Document, name: str, *, absent: bool) -> bool:
    section = _section(options, name)
    if not section:
        return absent
    enable = section.get("enable")
    if not isinstance(enable, bool):
        raise _refused("Expected type boolean", f"{name}.enable")
    return enable


def _number(value: Any, name: str, lowest: int, highest: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise _refused(f"Expected a whole number from {lowest} to {highest}", name)
    return value


def _own_words(section: Document) -> Iterator[str]:
    name = "password_dictionary.dictionary"
    words = section.get("dictionary") or []
    if not isinstance(words, list | tuple) or len(words) > MAX_OWN_WORDS:
        raise _refused(f"Expected a list of at most {MAX_OWN_WORDS} words", name)
    for word in words:
        if not isinstance(word, str) or len(word) > MAX_OWN_WORD_LENGTH:
            raise _refused(f"Expected words of at most {MAX_OWN_WORD_LENGTH} characters", name)
        yield word.casefold()


def _refused(problem: str, name: str) -> Invalid:
    return Invalid(f"Payload validation error: '{problem}' on property options.{name}.")
