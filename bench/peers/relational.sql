-- The record as the tables that a relational service would have, each with the indexes its questions want.
-- Days are numbers, in the order in which Timeline sorts: earliest start, latest end, id; what has no date comes last.
CREATE TABLE parties (code text COLLATE "C" PRIMARY KEY, name text NOT NULL);
CREATE TABLE places (id text COLLATE "C" PRIMARY KEY, name text NOT NULL, country text COLLATE "C");
CREATE TABLE persons (id text COLLATE "C" PRIMARY KEY, name text NOT NULL, party text COLLATE "C");
CREATE TABLE sources (id text COLLATE "C" PRIMARY KEY, title text NOT NULL);
CREATE TABLE meetings (
    id text COLLATE "C" PRIMARY KEY,
    title text NOT NULL,
    when_label text,
    earliest bigint NOT NULL,
    latest bigint NOT NULL,
    place_id text COLLATE "C",
    level text COLLATE "C",
    format text COLLATE "C",
    status text COLLATE "C",
    party_key text COLLATE "C" NOT NULL
);
CREATE TABLE participations (
    meeting_id text COLLATE "C" NOT NULL,
    place_in_list int NOT NULL,
    party_code text COLLATE "C" NOT NULL,
    person_id text COLLATE "C",
    role text,
    earliest bigint NOT NULL,
    latest bigint NOT NULL
);
CREATE TABLE citations (
    meeting_id text COLLATE "C" NOT NULL,
    place_in_list int NOT NULL,
    source_id text COLLATE "C" NOT NULL,
    locator text
);
CREATE TABLE statements (
    id text COLLATE "C" PRIMARY KEY,
    title text NOT NULL,
    when_label text,
    earliest bigint NOT NULL,
    latest bigint NOT NULL,
    attribution text,
    meeting_id text COLLATE "C"
);
