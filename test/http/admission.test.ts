import t from "tap";
import { Admission, alwaysAdmitted, type Entry } from "../../src/http/admission.ts";

/** Lets in as many as there is room for. */
function fill(room: Admission, now: number, wanted: number): Entry[] {
  return Array.from({ length: wanted }, () => room.enter(now)).filter((entry) => entry !== undefined);
}

function drain(room: Admission, entries: readonly Entry[], from: number, everyMs: number): number {
  for (const [at, entry] of entries.entries()) room.leave(entry, from + (at + 1) * everyMs);
  return from + entries.length * everyMs;
}

t.test("OPEN-7 a burst that comes to an idle process is let in up to the bound, and one more is not", (t) => {
  const room = new Admission({ maxInFlight: 500, maxQueueMs: 50 });
  t.equal(fill(room, 10, 600).length, 500);
  t.equal(room.inFlight, 500);
  t.end();
});

t.test("OPEN-7 under a crowd as many are let in as get done within the bound, whatever the machine's pace", (t) => {
  for (const [paceMs, expected] of [
    [0.1, 500],
    [0.25, 200],
    [0.5, 100],
    [5, alwaysAdmitted],
  ] as const) {
    const room = new Admission({ maxInFlight: 1_000, maxQueueMs: 50 });
    let now = 1_000;
    // Waves of whoever fits; each gets done one after the other, as a queue is worked off.
    for (let wave = 0; wave < 6; wave += 1) now = drain(room, fill(room, now, 1_000), now, paceMs);
    const fits = fill(room, now, 1_000).length;
    t.ok(Math.abs(fits - expected) <= expected * 0.1, `${paceMs} ms each: ${fits} of about ${expected}`);
  }
  t.end();
});

t.test("OPEN-7 without a bound on the wait only their number counts", (t) => {
  const room = new Admission({ maxInFlight: 300, maxQueueMs: 0 });
  let now = 1_000;
  for (let wave = 0; wave < 6; wave += 1) now = drain(room, fill(room, now, 1_000), now, 10);
  t.equal(fill(room, now, 1_000).length, 300);
  t.end();
});

t.test("OPEN-7 a few slow ones among many quick ones close the door on nobody", (t) => {
  const room = new Admission({ maxInFlight: 1_000, maxQueueMs: 50 });
  let now = 1_000;
  const slow: Entry[] = [];
  for (let wave = 0; wave < 20; wave += 1) {
    const entries = fill(room, now, 200);
    slow.push(...entries.splice(190));
    now = drain(room, entries, now, 0.1);
    // Two seconds each; they end while others are under way.
    for (const entry of slow.splice(0, Math.max(0, slow.length - 50))) room.leave(entry, entry.at + 2_000);
  }
  t.ok(fill(room, now, 1_000).length > 300);
  t.end();
});

t.test("OPEN-7 bursts with quiet between them are no crowd that stands: each is let in whole", (t) => {
  const room = new Admission({ maxInFlight: 1_000, maxQueueMs: 10 });
  for (let now = 1_000; now < 3_000; now += 150) {
    const burst = fill(room, now, 300);
    t.equal(burst.length, 300);
    drain(room, burst, now, 0.2);
  }
  t.end();
});

t.test("OPEN-7 a database that is far away is no crowd: what the work takes alone does not count", (t) => {
  for (const known of [true, false]) {
    const room = new Admission({ maxInFlight: 1_000, maxQueueMs: 10 });
    const tripMs = 40;
    let now = 1_000;
    if (known)
      for (let n = 0; n < 20; n += 1, now += 50) for (const one of fill(room, now, 1)) room.leave(one, now + tripMs);
    let least = 1_000;
    for (let wave = 0; wave < 20; wave += 1) {
      const entries = fill(room, now, 400);
      least = Math.min(least, entries.length);
      now += tripMs;
      for (const entry of entries) room.leave(entry, now);
    }
    if (known) t.equal(least, 400, "whoever came was let in");
    else t.ok(least < 400, "control: where it is not known how long the work takes, waiting is taken for a queue");
  }
  t.end();
});

t.test("OPEN-7 after the crowd is gone, what was learnt from it is forgotten", (t) => {
  const room = new Admission({ maxInFlight: 1_000, maxQueueMs: 50 });
  let now = 1_000;
  for (let wave = 0; wave < 6; wave += 1) now = drain(room, fill(room, now, 1_000), now, 0.5);
  t.ok(room.limit < 200);
  t.equal(fill(room, now + 2_000, 1_000).length, 1_000);
  t.end();
});

t.test("OPEN-7 while nothing gets done, the limit does not grow", (t) => {
  const room = new Admission({ maxInFlight: 1_000, maxQueueMs: 50 });
  let now = 1_000;
  for (let wave = 0; wave < 6; wave += 1) now = drain(room, fill(room, now, 1_000), now, 0.5);
  const stuck = fill(room, now, 1_000).length;
  for (let tick = 1; tick < 9; tick += 1) t.equal(fill(room, now + tick * 110, 1_000).length, 0, `${tick}`);
  t.ok(stuck < 200);
  t.end();
});

t.test("OPEN-7 what is urgent has a reserve beyond the limit, and that has an end too", (t) => {
  const room = new Admission({ maxInFlight: 100, maxQueueMs: 50 });
  fill(room, 10, 200);
  const urgent = Array.from({ length: 100 }, () => room.enter(10, () => true)).filter((entry) => entry !== undefined);
  t.equal(urgent.length, 64);
  t.equal(room.enter(10), undefined);
  t.end();
});
