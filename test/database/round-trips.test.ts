import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import t, { type Test } from "tap";
import { type Database, type DatabaseOptions, openDatabase, type Tx } from "../../src/database/index.ts";
import { useDatabase } from "../support/cluster.ts";

t.setTimeout(120_000);

function open(t: Test, url: string, options: Partial<DatabaseOptions> = {}): Database {
  const database = openDatabase({ url, poolSize: 1, ...options });
  t.teardown(() => database.close());
  return database;
}

/** A relay in front of the server that counts how often the client speaks after it was answered, and keeps what it says. */
async function counting(t: Test, target: string): Promise<{ url: string; turns: () => number; text: () => string }> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let turns = 0;
  let text = "";
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    let answered = true;
    client.on("data", (bytes) => {
      if (answered) turns += 1;
      answered = false;
      text += bytes.toString("latin1");
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      answered = true;
      client.write(bytes);
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
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: url.href, turns: () => turns, text: () => text };
}

const one = (tx: Tx) => tx.query<{ n: number }>("SELECT $1::int AS n", [1], { prepare: true });
const preparedNames = (tx: Tx) => tx.query<{ name: string }>("SELECT name FROM pg_prepared_statements");

t.test("operations: a read of one statement is one round trip, and a read-first transaction saves one", async (t) => {
  const names = await useDatabase(t);
  const relay = await counting(t, names.ownerUrl);
  const database = open(t, relay.url);
  const inTurns = async (work: () => Promise<unknown>): Promise<number> => {
    const before = relay.turns();
    await work();
    return relay.turns() - before;
  };
  await database.transact(one, { readOnly: true });
  t.equal(await inTurns(() => database.transact(one, { readOnly: true, single: true })), 1);
  const both = (tx: Tx) => Promise.all([one(tx), one(tx), one(tx)]);
  t.equal(await inTurns(() => database.transact(both, { readsFirst: true })), 2, "begin with the statements; commit");
  t.equal(await inTurns(() => database.transact(both)), 3, "the control: begin, statements, commit");
});

t.test("operations: a read of one statement refuses a second one, and leaves a clean connection", async (t) => {
  const names = await useDatabase(t);
  const database = open(t, names.ownerUrl);
  const twice = async (tx: Tx) => {
    await one(tx);
    return one(tx);
  };
  await t.rejects(database.transact(twice, { readOnly: true, single: true }), /asked for a second/);
  await t.rejects(
    database.transact((tx) => tx.query("SELECT 1/0"), { readOnly: true, single: true }),
    { code: "22012" },
  );
  await t.rejects(database.transact((tx) => tx.query("CREATE TABLE made (n int)"), { readOnly: true, single: true }));
  const { rows } = await database.transact((tx) => tx.query("SELECT to_regclass('made') AS made"), {
    readOnly: true,
    single: true,
  });
  t.same(rows, [{ made: null }], "what is sent behind BEGIN is read-only as well");
  const nothing = async (): Promise<string> => "nothing asked";
  t.equal(await database.transact(nothing, { readOnly: true, single: true }), "nothing asked");
  t.same((await database.transact(one)).rows, [{ n: 1 }]);
  t.same(database.status(), { total: 1, idle: 1, waiting: 0 });
});

t.test(
  "operations: where a transaction cannot be begun, that is the error, and its statements did nothing",
  async (t) => {
    const names = await useDatabase(t);
    const owner = open(t, names.ownerUrl);
    await owner.transact((tx) => tx.query("CREATE TABLE scratch (n int)"));
    const database = open(t, names.ownerUrl, { role: "nobody_of_that_name" });
    const write = (tx: Tx) => tx.query("INSERT INTO scratch VALUES (1)");
    for (const options of [{}, { readOnly: true }, { readsFirst: true }, { readOnly: true, single: true }]) {
      await t.rejects(database.transact(write, options), /nobody_of_that_name/, JSON.stringify(options));
    }
    t.same((await owner.transact((tx) => tx.query("SELECT n FROM scratch"))).rows, []);
  },
);

t.test(
  "operations: of statements sent together the first fault is the one that is told, and nothing of them stays",
  async (t) => {
    const names = await useDatabase(t);
    const database = open(t, names.ownerUrl);
    await database.transact((tx) => tx.query("CREATE TABLE scratch (n int PRIMARY KEY)"));
    const together = (tx: Tx) =>
      Promise.all([1, 2, 2, 3].map((n) => tx.query("INSERT INTO scratch VALUES ($1)", [n], { prepare: true })));
    await t.rejects(database.transact(together), { code: "23505" });
    t.same((await database.transact((tx) => tx.query("SELECT n FROM scratch"))).rows, []);
    t.same((await database.transact(one)).rows, [{ n: 1 }]);
  },
);

t.test("operations: a statement is prepared once a connection, under a name that is its text's", async (t) => {
  const names = await useDatabase(t);
  const database = open(t, names.ownerUrl);
  await database.transact(one);
  const first = await database.transact(preparedNames);
  t.equal(first.rows.length, 1);
  await database.transact(one, { readOnly: true });
  t.same((await database.transact(preparedNames)).rows, first.rows);
  const other = open(t, names.ownerUrl);
  await other.transact(one);
  t.same((await other.transact(preparedNames)).rows, first.rows, "the same name in another process");
});

t.test(
  "operations: a pooler that forgets what was prepared, or shares it out, costs one more attempt and no error",
  async (t) => {
    const names = await useDatabase(t);
    const forgets = open(t, names.ownerUrl);
    await forgets.transact(one);
    const [name = ""] = (await forgets.transact(preparedNames)).rows.map((row) => row.name);
    await forgets.transact((tx) => tx.query("DEALLOCATE ALL"));
    t.same((await forgets.transact(one, { readOnly: true, single: true })).rows, [{ n: 1 }]);
    t.same((await forgets.transact(preparedNames)).rows, [], "from then on nothing is prepared");

    const shares = open(t, names.ownerUrl);
    await shares.transact((tx) => tx.query(`PREPARE "${name}" AS SELECT 'of somebody else'`));
    t.same((await shares.transact(one)).rows, [{ n: 1 }]);
  },
);

t.test(
  "operations: a table that has changed its shape under a prepared statement costs one more attempt",
  async (t) => {
    const names = await useDatabase(t);
    const database = open(t, names.ownerUrl);
    await database.transact((tx) => tx.query("CREATE TABLE scratch (n int)"));
    const all = (tx: Tx) => tx.query("SELECT * FROM scratch WHERE n > $1", [0], { prepare: true });
    await database.transact(all);
    await database.transact((tx) => tx.query("ALTER TABLE scratch ADD COLUMN m int"));
    await database.transact((tx) => tx.query("INSERT INTO scratch VALUES (1, 2)"));
    t.same((await database.transact(all)).rows, [{ n: 1, m: 2 }]);
    await database.transact(all);
    t.equal((await database.transact(preparedNames)).rows.length, 1, "and it is prepared anew");
  },
);

t.test("operations: a connection that was lost is replaced by one that prepares anew", async (t) => {
  const names = await useDatabase(t);
  const database = open(t, names.ownerUrl);
  await database.transact(one);
  await t.rejects(
    database.transact((tx) => tx.query("SELECT pg_terminate_backend(pg_backend_pid())")),
    { code: "DATABASE_UNAVAILABLE" },
  );
  t.same((await database.transact(one)).rows, [{ n: 1 }]);
});

t.test("GRANT-3 a server that takes no writes is not read from either, unless that is what is asked for", async (t) => {
  const names = await useDatabase(t);
  // As on a standby, the server refuses READ WRITE; SET TRANSACTION READ ONLY is what stays of it.
  const seen = async (options: Partial<DatabaseOptions>): Promise<string[]> => {
    const relay = await counting(t, names.ownerUrl);
    await open(t, relay.url, options).transact(one, { readOnly: true, single: true });
    return relay.text().match(/BEGIN[^;]*(?:; SET TRANSACTION[^;]*)?/g) ?? [];
  };
  t.same(await seen({}), ["BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; SET TRANSACTION READ ONLY"]);
  t.same(await seen({ readsStandby: true }), ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"]);
});
