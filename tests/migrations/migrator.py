"""A process that migrates: `migrator.py URL`. It says that it is ready and begins when told."""

import sys

from timeline.database import open_database, upgrade

database = open_database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
upgrade(database)
