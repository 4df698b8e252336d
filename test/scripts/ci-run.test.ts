import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

const script = readFileSync(fileURLToPath(new URL("../../.ci/run", import.meta.url)), "utf8");
const posix = { skip: process.platform === "win32" && "a shell script" };

/** Runs the script with an npm of our own that prints and exits as told. */
function run(
  title: string,
  npm: { install?: number; prints?: string; exits?: number; unsteady?: string[]; again?: number },
) {
  const directory = t.testdir({
    ".ci": { run: script },
    bin: {
      npm: [
        "#!/bin/sh",
        `if [ "$1" = ci ]; then exit ${npm.install ?? 0}; fi`,
        `if [ "$1" = run ]; then echo "again: $3, $TAP_JOBS at once"; exit ${npm.again ?? 0}; fi`,
        `printf '%b' '${(npm.unsteady ?? []).map((file) => `${file}\\n`).join("")}' > "$TAP_SAVE"`,
        `cat <<'END'\n${npm.prints ?? ""}\nEND`,
        `exit ${npm.exits ?? 0}`,
      ].join("\n"),
    },
  });
  chmodSync(join(directory, "bin/npm"), 0o755);
  const { stdout, status } = spawnSync("bash", [join(directory, ".ci/run")], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${join(directory, "bin")}${delimiter}${process.env["PATH"] ?? ""}` },
  });
  return { title, last: stdout.trimEnd().split("\n").at(-1), status, stdout };
}

t.test(".ci/run ends with the totals, and fails whenever something did", posix, async (t) => {
  const totals = (text: string): string => `ok 1 - a\n# { total: 12, ${text} }\n# time=1ms`;
  const cases = [
    { got: run("all passed", { prints: totals("pass: 12") }), last: "12 passed, 0 failed", status: 0 },
    { got: run("some skipped", { prints: totals("pass: 11, skip: 1") }), last: "11 passed, 0 failed", status: 0 },
    {
      got: run("some failed", { prints: totals("pass: 9, fail: 3"), exits: 1 }),
      last: "9 passed, 3 failed",
      status: 1,
    },
    {
      got: run("a check failed before the tests", { prints: "lint: x", exits: 1 }),
      last: "0 passed, 1 failed",
      status: 1,
    },
    {
      got: run("a bad end after good totals", { prints: totals("pass: 12"), exits: 1 }),
      last: "12 passed, 1 failed",
      status: 1,
    },
    { got: run("no test ran", { prints: totals("pass: 0") }), last: "0 passed, 1 failed", status: 1 },
    { got: run("the install failed", { install: 1 }), last: "0 passed, 1 failed", status: 1 },
  ];
  for (const { got, last, status } of cases) {
    t.equal(got.last, last, got.title);
    t.equal(got.status, status, `${got.title}: exit code`);
  }
});

t.test(".ci/run asks one or two files that failed again, alone, and names what was unsteady", posix, async (t) => {
  const prints =
    "    not ok 3 - the lost one\n      ---\n      diff: x\n      ...\nok 4\n# { total: 12, pass: 11, fail: 1 }";
  const passed = run("passed alone", { prints, exits: 1, unsteady: ["test/a.test.ts"] });
  t.equal(passed.last, "11 passed, 0 failed");
  t.equal(passed.status, 0);
  t.match(passed.stdout, "again: tap, 1 at once");
  t.match(passed.stdout, "UNSTEADY: failed at first and passed alone: test/a.test.ts");
  t.equal(passed.stdout.match(/not ok 3 - the lost one/g)?.length, 2, "what failed is said again near the end");

  const failed = run("failed again", { prints, exits: 1, unsteady: ["test/a.test.ts"], again: 1 });
  t.equal(failed.last, "11 passed, 1 failed");
  t.equal(failed.status, 1);
  t.notMatch(failed.stdout, "UNSTEADY");

  const many = run("many", { prints, exits: 1, unsteady: ["test/a.test.ts", "test/b.test.ts", "test/c.test.ts"] });
  t.equal(many.last, "11 passed, 1 failed", "three files are not an accident");
  t.notMatch(many.stdout, "again:");
});
