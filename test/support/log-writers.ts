import type pg from "pg";
import type { TestDatabase } from "./cluster.ts";
import { approve, consume, execute, expectStatus } from "./flow.ts";
import { connect, insertEvent } from "./log-scene.ts";
import type { Service } from "./service.ts";

interface Owner {
  teardown(work: () => Promise<unknown>): unknown;
}

/** What writers have done, for the record. */
export interface Written {
  committed: number;
  rolledBack: number;
  /** Over HTTP: approved requests, and as many grants that were consumed. */
  approvals: number;
  /** Grants that were minted over HTTP and consumed. */
  minted: number;
  /** Those that a killed process, or a refusal, has broken off. */
  brokenOff: number;
}

/** Things that count their changes, so that the order of their events is known. */
export async function makeThings(t: Owner, names: TestDatabase, count: number): Promise<void> {
  const admin = await connect(t, names.superUrl);
  await admin.query("CREATE TABLE things (id text PRIMARY KEY, version int NOT NULL)");
  await admin.query("GRANT ALL ON things TO countersign_app");
  await admin.query("INSERT INTO things SELECT 'thing-' || n, 0 FROM generate_series(0, $1 - 1) AS n", [count]);
}

export interface ThingWriter {
  readonly client: pg.Client;
  readonly things: number;
  readonly random: () => number;
  readonly written: Written;
}

/** One transaction of a length that nobody knows: it changes a thing or two, and commits or does not. */
export async function writeThings({ client, things, random, written }: ThingWriter): Promise<void> {
  await client.query("BEGIN");
  // Some have their transaction id long before their number, as a transition has that changes other rows first.
  if (random() < 0.3) await client.query("SELECT pg_current_xact_id(), pg_sleep($1)", [random() * 0.03]);
  // In the order of their names, so that two writers never wait for each other.
  const chosen = [...new Set([Math.floor(random() * things), Math.floor(random() * things)])].toSorted((a, b) => a - b);
  for (const thing of chosen.slice(0, random() < 0.4 ? 2 : 1)) {
    const { rows } = await client.query<{ version: number }>(
      "UPDATE things SET version = version + 1 WHERE id = 'thing-' || $1::int RETURNING version",
      [thing],
    );
    await client.query(insertEvent, [`thing-${thing}`, rows[0]?.version]);
  }
  // not a sleep: the number is drawn, and others commit higher ones meanwhile.
  if (random() < 0.5) await client.query("SELECT pg_sleep($1)", [random() ** 3 * 0.25]);
  const goes = random() >= 0.15;
  await client.query(goes ? "COMMIT" : "ROLLBACK");
  if (goes) written.committed += 1;
  else written.rolledBack += 1;
}

/** A service that is any of those that are up, anew for each call. */
function roaming(anyService: () => Service): Service {
  return {
    get url() {
      return anyService().url;
    },
    get tokens() {
      return anyService().tokens;
    },
    call: (...args) => anyService().call(...args),
  };
}

/** A request with its votes, and the use of a grant that is there; each step at any of the services. */
export async function writeApproval(anyService: () => Service, grant: string, written: Written): Promise<void> {
  const service = roaming(anyService);
  try {
    await approve(service);
    await expectStatus(consume(service, grant, grant), 200);
    written.approvals += 1;
  } catch {
    // The process that was asked is killed, or not back yet.
    written.brokenOff += 1;
  }
}

/** A whole approval, from the request to the consumed grant: the only one at a time, as there is one live grant a target. */
export async function mintAndConsume(anyService: () => Service, written: Written, going: () => boolean): Promise<void> {
  const service = roaming(anyService);
  /** What was begun is gone on with, since nobody knows what a killed process has still done. */
  const insist = async <Result>(step: () => Promise<Result>): Promise<Result | undefined> => {
    while (going()) {
      try {
        return await step();
      } catch {
        written.brokenOff += 1;
      }
    }
    return undefined;
  };
  const approved = await insist(() => approve(service));
  if (approved === undefined) return;
  const minted = await insist(async () => {
    const { status, text, body } = await execute(service, approved);
    if (status !== 201 && status !== 200) throw new Error(text);
    return body["auth_code"] as unknown as string;
  });
  if (minted === undefined) return;
  if ((await insist(() => expectStatus(consume(service, minted, minted), 200))) !== undefined) written.minted += 1;
}
