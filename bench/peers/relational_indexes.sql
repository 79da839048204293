-- Made after the rows are in.
ALTER TABLE participations ADD PRIMARY KEY (meeting_id, place_in_list);
ALTER TABLE citations ADD PRIMARY KEY (meeting_id, place_in_list);
ALTER TABLE meetings ADD FOREIGN KEY (place_id) REFERENCES places;
ALTER TABLE participations ADD FOREIGN KEY (meeting_id) REFERENCES meetings;
ALTER TABLE participations ADD FOREIGN KEY (party_code) REFERENCES parties;
ALTER TABLE participations ADD FOREIGN KEY (person_id) REFERENCES persons;
ALTER TABLE citations ADD FOREIGN KEY (meeting_id) REFERENCES meetings;
ALTER TABLE citations ADD FOREIGN KEY (source_id) REFERENCES sources;
ALTER TABLE statements ADD FOREIGN KEY (meeting_id) REFERENCES meetings;
CREATE INDEX ON meetings (earliest, latest, id);
CREATE INDEX ON meetings (party_key, earliest, latest, id);
CREATE INDEX ON meetings (place_id, earliest, latest, id);
CREATE INDEX ON meetings (place_id, level);
CREATE INDEX ON participations (party_code, earliest, latest, meeting_id);
CREATE INDEX ON participations (meeting_id, party_code);
CREATE INDEX ON participations (person_id);
CREATE INDEX ON citations (source_id);
CREATE INDEX ON statements (meeting_id, earliest, latest, id);

-- The first meetings in which these three parties take part, read along the party that meets least.
ALTER TABLE parties ADD COLUMN meetings int NOT NULL DEFAULT 0;
UPDATE parties SET meetings = counted.n
  FROM (SELECT party_code, count(*) AS n FROM participations GROUP BY party_code) counted
 WHERE counted.party_code = parties.code;
CREATE FUNCTION meetings_of_three(a text, b text, c text, most int) RETURNS SETOF meetings LANGUAGE sql STABLE AS $$
    SELECT m.*
      FROM (SELECT led.meeting_id, led.earliest, led.latest
              FROM participations led
             WHERE led.party_code = (
                   SELECT p.code FROM parties p WHERE p.code IN ($1, $2, $3) ORDER BY p.meetings, p.code LIMIT 1)
               AND EXISTS (SELECT FROM participations x WHERE x.meeting_id = led.meeting_id AND x.party_code = $1)
               AND EXISTS (SELECT FROM participations x WHERE x.meeting_id = led.meeting_id AND x.party_code = $2)
               AND EXISTS (SELECT FROM participations x WHERE x.meeting_id = led.meeting_id AND x.party_code = $3)
             ORDER BY led.earliest, led.latest, led.meeting_id
             LIMIT $4) page
      JOIN meetings m ON m.id = page.meeting_id
     ORDER BY page.earliest, page.latest, page.meeting_id
$$;

-- How often each format and each party occurs in the meetings of a level at a place.
CREATE TYPE facet_value AS (facet text, value text, count int);
CREATE FUNCTION facets_of(place text, level text) RETURNS SETOF facet_value LANGUAGE sql STABLE AS $$
    WITH found AS (SELECT m.id, m.format FROM meetings m WHERE m.place_id = $1 AND m.level = $2)
    (SELECT 'FORMAT', f.format, count(*)::int FROM found f GROUP BY f.format ORDER BY 3 DESC, 2 LIMIT 20)
    UNION ALL
    (SELECT 'PARTY', p.party_code, count(DISTINCT f.id)::int FROM found f JOIN participations p ON p.meeting_id = f.id
      GROUP BY p.party_code ORDER BY 3 DESC, 2 LIMIT 20)
$$;
