import { Client } from "undici";
import type { Database, Tx } from "../../src/database/index.ts";
import {
  type ConsistencyProof,
  type InclusionProof,
  readConsistency,
  readInclusion,
} from "../../src/evidence/index.ts";
import { parseCheckpoint } from "../../src/evidence/log/checkpoint.ts";
import { consistent, includes, leafHash, rootOf } from "../../src/evidence/log/merkle.ts";
import { parseNote } from "../../src/evidence/log/note.ts";
import { readTile } from "../../src/evidence/log/store.ts";
import { nodesFrom } from "../../src/evidence/log/tiles.ts";
import { onceAs } from "../grants/place.ts";

export const kinds = ["inclusion", "consistency"] as const;
export type Kind = (typeof kinds)[number];

/** One measurement: of many proofs asked for one after the other. */
export interface Proved {
  /** Milliseconds each, in order of size. */
  readonly times: readonly number[];
  /** Hashes and bytes of the answer that had most. */
  readonly hashes: number;
  readonly bytes: number;
}

/** What one proof takes of the database, at most. */
export interface Taken {
  readonly statements: number;
  /** Tiles that were read, each as often as it was. */
  readonly tiles: number;
}

interface Scene {
  readonly superUrl: string;
  readonly url: string;
  readonly auditor: string;
  readonly database: Database;
}

/** Proofs over HTTP by one connection, of events and of sizes by chance; each is checked, after its time was taken. */
export async function timeProofs(scene: Scene, kind: Kind, size: number, count: number): Promise<Proved> {
  const asked = await subjects(scene.superUrl, kind, size, count);
  const client = new Client(scene.url);
  const headers = { authorization: `Bearer ${scene.auditor}` };
  const times: number[] = [];
  let [hashes, bytes] = [0, 0];
  try {
    await (await client.request({ path: "/livez", method: "GET" })).body.dump();
    for (const one of asked) {
      const word = kind === "inclusion" ? "seq" : "first";
      const start = performance.now();
      const answer = await client.request({ path: `/v1/audit/proofs/${kind}?${word}=${one}`, method: "GET", headers });
      const text = await answer.body.text();
      times.push(performance.now() - start);
      if (answer.statusCode !== 200) throw new Error(`${kind} of ${one} answers ${answer.statusCode}: ${text}`);
      const proof = JSON.parse(text) as InclusionProof | ConsistencyProof;
      hashes = Math.max(hashes, proof.path.length);
      bytes = Math.max(bytes, Buffer.byteLength(text));
      if (!(await holds(scene.database, proof, size))) throw new Error(`the proof of ${kind} of ${one} does not hold`);
    }
  } finally {
    await client.close();
  }
  return { times: times.toSorted((a, b) => a - b), hashes, bytes };
}

/** What a proof reads. @throws RangeError without any */
export async function countReads(
  { superUrl, database }: Scene,
  kind: Kind,
  size: number,
  count: number,
): Promise<Taken> {
  const asked = await subjects(superUrl, kind, size, count);
  const taken: Taken[] = [];
  for (const one of asked) {
    let [statements, tiles] = [0, 0];
    await database.transact(
      async (tx) => {
        const counting: Tx = {
          savepoint: (work) => tx.savepoint(work),
          async query(text, values, options) {
            statements += 1;
            const result = await tx.query(text, values, options);
            if (text.includes("audit_tiles")) tiles += result.rows.length;
            return result as never;
          },
        };
        if (kind === "inclusion") await readInclusion(counting, one, undefined);
        else await readConsistency(counting, one, undefined);
      },
      { readOnly: true },
    );
    taken.push({ statements, tiles });
  }
  return {
    statements: Math.max(...taken.map(({ statements }) => statements)),
    tiles: Math.max(...taken.map(({ tiles }) => tiles)),
  };
}

/** Numbers of events that are in the log, or sizes that it once had. */
async function subjects(superUrl: string, kind: Kind, size: number, count: number): Promise<readonly number[]> {
  const leaves = Array.from({ length: count }, () => Math.floor(Math.random() * size));
  if (kind === "consistency") return leaves.map((leaf) => leaf + 1);
  const rows = await onceAs<{ seq: number }>(
    superUrl,
    `SELECT seqs[1 + leaf % 256]::float8 AS seq FROM unnest($1::bigint[]) AS leaf JOIN audit_bundles ON index = leaf / 256`,
    [leaves],
  );
  if (rows.length !== count) throw new Error(`${count} leaves are asked for and ${rows.length} are there`);
  return rows.map(({ seq }) => seq);
}

/** Whether it leads to the root that was signed. */
async function holds(database: Database, proof: InclusionProof | ConsistencyProof, size: number): Promise<boolean> {
  const head = parseCheckpoint(parseNote(proof.note).text);
  const path = proof.path.map((hash) => Buffer.from(hash, "base64"));
  if (head.size !== size) return false;
  if ("leaf" in proof) {
    if (proof.entry === null) return false;
    const hash = leafHash(Buffer.from(proof.entry, "base64"));
    return includes({ leaf: proof.leaf, size, hash, path, root: head.root });
  }
  const { first } = proof;
  const firstRoot = await database.transact(
    (tx) =>
      rootOf(
        nodesFrom((level, at) => readTile(tx, level, at)),
        first,
      ),
    {
      readOnly: true,
    },
  );
  return consistent({ first, second: size, firstRoot, secondRoot: head.root, path });
}
