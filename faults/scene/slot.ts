import { appendFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Service, serviceAt, type Spawned, spawnService, type Stage } from "../../test/support/service.ts";
import type { Closing } from "../closing.ts";
import type { Seeded } from "../seeded.ts";
import { eventually } from "./patience.ts";
import { Wire } from "./wire.ts";

export interface SlotOptions {
  readonly stage: Stage;
  readonly targetUrl: string;
  /** Where its log is kept. */
  readonly folder: string;
  readonly random: Seeded;
  /** A module that is loaded into the process before it starts. */
  readonly preload?: string | undefined;
}

/** A process that is started again and again need not read the same sources each time. */
const compiled = process.env["NODE_COMPILE_CACHE"] ?? path.join(os.tmpdir(), "countersign-faults-compiled");
const clockPreload = fileURLToPath(new URL("clock-preload.ts", import.meta.url));

/** A place where one process of the service runs, behind a wire to its clients and before one to its database. */
export class Slot {
  readonly name: string;
  readonly front: Wire;
  readonly back: Wire;
  /** Endings of the process that nobody asked for. */
  readonly deaths: string[] = [];
  readonly #closing: Closing;
  readonly #options: SlotOptions;
  readonly #clock: string;
  #running: Spawned | undefined;
  #starting: Promise<void> | undefined;

  constructor(closing: Closing, name: string, options: SlotOptions) {
    this.name = name;
    this.#closing = closing;
    this.#options = options;
    this.#clock = path.join(options.folder, `${name}.clock`);
    this.front = new Wire(options.random, /\r\nx-request-id: ([^\r]+)\r/i);
    this.back = new Wire(options.random);
  }

  async open(): Promise<void> {
    for (const wire of [this.front, this.back]) {
      await wire.open();
      this.#closing.teardown(() => wire.close());
    }
    const behind = new URL(this.#options.stage.names.appUrl);
    this.back.target = { host: behind.hostname, port: Number(behind.port) };
    await this.start();
  }

  /** As its clients see it. */
  service(): Service {
    return serviceAt(`http://127.0.0.1:${this.front.port}`, this.#options.stage.tokens);
  }

  /** Starts the process unless it runs, and again until it is up: its database may not be there yet. */
  start(): Promise<void> {
    this.#starting ??= eventually(`the service ${this.name} is up`, async () => {
      if (this.#running === undefined) await this.#spawn();
      return true;
    }).finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  get runs(): boolean {
    return this.#running !== undefined;
  }

  async #spawn(): Promise<void> {
    const { stage, folder, targetUrl, preload } = this.#options;
    writeFileSync(this.#clock, "0");
    const loaded = [clockPreload, ...(preload === undefined ? [] : [preload])];
    const env = {
      DATABASE_URL: this.back.through(stage.names.appUrl),
      TARGETS: JSON.stringify({ default: targetUrl }),
      POOL_SIZE: "6",
      REQUEST_TIMEOUT_MS: "5000",
      SWEEP_INTERVAL_MS: "1000",
      RUN_LEASE_SECONDS: "2",
      RUN_RETRY_SECONDS: "20",
      RUN_POLL_MS: "200",
      LOG_LEVEL: "warn",
      // A server that was promoted has all that was acknowledged: whoever starts on it need not hold everything.
      FAILOVER: "continue",
      CLOCK_SHIFT: this.#clock,
      NODE_COMPILE_CACHE: compiled,
      NODE_OPTIONS: loaded.map((file) => `--import=${file}`).join(" "),
    };
    const log = path.join(folder, `${this.name}.log`);
    const spawned = await spawnService(this.#closing, stage, env, (text) => appendFileSync(log, text));
    this.#running = spawned;
    this.front.target = { host: "127.0.0.1", port: Number(new URL(spawned.url).port) };
    spawned.child.once("exit", (status, signal) => {
      if (this.#running !== spawned) return;
      this.#running = undefined;
      this.front.target = undefined;
      this.deaths.push(`service ${this.name} ended with ${signal ?? `status ${status}`}`);
    });
  }

  /** SIGKILL, and gone. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.front.target = undefined;
    await running?.kill("SIGKILL");
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#running?.child.kill(signal);
  }

  /** Moves the clock of the process away from that of the machine. */
  setClock(milliseconds: number): void {
    writeFileSync(this.#clock, String(milliseconds));
    this.#running?.child.kill("SIGWINCH");
  }
}
