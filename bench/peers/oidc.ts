import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Pool } from "undici";
import { measure } from "../grants/load.ts";
import { end } from "../grants/place.ts";
import type { Contender } from "./contender.ts";
import { client, verifier } from "./oidc-client.ts";

/** The exchange of an authorization code at oidc-provider, over HTTP, as a process of its own. */
export async function oidc(databaseUrl: string): Promise<Contender> {
  const program = fileURLToPath(new URL("oidc-server.ts", import.meta.url));
  const child = spawn(process.execPath, [program, databaseUrl, String(await freePort())], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", NODE_ENV: "production", NODE_NO_WARNINGS: "1" },
  });
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  await exchangedOnce(url);
  return {
    name: "oidc-provider, code exchange",
    steps: {
      does: "code, consent and PKCE judged (two SELECTs), code marked as used (UPDATE), access token stored (INSERT)",
      overHttp: true,
      transactions: 4,
      shared: 0,
      rows: 2,
      exactlyOnce: true,
      onRecord: true,
    },
    async use(atOnce, count) {
      const codes = await seed(url, count);
      const pool = new Pool(url, { connections: atOnce, pipelining: 1 });
      try {
        return await measure(atOnce, codes, async (code) => {
          const { status, text } = await exchange(pool, code);
          if (status !== 200) throw new Error(`oidc-provider answers ${status}: ${text}`);
        });
      } finally {
        await pool.close();
      }
    },
    close: () => end(child),
  };
}

async function seed(url: string, count: number): Promise<string[]> {
  const seeded = await fetch(`${url}/seed?count=${count}`, { method: "POST" });
  return (await seeded.json()) as string[];
}

async function exchange(pool: Pool, code: string): Promise<{ status: number; text: string }> {
  const asked = { grant_type: "authorization_code", ...client, code, code_verifier: verifier };
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const body = new URLSearchParams(asked).toString();
  const answer = await pool.request({ path: "/token", method: "POST", headers, body });
  return { status: answer.statusCode, text: await answer.body.text() };
}

/** What is compared is a single use: of many who exchange one code at the same time, one may succeed. */
async function exchangedOnce(url: string): Promise<void> {
  const [code = ""] = await seed(url, 1);
  const pool = new Pool(url, { connections: 16, pipelining: 1 });
  try {
    const answers = await Promise.all(Array.from({ length: 16 }, () => exchange(pool, code)));
    const won = answers.filter(({ status }) => status === 200).length;
    if (won !== 1) throw new Error(`one code was exchanged ${won} times: ${answers[0]?.text}`);
  } finally {
    await pool.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
