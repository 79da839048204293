"""A process that appends until it is killed: `writer.py URL NAME FIRST`. It prints a number when it is recorded.

The writer c appends one event at a time, which on PostgreSQL is one call.
"""

import sys
import time

from timeline.database import open_database
from timeline.log.append import Append, NewEvent, append_alone

url, name, first = sys.argv[1:]
database = open_database(url)
number = int(first)
while True:
    streams = [f"own/{name}"] if name == "c" else [f"own/{name}", "shared/1"]
    events = [NewEvent(stream=stream, type="Noted", schema=1, body=b"{}") for stream in streams]
    wanted = Append(append_id=f"{name}-{number}", request_digest=b"d", actor=name, events=events)
    append_alone(database, wanted, now_us=time.time_ns() // 1000)
    print(number, flush=True)
    number += 1
