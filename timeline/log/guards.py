"""The triggers that guard the log: all there, all on, and each of them the one that the migrations made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlalchemy import Connection, text

GUARDS = {
    "sqlite": {
        "log_appends_no_delete": 0xE08FC580C824C7EF,
        "log_appends_no_replace": 0x5767899570E6F130,
        "log_appends_no_update": 0x079D140816C395F2,
        "log_checkpoints_no_delete": 0x19EDE097D2017900,
        "log_checkpoints_no_replace": 0x4059808CA6C060B7,
        "log_checkpoints_no_update": 0xE547BEB0302516A8,
        "log_events_no_delete": 0xCBA7E1ECF1820C02,
        "log_events_no_replace": 0xDE9569F15AE83983,
        "log_events_no_update": 0x30BED2C50065C9E0,
        "log_head_forward": 0x0463A71776F8243E,
        "log_head_no_delete": 0x3CD340646E8F6281,
        "log_head_no_replace": 0x0827D33657618FC4,
        "log_nodes_no_delete": 0x93174905C5A00926,
        "log_nodes_no_replace": 0x662AC1E74E12580F,
        "log_nodes_no_update": 0x2D490009345C2D5E,
    },
    "postgresql": {
        "log_appends_rows": 0xA48E147ABCC200F6,
        "log_appends_truncate": 0x01B82C43C9D4D6CA,
        "log_checkpoints_rows": 0xA018B17134FB787C,
        "log_checkpoints_truncate": 0x86F212805D558189,
        "log_events_rows": 0xD884E17C123346D8,
        "log_events_truncate": 0x0610E4CF034EA087,
        "log_head_forward": 0x6D18578282462450,
        "log_head_rows": 0xD036260F371BA9A3,
        "log_head_truncate": 0x9DD528A154F25588,
        "log_nodes_rows": 0xC01EDE55A0886A3B,
        "log_nodes_truncate": 0xACC57CCC6B8F65AD,
    },
}
"""Each trigger and the first eight bytes of SHA-256 over what it does. A migration that changes one changes this."""
DEFINED = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT t.tgname, c.relname || ' ' || t.tgtype || ' ' "
    "|| coalesce(pg_get_expr(t.tgqual, t.tgrelid), '') || ' ' || p.prosrc FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
    "WHERE NOT t.tgisinternal AND t.tgenabled = 'A'",
}


def guard_faults(connection: Connection) -> Iterator[str]:
    """Every trigger that does not guard as it should."""
    engine = connection.dialect.name
    defined = {row[0]: row[1] for row in connection.execute(text(DEFINED[engine]))}
    for trigger, digest in GUARDS[engine].items():
        if trigger not in defined:
            yield f"the trigger {trigger} is missing or disabled"
        elif int.from_bytes(hashlib.sha256(defined[trigger].encode()).digest()[:8], "big") != digest:
            yield f"the trigger {trigger} is not the one that guards the log"
