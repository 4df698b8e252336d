import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import pg from "pg";
import t, { type Test } from "tap";
import { isInRecovery, isOutdatedPlan } from "../../src/database/failures.ts";
import { type Database, openDatabase } from "../../src/database/index.ts";
import { useDatabase } from "../support/cluster.ts";

interface Refusal {
  code: string;
  members: { outcome?: string };
}

async function open(t: Test, url: string, options: { lockTimeoutMs?: number } = {}): Promise<Database> {
  const database = openDatabase({ url, poolSize: 4, ...options });
  t.teardown(() => database.close());
  return database;
}

async function scratch(t: Test) {
  const names = await useDatabase(t);
  const database = await open(t, names.ownerUrl);
  await database.transact((tx) => tx.query("CREATE TABLE scratch (n int PRIMARY KEY)"));
  const rows = async () => (await database.transact((tx) => tx.query("SELECT n FROM scratch ORDER BY n"))).rows;
  return { names, database, rows };
}

async function refused(work: Promise<unknown>): Promise<Refusal> {
  try {
    await work;
  } catch (error) {
    const { code, members } = error as Refusal;
    return { code, members };
  }
  return { code: "none", members: {} };
}

/** Passes bytes on, until a COMMIT went by: then the client hears no more and loses its connection. */
async function cutAfterCommit(t: Test, target: string): Promise<string> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    let committed = false;
    client.on("data", (bytes) => {
      committed ||= bytes.includes("; COMMIT");
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (committed) client.destroy();
      else client.write(bytes);
    });
    client.on("close", () => upstream.end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = new URL(target);
  const address = server.address();
  url.host = `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  return url.href;
}

t.test("OPEN-7 a connection that is lost at COMMIT leaves the outcome unknown, and it may have happened", async (t) => {
  const { names, rows } = await scratch(t);
  const cut = await open(t, await cutAfterCommit(t, names.ownerUrl));
  const refusal = await refused(cut.transact((tx) => tx.query("INSERT INTO scratch VALUES (1)")));
  t.match(refusal, { code: "DATABASE_UNAVAILABLE", members: { outcome: "unknown" } });
  t.same(await rows(), [{ n: 1 }], "the commit went through: a plain failure would have been a lie");
});

t.test("GRANT-3 a warning at COMMIT leaves the outcome unknown", async (t) => {
  const { database, rows } = await scratch(t);
  await database.transact((tx) =>
    tx.query(
      `CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE WARNING ''wait was cancelled''; RETURN NULL; END';
       CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON scratch DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()`,
    ),
  );
  const refusal = await refused(database.transact((tx) => tx.query("INSERT INTO scratch VALUES (1)")));
  t.match(refusal, { code: "DATABASE_UNAVAILABLE", members: { outcome: "unknown" } });
  t.same(await rows(), [{ n: 1 }]);
});

t.test("OPEN-7 a backend that dies before COMMIT has changed nothing, and that is said", async (t) => {
  const { database, rows } = await scratch(t);
  const refusal = await refused(
    database.transact(async (tx) => {
      await tx.query("INSERT INTO scratch VALUES (1)");
      await tx.query("SELECT pg_terminate_backend(pg_backend_pid())");
    }),
  );
  t.match(refusal, { code: "DATABASE_UNAVAILABLE", members: { outcome: "unchanged" } });
  t.same(await rows(), []);
});

t.test("GRANT-3 a constraint that fails at COMMIT is a definite failure", async (t) => {
  const { database, rows } = await scratch(t);
  await database.transact((tx) => tx.query("ALTER TABLE scratch ADD UNIQUE (n) DEFERRABLE INITIALLY DEFERRED"));
  await database.transact((tx) => tx.query("ALTER TABLE scratch DROP CONSTRAINT scratch_pkey"));
  const refusal = await refused(database.transact((tx) => tx.query("INSERT INTO scratch VALUES (1), (1)")));
  t.equal(refusal.code, "23505");
  t.same(await rows(), []);
});

t.test("GRANT-3 a deadlock is run again whole, until both are done", async (t) => {
  const { database, rows } = await scratch(t);
  await database.transact((tx) => tx.query("INSERT INTO scratch VALUES (1), (2)"));
  let attempts = 0;
  const met = Promise.withResolvers<void>();
  const cross = (first: number, second: number) =>
    database.transact(async (tx) => {
      attempts += 1;
      await tx.query("UPDATE scratch SET n = n + 10 WHERE n % 10 = $1", [first]);
      if (attempts >= 2) met.resolve();
      await met.promise;
      await tx.query("UPDATE scratch SET n = n + 10 WHERE n % 10 = $1", [second]);
    });
  await Promise.all([cross(1, 2), cross(2, 1)]);
  t.ok(attempts > 2, "at least one was run again");
  t.same(await rows(), [{ n: 21 }, { n: 22 }]);
});

t.test("operations: a lock that is not to be had in time is overload, and nothing changed", async (t) => {
  const { names, database, rows } = await scratch(t);
  const impatient = await open(t, names.ownerUrl, { lockTimeoutMs: 100 });
  await database.transact(async (tx) => {
    await tx.query("LOCK TABLE scratch");
    const refusal = await refused(impatient.transact((other) => other.query("INSERT INTO scratch VALUES (1)")));
    t.equal(refusal.code, "OVERLOADED");
  });
  t.same(await rows(), []);
});

t.test("GRANT-3 a savepoint rolls back to itself alone", async (t) => {
  const { database, rows } = await scratch(t);
  await database.transact(async (tx) => {
    await tx.query("INSERT INTO scratch VALUES (1)");
    await t.rejects(tx.savepoint(() => tx.query("INSERT INTO scratch VALUES (2), (1)")));
    await tx.query("INSERT INTO scratch VALUES (3)");
  });
  t.same(await rows(), [{ n: 1 }, { n: 3 }]);
  await database.transact((tx) => tx.query("INSERT INTO scratch VALUES (4)"), { rollback: true });
  t.same(await rows(), [{ n: 1 }, { n: 3 }], "a dry run leaves nothing");
});

t.test(
  "OPEN-7 a connection that breaks in the segment that makes it ready ends nothing but its transaction",
  async (t) => {
    const field = (code: string, text: string): Buffer => Buffer.from(`${code}${text}\0`);
    const message = (type: string, body: Buffer): Buffer => {
      const head = Buffer.alloc(5);
      head.write(type);
      head.writeInt32BE(body.length + 4, 1);
      return Buffer.concat([head, body]);
    };
    // What a server says while another of its processes crashes: "ready", and with the same breath that it is over.
    const crashed = [
      field("S", "FATAL"),
      field("V", "FATAL"),
      field("C", "57P02"),
      field("M", "crash"),
      Buffer.from([0]),
    ];
    const said = [message("R", Buffer.alloc(4)), message("Z", Buffer.from("I")), message("E", Buffer.concat(crashed))];
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(Buffer.concat(said)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.teardown(async () => void server.close());
    const { port } = server.address() as AddressInfo;
    const database = openDatabase({ url: `postgres://x:y@127.0.0.1:${port}/z`, poolSize: 1 });
    t.teardown(() => database.close());
    await t.rejects(
      database.transact((tx) => tx.query("SELECT 1")),
      { code: "DATABASE_UNAVAILABLE" },
    );
  },
);

t.test("GRANT-3 work that goes on after its transaction is over changes nothing", async (t) => {
  const { ownerUrl } = await useDatabase(t);
  const database = openDatabase({ url: ownerUrl, poolSize: 1 });
  t.teardown(() => database.close());
  await database.transact((tx) => tx.query("CREATE TABLE late (n int)"));
  for (const next of ["nobody's", "somebody else's"]) {
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    let chain: Promise<unknown> = Promise.resolve();
    const thrown = database.transact(async (tx) => {
      chain = over.then(() => tx.query("INSERT INTO late VALUES (1)"));
      chain.catch(() => undefined);
      throw new Error("refused");
    });
    await t.rejects(thrown, { message: "refused" });
    await database.transact(async (tx) => {
      if (next === "nobody's") return;
      await tx.query("SELECT 1");
      end();
      await chain.catch(() => undefined);
    });
    end();
    await t.rejects(chain, { message: /after its transaction was over/ }, `in ${next} transaction`);
  }
  const { rows } = await database.transact((tx) => tx.query("SELECT FROM late"), { readOnly: true });
  t.equal(rows.length, 0);
});

t.test("OPEN-7 a write in a transaction that we made read-only is no sign of a standby", async (t) => {
  const { ownerUrl } = await useDatabase(t);
  const database = openDatabase({ url: ownerUrl, poolSize: 1 });
  t.teardown(() => database.close());
  const write = database.transact((tx) => tx.query("CREATE TABLE never (n int)"), { readOnly: true });
  const error = await write.catch((thrown: unknown) => thrown);
  t.match(error, { code: "25006", routine: "PreventCommandIfReadOnly" });
  t.equal(isInRecovery(error), false);
  const said = (code: string, routine: string | undefined, message: string) =>
    Object.assign(new pg.DatabaseError(message, message.length, "error"), { code, routine });
  t.ok(isInRecovery(said("25006", "PreventCommandDuringRecovery", "INSERT kann nicht ausgeführt werden")));
  t.ok(isInRecovery(said("0A000", "call_bool_check_hook", "Lese-Schreib-Modus nicht möglich")));
  t.ok(isInRecovery(said("0A000", undefined, "cannot set transaction read-write mode during recovery")));
  t.notOk(isInRecovery(said("0A000", "ExecInitTableSample", "not supported")));
  t.ok(isOutdatedPlan(said("0A000", "RevalidateCachedQuery", "gespeicherter Plan")));
  t.notOk(isOutdatedPlan(said("0A000", "elsewhere", "cached plan must not change result type")));
});
