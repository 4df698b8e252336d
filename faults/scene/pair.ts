import { chmod, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type EmbeddedServer, provision } from "../../src/database/embedded/index.ts";
import { host, superuser, urlOf } from "../../src/database/embedded/state.ts";
import { query } from "../../test/support/data-directory.ts";
import type { Closing } from "../closing.ts";
import type { Cluster } from "./cluster.ts";
import { Member } from "./pair-member.ts";
import { Relay } from "./pair-relay.ts";
import { eventually } from "./patience.ts";
import type { Place } from "./place.ts";
import type { Scene } from "./scene.ts";

/** Two PostgreSQL servers, of which one follows the other: what is acknowledged is on both. */
export class Pair implements Cluster {
  readonly directory: string;
  /** What clients connect to: it leads to whichever server is the primary. */
  readonly address = new Relay();
  /** What the standby connects to. */
  readonly link = new Relay();
  primary: Member;
  standby: Member;
  /** The database that build runs write to. */
  targetUrl = "";
  #rebuilding: Promise<void> = Promise.resolve();

  constructor(directory: string) {
    this.directory = directory;
    this.primary = new Member("one", path.join(directory, "one"));
    this.standby = new Member("two", path.join(directory, "two"));
  }

  /** @param durable whether what is acknowledged is on both servers, and flushed: not so in the control of the settings */
  async open(closing: Closing, durable: boolean): Promise<void> {
    for (const member of [this.primary, this.standby]) {
      await mkdir(path.join(this.directory, member.name));
      await chmod(path.join(this.directory, member.name), 0o711);
      closing.teardown(() => member.kill());
    }
    for (const relay of [this.address, this.link]) {
      await relay.open();
      closing.teardown(() => relay.close());
    }
    await this.primary.start();
    this.address.leadTo(this.primary.port);
    this.link.leadTo(this.primary.port);
    this.targetUrl = (await provision(this.server)).targetUrl;
    if (!durable) {
      for (const role of ["countersign_app", "countersign_target"]) {
        await query(this.superUrl, `ALTER ROLE ${role} SET synchronous_commit = 'local'`);
      }
    }
    await this.primary.demandStandby(false);
    await this.standby.follow(this.primary, this.link.port);
    await this.primary.demandStandby(true);
    await this.primary.joined();
  }

  /** By the address that moves along. */
  get server(): EmbeddedServer {
    const { password, roles } = this.primary.state;
    const { port } = this.address;
    const url: EmbeddedServer["url"] = (database, role) => urlOf(port, database, role ?? { user: superuser, password });
    return { host, port, superuser, password, roles, url, stop: () => Promise.resolve() };
  }

  get superUrl(): string {
    return this.server.url("postgres");
  }

  kill(): Promise<void> {
    return this.primary.kill();
  }

  signalAll(signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
    return this.primary.signalAll(signal);
  }

  /** The address leads to a primary that lets clients in, and the other server follows it. */
  async up(): Promise<void> {
    await this.rebuilt();
    await eventually("PostgreSQL lets clients in", async () => (await query(this.superUrl, "SELECT")).length === 1);
  }

  /**
   * Makes the standby the primary. The old one is fenced: the address has left it before, and never comes back to it.
   * @param demanding whether commits wait at once until there is a standby again; else they are safe on one server meanwhile
   */
  async failOver(demanding: boolean): Promise<void> {
    this.address.leadTo(undefined);
    this.link.leadTo(undefined);
    await this.standby.demandStandby(demanding);
    await this.standby.promote();
    [this.primary, this.standby] = [this.standby, this.primary];
    this.address.leadTo(this.primary.port);
  }

  /** Begins to make the old primary anew as the standby, from a copy of the new one; work goes on meanwhile. */
  rebuild(): void {
    this.#rebuilding = this.#rebuild();
    // Whoever waits for it meets the error.
    this.#rebuilding.catch(() => undefined);
  }

  /** Waits until there is a standby again that has everything. @throws Error when it could not be made */
  rebuilt(): Promise<void> {
    return this.#rebuilding;
  }

  /** Looks at whether the standby has in a database what the primary has. @returns the tables in which it differs */
  async compare(database: string, tables: readonly string[]): Promise<string[]> {
    await this.rebuilt();
    await this.primary.joined("replay_lsn");
    const digests = tables.map(
      (table) => `(SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM ${table} AS t) AS ${table}`,
    );
    const text = `SELECT ${digests.join(", ")}`;
    const [here] = await query(this.primary.superUrl(database), text);
    const [there] = await query(this.standby.superUrl(database), text);
    return tables.filter((table) => here?.[table] !== there?.[table]);
  }

  async #rebuild(): Promise<void> {
    await this.standby.kill();
    this.link.leadTo(this.primary.port);
    await this.standby.follow(this.primary, this.link.port);
    await this.primary.demandStandby(true);
    await this.primary.joined();
  }
}

/** @throws Error where the scene has none */
export function pairOf({ cluster }: Scene): Pair {
  if (cluster instanceof Pair) return cluster;
  throw new Error("this scene has no pair of servers");
}

const pairOn = (name: string, durable: boolean): Place => ({
  name,
  async open(closing) {
    const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-pair-")));
    closing.teardown(() => rm(directory, { recursive: true, force: true }));
    await chmod(directory, 0o711);
    const pair = new Pair(directory);
    await pair.open(closing, durable);
    return pair;
  },
});

export const pairPlace = pairOn("pair", true);

/** Where the service's commits wait for no standby (`synchronous_commit = local`): what it acknowledges, a failover may lose. */
export const carelessPair = pairOn("careless_pair", false);
