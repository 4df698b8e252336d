import type pg from "pg";
import type { Entry } from "../client/journal.ts";

/**
 * Puts a journal beside the service's tables, as temporary tables of this connection:
 *
 * - `asked`: every attempt, with what it was about;
 * - `answered`: what was told of an attempt; an attempt without a row had no answer;
 * - `operation`: what the client knows of each operation at the end: `ok`, `refused` (so it has no effect) or `unknown`;
 * - `effect`: the audit events of the attempts of each operation, found by their request ids.
 */
export async function loadJournal(client: pg.Client, entries: readonly Entry[]): Promise<void> {
  await client.query(
    `CREATE TEMP TABLE asked (line integer, at timestamptz, op text, attempt integer, kind text, phase text,
       auth_code text, root text, lease text, hold text, request text, PRIMARY KEY (op, attempt));
     CREATE TEMP TABLE answered (line integer, at timestamptz, op text, attempt integer, outcome text, status integer,
       code text, cut boolean, said jsonb, PRIMARY KEY (op, attempt));`,
  );
  await client.query(
    `INSERT INTO asked SELECT (e ->> 'line')::integer, to_timestamp((e ->> 'at')::numeric / 1000), e ->> 'asked', (e ->> 'attempt')::integer,
            e ->> 'kind', e ->> 'phase', e #>> '{subject,grant}', e #>> '{subject,root}', e #>> '{subject,lease}', e #>> '{subject,hold}',
            e #>> '{subject,request}'
       FROM jsonb_array_elements($1::jsonb) AS e WHERE e ? 'asked'`,
    [JSON.stringify(entries)],
  );
  await client.query(
    `INSERT INTO answered SELECT (e ->> 'line')::integer, to_timestamp((e ->> 'at')::numeric / 1000), e ->> 'answered',
            (e ->> 'attempt')::integer, e ->> 'outcome', (e ->> 'status')::integer, e ->> 'code', (e ->> 'cut')::boolean, e -> 'said'
       FROM jsonb_array_elements($1::jsonb) AS e WHERE e ? 'answered'`,
    [JSON.stringify(entries)],
  );
  await client.query(
    `CREATE TEMP TABLE operation AS
       SELECT op, min(kind) AS kind, min(auth_code) AS auth_code, min(root) AS root, min(request) AS request, min(hold) AS hold, min(lease) AS lease,
              CASE WHEN bool_or(outcome = 'ok') THEN 'ok'
                   -- Refused once all was quiet, or never left without an answer.
                   WHEN (array_agg(phase || ' ' || coalesce(outcome, 'unknown') ORDER BY attempt DESC))[1] IN ('settle refused', 'settle unchanged') THEN 'refused'
                   WHEN bool_and(coalesce(outcome, 'unknown') IN ('refused', 'unchanged')) THEN 'refused'
                   ELSE 'unknown' END AS known
         FROM asked LEFT JOIN answered USING (op, attempt) GROUP BY op;
     CREATE TEMP TABLE effect AS
       SELECT split_part(request_id, '.', 1) AS op, action, resource_id, seq, occurred_at, after FROM audit_events
        WHERE split_part(request_id, '.', 1) IN (SELECT op FROM operation)
          -- A request whose execution was skipped stays as it was, and the skip is on record.
          AND (action <> 'approval_request.executed' OR after ->> 'result' = 'OK');
     CREATE TEMP TABLE expected (kind text, action text);
     INSERT INTO expected VALUES ('submit', 'approval_request.submitted'), ('vote', 'approval_request.voted'),
       ('execute', 'approval_request.executed'), ('consume', 'grant.consumed'), ('revoke', 'grant.revoked'), ('hold', 'hold.placed'),
       ('lift', 'hold.lifted'), ('renew', 'lease.renewed'), ('release', 'lease.released'), ('run', 'run.started');
     CREATE INDEX ON asked (auth_code); CREATE INDEX ON operation (auth_code); CREATE INDEX ON effect (op);
     ANALYZE asked; ANALYZE answered; ANALYZE operation; ANALYZE effect`,
  );
}
