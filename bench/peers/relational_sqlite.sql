-- The tables of relational.sql for Datasette, which sorts by one column: `rank` is earliest start, latest end, id.
CREATE TABLE parties (code TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE places (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE persons (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE sources (id TEXT PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE meetings (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    when_label TEXT,
    rank INTEGER NOT NULL,
    place_id TEXT REFERENCES places (id),
    party_key TEXT NOT NULL
);
CREATE TABLE participations (
    meeting_id TEXT NOT NULL REFERENCES meetings (id),
    place_in_list INTEGER NOT NULL,
    party_code TEXT NOT NULL REFERENCES parties (code),
    person_id TEXT REFERENCES persons (id),
    role TEXT,
    PRIMARY KEY (meeting_id, place_in_list)
);
CREATE TABLE citations (
    meeting_id TEXT NOT NULL REFERENCES meetings (id),
    place_in_list INTEGER NOT NULL,
    source_id TEXT NOT NULL REFERENCES sources (id),
    locator TEXT,
    PRIMARY KEY (meeting_id, place_in_list)
);
CREATE TABLE statements (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    when_label TEXT,
    rank INTEGER NOT NULL,
    attribution TEXT,
    meeting_id TEXT REFERENCES meetings (id)
);
CREATE INDEX meetings_rank ON meetings (rank);
CREATE INDEX meetings_parties ON meetings (party_key, rank);
CREATE INDEX meetings_place ON meetings (place_id, rank);
CREATE INDEX statements_meeting ON statements (meeting_id, rank);
