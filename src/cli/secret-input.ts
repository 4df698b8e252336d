import process from "node:process";
import { text } from "node:stream/consumers";
import { Interrupted } from "./usage.ts";

const enter = /[\r\n]/;
const endOfInput = "\u0004";
const interrupt = "\u0003";
const erase = /[\u007f\b]/;
const eraseAll = "\u0015";

/**
 * A secret from standard input: all of it where that is no terminal, else what is typed up to Enter, without being shown.
 * @throws Interrupted on Ctrl-C
 */
export async function readSecret(what: string): Promise<string> {
  const { stdin, stderr } = process;
  if (stdin.isTTY !== true) return (await text(stdin)).trim();
  stdin.setEncoding("utf8");
  // Before the prompt: what is typed as soon as it is there would be shown otherwise.
  stdin.setRawMode(true);
  stderr.write(`${what} (it is not shown): `);
  let typed = "";
  try {
    for await (const piece of stdin as AsyncIterable<string>) {
      for (const key of piece) {
        if (key === interrupt) throw new Interrupted();
        if (enter.test(key) || key === endOfInput) return typed;
        if (key === eraseAll) typed = "";
        else typed = erase.test(key) ? typed.slice(0, -1) : typed + key;
      }
    }
    return typed;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write("\n");
  }
}
