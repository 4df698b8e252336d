import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../scene/patience.ts";
import { type PatroniPair, patroniOf, patroniPlace } from "../scene/patroni.ts";
import type { PatroniMember } from "../scene/patroni-member.ts";
import type { Seeded } from "../seeded.ts";
import { endWaits } from "./failover-waits.ts";
import type { Kind } from "./kind.ts";

/** Longer than a leader's lock lasts. Where the standby was found missing before the leader went, nobody may take over. */
const takeOverSeconds = 12;

/** Waits for another leader, as long as that may take. @returns whether there is one */
function taken(pair: PatroniPair, from: PatroniMember): Promise<boolean> {
  const another = async (): Promise<boolean> => (await pair.leader()) !== from;
  return eventually("another member leads", another, takeOverSeconds).then(
    () => true,
    () => false,
  );
}

/** What may happen to the leader; each ends with it being able to follow. */
const fates: Readonly<Record<string, (pair: PatroniPair, leader: PatroniMember, random: Seeded) => Promise<string>>> = {
  async "PostgreSQL killed"(pair, leader) {
    await leader.killServer();
    return (await taken(pair, leader)) ? "the other takes over" : "it comes back";
  },

  /** Its PostgreSQL goes on by itself, and takes itself for the primary. */
  async "Patroni killed"(pair, leader) {
    await leader.patroni.kill();
    const another = await taken(pair, leader);
    leader.patroni.start();
    return another ? "the other takes over" : "it comes back";
  },

  async "both stopped"(pair, leader) {
    leader.patroni.signal("SIGSTOP");
    await leader.signalServer("SIGSTOP");
    const another = await taken(pair, leader);
    await leader.signalServer("SIGCONT");
    // For a moment it does not know what has happened meanwhile.
    await pause(200);
    leader.patroni.signal("SIGCONT");
    return another ? "the other takes over" : "it comes back";
  },

  async "switched over"(pair, leader) {
    const said = await leader.switchOver();
    await taken(pair, leader);
    return said;
  },

  /** Whoever leads without being able to say so steps down. */
  async "etcd killed"(pair, _, random) {
    const milliseconds = random.between(1_000, 5_000);
    await pair.etcd.kill();
    await pause(milliseconds);
    pair.etcd.start();
    return `for ${milliseconds} ms`;
  },
};

/** Replication is cut for a while, so that commits wait, and those waits may be ended. */
async function cutOff(leader: PatroniMember, random: Seeded): Promise<string> {
  const silently = random.chance(0.7);
  if (silently) leader.link.freeze();
  else leader.link.leadTo(undefined);
  const milliseconds = random.between(200, 500);
  const how = random.pick(["cancel", "cancel", "terminate"] as const);
  // It may be stepping down on its own account just now, and let nobody in.
  const ended = await endWaits(leader.superUrl(), how, milliseconds).catch(() => "no");
  return `replication ${silently ? "frozen" : "cut"} for ${milliseconds} ms, ${ended} waits ended (${how}), `;
}

export const patroni: Kind = {
  name: "patroni",
  long: true,
  what: "under Patroni with etcd: PostgreSQL, Patroni or etcd killed, both stopped, a switchover; the synchronous standby takes over",
  place: patroniPlace,
  async strike(scene, random) {
    const pair = patroniOf(scene);
    await pair.up();
    const leader = await pair.leader();
    const before = random.chance(0.5) ? await cutOff(leader, random) : "";
    const [name, befall] = random.pick(Object.entries(fates));
    const link = async (): Promise<void> => {
      // Long enough that the leader is gone when it can be reached again.
      await pause(400);
      if (before !== "") leader.link.leadTo(leader.port);
    };
    const [said] = await Promise.all([befall(pair, leader, random), link()]);
    return `${before}${leader.name}: ${name}, ${said}`;
  },
  caughtBy: ["lost", "audit"],
  because: "it has answered before it writes, and nobody tells the new leader",
};
