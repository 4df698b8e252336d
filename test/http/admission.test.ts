import t from "tap";
import { Admission, type Entry } from "../../src/http/admission.ts";
import { type Model, simulate } from "./admission-simulation.ts";

/** Lets in as many as there is room for. */
function fill(room: Admission, now: number, wanted: number): Entry[] {
  return Array.from({ length: wanted }, () => room.enter(now)).filter((entry) => entry !== undefined);
}

function drain(room: Admission, entries: readonly Entry[], from: number, everyMs: number): number {
  for (const [at, entry] of entries.entries()) room.leave(entry, from + (at + 1) * everyMs);
  return from + entries.length * everyMs;
}

/** More come than get done: one every so often, the earliest first. @returns those that are left, and the time */
function crowded(room: Admission, from: number, paceMs: number): { now: number; left: Entry[] } {
  const left: Entry[] = [];
  let now = from;
  for (; now < from + 2_000; now += paceMs) {
    left.push(...fill(room, now, 4));
    const first = left.shift();
    if (first !== undefined) room.leave(first, now + paceMs);
  }
  return { now, left };
}

t.test("OPEN-7 a burst that comes to an idle process is let in up to the bound, and one more is not", (t) => {
  const room = new Admission({ maxInFlight: 500, maxQueueMs: 50 });
  t.equal(fill(room, 10, 600).length, 500);
  t.equal(room.inFlight, 500);
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

t.test("OPEN-7 after the crowd is gone, what was learnt from it is forgotten", (t) => {
  const room = new Admission({ maxInFlight: 1_000, maxQueueMs: 50 });
  const { now, left } = crowded(room, 1_000, 0.25);
  t.ok(room.limit < 200, `${room.limit}`);
  drain(room, left, now, 0.25);
  t.equal(fill(room, now + 2_000, 1_000).length, 1_000);
  t.end();
});

t.test(
  "OPEN-7 while nothing gets done, the limit does not grow, and what comes at once after it is not the pace",
  (t) => {
    const room = new Admission({ maxInFlight: 1_000, maxQueueMs: 50 });
    const { now, left } = crowded(room, 1_000, 0.25);
    left.push(...fill(room, now + 60, 1_000));
    const { limit } = room;
    for (let tick = 1; tick < 9; tick += 1) t.equal(fill(room, now + tick * 110, 1_000).length, 0, `${tick}`);
    for (const entry of left) room.leave(entry, now + 2_000);
    fill(room, now + 2_060, 1);
    t.ok(room.limit <= limit * 1.1, `${limit}, ${room.limit}`);
    t.end();
  },
);

const usual: Omit<Model, "load" | "seed"> = {
  untilMs: 10_000,
  workMs: 0.5,
  tripMs: 3,
  batch: 64,
  stall: { everyMs: 1_000, forMs: 30 },
};
const machines: Readonly<Record<string, typeof usual>> = {
  "shared commits": usual,
  "one by one": { ...usual, batch: 1 },
  quick: { ...usual, workMs: 0.1 },
  "far away": { ...usual, workMs: 0.25, tripMs: 80 },
};
const seeds = [1, 2, 3];
const bounds = { maxInFlight: 1_000, maxQueueMs: 50 };

for (const [name, machine] of Object.entries(machines)) {
  t.test(`OPEN-7 ${name}: at half and at four fifths of the capacity nobody is refused, stalls or not`, (t) => {
    for (const seed of seeds)
      for (const share of [0.5, 0.8]) {
        const load = [{ fromMs: 0, share }];
        const { came, refused, p99 } = simulate(bounds, { ...machine, load, seed }).between(0, 10_000);
        t.equal(refused, 0, `${share} of capacity, seed ${seed}: ${came} came, p99 ${p99.toFixed(0)} ms`);
      }
    t.end();
  });

  t.test(
    `OPEN-7 ${name}: at twice the capacity what is let in is answered soon, and no capacity is left unused`,
    (t) => {
      for (const seed of seeds) {
        const model: Model = { ...machine, load: [{ fromMs: 0, share: 2 }], seed };
        const [door, number] = [bounds, { ...bounds, maxQueueMs: 0 }].map((one) =>
          simulate(one, model).between(1_000, 10_000),
        );
        if (door === undefined || number === undefined) throw new Error("two were asked for");
        const most = machine.tripMs + bounds.maxQueueMs + 3 * machine.stall.forMs;
        t.ok(door.p99 <= most, `p99 ${door.p99.toFixed(0)} <= ${most} ms`);
        t.ok(door.done >= number.done * 0.95, `${door.done} done; with a queue that is always long, ${number.done}`);
        t.ok(
          Math.abs(door.refused / door.came - 0.5) < 0.05,
          `${((100 * door.refused) / door.came).toFixed(1)} % refused`,
        );
        if (machine.workMs > 0.1)
          t.ok(number.p99 > most, `control: their number alone keeps no time: ${number.p99.toFixed(0)} ms`);
      }
      t.end();
    },
  );
}

t.test("OPEN-7 at the capacity itself little is refused, and nobody waits for long", (t) => {
  for (const seed of seeds) {
    const { came, refused, p99 } = simulate(bounds, { ...usual, load: [{ fromMs: 0, share: 1 }], seed }).between(
      0,
      10_000,
    );
    t.ok(refused / came < 0.15 && p99 < 150, `${((100 * refused) / came).toFixed(1)} %, p99 ${p99.toFixed(0)} ms`);
  }
  t.end();
});

t.test("OPEN-7 long stalls below the capacity close the door for moments, not for good", (t) => {
  const stalling = { ...usual, stall: { everyMs: 500, forMs: 60 } };
  for (const seed of seeds)
    for (const [share, most] of [
      [0.5, 0.02],
      [0.8, 0.08],
    ] as const) {
      const { came, refused } = simulate(bounds, { ...stalling, load: [{ fromMs: 0, share }], seed }).between(
        0,
        10_000,
      );
      t.ok(refused / came < most, `${share}, seed ${seed}: ${((100 * refused) / came).toFixed(1)} %`);
    }
  t.end();
});

t.test("OPEN-7 three seconds after an overload everybody is let in again, and as quickly as before it", (t) => {
  const load = [
    { fromMs: 0, share: 0.7 },
    { fromMs: 3_000, share: 2 },
    { fromMs: 8_000, share: 0.7 },
  ];
  for (const seed of seeds) {
    const seen = simulate(bounds, { ...usual, untilMs: 14_000, load, seed });
    const [before, after] = [seen.between(0, 3_000), seen.between(11_000, 14_000)];
    t.ok(seen.between(3_000, 8_000).refused > 0);
    t.equal(after.refused, 0);
    t.ok(after.p50 < before.p50 * 1.5, `${before.p50.toFixed(1)} and ${after.p50.toFixed(1)} ms`);
  }
  t.end();
});

t.test("OPEN-7 a stream takes no place, and does not pass for a request that was done at once", (t) => {
  const tripMs = 80;
  for (const aside of [true, false]) {
    const room = new Admission({ maxInFlight: 1_000, maxQueueMs: 50 });
    let now = 1_000;
    const over = (one: Entry, trip: number): void => {
      if (trip > 0 || !aside) room.leave(one, now + trip);
      else room.setAside();
    };
    for (let n = 0; n < 192; n += 1, now += 100) for (const one of fill(room, now, 1)) over(one, n < 64 ? tripMs : 0);
    t.equal(room.inFlight, 0);
    // Two hundred at any time, which is what comes where each takes its way and waits for nobody.
    const under = fill(room, now, 200);
    for (const end = now + 2_000; now < end; now += tripMs / 200) {
      const first = under.shift();
      if (first !== undefined) room.leave(first, Math.max(now, first.at + tripMs));
      under.push(...fill(room, now, 1));
    }
    if (aside) t.equal(room.limit, 1_000);
    else t.ok(room.limit < 1_000, "control: taken for requests they would make the way look like a queue");
  }
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
