import { fileURLToPath } from "node:url";
import { consumeAsk, mintAsk, verifyAsk } from "./asks.ts";
import { type Ask, type Load, overHttp } from "./load.ts";
import { codesOf, pgbench } from "./pgbench.ts";
import { type Base, end, onceAs, type Place, startProcess } from "./place.ts";
import { Sessions } from "./raw.ts";
import { type Approved, grantOf, type Stock } from "./seed.ts";
import type { What } from "./statements.ts";

export const own = "this service";

/** Somebody who does the same work, or a part of it. */
export interface Contender {
  readonly name: string;
  /** What it can be asked. */
  readonly does: readonly What[];
  play(what: What, atOnce: number, count: number): Promise<Load>;
  /** @throws Error unless it has done all that was measured: else something else was */
  check(): Promise<void>;
  close(): Promise<void>;
}

export const everything = ["verify", "consume", "mint"] as const;

/** Takes from a stock what is used up, and shows what a verify is asked about: the grants that come next. */
class Taken {
  readonly #stock: Stock;
  #grants = 0;
  #requests = 0;

  constructor(stock: Stock) {
    this.#stock = stock;
  }

  grants(what: "verify" | "consume", count: number): readonly string[] {
    const codes = this.#stock.grants.slice(this.#grants, this.#grants + count);
    if (codes.length < count) throw new Error(`${count} grants are asked for and ${codes.length} are left`);
    if (what === "consume") this.#grants += count;
    return codes;
  }

  requests(count: number): readonly Approved[] {
    const requests = this.#stock.requests.slice(this.#requests, this.#requests + count);
    if (requests.length < count) throw new Error(`${count} requests are asked for and ${requests.length} are left`);
    this.#requests += count;
    return requests;
  }

  get consumed(): number {
    return this.#grants;
  }
}

export function service(name: string, place: Place, stock: Stock): Contender {
  const taken = new Taken(stock);
  return {
    name,
    does: everything,
    play: (what, atOnce, count) =>
      overHttp(place.url, what === "mint" ? place.dispatcher : place.token, atOnce, asksOf(taken, what, count)),
    check: () => allConsumed(name, place, taken),
    close: place.close,
  };
}

function asksOf(taken: Taken, what: What, count: number): readonly Ask[] {
  if (what === "mint") return taken.requests(count).map(mintAsk);
  return taken.grants(what, count).map(what === "verify" ? verifyAsk : consumeAsk);
}

/** The statements of the service by a loop of `pg`. */
export function loop(base: Base, stock: Stock): Contender {
  const name = "pg, a row a transaction";
  const taken = new Taken(stock);
  const sessions = new Sessions(base.appUrl);
  return {
    name,
    does: everything,
    play(what, atOnce, count) {
      const codes = what === "mint" ? taken.requests(count).map(({ aprCode }) => aprCode) : taken.grants(what, count);
      return sessions.play(what, atOnce, codes);
    },
    check: () => allConsumed(name, base, taken),
    close: () => sessions.close(),
  };
}

/** The same by pgbench, statement by statement or each transaction at once. */
export function program(base: Base, stock: Stock, pipelined: boolean): Contender {
  const name = pipelined ? "pgbench, a row a transaction, pipelined" : "pgbench, a row a transaction";
  const taken = new Taken(stock);
  return {
    name,
    does: pipelined ? ["consume"] : ["verify", "consume"],
    play(what, atOnce, count) {
      if (what === "mint") throw new Error("pgbench mints nothing");
      const codes = taken.grants(what, codesOf(atOnce, count));
      const [, prefix = "", from = ""] = /^(.*-)(\d+)$/.exec(codes[0] ?? "") ?? [];
      const range = { prefix, from: Number(from), count: codes.length };
      return pgbench({ appUrl: base.appUrl, pipelined }, what, atOnce, range);
    },
    check: () => allConsumed(name, base, taken),
    close: async () => undefined,
  };
}

/** It answers so soon that fewer requests than these say nothing. */
const fewest = 2_000;

/** Fastify alone, answering what the service has answered. */
export async function bare(answers: Readonly<Record<What, unknown>>): Promise<Contender> {
  const file = fileURLToPath(new URL("bare-fastify.ts", import.meta.url));
  const { child, url } = await startProcess(file, {}, [JSON.stringify(answers)]);
  const codes = (count: number): string[] => Array.from({ length: count }, (_, at) => `B1-${at + 1}`);
  const digest = `sha256:${"0".repeat(64)}`;
  const asks: Readonly<Record<What, (aprCode: string) => Ask>> = {
    verify: (aprCode) => verifyAsk(grantOf(aprCode)),
    consume: (aprCode) => consumeAsk(grantOf(aprCode)),
    mint: (aprCode) => mintAsk({ aprCode, digest }),
  };
  return {
    name: "bare Fastify, no database",
    does: everything,
    play: (what, atOnce, count) => overHttp(url, "none", atOnce, codes(Math.max(fewest, count)).map(asks[what])),
    check: async () => undefined,
    close: () => end(child),
  };
}

/** What the service answers to each, from a grant and a request of the stock that nobody else is given. */
export async function answersOf(place: Place, authCode: string, request: Approved): Promise<Record<What, unknown>> {
  const answer = async ({ path, body, headers }: Ask, token: string): Promise<unknown> => {
    const sent = { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers };
    const response = await fetch(`${place.url}${path}`, { method: "POST", headers: sent, body });
    if (!response.ok) throw new Error(`${path} answers ${response.status}: ${await response.text()}`);
    return response.json();
  };
  return {
    verify: await answer(verifyAsk(authCode), place.token),
    consume: await answer(consumeAsk(authCode), place.token),
    mint: await answer(mintAsk(request), place.dispatcher),
  };
}

/** @throws Error unless the database has a receipt for every consume */
async function allConsumed(name: string, { superUrl }: Base, { consumed }: Taken): Promise<void> {
  const [row] = await onceAs<{ receipts: number }>(superUrl, "SELECT count(*)::int AS receipts FROM grant_receipts");
  if ((row?.receipts ?? 0) < consumed) throw new Error(`${name}: ${row?.receipts} receipts of ${consumed} consumes`);
}
