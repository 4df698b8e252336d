import t from "tap";
import { compareWithModel, derivedSeed, emptyReport } from "./compare.ts";

/**
 * `node <this file> --seed=N --sequences=N`: the same seed and count play the same sequences again. Without a seed they
 * are others each time. The long form is `npm run soak`.
 */
const sequences = argument("sequences") ?? 200;
const seed = argument("seed") ?? Math.floor(Math.random() * 2 ** 31);
/** Where no count is asked for, so many more are played until every refusal has happened: some are rare. */
const more = argument("sequences") === undefined ? 100 : 0;
const most = 1_200;
/** Each so many get a database and a service of their own. */
const leg = 5_000;

/** Every refusal that the sequences can bring about: a run in which one of them never happened has not looked. */
const refusals = [
  "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION",
  "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH",
  "AMBIGUOUS_AUTHORIZATION",
  "REJECT_AUTH_ALREADY_CONSUMED",
  "REJECT_AUTH_REVOKED",
  "REJECT_AUTH_EXPIRED",
  "REJECT_AUTH_NOT_ACTIVE",
  "REJECT_SIGNATURE_KEY_REVOKED",
  "LEASE_HELD",
  "LEASE_TOKEN_INVALID",
  "REGISTRATION_HOLD",
  "ESIGN_INVALID",
  "EXECUTION_SKIPPED",
  "NOT_FOUND",
];

/** Milliseconds: several times what it takes, for a busy machine. */
const timeout = (count: number): number => 60_000 + count * 200;
t.setTimeout(timeout(Math.max(sequences, most)));

const report = emptyReport();
const started = performance.now();

/** The refusals that have not happened so far. */
function missing(): string[] {
  const codes = new Set([...report.answers.keys()].map((answer) => answer.split(" ").at(-1)));
  return refusals.filter((code) => !codes.has(code));
}

function playFrom(from: number, to: number) {
  return t.test(
    `GRANT-3 the service and the reference model agree on every answer and every row: sequences ${from + 1} to ${to}`,
    { timeout: timeout(to - from) },
    async (t) => {
      t.comment(`seed ${seed}`);
      await compareWithModel(t, report, { sequences: to - from, seed: derivedSeed(seed, -from) });
      if (report.failure !== undefined) t.fail(`they disagree, seed ${seed}`, { found: report.failure });
      else t.equal(report.sequences, to, "every sequence was played to its end");
    },
  );
}

for (let from = 0; from < sequences; from += leg) await playFrom(from, Math.min(from + leg, sequences));
const extended = (): boolean => more > 0 && report.failure === undefined && missing().length > 0;
for (let from = sequences; extended() && from < most; from += more) await playFrom(from, from + more);

t.test("GRANT-2 every refusal has happened", (t) => {
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  t.comment(`${report.sequences} sequences, ${report.commands} commands in ${seconds} s, seed ${seed}`);
  const answers = [...report.answers].toSorted(([one], [other]) => (one < other ? -1 : 1));
  for (const [answer, count] of answers) t.comment(`${String(count).padStart(8)}  ${answer}`);
  t.strictSame(missing(), []);
  t.end();
});

function argument(name: string): number | undefined {
  const prefix = `--${name}=`;
  const value = process.argv.find((one) => one.startsWith(prefix))?.slice(prefix.length);
  return value === undefined ? undefined : Number(value);
}
