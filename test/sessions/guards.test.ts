import { randomBytes } from "node:crypto";
import pg from "pg";
import t, { type Test } from "tap";
import { setStage, type Stage } from "../support/service.ts";

/** A connection of the app role, with a session in the table. */
async function scene(t: Test) {
  const stage: Stage = await setStage(t);
  const app = new pg.Client({ connectionString: stage.names.appUrl });
  await app.connect();
  t.teardown(() => app.end());
  const refusal = async (text: string, values: unknown[] = []): Promise<string | undefined> =>
    app.query(text, values).then(
      () => undefined,
      (error: unknown) => {
        const { code, constraint } = error as { code: string; constraint?: string };
        return constraint ?? code;
      },
    );
  const open = (changes: Record<string, unknown> = {}): Promise<string | undefined> => {
    const row = {
      secret_hash: randomBytes(32),
      principal: "operator",
      token_id: stage.tokens.operator.split("_")[1],
      issuer: null,
      idle_seconds: 60,
      expires_at: new Date(Date.now() + 600_000),
      idle_expires_at: new Date(Date.now() + 60_000),
      ...changes,
    };
    const names = Object.keys(row);
    const places = names.map((_, i) => `$${i + 1}`).join(", ");
    return refusal(`INSERT INTO sessions (${names.join(", ")}) VALUES (${places})`, Object.values(row));
  };
  return { stage, app, refusal, open };
}

t.test(
  "APR-8 the database takes no session that is not its principal's own, or has no way in, or no end",
  async (t) => {
    const { stage, open } = await scene(t);
    t.equal(await open(), undefined);
    const token = (of: keyof typeof stage.tokens): string | undefined => stage.tokens[of].split("_")[1];
    t.equal(await open({ token_id: token("admin") }), "session_own", "with the token of another");
    t.equal(await open({ token_id: null }), "session_own");
    t.equal(
      await open({ token_id: null, issuer: "https://login.example.com" }),
      "session_own",
      "an issuer that does not speak for it",
    );
    t.equal(await open({ issuer: "https://login.example.com" }), "session_way_in");
    t.equal(await open({ principal: "nobody", token_id: token("admin") }), "session_own");
    t.equal(await open({ secret_hash: Buffer.from("the secret itself") }), "session_secret_hashed");
    t.equal(await open({ idle_expires_at: new Date(Date.now() + 700_000) }), "session_times");
    t.equal(await open({ idle_expires_at: new Date(Date.now() - 1_000) }), "session_times");
    t.equal(await open({ idle_seconds: 0 }), "session_idle_seconds");
    t.equal(
      await open({ ended_at: new Date(), end_reason: "idle" }),
      "42501",
      "it is not for the service to say when it ended",
    );
  },
);

t.test("APR-8 a session keeps what it began with, ends once, and wakes up nevermore", async (t) => {
  const { open, refusal, app } = await scene(t);
  await open();
  for (const change of [
    "principal = 'admin'",
    "expires_at = 'infinity'",
    "secret_hash = decode(repeat('00', 32), 'hex')",
    "idle_seconds = 999",
  ])
    t.equal(await refusal(`UPDATE sessions SET ${change}`), "42501", change);
  const awake = "idle_expires_at = clock_timestamp() + interval";
  t.equal(await refusal(`UPDATE sessions SET ${awake} '61 seconds'`), "session_awake", "longer than it may idle");
  t.equal(await refusal(`UPDATE sessions SET ${awake} '1 second'`), "session_awake", "backwards");
  t.equal(await refusal("UPDATE sessions SET ended_at = clock_timestamp()"), "session_end_whole");
  t.equal(
    await refusal("UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'bored'"),
    "session_end_reason",
  );
  t.equal(await refusal("UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'idle'"), undefined);
  for (const change of [
    "ended_at = NULL, end_reason = NULL",
    "end_reason = 'signed_out'",
    "ended_at = clock_timestamp()",
    `${awake} '59 seconds'`,
  ])
    t.equal(await refusal(`UPDATE sessions SET ${change}`), "session_end_final", change);
  t.match((await app.query("SELECT end_reason FROM sessions")).rows, [{ end_reason: "idle" }]);
});

t.test("APR-8 the state of a sign-in is used once, and for ten minutes at most", async (t) => {
  const { refusal } = await scene(t);
  const hash = randomBytes(32);
  const insert = (minutes: number, state = hash) =>
    refusal(
      "INSERT INTO session_sign_ins (state_hash, expires_at) VALUES ($1, clock_timestamp() + make_interval(mins => $2))",
      [state, minutes],
    );
  t.equal(await insert(9), undefined);
  t.equal(await insert(9), "session_sign_ins_pkey");
  t.equal(await insert(11, randomBytes(32)), "sign_in_in_time");
  t.equal(await insert(-1, randomBytes(32)), "sign_in_in_time");
  t.equal(await insert(5, randomBytes(31)), "sign_in_state_hashed");
  t.equal(await refusal("UPDATE session_sign_ins SET expires_at = 'infinity'"), "42501");
});
