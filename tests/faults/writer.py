"""A process that appends until it is killed: `writer.py URL NAME FIRST`. It prints a number when it is recorded."""

import sys
import time

from timeline.database import open_database
from timeline.log.append import Append, NewEvent, append

url, name, first = sys.argv[1:]
database = open_database(url)
number = int(first)
while True:
    events = [NewEvent(stream=stream, type="Noted", schema=1, body=b"{}") for stream in (f"own/{name}", "shared/1")]
    wanted = Append(append_id=f"{name}-{number}", request_digest=b"d", actor=name, events=events)
    with database.write() as connection:
        append(connection, wanted, now_us=time.time_ns() // 1000)
    print(number, flush=True)
    number += 1
