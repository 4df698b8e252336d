import { isDeepStrictEqual } from "node:util";
import type { RequestName } from "./scenery.ts";

/** What is known only once the service has said it (a time, a token, an id), by the name the model gives it. */
export type Memory = Map<string, string>;

abstract class Special {
  abstract fault(value: unknown, memory: Memory): string | undefined;
}

class Absent extends Special {
  fault(value: unknown): string | undefined {
    return value === undefined ? undefined : "must not be there";
  }
}

class Same extends Special {
  readonly name: string;
  readonly earlierByMinutes: number;
  constructor(name: string, earlierByMinutes: number) {
    super();
    this.name = name;
    this.earlierByMinutes = earlierByMinutes;
  }
  fault(value: unknown, memory: Memory): string | undefined {
    if (typeof value !== "string" || value === "") return `must be ${this.name}`;
    const known = memory.get(this.name);
    if (known === undefined && this.earlierByMinutes === 0) {
      memory.set(this.name, value);
      return undefined;
    }
    const due = known === undefined ? undefined : earlier(known, this.earlierByMinutes);
    return value === due ? undefined : `must be ${this.name}: ${due}`;
  }
}

class AnyOrder extends Special {
  readonly items: readonly string[];
  constructor(items: readonly string[]) {
    super();
    this.items = items;
  }
  fault(value: unknown): string | undefined {
    const same = Array.isArray(value) && isDeepStrictEqual((value as string[]).toSorted(), this.items.toSorted());
    return same ? undefined : `must be, in any order, ${this.items.join(", ")}`;
  }
}

/** A member that the answer must not have. */
export const absent: Special = new Absent();
/** The value that the answer had under this name before; whatever it is the first time. */
export const same = (name: string): Special => new Same(name, 0);
/** The time of that name, moved back by what has gone by since. */
export const sameTime = (name: string, minutes: number): Special => new Same(name, minutes);
export const anyOrder = (items: readonly string[]): Special => new AnyOrder(items);

export function earlier(time: string, minutes: number): string {
  return minutes === 0 ? time : new Date(Date.parse(time) - minutes * 60_000).toISOString();
}

/** Members that a body must have at least, nested, with the specials in place of values. */
export interface Shape {
  readonly [member: string]: unknown;
}

/** What the model says that an answer will be. */
export interface Expected {
  readonly status: number;
  /** For the distribution: the code of a refusal, or what came of it. */
  readonly label: string;
  /** The body must be like one of these: more than one where the requirements leave the choice open. */
  readonly oneOf: readonly Shape[];
  /** Where the body is to be the signing payload of this grant, byte for byte (ESIGN-1). */
  readonly payloadOf?: RequestName;
}

/** What in the answer is not as the model says, in words; undefined when they agree. */
export function disagreement(
  expected: Expected,
  answer: { status: number; body: unknown },
  memory: Memory,
): string | undefined {
  if (answer.status !== expected.status) return `the status must be ${expected.status} (${expected.label})`;
  const faults = expected.oneOf.map((shape) => faultIn(shape, answer.body, memory, ""));
  return faults.length === 0 || faults.includes(undefined) ? undefined : faults.join(", or ");
}

function faultIn(shape: unknown, value: unknown, memory: Memory, path: string): string | undefined {
  if (shape instanceof Special) {
    const fault = shape.fault(value, memory);
    return fault === undefined ? undefined : `${path} ${fault}`;
  }
  if (typeof shape !== "object" || shape === null || Array.isArray(shape)) {
    return isDeepStrictEqual(value, shape) ? undefined : `${path} must be ${JSON.stringify(shape)}`;
  }
  if (typeof value !== "object" || value === null) return `${path} must be an object`;
  for (const [member, wanted] of Object.entries(shape)) {
    const fault = faultIn(wanted, (value as Record<string, unknown>)[member], memory, `${path}/${member}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
