import type { Closing } from "../closing.ts";
import { type Cluster, mountSmallDisk, startCluster } from "./cluster.ts";
import type { Place, PlaceOptions } from "./place.ts";
import { Wire } from "./wire.ts";

/** Another PostgreSQL, that build runs write to, behind a wire. */
export interface Target {
  readonly cluster: Cluster;
  readonly wire: Wire;
  /** Whether its disk is a small one, to be filled. */
  readonly small: boolean;
}

const targets = new WeakMap<Cluster, Target>();

/** @throws Error where the cluster is of another place */
export function targetOf(cluster: Cluster): Target {
  const target = targets.get(cluster);
  if (target === undefined) throw new Error("the build runs have no target of their own here");
  return target;
}

const diskMegabytes = 256;

/** In the control the target says that a commit is done before it is on its disk: a promise that no record can rest on. */
const careless = { synchronous_commit: "off", wal_writer_delay: "10s" };

async function open(closing: Closing, { random, naive }: PlaceOptions): Promise<Cluster> {
  const control = await startCluster(closing);
  const disk = await mountSmallDisk(closing, diskMegabytes);
  const cluster = await startCluster(closing, disk, naive ? careless : {});
  const wire = new Wire(random);
  await wire.open();
  closing.teardown(() => wire.close());
  const behind = new URL(cluster.targetUrl);
  wire.target = { host: behind.hostname, port: Number(behind.port) };
  const up = async (): Promise<void> => {
    await Promise.all([control.up(), cluster.up()]);
  };
  const both: Cluster = { ...control, targetUrl: wire.through(cluster.targetUrl), up };
  targets.set(both, { cluster, wire, small: disk !== undefined });
  return both;
}

export const targetPlace: Place = { name: "target", open };
