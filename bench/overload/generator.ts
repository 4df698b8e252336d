/**
 * The load, as a process of its own: what it is told to do comes over the channel of its parent, what it saw goes back the
 * same way, second by second.
 */
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { bindingsOf } from "../grants/seed.ts";
import { addTime, newSecond, type Second } from "./tally.ts";
import { type Reply, Wire } from "./wire.ts";

export interface Order {
  readonly url: string;
  readonly token: string;
  readonly seconds: number;
  /** Closed: so many at once, each as soon as the last was answered. Open: so many a second, answered or not. */
  readonly connections?: number;
  readonly rate?: number;
  /** Grants of this phase: those to use up, and those that are asked about. */
  readonly fresh: readonly string[];
  readonly asked: readonly string[];
}

const patienceMs = 10_000;
const mostConnections = 8_000;
/** Open before the load begins, as those of a fleet are. */
const openConnections = 512;

interface Request {
  readonly text: string;
  /** The grant to use, to be taken again where the request was refused. */
  readonly code?: string;
}

/** Of ten requests six verify, one consumes, three read: as a fleet of executors asks. */
class Mix {
  readonly #order: Order;
  readonly #host: string;
  readonly #fresh: string[];
  readonly #used: string[] = [];
  #count = 0;

  constructor(order: Order) {
    this.#order = order;
    this.#host = new URL(order.url).host;
    this.#fresh = [...order.fresh];
  }

  next(): Request {
    const turn = (this.#count += 1);
    const { asked } = this.#order;
    const one = asked[(turn * 7_919) % asked.length] as string;
    const kind = turn % 10;
    if (kind < 6) return { text: this.#text("POST", "/v1/grants/verify", bindingsOf(one)) };
    if (kind < 9) return { text: this.#text("GET", `/v1/grants/${one}`) };
    // Once they are used up, the root that used one is answered its receipt again.
    const code = this.#fresh.pop() ?? this.#used[turn % Math.max(1, this.#used.length)] ?? one;
    const body = { ...bindingsOf(code), idempotency_root: code };
    return { code, text: this.#text("POST", `/v1/grants/${code}/consume`, body) };
  }

  back(code: string, used: boolean): void {
    (used ? this.#used : this.#fresh).push(code);
  }

  #text(method: string, path: string, body?: object): string {
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\nauthorization: Bearer ${this.#order.token}\r\n`;
    if (body === undefined) return `${head}\r\n`;
    const json = JSON.stringify(body);
    return `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
  }
}

class Phase {
  readonly #order: Order;
  readonly #mix: Mix;
  readonly #at: { port: number; host: string };
  #start = performance.now();
  readonly #seconds = new Map<number, Second>();
  readonly #idle: Wire[] = [];
  readonly #waiting: number[] = [];
  readonly #open = new Set<{ wire: Wire; since: number }>();
  #connections = 0;

  constructor(order: Order) {
    this.#order = order;
    this.#mix = new Mix(order);
    const { hostname, port } = new URL(order.url);
    this.#at = { host: hostname, port: Number(port) };
  }

  async run(): Promise<readonly Second[]> {
    const { connections, rate, seconds } = this.#order;
    for (let n = 0; n < (connections ?? openConnections); n += 1) this.#idle.push(this.#connect());
    await Promise.all(this.#idle.map((wire) => wire.opened));
    this.#start = performance.now();
    const end = this.#start + seconds * 1_000;
    const watch = setInterval(() => this.#lose(performance.now() - patienceMs), 250);
    if (connections !== undefined) {
      const again = (): void => {
        if (performance.now() < end) this.#ask(performance.now(), again);
      };
      for (let n = 0; n < connections; n += 1) again();
      await this.#quiet(end);
    } else await this.#pour(rate ?? 0, end);
    await this.#quiet(performance.now() + 1);
    clearInterval(watch);
    for (const wire of this.#idle) wire.close("");
    return [...this.#seconds.values()].toSorted((a, b) => a.second - b.second);
  }

  /** Arrivals without memory, whatever becomes of those before: a Poisson process. */
  async #pour(rate: number, end: number): Promise<void> {
    let due = this.#start;
    while (due < end) {
      const now = performance.now();
      for (; due <= now && due < end; due += (-Math.log(1 - Math.random()) * 1_000) / rate) this.#ask(due);
      await pause(1);
    }
  }

  /** Until the time has come and everything that was asked is answered or lost. */
  async #quiet(until: number): Promise<void> {
    while (performance.now() < until || this.#open.size > 0 || this.#waiting.length > 0) await pause(5);
  }

  #lose(before: number): void {
    for (const one of this.#open) if (one.since < before) one.wire.close("no answer in 10 s");
  }

  #ask(due: number, then?: () => void): void {
    this.#second(due).sent += 1;
    let wire = this.#idle.pop();
    while (wire?.dead === true) {
      this.#connections -= 1;
      wire = this.#idle.pop();
    }
    if (wire === undefined) {
      if (this.#connections >= mostConnections) {
        this.#waiting.push(due);
        return;
      }
      wire = this.#connect();
    }
    this.#send(wire, due, then);
  }

  #connect(): Wire {
    this.#connections += 1;
    return new Wire(this.#at.port, this.#at.host);
  }

  #send(wire: Wire, due: number, then?: () => void): void {
    const request = this.#mix.next();
    const one = { wire, since: performance.now() };
    this.#open.add(one);
    wire.send(request.text, (reply, fault) => {
      this.#open.delete(one);
      this.#note(this.#second(due), performance.now() - due, reply, fault);
      if (request.code !== undefined) this.#mix.back(request.code, reply?.status !== 503);
      if (wire.dead) this.#connections -= 1;
      else {
        const next = this.#waiting.shift();
        if (next === undefined) this.#idle.push(wire);
        else this.#send(wire, next);
      }
      then?.();
    });
  }

  #note(second: Second, ms: number, reply: Reply | undefined, fault: string | undefined): void {
    if (reply === undefined) {
      const what = fault ?? "no answer";
      second.failures[what] = (second.failures[what] ?? 0) + 1;
    } else if (reply.status === 200) {
      second.admitted += 1;
      addTime(second.admittedMs, ms);
    } else if (reply.status === 503 && reply.body.includes('"code":"OVERLOADED"')) {
      second.refused += 1;
      addTime(second.refusedMs, ms);
      if (!isWellShaped(reply)) second.misshapen += 1;
    } else {
      const code = /"code":"(\w+)"/.exec(reply.body)?.[1] ?? "";
      const what = `${reply.status} ${code}`;
      second.failures[what] = (second.failures[what] ?? 0) + 1;
    }
  }

  #second(due: number): Second {
    const at = Math.floor((due - this.#start) / 1_000);
    const known = this.#seconds.get(at);
    if (known !== undefined) return known;
    const made = newSecond(at);
    this.#seconds.set(at, made);
    return made;
  }
}

function isWellShaped({ head, body }: Reply): boolean {
  if (!/\r\nretry-after: [1-9]\d*(\r\n|$)/.test(head) || !head.includes("content-type: application/problem+json"))
    return false;
  const { type, title, status, detail, request_id } = JSON.parse(body) as Record<string, unknown>;
  return type === "/docs/problems/OVERLOADED" && status === 503 && [title, detail, request_id].every(Boolean);
}

process.on("message", (order: Order) => {
  void new Phase(order).run().then((seconds) => process.send?.(seconds));
});
