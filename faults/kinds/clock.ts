import { setTimeout as pause } from "node:timers/promises";
import type { Kind } from "./kind.ts";

const hour = 3_600_000;

export const clockJump: Kind = {
  name: "clock-jump",
  what: "the clock of a process of the service jumps by hours, back and forth",
  async strike({ slots }, random) {
    const slot = random.pick(slots);
    const jumps = [random.between(-12, -1) * hour, random.between(1, 12) * hour, 0];
    for (const jump of random.chance(0.5) ? jumps : [jumps[1] ?? 0, jumps[0] ?? 0, 0]) {
      slot.setClock(jump);
      if (jump !== 0) await pause(random.between(300, 600));
    }
    return `service ${slot.name} by ${jumps.map((jump) => jump / hour).join(", ")} h`;
  },
  caughtBy: ["late"],
  because: "it compares the expiry with the clock of its own process",
};
