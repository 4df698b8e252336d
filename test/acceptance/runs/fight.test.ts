import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { spawnActor } from "../../support/crash/actors.ts";
import { readOptions, secondsSince } from "../../support/crash/options.ts";
import { type Copy, copyScene, type End, endOf, eventually } from "../../support/crash/play.ts";
import { record } from "../../support/crash/points.ts";
import { scoped, setScene } from "../../support/crash/scene.ts";
import type { Owner, Spawned } from "../../support/service.ts";

/** The same seed draws the same numbers; when what they stand for takes effect is the machine's affair. */
const { full, seed, random } = readOptions();
const rounds = full ? 40 : 1;
/** Blows that a run gets before it is left in peace. */
const blows = 6;
const contenders = 3;

t.setTimeout(rounds * 120_000);
t.comment(`seed ${seed}`);

interface Contender {
  readonly service: Spawned;
  /** The name under which it claims runs, once it has looked for some. */
  worker(): Promise<string>;
}

async function enter(t: Owner, copy: Copy, number: number): Promise<Contender> {
  const file = path.join(copy.scene.folder, `worker-${copy.stage.names.name}-${number}`);
  const hasty = { RUN_LEASE_SECONDS: "1", RUN_POLL_MS: "50", SWEEP_INTERVAL_MS: "3600000", LOG_LEVEL: "fatal" };
  const service = await spawnActor(t, copy, { pace: 20, worker: file }, hasty);
  return { service, worker: () => readFile(file, "utf8").catch(() => "") };
}

interface Fought {
  readonly end: End;
  readonly killed: number;
  readonly stopped: number;
  readonly claims: number;
  /** The answers to `resume`, by status. */
  readonly answers: Readonly<Record<string, number>>;
}

/** Three processes on one run; whoever works on it is killed, or stopped for longer than its lease and woken. */
async function fight(t: Owner, copy: Copy): Promise<Fought> {
  const all = await Promise.all(Array.from({ length: contenders }, (_, number) => enter(t, copy, number)));
  const pending: Promise<unknown>[] = [];
  const told = { killed: 0, stopped: 0 };
  const answers: Record<string, number> = {};
  const row = async () => {
    const { rows } = await copy.watch.query<{ status: string; worker: string; claims: number }>(
      "SELECT status, worker, claim_no::integer AS claims FROM c1_build_run",
    );
    return rows[0] ?? { status: "none", worker: "", claims: 0 };
  };
  const over = async (): Promise<boolean> => (await row()).status === "succeeded" || (await row()).status === "stopped";
  const resumeAll = async (): Promise<void> => {
    const resume = `/v1/runs/${encodeURIComponent(copy.scene.prepared.root)}/resume`;
    const calls = [...all, ...all, ...all].map(({ service }) =>
      service.call("POST", resume, { as: "c1-builder", signal: AbortSignal.timeout(2_000) }).then(
        ({ status }) => String(status),
        () => "none",
      ),
    );
    for (const answer of await Promise.all(calls)) answers[answer] = (answers[answer] ?? 0) + 1;
  };
  for (let blow = 0; blow < blows && !(await over()); blow += 1) {
    // not a sleep: the moment of the blow is what the test varies
    await pause(100 + random() * 500);
    const { worker } = await row();
    const names = await Promise.all(all.map((one) => one.worker()));
    const place = names.indexOf(worker);
    const struck = all[place];
    if (struck === undefined) continue;
    pending.push(resumeAll());
    if (random() < 0.5) {
      await struck.service.kill("SIGKILL");
      told.killed += 1;
      all[place] = await enter(t, copy, contenders + blow);
    } else {
      struck.service.child.kill("SIGSTOP");
      told.stopped += 1;
      // not a sleep: longer than its lease, so that another has the run when it wakes
      pending.push(pause(1_100 + random() * 600).then(() => struck.service.child.kill("SIGCONT")));
    }
  }
  await eventually("the run has ended", over, 60);
  const { claims } = await row();
  await Promise.all(pending);
  // Each ends what it has in hand before it goes: whatever a zombie would write is written by now.
  await Promise.all(all.map(({ service }) => service.kill("SIGTERM")));
  return { end: await endOf(copy), claims, answers, ...told };
}

for (const kind of ["commit", "dry-run"] as const) {
  t.test(`LEASE-2 three processes that fight over one ${kind} run bring it to one end`, async (t) => {
    const scene = await setScene(t, kind);
    const recorded = await record(scene);
    for (let round = 1; round <= rounds; round += 1) {
      const began = performance.now();
      const { end, ...told } = await scoped(async (own) => fight(own, await copyScene(own, scene)));
      t.strictSame(end, recorded.end, `round ${round}: the end is that of a run that nobody fought over`);
      const answers = Object.keys(told.answers).filter((answer) => !["200", "202", "none"].includes(answer));
      t.strictSame(answers, [], "nobody who resumes it is refused");
      t.comment(`${JSON.stringify(told)} in ${secondsSince(began)}, seed ${seed}`);
    }
  });
}
