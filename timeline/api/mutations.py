"""What can be recorded through the API: each mutation is one command, decided by the same rules as a seed file.

Who records comes from the credential and never from the input. What a caller can act on comes back as data:
`userErrors` with a stable code and the path of the input.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import strawberry
from strawberry.types import Info

from timeline.api.contents import Fields, camel, fact, input_type, made_input, plain, stated
from timeline.api.context import Context, View
from timeline.api.fields import DateTime, Json, microseconds, said
from timeline.api.records import Record
from timeline.errors import Damaged, Denied, Invalid, Path, Several, TimelineError, Unavailable
from timeline.handle import Request, handle
from timeline.values import facts
from timeline.values.ids import slug
from timeline.values.roles import Role, Viewer
from timeline.values.vocabulary import MeetingStatus
from timeline.write import commands
from timeline.write.commands import AnyCommand

RESERVED = ("seed/", "import/")
"""What a seed or an import said is the fold of the events under such append ids."""
MAX_APPEND_ID = 200
Ask = Callable[[Any], Sequence[AnyCommand]]
"""What an input asks for: commands for one record."""
ToCommand = Callable[[str, Any], AnyCommand]
SHARED: Fields = [
    ("append_id", strawberry.ID, "An id of yours for this request: sent again, it is answered as the first time."),
    ("from_source", strawberry.ID | None, "The source on which it is recorded."),
]
CHANGED: Fields = [
    ("id", strawberry.ID, "The record."),
    (
        "expected_version",
        int | None,
        "The version that you saw; VERSION_CONFLICT if it is not the current.",
    ),
]
EMBARGO: Fields = [
    ("role", Role, "The least role that sees the record; no higher than your own."),
    ("until", DateTime, "When all see it again."),
]
REASON: Fields = [("reason", str, "Why.")]
EmbargoTerms = made_input("EmbargoTerms", "Who alone sees a record, and until when.", [*EMBARGO, *REASON])
MAYBE_REASON: Fields = [("reason", str | None, "Why, if stated.")]
CITATION: Fields = [("citation", input_type(facts.Citation) | None, "Where it is read.")]


@strawberry.type(description="What is wrong with the input, in terms a caller can act on.")
class UserError:
    code: str = said("A stable code; docs/errors.md explains each.")
    message: str = said("What is wrong and what would be right.")
    path: list[str] = said("The way to the fault in the arguments, outermost first.")
    role: Role | None = said("The role that is needed, where the code is FORBIDDEN; else null.")


@strawberry.type(description="What became of a mutation.")
class RecordPayload:
    record: Record | None = said("The record as it is now; null when nothing was recorded because of an error.")
    version: int | None = said("Its version.")
    position: int | None = said("The log position up to which the record is read.")
    replayed: bool = said("Whether this request had been answered before; it then recorded nothing again.")
    user_errors: list[UserError] = said("What is wrong with the input; empty when it was recorded.")


def mutation(name: str, role: Role, description: str, fields: Fields, ask: Ask, at: Path) -> Any:
    """A mutation that changes one record and needs a role. `at` is where the content lies in the input."""
    given = made_input(f"{name[0].upper()}{name[1:]}Input", f"What {name} needs.", [*SHARED, *fields])

    async def resolve(root: strawberry.Parent[View], info: Info, input: Any) -> RecordPayload:
        try:
            # Before anything else is looked at: whoever may not write learns nothing by trying.
            info.context.caller.viewer.require(role, name)
            return await _recorded(info.context, ask(input), input)
        except (Damaged, Unavailable):
            raise
        except (TimelineError, Several) as failed:
            faults = failed.faults if isinstance(failed, Several) else [failed]
            return _refused(root, faults, at)

    resolve.__annotations__["input"] = given
    return strawberry.mutation(resolver=resolve, description=f"{description} Needs the role {role.value}.")


async def _recorded(context: Context, asked: Sequence[AnyCommand], input: Any) -> Any:
    if not 1 <= len(input.append_id) <= MAX_APPEND_ID or input.append_id.startswith(RESERVED):
        message = f"an append id has 1 to {MAX_APPEND_ID} characters and does not begin with {' or '.join(RESERVED)}"
        raise Invalid("APPEND_ID_INVALID", message, ("appendId",))
    expected = getattr(input, "expected_version", None)
    viewer, id = context.caller.viewer, asked[0].id
    assert viewer.actor is not None, "whoever has a role has a name"
    for command in asked:
        if isinstance(command, commands.Embargo):
            _check_embargo(command, viewer, context.now_us())
    request = Request(
        append_id=input.append_id,
        actor=viewer.actor,
        commands=asked,
        source=input.from_source,
        expected=None if expected is None else {id: expected},
        viewer=viewer,
    )
    outcome = await context.database.writing(handle, context.database, request, now_us=context.now_us())
    view = View(await context.open())
    # A request that is sent again may find that the record was put under embargo meanwhile.
    record = await view.find(outcome.id or id)
    data = None if record is None else record.data
    answer = {"version": data and data["version"], "position": view.snapshot.position, "replayed": outcome.replayed}
    return view.shape({"record": data, **answer, "user_errors": []})


def _check_embargo(command: commands.Embargo, viewer: Viewer, now_us: int) -> None:
    """Raises `Denied` for an embargo that would hide the record from whoever asks for it, `Invalid` for one in vain."""
    viewer.require(max(Role.EDITOR, command.role, key=lambda role: role.rank), "this embargo")
    if command.until_us <= now_us:
        raise Invalid("EMBARGO_INVALID", "the embargo would have ended already; name a time to come", ("until",))


def _refused(view: View, faults: list[TimelineError], at: Path) -> Any:
    errors = [
        {
            "code": fault.code,
            "message": fault.message,
            "path": [str(camel(step)) for step in _placed(fault.path, at)],
            "role": fault.needed if isinstance(fault, Denied) else None,
        }
        for fault in faults
    ]
    empty = {"record": None, "version": None, "position": None, "replayed": False}
    return view.shape({**empty, "user_errors": errors})


def _placed(path: Path, at: Path) -> Path:
    """A fault's path from the argument on: what concerns the request lies beside the content, not in it."""
    beside = {"id", "appendId", "expectedVersion", "fromSource", "reason", "citation", "into", "until", *at[:1]}
    if path and isinstance(path[0], int):  # Which of several commands it was is nothing that the caller knows of.
        path = path[1:]
    return ("input", *path) if not path or path[0] in beside else ("input", *at, *path)


def _embargo(id: str, input: Any) -> AnyCommand:
    until_us = microseconds(input.until, "until")
    return commands.Embargo(id=id, role=input.role, until_us=until_us, reason=input.reason)


# New records --------------------------------------------------------------------------------------------------------


def new_record(name: str, kind: str, description: str, **preset: Any) -> Any:
    """A mutation that records something new of a kind."""
    content = facts.CONTENT[kind]
    id_told = f"An id for it, '{kind}/some-words'; made from its name if unset."
    fields: Fields = [
        ("id", strawberry.ID | None, id_told),
        (kind, input_type(content), "What is recorded."),
        ("embargo", EmbargoTerms | None, "Who alone sees it, from its first moment on; needs the role EDITOR."),
    ]

    def ask(input: Any) -> Sequence[AnyCommand]:
        said_so = stated(plain(getattr(input, kind))) | preset
        found = fact(content, said_so, (kind,))
        id = input.id or f"{kind}/{_slug(found)}-{hashlib.sha256(input.append_id.encode()).hexdigest()[:6]}"
        if not re.fullmatch(rf"{kind}/{facts.SLUG}", id):
            raise Invalid("ID_INVALID", f"{id!r} is no id; it must look like '{kind}/some-words'", ("id",))
        new = commands.Report(id=id, content=found)
        return [new] if input.embargo is None else [new, _embargo(id, input.embargo)]

    return mutation(name, Role.CONTRIBUTOR, description, fields, ask, (kind,))


def _slug(content: facts.Content) -> str:
    """Words of the name for an id."""
    names = getattr(content, "names", None)
    text = names[0].text if names else getattr(content, "title", None) or getattr(content, "label", None) or "record"
    return slug(text, 60) or "record"


# Changes ------------------------------------------------------------------------------------------------------------


def change(
    name: str, description: str, fields: Fields, command: ToCommand, at: Path = (), role: Role = Role.EDITOR
) -> Any:
    """A mutation that changes one record."""

    def ask(input: Any) -> Sequence[AnyCommand]:
        return [command(input.id, input)]

    return mutation(name, role, description, [*CHANGED, *fields], ask, at)


def _maybe(kind: type[Any], value: Any, at: str) -> Any:
    return None if value is None else fact(kind, value, (at,))


def _cited(input: Any) -> Any:
    return _maybe(facts.Citation, input.citation, "citation")


PATCHES: Fields = [
    (kind, input_type(content, patch=True) | None, f"Fields of a {kind}.") for kind, content in facts.CONTENT.items()
]
RecordPatch = made_input(
    "RecordPatch", "The fields to set, under the kind of the record; null takes one back.", PATCHES
)


def _correct(id: str, input: Any) -> AnyCommand:
    kind = id.partition("/")[0]
    given = {name: value for name, value in plain(input.patch).items() if value is not None}
    if list(given) != [kind]:
        raise Invalid("PATCH_INVALID", f"the patch of {id} goes under {kind!r} and nowhere else", ("patch",))
    changes = {name: None if value is None else stated(value) for name, value in given[kind].items()}
    return commands.Correct(id=id, changes=changes, reason=input.reason, citation=_cited(input))


def _field(input: Any) -> str:
    """A field's name as the record has it, from the name clients know."""
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", input.field)


VALUE: Fields = [
    ("field", str, "The field's name: 'when', 'place'."),
    ("value", Json | None, "The value, in the form of schema/events.json; null means that it is not so."),
]
WHEN = input_type(facts.When)


@strawberry.type(description="What can be recorded. Nothing is overwritten: every mutation adds events to the log.")
class Mutation:
    record_meeting: RecordPayload = new_record("recordMeeting", "meeting", "Record a meeting.")
    schedule_meeting: RecordPayload = new_record(
        "scheduleMeeting", "meeting", "Record a meeting that is to take place.", status=MeetingStatus.SCHEDULED.value
    )
    record_statement: RecordPayload = new_record("recordStatement", "statement", "Record a statement.")
    record_nomination: RecordPayload = new_record("recordNomination", "nomination", "Record a nomination.")
    record_milestone: RecordPayload = new_record("recordMilestone", "milestone", "Record a milestone.")
    record_tenure: RecordPayload = new_record("recordTenure", "tenure", "Record who holds a post.")
    register_person: RecordPayload = new_record("registerPerson", "person", "Register a person.")
    register_organization: RecordPayload = new_record(
        "registerOrganization", "organization", "Register an organization."
    )
    register_former_state: RecordPayload = new_record(
        "registerFormerState", "state", "Register a state that has no ISO 3166-1 code today."
    )
    register_place: RecordPayload = new_record("registerPlace", "place", "Register a place.")
    register_post: RecordPayload = new_record("registerPost", "post", "Register a post.")
    register_source: RecordPayload = new_record("registerSource", "source", "Register a source.")
    register_speaker: RecordPayload = new_record("registerSpeaker", "speaker", "Register an anonymous speaker.")
    reschedule_meeting: RecordPayload = change(
        "rescheduleMeeting",
        "Move a scheduled or postponed meeting to another date.",
        [("to", WHEN, "The new date."), *MAYBE_REASON, *CITATION],
        lambda id, input: commands.Reschedule(
            id=id, to=fact(facts.When, input.to, ("to",)), reason=input.reason, citation=_cited(input)
        ),
        ("to",),
    )
    hold_meeting: RecordPayload = change(
        "holdMeeting",
        "Record that a scheduled meeting took place.",
        [("when", WHEN | None, "The date, if it is now known better."), *CITATION],
        lambda id, input: commands.Hold(id=id, when=_maybe(facts.When, input.when, "when"), citation=_cited(input)),
        ("when",),
    )
    postpone_meeting: RecordPayload = change(
        "postponeMeeting",
        "Record that a scheduled meeting is put off, with no new date.",
        [*MAYBE_REASON, *CITATION],
        lambda id, input: commands.Postpone(id=id, reason=input.reason, citation=_cited(input)),
    )
    cancel_meeting: RecordPayload = change(
        "cancelMeeting",
        "Record that a meeting is called off.",
        [*MAYBE_REASON, *CITATION],
        lambda id, input: commands.Cancel(id=id, reason=input.reason, citation=_cited(input)),
    )
    advance_nomination: RecordPayload = change(
        "advanceNomination",
        "Record a step of a nomination. Steps may be skipped, never contradicted.",
        [("step", input_type(facts.Step), "The step.")],
        lambda id, input: commands.Advance(id=id, step=fact(facts.Step, input.step, ("step",))),
        ("step",),
    )
    relate: RecordPayload = change(
        "relate",
        "Record how an occurrence stands to another.",
        [("relation", input_type(facts.Relation), "The relation.")],
        lambda id, input: commands.Relate(id=id, relation=fact(facts.Relation, input.relation, ("relation",))),
        ("relation",),
    )
    distinguish: RecordPayload = change(
        "distinguish",
        "Record that two records that look alike are not of the same; they are not suggested for a merge again.",
        [("other", strawberry.ID, "The other record."), *REASON],
        lambda id, input: commands.Distinguish(id=id, other=input.other, reason=input.reason),
    )
    correct: RecordPayload = change(
        "correct",
        "Correct fields of a record. What it said before stays in its history.",
        [("patch", RecordPatch, "The fields to set."), *REASON, *CITATION],
        _correct,
        ("patch",),
    )
    contest: RecordPayload = change(
        "contest",
        "Record that another source gives another value for a field. Both are kept; the record shows its own.",
        [*VALUE, ("citation", input_type(facts.Citation), "Where it is read.")],
        lambda id, input: commands.Contest(
            id=id, field=_field(input), value=input.value, citation=fact(facts.Citation, input.citation, ("citation",))
        ),
        role=Role.CONTRIBUTOR,
    )
    prefer: RecordPayload = change(
        "prefer",
        "Show another one of the values that sources give for a field.",
        [*VALUE, *REASON],
        lambda id, input: commands.Prefer(id=id, field=_field(input), value=input.value, reason=input.reason),
    )
    retract: RecordPayload = change(
        "retract",
        "Withdraw a record of ours. A speaker who takes back a statement is another statement.",
        [*REASON, *CITATION],
        lambda id, input: commands.Retract(id=id, reason=input.reason, citation=_cited(input)),
    )
    embargo: RecordPayload = change(
        "embargo",
        "Let only a role and those above see a record until a moment, as it is now and as it ever was; what cites a "
        "source under embargo is hidden with it. Another embargo takes the place of the one before.",
        [*EMBARGO, *REASON],
        _embargo,
    )
    lift_embargo: RecordPayload = change(
        "liftEmbargo",
        "Let all see a record again before its embargo ends.",
        REASON,
        lambda id, input: commands.LiftEmbargo(id=id, reason=input.reason),
    )
    merge: RecordPayload = change(
        "merge",
        "Record that two records are of the same: the id of this one leads to the other from now on.",
        [("into", strawberry.ID, "The record that survives."), *REASON],
        lambda id, input: commands.Merge(id=id, into=input.into, reason=input.reason),
    )
    erase: RecordPayload = change(
        "erase",
        "Erase what a record said, by order and on a legal basis. That its events were recorded stays, and every proof "
        "of them; what they said goes from the log, from all answers about any time and from the search. After the "
        "erasure of a place or a source run 'timeline rebuild', so that older answers no longer rest on it.",
        [
            ("positions", list[int] | None, "Only the events at these positions; all of the record if unset."),
            ("basis", str, "The legal basis: 'Art. 17(1)(d) GDPR'. It is published."),
            ("order", str, "Who ordered it: 'District Court of The Hague, C/09/1234'. It is published."),
        ],
        lambda id, input: commands.Erase(
            id=id, positions=list(input.positions or ()), basis=input.basis, order=input.order
        ),
        role=Role.ADMIN,
    )
    unmerge: RecordPayload = change(
        "unmerge",
        "Undo a merge.",
        REASON,
        lambda id, input: commands.Unmerge(id=id, reason=input.reason),
    )
