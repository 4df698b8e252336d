import { setTimeout as pause } from "node:timers/promises";
import type { Kind } from "./kind.ts";

const hour = 3_600_000;

export const clockJump: Kind = {
  name: "clock-jump",
  what: "the clocks of the service's processes jump by hours, back and forth",
  async strike({ slots }, random) {
    const jumps = [random.between(-12, -1) * hour, random.between(1, 12) * hour, 0];
    for (const jump of random.chance(0.5) ? jumps : [jumps[1] ?? 0, jumps[0] ?? 0, 0]) {
      for (const slot of slots) slot.setClock(jump);
      // Long enough, while it is behind, that somebody asks for a grant which has expired meanwhile.
      if (jump !== 0) await pause(jump < 0 ? random.between(1_300, 1_700) : random.between(200, 450));
    }
    return `every service by ${jumps.map((jump) => jump / hour).join(", ")} h`;
  },
  caughtBy: ["late"],
  because: "it compares the expiry with the clock of its own process",
};
