import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import pg from "pg";
import { openDatabase, type Database } from "../../src/database/index.ts";
import { noteKey } from "../../src/evidence/log/note.ts";
import { entryOf } from "../../src/evidence/log/entry.ts";
import { emptyRoot, leafHash, nodeHash, rootOf } from "../../src/evidence/log/merkle.ts";
import { formatLogKey, parseLogSigner } from "../../src/evidence/log/signer.ts";
import { openLog } from "../../src/evidence/log/open.ts";
import { eventsBetween, readHead, readTile, seqsOf } from "../../src/evidence/log/store.ts";
import { nodesFrom } from "../../src/evidence/log/tiles.ts";
import { type TestDatabase, useDatabase } from "./cluster.ts";

interface Owner {
  teardown(work: () => Promise<unknown>): unknown;
}

export interface LogScene {
  readonly names: TestDatabase;
  readonly database: Database;
  readonly signer: ReturnType<typeof parseLogSigner>;
}

export const origin = "log.example/countersign";

/** A database with a log that nothing is in yet. @param signer its key; one of its own if absent */
export async function setLogScene(
  t: Owner,
  signer = parseLogSigner(formatLogKey(origin, randomBytes(32))),
): Promise<LogScene> {
  const names = await useDatabase(t);
  const database = openDatabase({ url: names.appUrl, poolSize: 6 });
  t.teardown(() => database.close());
  await database.transact((tx) => openLog(tx, signer));
  return { names, database, signer };
}

/** What the tree says of itself and of the events, worked out from nothing but both. */
export async function examineLog({ database }: Pick<LogScene, "database">) {
  return database.transact(
    async (tx) => {
      const head = await readHead(tx);
      if (head === undefined) throw new Error("no log");
      const seqs = await seqsOf(tx, 0, head.size);
      const events = await eventsBetween(tx, "0", head.sealed_seq, 10_000_000);
      const leaves = events.map((event) => leafHash(entryOf(event)));
      return {
        size: head.size,
        sealedSeq: head.sealed_seq,
        root: head.root,
        tilesRoot: await rootOf(
          nodesFrom((level, index) => readTile(tx, level, index)),
          head.size,
        ),
        seqs,
        events,
        afresh: mth(leaves),
      };
    },
    { readOnly: true },
  );
}

/** The tree hash as RFC 9162 defines it, without tiles: for comparison. */
function mth(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return emptyRoot;
  if (leaves.length === 1) return only;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(mth(leaves.slice(0, split)), mth(leaves.slice(split)));
}

export function otherKey(name = origin) {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { privateKey, key: noteKey(name, createPublicKey(privateKey)) };
}

/** One event as a transition writes it. */
export const insertEvent = `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id, after)
  VALUES ('writer', 'thing.changed', 'thing', $1, 'r', jsonb_build_object('version', $2::int))`;

export async function connect(t: Owner, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  t.teardown(() => client.end());
  return client;
}
