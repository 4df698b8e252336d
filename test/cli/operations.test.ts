import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import t, { type Test } from "tap";
import { completionScript } from "../../src/cli/completion.ts";
import { wordsOf } from "../../src/cli/curl.ts";
import { makeProgram } from "../../src/cli/program.ts";
import { NotSent } from "../../src/client/index.ts";
import { routes } from "../../src/http/routes/index.ts";
import { besides, files, type Way, ways } from "./operation-commands.ts";

const document = JSON.parse(readFileSync(new URL("../../openapi/countersign.json", import.meta.url), "utf8")) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/** Of the document, and of the routes themselves, which may be ahead of it until it is generated. */
function operations(): string[] {
  const documented = Object.entries(document.paths).flatMap(([url, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${url}`),
  );
  const routed = routes
    .filter(({ url }) => url.startsWith("/v1/"))
    .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, "{$1}").replace("*", "{path}")}`);
  return [...new Set([...documented, ...routed])];
}

const isCommand = (way: Way | undefined): way is readonly string[] => Array.isArray(way);

/** What the command would send. */
async function firstRequest(args: readonly string[]): Promise<NotSent["request"]> {
  try {
    await makeProgram().parseAsync(["--curl", "--url", "http://service.test", ...args], { from: "user" });
  } catch (error) {
    if (error instanceof NotSent) return error.request;
    throw error;
  }
  throw new Error(`${args.join(" ")} sends nothing`);
}

function leaves(command: Command): Command[] {
  const below = command.commands.filter((one) => one.name() !== "help");
  return below.length === 0 ? [command] : below.flatMap(leaves);
}

function withFiles(t: Test): (args: readonly string[]) => string[] {
  const folder = t.testdir({});
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), JSON.stringify(content));
  return (args) => args.map((arg) => (arg.startsWith("@") ? path.join(folder, arg.slice(1)) : arg));
}

t.test("operations: every operation of the API has a command, which sends it", async (t) => {
  const place = withFiles(t);
  const all = operations();
  t.same(
    all.filter((operation) => !(operation in ways)),
    [],
    "an operation without a command: write one, or say in operation-commands.ts why there is none",
  );
  const isKnown = (operation: string): boolean => all.includes(operation) || operation.includes("/v1/session");
  t.same(
    Object.keys(ways).filter((operation) => !isKnown(operation)),
    [],
    "operations that are no more",
  );
  for (const [operation, way] of Object.entries(ways)) {
    if (!isCommand(way)) {
      t.ok(way.none.length > 20, `${operation} has a reason`);
      continue;
    }
    const { method, url } = await firstRequest(place(way));
    const [, wanted = ""] = operation.split(" ");
    const shape = new RegExp(`^http://service[.]test${wanted.replace(/\{\w+\}/g, "[^/]+")}([?].*)?$`);
    t.match(url, shape, `${way.join(" ")} asks for ${operation}`);
    t.equal(method, operation.split(" ")[0], `${way.join(" ")} is a ${operation}`);
  }
});

t.test("operations: every command is one of those, or says what else it is for, and has a description", (t) => {
  const used = Object.values(ways)
    .filter(isCommand)
    .map((way) => way.filter((word) => /^[a-z-]+$/.test(word)).join(" "));
  for (const command of leaves(makeProgram())) {
    const words = wordsOf(command);
    const known = words in besides || used.some((way) => `${way} `.startsWith(`${words} `));
    t.ok(known, `${words} does an operation, or is named in operation-commands.ts`);
    t.ok(command.description().length > 5, `${words} has a description`);
    for (const option of command.options) t.ok(option.description.length > 3, `${words} ${option.flags} is described`);
    for (const argument of command.registeredArguments) {
      const described = argument.description.length > 3 || argument.argChoices !== undefined;
      t.ok(
        described || /_|^(root|plan|revision|name|id|kid|shell|code|build)$/.test(argument.name()),
        `${words} <${argument.name()}>`,
      );
    }
  }
  t.end();
});

/** The command that the words name, and how many words that takes. */
function commandOf(args: readonly string[]): { command: Command; words: readonly string[] } {
  let command = makeProgram();
  const words: string[] = [];
  for (const word of args) {
    const below = command.commands.find((one) => one.name() === word);
    if (below === undefined) break;
    command = below;
    words.push(word);
  }
  return { command, words };
}

t.test("operations: every filter of a list is an option of its command", async (t) => {
  const lists = routes.filter(({ method, schema }) => method === "GET" && queriesOf(schema).includes("cursor"));
  t.ok(lists.length > 12);
  for (const { url, schema } of lists) {
    const way = ways[`GET ${url.replace(/:(\w+)/g, "{$1}")}`];
    if (!isCommand(way)) continue;
    const { command, words } = commandOf(way);
    const options = command.options
      .filter(({ long }) => long !== "--all" && long !== "--watch")
      .flatMap(({ long, required }) => (required ? [long ?? "", "1"] : [long ?? ""]));
    const asked = way
      .slice(words.length)
      .filter((word, at, all) => !word.startsWith("-") && !all[at - 1]?.startsWith("-"));
    const { url: sent } = await firstRequest([...words, ...asked, ...options]);
    const found = [...new URL(sent).searchParams.keys()];
    t.same(
      queriesOf(schema).filter((name) => !found.includes(name)),
      [],
      `${words.join(" ")} lacks no filter`,
    );
  }
});

function queriesOf(schema: unknown): string[] {
  const { query } = Object(schema) as { query?: { properties?: Readonly<Record<string, unknown>> } };
  return Object.keys(query?.properties ?? {});
}

t.test("operations: what has no request to print says so, and does nothing", async (t) => {
  for (const words of [
    "token list",
    "plan lint x",
    "key generate -o x",
    "profile list",
    "dispatch",
    "completion bash",
  ]) {
    await t.rejects(firstRequest(words.split(" ")), { message: /no request that --curl could print/ }, words);
  }
});

t.test("operations: completions and the commands are the same", (t) => {
  const script = completionScript(makeProgram(), "bash");
  for (const command of leaves(makeProgram())) t.match(script, `'${wordsOf(command)}')`, wordsOf(command));
  t.end();
});
