import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import t, { type Test } from "tap";
import { noTerminal, startInTerminal } from "./cli-process.ts";
import { files, ways } from "./operation-commands.ts";
import { runCli } from "./run-cli.ts";

t.setTimeout(240_000);

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
}
interface Operation {
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema?: Schema }>> }>>;
}

const { paths } = JSON.parse(readFileSync(new URL("../../openapi/countersign.json", import.meta.url), "utf8")) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

/** What somebody would write to steer the terminal of whoever reads: colours, a title, a line of its own, a turned order. */
const hostile = "ev\u001b[2J\u001b]0;owned\u0007\u009b31m\u0008\rx\nFORGED line\u202e\u2066\u2028\u0000\u007fil";
const raw = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

// The drawing of a board moves the cursor by itself.
const escape = "\u001b";
const drawing = new RegExp(`${escape}\\[(?:\\d+F|J)`, "g");

/** A document of the shape in which every text that is not one of a list is hostile, and so is every name that is free. */
function hostileOf(schema: Schema | undefined, depth = 0): unknown {
  if (schema === undefined || depth > 12) return hostile;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) {
    const one = schema.anyOf.find(({ type }) => type === "string") ?? schema.anyOf.find(({ type }) => type !== "null");
    return hostileOf(one, depth + 1);
  }
  if (schema.type === "array") return [hostileOf(schema.items, depth + 1), hostileOf(schema.items, depth + 1)];
  if (schema.type === "integer" || schema.type === "number") return 1;
  if (schema.type === "boolean") return true;
  if (schema.type === "object") {
    const known = Object.entries(schema.properties ?? {}).map(([name, one]) => [name, hostileOf(one, depth + 1)]);
    const free = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
    const others = [free, ...Object.values(schema.patternProperties ?? {})].filter((one) => one !== undefined);
    return Object.fromEntries([...known, ...others.map((one) => [hostile, hostileOf(one, depth + 1)])]);
  }
  return schema.type === "null" ? null : hostile;
}

const event = {
  seq: 1,
  event: hostile,
  state: hostile,
  attempt: 2,
  occurred_at: hostile,
  detail: { [hostile]: hostile },
};
const stream = [
  `id: 1\ndata: ${JSON.stringify(event)}`,
  'event: end\ndata: {"status":"stopped","stop_state":null}',
  "",
].join("\n\n");

/** Answers every operation in its shape, with nothing but hostile texts; or refuses each in that way. */
async function hostileService(t: Test, refuses = false): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://x");
    const url = Object.keys(paths).find((one) => new RegExp(`^${one.replace(/\{\w+\}/g, "[^/]+")}$`).test(pathname));
    const answers = paths[url ?? ""]?.[(request.method ?? "").toLowerCase()]?.responses ?? {};
    const status = Object.keys(answers).find((one) => one.startsWith("2")) ?? "200";
    if (refuses) {
      const errors = [{ pointer: hostile, detail: hostile }];
      const problem = {
        code: hostile,
        title: hostile,
        detail: hostile,
        request_id: hostile,
        errors,
        [hostile]: hostile,
      };
      response.writeHead(422, { "content-type": "application/problem+json" });
      response.end(JSON.stringify({ ...problem, result: hostile, mismatched: [hostile] }));
    } else if (pathname.endsWith("/events") && pathname.includes("/runs/")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(stream);
    } else {
      response.writeHead(Number(status), { "content-type": "application/json" });
      const document = hostileOf(answers[status]?.content?.["application/json"]?.schema);
      response.end(JSON.stringify({ ...(document as object), next_cursor: null }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The commands with their files; what writes bytes as they are, is none of them. */
function commandsOf(t: Test): [string, string[]][] {
  const folder = t.testdir({});
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), JSON.stringify(content));
  writeFileSync(path.join(folder, "absent"), "token");
  return Object.entries(ways).flatMap(([operation, way]): [string, string[]][] => {
    const [method = "", url = ""] = operation.split(" ");
    if (!Array.isArray(way) || paths[url]?.[method.toLowerCase()] === undefined) return [];
    const args = (way as readonly string[]).map((arg) => (arg.startsWith("@") ? path.join(folder, arg.slice(1)) : arg));
    // A digest that was reviewed is not that of a hostile revision, which is another refusal.
    const reviewed = way[0] === "plan" ? args.indexOf("--digest") : -1;
    if (reviewed > 0) args.splice(reviewed, 2);
    return way[1] === "evidence" ? [] : [[operation, args]];
  });
}

t.test("operations: no command lets what others wrote steer the terminal", async (t) => {
  const commands = commandsOf(t);
  t.ok(commands.length > 70);
  const env = { COUNTERSIGN_URL: await hostileService(t), COUNTERSIGN_TOKEN: "t", SYNC_SECRET: "s" };
  let shown = 0;
  for (const [operation, args] of commands) {
    const { stdout, stderr, code } = await runCli(t, env, ...args);
    const both = stdout + stderr;
    t.notMatch(both, raw, `${operation}: ${args.slice(0, 2).join(" ")}`);
    if (args[1] !== "checkpoint") t.notMatch(both, /^FORGED/m, `${operation} has no line of somebody else's`);
    t.notMatch(stderr, /TypeError|is not a function|Cannot read/, `${operation} can be shown`);
    t.ok(code === 0 || code === 1, `${operation} ends with ${code}: ${stderr}`);
    if (/ev x ?x? ?FORGED|FORGED/.test(both)) shown += 1;
    const json = await runCli(t, env, "--json", ...args);
    t.notMatch(json.stdout, raw, `${operation} as JSON`);
    if (!args.includes("--watch")) t.same(typeof json.json(), "object", `${operation} is one document`);
  }
  t.ok(shown > 40, `the texts are shown, without what steers: by ${shown} commands`);
});

t.test("operations: nor does a refusal", async (t) => {
  const env = { COUNTERSIGN_URL: await hostileService(t, true), COUNTERSIGN_TOKEN: "t", SYNC_SECRET: "s" };
  for (const [operation, args] of commandsOf(t)) {
    const { stdout, stderr, code } = await runCli(t, env, ...args);
    t.equal(code, 1, operation);
    t.equal(stdout, "", `${operation} says it on standard error`);
    t.notMatch(stderr, raw, operation);
    t.notMatch(stderr, /^FORGED/m, operation);
    t.match(stderr, /FORGED/, operation);
  }
});

t.test(
  "operations: nor does what is written as it is, where it comes to a terminal",
  { skip: noTerminal },
  async (t) => {
    const env = { COUNTERSIGN_URL: await hostileService(t), COUNTERSIGN_TOKEN: "t" };
    const usual = { columns: 100, rows: 30 };
    for (const args of [
      ["grant", "evidence", "G"],
      ["grant", "payload", "G"],
      ["run", "show", "r", "--watch"],
      ["audit", "events"],
    ]) {
      const started = startInTerminal(t, { ...env, NO_COLOR: "1" }, usual, ...args);
      await started.ended;
      // The drawing of a board moves the cursor by itself.
      const said = started.said().replaceAll("\r\n", "\n").replace(drawing, "");
      t.notMatch(said, raw, args.join(" "));
    }
  },
);
