import { chmodSync, mkdirSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type EmbeddedServer, provision } from "../../src/database/embedded/index.ts";
import { host, newState, superuser, urlOf } from "../../src/database/embedded/state.ts";
import { query } from "../../test/support/data-directory.ts";
import type { Closing } from "../closing.ts";
import type { Cluster } from "./cluster.ts";
import { Relay } from "./pair-relay.ts";
import { eventually } from "./patience.ts";
import { Daemon, findPrograms, freePort, giveAway, type Programs } from "./patroni-daemon.ts";
import { PatroniMember } from "./patroni-member.ts";
import type { Place } from "./place.ts";
import type { Scene } from "./scene.ts";

/** How often the health checks are asked, as HAProxy would. */
const checkMs = 150;

/** In that time a server that was stopped is rewound, started and caught up, also on a busy machine. */
const rejoinSeconds = 45;

/** What it takes to copy a server anew. */
const copySeconds = 120;

/** Two PostgreSQL servers under Patroni, one etcd, and an address that follows the leader. */
export class PatroniPair implements Cluster {
  readonly directory: string;
  readonly address = new Relay();
  readonly etcd: Daemon;
  readonly members: readonly [PatroniMember, PatroniMember];
  targetUrl = "";
  readonly #state = newState();
  readonly #etcdCommand: readonly string[];
  #leader: PatroniMember | undefined;
  #closed = false;

  constructor(
    directory: string,
    logs: string,
    programs: Programs,
    ports: { readonly etcd: number; readonly peers: number },
  ) {
    this.directory = directory;
    const [clients, peers] = [`http://127.0.0.1:${ports.etcd}`, `http://127.0.0.1:${ports.peers}`];
    this.#etcdCommand = [
      programs.etcd,
      `--data-dir=${path.join(directory, "etcd")}`,
      `--listen-client-urls=${clients}`,
      `--advertise-client-urls=${clients}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
    ];
    this.etcd = new Daemon(this.#etcdCommand, directory, path.join(logs, "etcd.log"));
    const options = { directory, logs, programs, etcdPort: ports.etcd, password: this.#state.password };
    this.members = [new PatroniMember("one", options), new PatroniMember("two", options)];
  }

  async open(closing: Closing): Promise<void> {
    closing.teardown(() => this.etcd.kill());
    this.etcd.start();
    await this.address.open();
    closing.teardown(() => this.address.close());
    for (const member of this.members) {
      closing.teardown(() => member.close());
      await member.open();
    }
    const following = this.#follow();
    closing.teardown(() => {
      this.#closed = true;
      return following;
    });
    await this.up();
    this.targetUrl = (await provision(this.server)).targetUrl;
  }

  /** Leads the address to whoever has the leader's lock, by its own word; nowhere while nobody says so. */
  async #follow(): Promise<void> {
    while (!this.#closed) {
      const said = await Promise.all(this.members.map((member) => member.says("primary")));
      const leading = this.members.filter((_, at) => said[at] === true);
      const leader = leading.find((member) => member === this.#leader) ?? leading[0];
      if (leader !== this.#leader) this.address.leadTo(leader?.port);
      this.#leader = leader;
      await pause(checkMs);
    }
  }

  /** By the address that moves along. */
  get server(): EmbeddedServer {
    const { password, roles } = this.#state;
    const { port } = this.address;
    const url: EmbeddedServer["url"] = (database, role) => urlOf(port, database, role ?? { user: superuser, password });
    return { host, port, superuser, password, roles, url, stop: () => Promise.resolve() };
  }

  get superUrl(): string {
    return this.server.url("postgres");
  }

  /** Waits until somebody leads. */
  async leader(): Promise<PatroniMember> {
    await eventually("a member of Patroni leads", async () => this.#leader !== undefined);
    return this.#leader ?? this.leader();
  }

  async kill(): Promise<void> {
    await (await this.leader()).killServer();
  }

  async signalAll(signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
    await (await this.leader()).signalServer(signal);
  }

  /**
   * Somebody leads and lets clients in, and the other follows so that commits wait for it. A server that was promoted and killed
   * before anybody heard of it is on a timeline that the leader does not have: Patroni calls it a running replica, and it waits
   * for ever. It is copied anew, as an operator would do; whether anything acknowledged went with it is what the check looks for.
   */
  async up(): Promise<void> {
    const joined = "one leads and the other is its synchronous standby";
    const other = (): PatroniMember | undefined => this.members.find((member) => member !== this.#leader);
    const holds = async (): Promise<boolean> => this.#leader !== undefined && (await other()?.says("sync")) === true;
    await eventually(joined, holds, rejoinSeconds).catch(async () => {
      if (this.#leader !== undefined) await other()?.copyAnew();
      await eventually(joined, holds, copySeconds);
    });
    await eventually("PostgreSQL lets clients in", async () => (await query(this.superUrl, "SELECT")).length === 1);
  }
}

/** @throws Error where the scene has none */
export function patroniOf({ cluster }: Scene): PatroniPair {
  if (cluster instanceof PatroniPair) return cluster;
  throw new Error("this scene has no Patroni");
}

export const patroniPlace: Place = {
  name: "patroni",
  async open(closing, { folder }) {
    const programs = findPrograms();
    const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-patroni-")));
    closing.teardown(() => rm(directory, { recursive: true, force: true }));
    chmodSync(directory, 0o711);
    const etcdFolder = path.join(directory, "etcd");
    mkdirSync(etcdFolder, { mode: 0o700 });
    giveAway(etcdFolder);
    const pair = new PatroniPair(directory, folder, programs, { etcd: await freePort(), peers: await freePort() });
    await pair.open(closing);
    return pair;
  },
};
