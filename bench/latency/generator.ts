/**
 * The load, as a process of its own: its order comes over the channel of its parent, and what it saw goes back the same way.
 * Closed: each connection asks again as soon as it is answered. Open: every request has a time at which it is due, leaves
 * then whether or not the others were answered, and its latency counts from then on, so that a slow answer is not excused by
 * the requests that it kept from being sent.
 */
import process from "node:process";
import { setImmediate as turn } from "node:timers/promises";
import { Wire } from "../overload/wire.ts";

export interface Prepared {
  /** The whole request, as it goes over the wire. */
  readonly text: string;
  readonly status: number;
}

export interface Order {
  /** The processes of the service: the connections are spread over them. */
  readonly urls: readonly string[];
  readonly connections: number;
  readonly requests: readonly Prepared[];
  /** How many are asked; with more than there are, they are asked again from the first on. */
  readonly count: number;
  /** Open: when each is due, in ms from the beginning, in order. */
  readonly due?: Float64Array;
}

export interface Seen {
  readonly seconds: number;
  /** Latency of each, in ms, in no order; those that failed as well. */
  readonly times: Float64Array;
  /** How long after it was due each left, in ms: what of the latency is the generator's own. */
  readonly late: Float64Array;
  /** Answers of another status than they should have, and missing ones, by what they were. */
  readonly failures: Readonly<Record<string, number>>;
}

const patienceMs = 10_000;
/** The sleep between two looks at the schedule and at the sockets, in ms: a timer's millisecond would bunch the requests. */
const nap = 0.1;
const nothing = new Int32Array(new SharedArrayBuffer(4));

class Phase {
  readonly #order: Order;
  readonly #wires: Wire[];
  readonly #idle: Wire[];
  readonly #underWay = new Map<Wire, number>();
  readonly #times: Float64Array;
  readonly #late: Float64Array;
  readonly #failures: Record<string, number> = {};
  #start = 0;
  #sent = 0;
  #answered = 0;
  #end: () => void = () => undefined;
  readonly #over = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(order: Order) {
    this.#order = order;
    this.#times = new Float64Array(order.count);
    this.#late = new Float64Array(order.count);
    this.#wires = Array.from({ length: order.connections }, (_, at) => {
      const { hostname, port } = new URL(order.urls[at % order.urls.length] as string);
      return new Wire(Number(port), hostname);
    });
    this.#idle = [...this.#wires];
  }

  async run(): Promise<Seen> {
    const { count } = this.#order;
    await Promise.all(this.#wires.map((wire) => wire.opened));
    this.#start = performance.now();
    const watch = setInterval(() => this.#lose(performance.now() - patienceMs), 250);
    this.#pour();
    if (this.#order.due === undefined) await this.#over;
    while (this.#answered < count) {
      Atomics.wait(nothing, 0, 0, nap);
      await turn();
      this.#pour();
    }
    const seconds = (performance.now() - this.#start) / 1_000;
    clearInterval(watch);
    for (const wire of this.#wires) wire.close("");
    return { seconds, times: this.#times, late: this.#late, failures: this.#failures };
  }

  /** Sends what is due, as far as there are connections; what waits for one is late, and its latency counts. */
  #pour(): void {
    const { count, due } = this.#order;
    while (this.#sent < count && this.#idle.length > 0) {
      const now = performance.now();
      const at = due === undefined ? now : this.#start + (due[this.#sent] as number);
      if (at > now) return;
      this.#send(this.#idle.shift() as Wire, this.#sent, at);
      this.#sent += 1;
    }
    if (this.#sent < count && this.#wires.every((wire) => wire.dead)) throw new Error("every connection is lost");
  }

  #send(wire: Wire, nth: number, due: number): void {
    const { requests } = this.#order;
    const request = requests[nth % requests.length] as Prepared;
    const now = performance.now();
    this.#late[nth] = now - due;
    this.#underWay.set(wire, now);
    wire.send(request.text, (reply, fault) => {
      this.#underWay.delete(wire);
      this.#times[nth] = performance.now() - due;
      this.#answered += 1;
      if (reply?.status !== request.status) {
        const code = /"code":"(\w+)"/.exec(reply?.body ?? "")?.[1] ?? "";
        const what = reply === undefined ? (fault ?? "no answer") : `${reply.status} ${code}`;
        this.#failures[what] = (this.#failures[what] ?? 0) + 1;
      }
      if (!wire.dead) this.#idle.push(wire);
      if (this.#answered === this.#order.count) this.#end();
      else if (this.#order.due === undefined) this.#pour();
    });
  }

  #lose(before: number): void {
    for (const [wire, since] of this.#underWay) if (since < before) wire.close("no answer in 10 s");
  }
}

process.on("message", (order: Order) => {
  void new Phase(order).run().then((seen) => process.send?.(seen));
});
