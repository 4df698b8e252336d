import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findPostmaster } from "../../src/database/embedded/postmaster.ts";
import { superuser, urlOf } from "../../src/database/embedded/state.ts";
import { killTree, signalTree } from "./pair-member.ts";
import { Relay } from "./pair-relay.ts";
import { Daemon, freePort, giveAway, type Programs } from "./patroni-daemon.ts";

export interface MemberOptions {
  readonly directory: string;
  /** Where its log is kept. */
  readonly logs: string;
  readonly programs: Programs;
  readonly etcdPort: number;
  readonly password: string;
}

/** What all members agree on, kept in etcd. Times are in seconds, and as short as Patroni takes them. */
const agreed = {
  ttl: 6,
  loop_wait: 1,
  retry_timeout: 2,
  // A leader that has crashed is replaced, not started again.
  master_start_timeout: 0,
  synchronous_mode: true,
  // Without a standby no commit is acknowledged.
  synchronous_mode_strict: true,
  postgresql: {
    use_pg_rewind: true,
    use_slots: true,
    remove_data_directory_on_rewind_failure: true,
    remove_data_directory_on_diverged_timelines: true,
    parameters: {
      fsync: "on",
      synchronous_commit: "on",
      max_connections: 50,
      shared_buffers: "32MB",
      min_wal_size: "32MB",
      max_wal_size: "96MB",
      wal_keep_size: "128MB",
      wal_log_hints: "on",
      wal_retrieve_retry_interval: "100ms",
      wal_receiver_timeout: "5s",
      wal_sender_timeout: "5s",
    },
  },
};

/** A PostgreSQL server and the Patroni that rules it. */
export class PatroniMember {
  readonly name: string;
  /** How the other server reaches this one. */
  readonly link = new Relay();
  readonly patroni: Daemon;
  readonly #options: MemberOptions;
  readonly #folder: string;
  #restPort = 0;
  #port = 0;

  constructor(name: string, options: MemberOptions) {
    this.name = name;
    this.#options = options;
    this.#folder = path.join(options.directory, name);
    const log = path.join(options.logs, `patroni-${name}.log`);
    this.patroni = new Daemon([options.programs.patroni, this.#configFile], this.#folder, log);
  }

  get port(): number {
    return this.#port;
  }

  get cluster(): string {
    return path.join(this.#folder, "postgres");
  }

  get #configFile(): string {
    return path.join(this.#folder, "patroni.yml");
  }

  /** Past the relays. */
  superUrl(): string {
    return urlOf(this.#port, "postgres", { user: superuser, password: this.#options.password });
  }

  /** Writes its configuration and starts it; it finds out itself whether it leads or follows. */
  async open(): Promise<void> {
    mkdirSync(this.#folder);
    giveAway(this.#folder);
    this.#port = await freePort();
    this.#restPort = await freePort();
    await this.link.open();
    this.link.leadTo(this.#port);
    // JSON is YAML.
    writeFileSync(this.#configFile, JSON.stringify(this.#config(), null, 2), { mode: 0o600 });
    giveAway(this.#configFile);
    this.patroni.start();
  }

  #config(): object {
    const { programs, etcdPort, password } = this.#options;
    const rest = `127.0.0.1:${this.#restPort}`;
    return {
      scope: "faults",
      name: this.name,
      restapi: { listen: rest, connect_address: rest },
      etcd3: { host: `127.0.0.1:${etcdPort}` },
      bootstrap: { dcs: agreed, initdb: [{ encoding: "UTF8" }, { locale: "C" }] },
      postgresql: {
        listen: `127.0.0.1:${this.#port}`,
        connect_address: `127.0.0.1:${this.link.port}`,
        data_dir: this.cluster,
        bin_dir: programs.binaries,
        pgpass: path.join(this.#folder, "pgpass"),
        authentication: {
          superuser: { username: superuser, password },
          replication: { username: "replicator", password },
        },
        parameters: { unix_socket_directories: this.#folder, password_encryption: "scram-sha-256" },
        pg_hba: [
          "local all all scram-sha-256",
          "host all all 127.0.0.1/32 scram-sha-256",
          "host replication all 127.0.0.1/32 scram-sha-256",
        ],
      },
    };
  }

  /** What Patroni's REST API answers to a health check: 200 is yes. Silence is no. */
  async says(what: "primary" | "sync"): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(1_000);
      const response = await fetch(`http://127.0.0.1:${this.#restPort}/${what}`, { signal });
      await response.arrayBuffer();
      return response.status === 200;
    } catch {
      return false;
    }
  }

  /** Asks this leader to hand over in good order. @returns what it said */
  switchOver(): Promise<string> {
    return this.#ask("switchover", { leader: this.name });
  }

  /** Has this follower thrown away and copied from the leader. @returns what it said */
  copyAnew(): Promise<string> {
    return this.#ask("reinitialize", { force: true });
  }

  async #ask(what: "switchover" | "reinitialize", body: object): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#restPort}/${what}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    }).catch(() => undefined);
    return response === undefined ? "no answer" : `${response.status} ${await response.text().catch(() => "")}`;
  }

  /** SIGKILL to the postmaster and its children. */
  async killServer(): Promise<void> {
    const pid = (await findPostmaster(this.cluster))?.pid;
    if (pid !== undefined) await killTree(pid);
  }

  async signalServer(signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
    const pid = (await findPostmaster(this.cluster))?.pid;
    if (pid !== undefined) await signalTree(pid, signal);
  }

  async close(): Promise<void> {
    await this.patroni.kill();
    await this.killServer();
    await this.link.close();
  }
}
