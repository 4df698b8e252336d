import { readFileSync } from "node:fs";
import { join } from "node:path";
import { validate } from "dockerfile-utils";
import t from "tap";
import { root } from "./sources.ts";

const text = readFileSync(join(root, "Dockerfile"), "utf8");

/** The instructions of each stage, in order, with continued lines joined. */
const stages = text
  .replaceAll(/\\\n\s*/g, " ")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .reduce<string[][]>((found, line) => {
    if (line.startsWith("FROM ")) found.push([]);
    found.at(-1)?.push(line);
    return found;
  }, []);
const final = stages.at(-1) ?? [];
const of = (instruction: string): string[] => final.filter((line) => line.startsWith(`${instruction} `));

t.test("the Dockerfile is one that Docker reads", async (t) => {
  t.strictSame(
    validate(text).map(({ message }) => message),
    [],
  );
  t.not(validate("FROM a\nFETCH b\n").length, 0, "the validator sees an unknown instruction");
});

t.test("the image runs without root, and names the address that it listens on", async (t) => {
  t.ok(stages.length > 1, "built in stages");
  t.strictSame(of("USER"), ["USER node"]);
  t.match(of("ENV").join(), /\bHOST=0\.0\.0\.0\b/);
  t.match(of("CMD"), ['CMD ["node", "dist/main.js"]'], "in exec form: a signal reaches the service itself");
  t.match(of("HEALTHCHECK").join(), /\/livez/);
  t.strictSame(
    final.slice(final.indexOf("USER node")).filter((line) => /^(RUN|COPY|ADD) /.test(line)),
    [],
    "nothing in the image belongs to the user that it runs as",
  );
});

t.test("the image is built from the lockfile, without install scripts and development packages", async (t) => {
  const installs = stages.flat().filter((line) => line.includes("npm "));
  for (const line of installs) t.match(line, /npm (ci .*--ignore-scripts|run build)/);
  t.ok(installs.some((line) => line.includes("--omit=dev")));
  for (const stage of stages) t.match(stage[0], /^FROM node:24(\.[\d.]+)?-slim( AS [a-z]+)?$/);
});

t.test("the image holds no secret", async (t) => {
  t.notMatch(text, /^(ENV|ARG)\b.*(SECRET|TOKEN|PASSWORD|PEPPER|DATABASE_URL)/im);
  const ignored = readFileSync(join(root, ".dockerignore"), "utf8").split("\n");
  t.ok(ignored.includes("*"), "the context holds only what is named");
  t.ok(ignored.includes("**/.env*"));
  t.notOk(ignored.some((line) => line.startsWith("!.data") || line.startsWith("!.env")));
});
