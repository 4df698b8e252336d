import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type pg from "pg";
import t, { type Test } from "tap";
import { parseCheckpoint } from "../../src/evidence/log/checkpoint.ts";
import { leafHash, nodeHash, type ReadNode } from "../../src/evidence/log/merkle.ts";
import { parseNote, signedBy } from "../../src/evidence/log/note.ts";
import { entryOf } from "../../src/evidence/log/entry.ts";
import { logSigner } from "../../src/evidence/index.ts";
import { seedGrants } from "../support/flow.ts";
import { readOptions, secondsSince } from "../support/crash/options.ts";
import { type Committed, compareHeads, complaintsAbout, type SeenHead } from "../support/log-judge.ts";
import { connect, examineLog, origin } from "../support/log-scene.ts";
import { makeThings, mintAndConsume, type Written, writeApproval, writeThings } from "../support/log-writers.ts";
import { type Service, setStage, spawnService, type Spawned, type Stage } from "../support/service.ts";

/**
 * Service processes that seal are killed at random moments while others write. `node <file> --seed=N` draws the same moments and
 * the same transactions again, as far as they depend on chance drawn here; `--full` goes on until there were sixty kills.
 */
const options = readOptions();
const [killsWanted, approvalsWanted] = options.full ? [60, 200] : [5, 8];
const [direct, overHttp, things] = [38, 12, 12];
t.setTimeout(options.full ? 1_800_000 : 280_000);

/** Three services that seal as often as they can, each killed and started again at random moments. */
async function startServices(t: Test, stage: Stage) {
  const seed = randomBytes(32);
  const env = {
    LOG_KEY: `${origin}:${seed.toString("base64")}`,
    DATA_DIR: t.testdir(),
    SEAL_INTERVAL_MS: "5",
    SWEEP_INTERVAL_MS: "3600000",
    POOL_SIZE: "6",
    LIFECYCLE_WATCH_SECONDS: "0",
  };
  const start = (): Promise<Spawned> => spawnService(t, stage, env);
  const services = await Promise.all([start(), start(), start()]);
  /** The one that is killed, from a moment before it. */
  let down: number | undefined;
  return {
    key: logSigner(origin, seed).key,
    any: (): Service => options.pick(services.filter((_, at) => at !== down)),
    services,
    async killOne(): Promise<void> {
      down = Math.floor(options.random() * services.length);
      await services[down]?.kill("SIGKILL");
      services[down] = await start();
      down = undefined;
    },
  };
}

type Services = Awaited<ReturnType<typeof startServices>>;

/** Notes each head that any of the services shows, and what they contradict each other in. */
async function watchHeads({ any, key }: Services, until: () => boolean) {
  const heads = new Map<number, SeenHead>();
  const complaints: string[] = [];
  while (!until()) {
    const answer = await any()
      .call("GET", "/v1/audit/checkpoint", { as: "auditor" })
      .catch(() => undefined);
    if (answer?.status === 200) {
      const note = parseNote(answer.body["note"] as unknown as string);
      const head = parseCheckpoint(note.text);
      if (signedBy(note, key) === undefined) complaints.push(`the head of ${head.size} is not signed`);
      const known = heads.get(head.size);
      if (known !== undefined && Buffer.compare(known.root, head.root) !== 0)
        complaints.push(`two heads of ${head.size}`);
      heads.set(head.size, head);
    }
    await pause(5); // not a sleep: as often as it does not keep the writers from their work
  }
  return { heads: [...heads.values()], complaints };
}

/** The sealer that takes what it sees: everything above the highest number that it had before. */
async function sealNaively(client: pg.Client, until: () => boolean): Promise<number[]> {
  const leaves: number[] = [];
  for (let last = false; !last; ) {
    last = until();
    const { rows } = await client.query<{ seq: string }>("SELECT seq FROM audit_events WHERE seq > $1 ORDER BY seq", [
      leaves.at(-1) ?? 0,
    ]);
    leaves.push(...rows.map(({ seq }) => Number(seq)));
    await pause(5); // not a sleep: so often
  }
  return leaves;
}

async function committedEvents(client: pg.Client): Promise<Committed[]> {
  const { rows } = await client.query<Committed>(
    `SELECT seq::float8 AS seq, action, resource_type || ' ' || resource_id AS resource,
            CASE WHEN resource_type = 'thing' THEN (after ->> 'version')::int END AS version FROM audit_events ORDER BY seq`,
  );
  return rows;
}

/** Waits until the services have sealed everything that was committed. */
async function sealedWhole(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ whole: boolean }>(
      "SELECT sealed_seq >= (SELECT max(seq) FROM audit_events) AS whole FROM audit_log",
    );
    if (rows[0]?.whole === true) return;
    await pause(20); // not a sleep: the services seal by a clock
  }
}

t.test(
  "AUDIT-2 fifty writers and three sealing processes that are killed: the tree has every event once, in order",
  async (t) => {
    t.comment(`seed ${options.seed}`);
    const began = performance.now();
    const stage = await setStage(t);
    await makeThings(t, stage.names, things);
    const grants = await stage.database.transact((tx) => seedGrants(tx, options.full ? 20_000 : 4_000));
    const services = await startServices(t, stage);
    const written: Written = { committed: 0, rolledBack: 0, approvals: 0, minted: 0, brokenOff: 0 };
    const now = { writing: true, done: false };
    let kills = 0;
    const clients = await Promise.all(Array.from({ length: direct }, () => connect(t, stage.names.appUrl)));
    const reader = await connect(t, stage.names.appUrl);
    const killer = async (): Promise<void> => {
      while (kills < killsWanted || written.approvals < approvalsWanted || written.minted === 0) {
        await pause(options.random() * 400); // not a sleep: a random moment
        await services.killOne();
        kills += 1;
      }
    };
    const watching = watchHeads(services, () => now.done);
    const naive = sealNaively(reader, () => now.done);
    const writers = [
      ...clients.map(async (client) => {
        while (now.writing) await writeThings({ client, things, random: options.random, written });
      }),
      ...Array.from({ length: overHttp - 1 }, async () => {
        for (let grant = grants.pop(); now.writing && grant !== undefined; grant = grants.pop()) {
          await writeApproval(services.any, grant, written);
        }
      }),
      (async () => {
        while (now.writing) await mintAndConsume(services.any, written, () => now.writing);
      })(),
    ];
    const asking = await connect(t, stage.names.appUrl);
    try {
      await killer().finally(() => (now.writing = false));
      await Promise.all(writers);
      await sealedWhole(asking);
    } finally {
      // What goes on beside the writers ends with them, also where they have failed.
      Object.assign(now, { writing: false, done: true });
      await Promise.allSettled([watching, naive, ...writers]);
    }
    const [watched, naiveLeaves] = await Promise.all([watching, naive]);
    for (const service of services.services) await service.kill("SIGTERM");

    const committed = await committedEvents(asking);
    const log = await examineLog(stage);
    t.same(complaintsAbout(log.seqs, committed), [], "every committed event once, as each resource has lived");
    t.same([log.size, log.seqs.length], [committed.length, committed.length], "the size is their number");
    t.same(
      [log.tilesRoot, log.afresh],
      [log.root, log.root],
      "the tiles, and a tree of the events, have the head's root",
    );
    const hashes = Buffer.concat(log.events.map((event) => leafHash(entryOf(event))));
    const { pairs, complaints } = await compareSeen(t, asking, hashes, watched.heads, services);
    t.same([...watched.complaints, ...complaints], [], "every two heads that anybody has seen are consistent");
    const skipped = complaintsAbout(naiveLeaves, committed);
    t.ok(
      skipped.some((text) => text.endsWith("is skipped")),
      "the control: the naive sealer does not stand the same check",
    );
    t.comment(
      `${secondsSince(began)}: ${kills} kills, ${committed.length} events, ${JSON.stringify(written)}, ${pairs} pairs of heads, ` +
        `${watched.heads.length} seen from outside; the naive sealer gets ${skipped.length} complaints`,
    );
  },
);

/** Every head that was signed, and every one that was seen over HTTP, against each other. */
async function compareSeen(t: Test, client: pg.Client, hashes: Buffer, seen: readonly SeenHead[], { key }: Services) {
  const { rows } = await client.query<{ note: string }>("SELECT note FROM audit_checkpoints ORDER BY size");
  const kept = rows.map(({ note }) => parseNote(note));
  t.ok(
    kept.every((note) => signedBy(note, key) !== undefined),
    "each head is signed by the log",
  );
  const heads = kept.map(({ text }) => parseCheckpoint(text));
  const sizes = new Set(heads.map(({ size }) => size));
  t.ok(
    seen.every(({ size }) => sizes.has(size)),
    "each head that was shown is kept",
  );
  // All pairs of as many heads as there is time for; those that were shown first of all.
  const some = heads.filter((_, at) => heads.length <= 300 || at % Math.ceil(heads.length / 300) === 0);
  const compared = new Map([...some, ...seen.slice(-300)].map((head) => [`${head.size} ${hex(head.root)}`, head]));
  return compareHeads(inMemory(hashes), [...compared.values()]);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The nodes of a tree of these leaf hashes, without tiles. */
function inMemory(hashes: Buffer): ReadNode {
  const rows = [Array.from({ length: hashes.length / 32 }, (_, n): Uint8Array => hashes.subarray(n * 32, n * 32 + 32))];
  return async (level, index) => {
    for (let row = rows.at(-1) ?? []; rows.length <= level; row = rows.at(-1) ?? []) {
      rows.push(
        Array.from({ length: Math.floor(row.length / 2) }, (_, n) =>
          nodeHash(row[2 * n] as Uint8Array, row[2 * n + 1] as Uint8Array),
        ),
      );
    }
    const node = rows[level]?.[index];
    if (node === undefined) throw new RangeError("the tree does not reach so far");
    return node;
  };
}
