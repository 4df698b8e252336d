// Loaded into a service before it starts (`node --import`): at SIGWINCH its clock jumps to where the file that CLOCK_SHIFT names
// says, in milliseconds. The wall clock goes either way; the monotonic one only ever forward, as after a sleep of the machine.
import { readFileSync } from "node:fs";
import process from "node:process";

const file = process.env["CLOCK_SHIFT"] ?? "";
const RealDate = Date;
const realNow = performance.now.bind(performance);
let shift = 0;
let slept = 0;

class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + shift);
    else super(...(given as [number]));
  }

  static override now(): number {
    return RealDate.now() + shift;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
performance.now = () => realNow() + slept;

process.on("SIGWINCH", () => {
  const next = Number(readFileSync(file, "utf8"));
  if (next > shift) slept += next - shift;
  shift = next;
});
