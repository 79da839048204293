"""Checkpoints and proofs: what a client keeps to find out later that nothing was changed behind its back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import strawberry
from sqlalchemy import Connection
from strawberry import Parent
from strawberry.types import Info

from timeline.api.context import Context, View
from timeline.api.fields import said
from timeline.log.checkpoint import Signed, last_signed
from timeline.log.proof import prove_consistency, prove_event, texts


@strawberry.type(description="What the log was at some size, signed: a C2SP tlog-checkpoint.")
class Checkpoint:
    origin: str = said("The name of the log, and of the key that signs for it.")
    size: int = said("How many events the log had.")
    root: str = said("The root of the RFC 6962 tree over them, in base64.")
    note: str = said("The signed note, to be kept as it is: later the log can be held to it.")


@strawberry.type(description="That an event is in the log that a checkpoint signs.")
class EventProof:
    position: int = said("The position of the event; its index in the tree is one less.")
    leaf_hash: str = said("The RFC 6962 leaf hash of the event, in base64.")
    hashes: list[str] = said("The way from the leaf to the root, the leaf's sibling first, in base64.")
    checkpoint: Checkpoint = said("The checkpoint that signs the root.")
    file: str = said("The proof as a file with the event in it (C2SP tlog-proof), for 'timeline verify-proof'.")


@strawberry.type(description="That the log only grew since it had a size: its past is as it was.")
class ConsistencyProof:
    size: int = said("The earlier size.")
    root: str = said("The root of the tree at that size, in base64.")
    hashes: list[str] = said("The RFC 6962 consistency proof, in base64.")
    checkpoint: Checkpoint = said("The checkpoint that signs the log as it became.")
    file: str = said("The proof as a file, for 'timeline verify-proof --older'.")


AtPosition = Annotated[int, strawberry.argument(description="The position of the event.")]
FromSize = Annotated[int, strawberry.argument(description="The size of an earlier checkpoint.", name="from")]
Root = Parent[View]


async def _read(info: Info[Context, Any], read: Callable[[Connection], Any]) -> Any:
    database = info.context.database

    def within() -> Any:
        with database.read() as connection:
            return read(connection)

    return await asyncio.to_thread(within)


def _shown(checkpoint: Signed) -> dict[str, Any]:
    (root,) = texts([checkpoint.root])
    return {"origin": checkpoint.origin, "size": checkpoint.size, "root": root, "note": checkpoint.note}


async def _checkpoint(root: Root, info: Info[Context, View]) -> Checkpoint | None:
    found = await _read(info, last_signed)
    return None if found is None else root.shape(_shown(found))


async def _proof(root: Root, info: Info[Context, View], position: AtPosition) -> EventProof | None:
    proof = await _read(info, lambda connection: prove_event(connection, position))
    if root.snapshot.veil is not None and root.snapshot.veil.hides(proof.event):
        return None  # The file holds the event.
    leaf, *path = texts([proof.event.leaf_hash, *proof.path])
    return root.shape(
        {
            "position": position,
            "leaf_hash": leaf,
            "hashes": path,
            "checkpoint": _shown(proof.checkpoint),
            "file": proof.text(),
        }
    )


async def _consistency(root: Root, info: Info[Context, View], size: FromSize) -> ConsistencyProof:
    proof = await _read(info, lambda connection: prove_consistency(connection, size))
    was, *path = texts([proof.old_root, *proof.path])
    shown = {"size": size, "root": was, "hashes": path, "checkpoint": _shown(proof.checkpoint), "file": proof.text()}
    return root.shape(shown)


@strawberry.type(description="What the log has signed, and proofs by it.")
class ProofQueries:
    checkpoint: Checkpoint | None = strawberry.field(
        resolver=_checkpoint, description="The checkpoint that was signed last; null where none was."
    )
    proof: EventProof | None = strawberry.field(
        resolver=_proof,
        description="That an event is in the log as signed last; null for one that is under embargo.",
    )
    consistency: ConsistencyProof | None = strawberry.field(
        resolver=_consistency, description="That the log as signed last begins with what it was at an earlier size."
    )
