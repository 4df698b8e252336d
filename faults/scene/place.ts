import type { Closing } from "../closing.ts";
import type { Seeded } from "../seeded.ts";
import { type Cluster, mountSmallDisk, startCluster } from "./cluster.ts";

export interface PlaceOptions {
  /** Where logs are kept; it is there already. */
  readonly folder: string;
  readonly random: Seeded;
  /** Whether it is for the control. */
  readonly naive: boolean;
}

/** Where rounds are played: the PostgreSQL behind the service, and whatever else a kind of fault needs around it. */
export interface Place {
  /** Kinds whose places have one name share one. Also part of names of folders. */
  readonly name: string;
  /** Whether what it makes is the same for the control, which may then come after the service there. */
  readonly forBoth?: boolean;
  /** Makes it anew; what it has made is undone by `closing`. @throws NotHere where this machine cannot have it */
  open(closing: Closing, options: PlaceOptions): Promise<Cluster>;
}

/** This machine has not what a place needs: its kinds are skipped, with the message as the reason. */
export class NotHere extends Error {}

export const ownPlace: Place = { name: "own", forBoth: true, open: (closing) => startCluster(closing) };

const smallDiskMegabytes = 256;

export const smallDisk: Place = {
  name: "small",
  forBoth: true,
  async open(closing) {
    const parent = await mountSmallDisk(closing, smallDiskMegabytes);
    if (parent === undefined) throw new NotHere("a tmpfs cannot be mounted here");
    return startCluster(closing, parent);
  },
};
