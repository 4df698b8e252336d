import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { startedWith } from "../support/started.ts";
import { runCli } from "./run-cli.ts";

const missing = (shell: string): string | false =>
  spawnSync(shell, ["-c", "true"]).error === undefined ? false : `there is no ${shell} on this machine`;

/** What a shell offers for the last of the words, after it has read the script. */
type Offer = (...words: string[]) => string[];

async function scriptFor(t: Test, shell: string): Promise<string> {
  const made = await runCli(t, {}, "completion", shell);
  t.equal(made.code, 0, made.stderr);
  const file = path.join(t.testdir({ "request.json": "", folder: {} }), "completions");
  writeFileSync(file, made.stdout);
  return file;
}

function offeredBy(t: Test, shell: string, code: string, words: readonly string[]): string[] {
  const env = startedWith({ HOME: t.testdirName });
  const ran = spawnSync(shell, ["-c", code, shell, ...words], { cwd: t.testdirName, env, encoding: "utf8" });
  t.equal(ran.stderr, "", words.join(" "));
  return ran.stdout.split("\n").filter(Boolean).toSorted();
}

/** The same in each shell: bash asks a function, zsh and fish are asked as they are when somebody types. */
function completes(t: Test, offer: Offer): void {
  const top = offer("countersign", "");
  for (const word of ["apr", "dispatch", "doctor", "profile", "run", "completion"]) t.ok(top.includes(word), word);
  t.same(offer("countersign", "appr"), []);
  t.same(offer("countersign", "gr"), ["grant"]);
  t.ok(offer("countersign", "grant", "").includes("consume"));
  t.same(offer("countersign", "grant", "re"), ["revoke"]);
  t.same(offer("countersign", "grant", "revoke", "G", "--rea"), ["--reason"]);
  t.same(offer("countersign", "lifecycle", "baseline", ""), ["help", "list", "take"], "a group in a group");
  t.same(offer("countersign", "apr", "vote", "A", "app"), ["approve"], "the values that an argument can have");
  t.same(offer("countersign", "completion", ""), ["bash", "fish", "zsh"]);
  t.same(offer("countersign", "--as", "grant", "ap"), ["apr"], "the value of an option is no command");
  t.same(offer("countersign", "--json", "apr", "wi"), ["withdraw"], "options before the command");
  t.same(offer("countersign", "apr", "list", "--js"), ["--json"], "options of every command");
}

t.test("operations: completions in bash", { skip: missing("bash") }, async (t) => {
  const script = await scriptFor(t, "bash");
  const code = `set -u; . '${script}'; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _countersign; printf '%s\\n' "\${COMPREPLY[@]-}"`;
  const offer: Offer = (...words) => offeredBy(t, "bash", code, words);
  completes(t, offer);
  t.same(offer("countersign", "apr", "create", "-f", "req"), ["request.json"], "the file of an option");
  t.same(offer("countersign", "run", "start", "re"), ["request.json"], "the file of an argument");
  t.same(offer("countersign", "grant", "list", "--status", ""), [], "what only the service knows");
  const complete = spawnSync("bash", ["-c", `. '${script}'; complete -p countersign`], { encoding: "utf8" });
  t.match(complete.stdout, /-F _countersign countersign/, "the shell knows whom to ask");
});

t.test("operations: completions in zsh", { skip: missing("zsh") }, async (t) => {
  const script = await scriptFor(t, "zsh");
  const code = `autoload -Uz compinit && compinit -D -u; . '${script}'; words=("$@"); CURRENT=$#; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); emulate -L sh; _countersign; printf '%s\\n' "\${COMPREPLY[@]}"`;
  completes(t, (...words) => offeredBy(t, "zsh", code, words));
});

t.test("operations: completions in fish", { skip: missing("fish") }, async (t) => {
  const script = await scriptFor(t, "fish");
  const code = `source '${script}'; complete -C (string join ' ' -- $argv[2..-1]) | string replace -r '\\t.*' ''`;
  completes(t, (...words) => offeredBy(t, "fish", code, words));
});

t.test("operations: a shell that there are no completions for", async (t) => {
  t.match(await runCli(t, {}, "completion", "csh"), { code: 2, stderr: /Allowed choices are bash, zsh, fish/ });
});
