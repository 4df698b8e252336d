import { createInterface } from "node:readline";
import { openDatabase, type Tx } from "../../src/database/index.ts";
import { holdFence, LeaseProblem, raiseFence } from "../../src/leases/index.ts";

/**
 * A holder of a lease, as a process of its own: reserves and consumes its grant over HTTP, raises the target's fence and
 * writes rows, each in a transaction that holds the fence. It says on standard output what it has done, and stops at the
 * point that it is told to until a line comes in.
 */
interface Orders {
  readonly url: string;
  readonly token: string;
  readonly authCode: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly leaseName: string;
  readonly targetUrl: string;
  readonly controlUrl: string;
  /** Where it waits in its third write: before it has the fence, with the fence, or between two writes. */
  readonly waitsAt: "between" | "before-fence" | "with-fence";
  /** Looks at the lease in the control database and then writes, instead of holding the fence. */
  readonly naive: boolean;
}

const orders = JSON.parse(process.argv[2] ?? "{}") as Orders;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function post(path: string, body: unknown) {
  const headers = { authorization: `Bearer ${orders.token}`, "content-type": "application/json" };
  const response = await fetch(orders.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const consumed = await post(`/v1/grants/${orders.authCode}/consume`, orders.body);
const lease = consumed.body["lease"] as { token: string; fencing_token: number } | undefined;
if (lease === undefined) throw new Error(`no lease: ${JSON.stringify(consumed)}`);
const { leaseName, naive, waitsAt } = orders;
const fence = lease.fencing_token;
const own = { leaseName, fencingToken: fence, authCode: orders.authCode };
const target = openDatabase({ url: orders.targetUrl, poolSize: 1 });
const control = openDatabase({ url: orders.controlUrl, poolSize: 1 });
await target.transact((tx) => raiseFence(tx, own));
say(`raised ${fence}`);

async function waitAt(point: Orders["waitsAt"], number: number): Promise<void> {
  if (point !== waitsAt || number !== 3) return;
  say(`waits ${point}`);
  await lines.next();
}

async function looksHeld(): Promise<boolean> {
  const { rows } = await control.transact((tx) =>
    tx.query<{ held: boolean }>(
      "SELECT fencing_token = $2 AND expires_at > clock_timestamp() AS held FROM dot_iu_runtime_lease WHERE lease_name = $1",
      [leaseName, fence],
    ),
  );
  return rows[0]?.held === true;
}

async function write(tx: Tx, number: number): Promise<void> {
  if (naive && !(await looksHeld())) throw new Error("the lease is not held any more");
  await waitAt("before-fence", number);
  if (!naive) await holdFence(tx, own);
  await waitAt("with-fence", number);
  await tx.query("INSERT INTO effects (fence) VALUES ($1)", [fence]);
}

try {
  for (let number = 1; ; number += 1) {
    await waitAt("between", number);
    await target.transact((tx) => write(tx, number));
    say(`wrote ${number}`);
  }
} catch (error) {
  say(error instanceof LeaseProblem ? `refused ${error.code}` : `failed ${String(error)}`);
}
const renewed = await post(`/v1/leases/${leaseName}/renew`, { token: lease.token });
say(`renew ${renewed.status} ${String(renewed.body["code"])}`);
await Promise.all([target.close(), control.close()]);
process.exit(0);
