"""A question on the wire: pages followed, answers checked, the JSON kept as it came."""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn
from urllib.parse import quote

from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest

from auditor.collect.connection.bounds import values_in
from auditor.collect.connection.transport import BoundlessError
from auditor.collect.errors import Failed, problem_of
from auditor.collect.pacing.retry import Interrupted
from auditor.collect.reads.question import Answer, Question
from auditor.collect.reads.recipes import Shape, Where, recipes
from auditor.collect.session import Send, Session
from auditor.model import ArmId
from auditor.snapshot import MAX_DEPTH, id_in, redact, too_deep, with_slash

MAX_PAGES = 10_000
"""A list of more pages than this is taken for one that never ends."""
TRIES = 3
"""How often a question is put when its answer of status 200 is not JSON, or its token is refused: beside the retries
of the pipeline, which knows neither. A token may end again while a renewed one waits for its turn."""

VANISHED = "Vanished"
"""The error of a read of a resource that a list shows and its own path denies, twice: it may be there."""

_UNREADABLE = "Unreadable"
"""The error of a read whose answer broke what reads it."""

MOST_SECONDS = 1_800.0
"""Seconds for one list, whatever its pages bring. Azure's longest, of role assignments, take some minutes."""
MOST_BYTES = 256 * 1024 * 1024
"""Bytes of all pages of one list."""
MOST_VALUES = 1_000_000
"""Values in one answer; all service tags are a quarter of it."""
MOST_EMPTY = 100
"""Pages without an item, one after the other. Filtered lists have some."""

INTERRUPTED = "Interrupted"
"""The error of a read that the end of the run cut off or never let begin; a snapshot with one is not complete."""

Document = Mapping[str, Any]


class Wire:
    """Puts questions through the clients of a session."""

    def __init__(self, session: Session, sender: Callable[[str, str], Send]) -> None:
        """`sender` answers the way to send of a client (by its name in the table) for a subscription."""
        self._session = session
        self._sender = sender

    def ask(self, question: Question) -> Answer:
        """Put a question. Never raises for what Azure or the network answers: that becomes the record of the read."""
        conversation = _Conversation(self._session, self._sender, question)
        answer = self._answered(conversation, question)
        request_id, body_sha256 = conversation.proof
        return replace(answer, read=replace(answer.read, request_id=request_id, body_sha256=body_sha256))

    def _answered(self, conversation: _Conversation, question: Question) -> Answer:
        begun = time.monotonic()
        try:
            documents, status, version = conversation.documents()
            # Here, while other threads wait for Azure, and before anything else can see what might be a secret.
            clean = tuple(redact(document) for document in documents)
        except Failed as failure:
            return _failed(question, failure, begun)
        except (ValueError, ArithmeticError, LookupError, TypeError, RecursionError) as problem:
            # What no library foresaw, such as a header that is no date: it costs this read and not the whole run.
            return _failed(question, Failed(0, _UNREADABLE, f"{type(problem).__name__}: {problem}"), begun)
        read = question.answered(status, version, len(clean), time.monotonic() - begun)
        return Answer(question, clean, read, conversation.gone)


_REQUEST_ID = re.compile(r"[\w:.-]{1,128}", re.ASCII)


def _failed(question: Question, failure: Failed, begun: float) -> Answer:
    spent = time.monotonic() - begun
    return Answer(
        question, (), question.failed(failure.status, failure.error, failure.message, spent, failure.permission)
    )


class _Conversation:
    """One question from its first page to its last."""

    def __init__(self, session: Session, sender: Callable[[str, str], Send], question: Question) -> None:
        self._session = session
        self._send = sender(question.recipe.client, question.subscription)
        self._question = question
        self._version = question.recipe.api_version
        self._end = time.monotonic() + MOST_SECONDS
        self._size = 0
        self._request_id = ""
        self._hash = hashlib.sha256()
        self.gone = ""
        """The id of the resource that was deleted in the meantime."""

    def documents(self) -> tuple[tuple[Document, ...], int, str]:
        """Every document of the answer, the HTTP status and the api-version that brought it. Raises `Failed`."""
        status, body = self._first()
        if body is None:
            return (), status, self._version
        if self._question.recipe.shape is Shape.OBJECT:
            if _next_link(body):
                raise Failed(
                    status, "FurtherPages", "the answer has further pages, which this resource should not have"
                )
            return (self._own(_document(body)),), status, self._version
        found = _Items()
        seen: set[str] = set()
        while True:
            found.take(_items(body))
            link = _next_link(body)
            if not link:
                _check_count(body, len(found.documents))
                return tuple(found.documents), status, self._version
            self._check(link, seen)
            status, answer = self._get(link)
            if answer is None and self.gone:
                return (), status, self._version
            if answer is None:
                _lost(status)
            body = answer

    @property
    def proof(self) -> tuple[str, str]:
        """By what the answer can be found again: Azure's id of the request, and the hash of what came."""
        return self._request_id, self._hash.hexdigest() if self._size else ""

    def _own(self, document: Document) -> Document:
        """The document; one of another resource of the type is no answer. (Service tags have an id of another type.)"""
        found, asked = ArmId(document["id"]), ArmId(self._question.path)
        if found.type == asked.type and found.key != asked.key:
            raise Failed(200, "OtherResource", f"the answer is about {str(document['id'])[:200]}")
        return document

    def _first(self) -> tuple[int, dict[str, Any] | None]:
        try:
            return self._get(self._url(self._question.path, self._version, self._question.recipe.query))
        except _OtherVersion as other:
            self._version = other.version
            return self._get(self._url(self._question.path, self._version, self._question.recipe.query))

    def _url(self, path: str, version: str, query: str = "") -> str:
        # Half a character (a lone surrogate) has no spelling in a URL; a question mark leads to nothing that there is.
        quoted = quote(path, safe="/:@!$&'()*+,;=~-._", errors="replace")
        more = f"&{query}" if query else ""
        return f"{self._session.cloud.endpoint}{quoted}?api-version={version}{more}"

    def _get(self, url: str) -> tuple[int, dict[str, Any] | None]:
        """One page; `None` where Azure says that there is nothing of the kind."""
        for attempt in range(TRIES):
            if attempt:
                self._pause(attempt)
            try:
                status, content = self._fetch(url)
                body, fault = self._taken(content) if status == 200 else (None, None)
            finally:
                self._session.bounds.end_large()
            if isinstance(body, dict):
                _refuse_error(body)
                return status, body
            if status not in (200, 401):
                break
        if status == 200:
            raise fault or Failed(
                status, "InvalidJson", "the answer is not a JSON object, however often it is asked for"
            )
        return self._refused(status, content)

    def _fetch(self, url: str) -> tuple[int, bytes]:
        if self._session.deadline.over:
            raise interrupted()
        if time.monotonic() > self._end:
            raise Failed(200, "EndlessList", f"the list was not whole after {MOST_SECONDS / 60:.0f} minutes")
        try:
            response = self._send(HttpRequest("GET", url))
        except Interrupted:
            raise interrupted() from None
        except BoundlessError as problem:
            if self._session.deadline.over:
                raise interrupted() from None
            raise Failed(200, problem.code, str(problem)) from problem
        except AzureError as problem:
            status = getattr(problem, "status_code", None) or 0
            raise Failed(status, type(problem).__name__, _plain(problem)) from problem
        self._size += len(response.content)
        self._hash.update(response.content)
        if not self._request_id:
            stated = str(response.headers.get("x-ms-request-id") or "")
            self._request_id = stated if _REQUEST_ID.fullmatch(stated) else ""
        if self._size > MOST_BYTES:
            raise Failed(200, "EndlessList", f"the pages of the list are larger than {MOST_BYTES >> 20} MiB together")
        return response.status_code, response.content

    def _taken(self, content: bytes) -> tuple[Any, Failed | None]:
        """As `_parsed`, where the run has room for it. Raises `Failed` where not."""
        values = values_in(content)
        if values > MOST_VALUES:
            raise Failed(200, "AnswerTooLarge", f"the answer holds more than {MOST_VALUES:,} values")
        body, fault = _parsed(content)
        items = body.get("value") if isinstance(body, dict) else None
        if not self._session.bounds.spend(values, len(items) if isinstance(items, list) else 1):
            says = "the answers of this run hold many more values than so many documents of Azure's do"
            raise Failed(200, "AnswerTooLarge", says)
        return body, fault

    def _refused(self, status: int, content: bytes) -> tuple[int, None]:
        problem = problem_of(status, content)
        if problem.means_nothing_there(self._question):
            return status, None
        if problem.means_gone(self._question):
            if not self._is_deleted():
                raise problem.failure(self._question)
            return status, None
        other = problem.other_version(self._question.recipe)
        if other is not None and other != self._version:
            raise _OtherVersion(other)
        raise problem.failure(self._question)

    def _is_deleted(self) -> bool:
        """Whether the resource in question is really gone; what is asked of a region may just not be there.

        Who takes every 404 for an empty list believes a service that has lost its way.
        """
        if self._question.recipe.where is Where.SUBSCRIPTION:
            return True
        parent = self._question.parent or self._question.path
        if parent != self._question.path:
            recipe = next(recipe for recipe in recipes() if recipe.covers == ArmId(parent).type)
            status, content = self._fetch(self._url(parent, recipe.api_version))
            other = problem_of(status, content).other_version(recipe) if status == 400 else None
            if other is not None:
                status, content = self._fetch(self._url(parent, other))
            if status == 200 or not problem_of(status, content).means_gone(self._question):
                return False
        self.gone = parent
        return True

    def _check(self, link: str, seen: set[str]) -> None:
        """A nextLink is followed only to Resource Manager itself, and never twice."""
        if not self._session.trusts(link):
            raise Failed(200, "ForeignNextLink", "the next page is not on this Resource Manager; it was not asked for")
        if link in seen:
            raise Failed(200, "LoopingNextLink", "the next page of the list is a page that was read already")
        if len(seen) >= MAX_PAGES:
            raise Failed(200, "EndlessList", f"the list has more than {MAX_PAGES} pages")
        seen.add(link)

    def _pause(self, attempt: int) -> None:
        try:
            self._session.deadline.wait(self._session.patience * 0.2 * 2**attempt)
        except Interrupted:
            raise interrupted() from None


class _OtherVersion(Exception):  # noqa: N818 - a turn in the conversation
    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


def interrupted() -> Failed:
    """The failure of a read that the end of the run cut off or never let begin."""
    return Failed(0, INTERRUPTED, "the run ended before this was read")


class _Items:
    """What the pages of one list have shown so far."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self._by_key: dict[str, Document] = {}
        self._empty = 0

    def take(self, page: Sequence[Document]) -> None:
        """Take a page. Raises `Failed` for one that contradicts the others or brings nothing but what they had."""
        self._empty = 0 if page else self._empty + 1
        if self._empty > MOST_EMPTY:
            raise Failed(200, "EndlessList", f"more than {MOST_EMPTY} pages of the list in a row are empty")
        before = len(self._by_key)
        for document in page:
            if self._by_key.setdefault(ArmId(document["id"]).key, document) != document:
                raise Failed(200, "Contradiction", f"the list shows {str(document['id'])[:200]} twice, and not alike")
        if page and len(self._by_key) == before:
            raise Failed(200, "LoopingNextLink", "a page of the list holds only what earlier pages held")
        self.documents.extend(page)


def _next_link(body: Mapping[str, Any]) -> str:
    """The link to the next page, empty where there is none.

    Azure's lists spell it in several ways; that of management groups differs. Raises `Failed` for what says that the
    list goes on, and not where.
    """
    for key, value in body.items():
        name = key.casefold()
        if value is None or value == "":
            continue
        if name in _LINKS:
            if not isinstance(value, str):
                raise Failed(200, "ForeignNextLink", "the link to the next page is no text")
            return value
        if name in _TOKENS:
            raise Failed(200, "FurtherPages", f"the answer goes on in further pages, which only {key} leads to")
    return ""


_LINKS = frozenset({"nextlink", "@nextlink", "odata.nextlink", "@odata.nextlink"})
_TOKENS = frozenset({"skiptoken", "$skiptoken", "continuationtoken"})


def _lost(status: int) -> NoReturn:
    raise Failed(status, "PageLost", "a further page of the list was answered with nothing there")


def _plain(problem: AzureError) -> str:
    return " ".join(str(problem.message or problem).split())


def _parsed(content: bytes) -> tuple[Any, Failed | None]:
    """The value, or `None` and what is wrong with it where another try would not put it right."""
    try:
        return json.loads(
            content, parse_constant=_refuse, parse_float=_float, parse_int=_int, object_pairs_hook=_object
        ), None
    except Failed as fault:
        return None, fault
    except (ValueError, RecursionError):
        return None, None


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise Failed(200, "NumberTooLarge", "the answer holds a number that is larger than any program can hold")
    return value


def _int(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise Failed(200, "NumberTooLarge", "the answer holds a number that is larger than any program can hold")
    return int(digits)


_MOST_DIGITS = 308
"""Digits of the largest whole number that fits a double, which is what other programs read it into."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Which of the two counts depends on who reads it: no answer of Azure's has that.
        raise Failed(200, "DuplicateKeys", "the answer holds an object that gives a key twice")
    return found


def _refuse_error(body: Mapping[str, Any]) -> None:
    """An error is one whatever status comes with it."""
    for key, error in body.items():
        if key.casefold() in ("error", "errors") and error:
            stated = error if isinstance(error, Mapping) else {}
            message = str(stated.get("message") or "the answer of status 200 is an error")
            raise Failed(200, str(stated.get("code") or _ERROR), message)
    if "value" in body and isinstance(body.get("code"), str) and isinstance(body.get("message"), str):
        raise Failed(200, body["code"] or _ERROR, body["message"])


_ERROR = "ErrorWithStatus200"


def _check_count(body: Mapping[str, Any], found: int) -> None:
    """Where the last page says how many there are in all, or how many it holds, the list has shown as many."""
    for key, value in body.items():
        name = key.casefold()
        if name in _TOTALS:
            stated = _number(value.get("value") if isinstance(value, Mapping) else value)
            if stated > found:
                raise Failed(200, "CountMismatch", f"the list says that it holds {stated} and showed {found}")


_TOTALS = frozenset({"count", "totalcount", "totalrecords", "@odata.count", "odata.count"})


def _number(value: Any) -> int:
    """A count as a number, though it be written as a text; 0 for what is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _items(body: Mapping[str, Any]) -> list[Document]:
    value = body.get("value")
    if not isinstance(value, list):
        raise Failed(200, "NotAList", "the answer has no list under `value`")
    return [_document(item) for item in value]


def _document(item: Any) -> Document:
    if not isinstance(item, dict) or not id_in(item):
        raise Failed(200, "NoId", "the answer holds something that is not a resource: it has no id")
    if too_deep(item):
        raise Failed(200, "TooDeep", f"{item['id']} is nested deeper than {MAX_DEPTH} levels")
    _refuse_error(item)
    return with_slash(item)
