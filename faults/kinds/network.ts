import { setTimeout as pause } from "node:timers/promises";
import type { Scene } from "../scene/scene.ts";
import type { Slot } from "../scene/slot.ts";
import type { Trouble, Way, Wire } from "../scene/wire.ts";
import type { Seeded } from "../seeded.ts";
import type { Kind } from "./kind.ts";

/** Something is wrong with one wire, or with both of its kind, for a while. @param plain which way it goes in the control, where all is lost */
async function disturb(
  { slots, naive }: Scene,
  wireOf: (slot: Slot) => Wire,
  random: Seeded,
  plain: Way,
): Promise<string> {
  const trouble: Trouble = {
    how: random.pick(["drop", "reset", "half-close", ...(naive ? [] : (["drop", "delay"] as const))] as const),
    way: naive ? plain : random.pick(["received", "received", "sent"] as const),
    share: naive ? 1 : random.pick([0.3, 0.7, 1]),
    milliseconds: random.between(30, 250),
  };
  const hit = naive || random.chance(0.5) ? slots : [random.pick(slots)];
  const wires = hit.map(wireOf);
  const before = wires.reduce((sum, { struck }) => sum + struck, 0);
  const lasting = random.between(300, 800);
  for (const wire of wires) wire.trouble(trouble);
  await pause(lasting);
  for (const wire of wires) wire.heal();
  const struck = wires.reduce((sum, wire) => sum + wire.struck, 0) - before;
  const late = trouble.how === "delay" ? ` by ${trouble.milliseconds} ms` : "";
  const where = hit.map(({ name }) => name).join("+");
  return `${trouble.how}${late} of what is ${trouble.way}, ${where}, ${lasting} ms, ${struck} connections`;
}

export const lostReplies: Kind = {
  name: "lost-replies",
  what: "between the client and the service: bytes dropped, late, reset, half-closed, in either direction",
  strike: (scene, random) => disturb(scene, ({ front }) => front, random, "received"),
  caughtBy: ["refused"],
  because: "it keeps no receipt: who asks again after a lost answer is told that another has used the grant",
};

export const lostStatements: Kind = {
  name: "lost-statements",
  what: "between the service and PostgreSQL: bytes dropped, late, reset, half-closed, in either direction",
  strike: (scene, random) => disturb(scene, ({ back }) => back, random, "sent"),
  caughtBy: ["lost", "audit"],
  because: "it has answered before its statement has arrived, and does not look whether it has",
};
