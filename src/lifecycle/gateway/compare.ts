import { digestOf } from "../../kernel/json.ts";
import type { GatewayDifference, GatewayObject } from "./schemas.ts";

/** The aspect of a difference that is about the whole of an object. */
const whole = "object";

/**
 * What of the gateway is not as it was accepted, in the order of the objects' names. What was added or lost together
 * with the object that it goes with is not named beside it.
 *
 * @returns differences whose `sighting` is the same whenever the same is found
 */
export function compare(expected: readonly GatewayObject[], found: readonly GatewayObject[]): GatewayDifference[] {
  const before = byName(expected);
  const after = byName(found);
  const onBothSides = (name: string | null): boolean => name === null || before.has(name) === after.has(name);
  return [...new Set([...before.keys(), ...after.keys()])].sort(inOrder).flatMap((name) => {
    const was = before.get(name);
    const is = after.get(name);
    if (was !== undefined && is !== undefined) return aspects(was, is);
    const of = was?.of ?? is?.of ?? null;
    return onBothSides(of) ? [difference(name, whole, was?.aspects ?? null, is?.aspects ?? null)] : [];
  });
}

function aspects(was: GatewayObject, is: GatewayObject): GatewayDifference[] {
  const names = [...new Set([...Object.keys(was.aspects), ...Object.keys(is.aspects)])].sort(inOrder);
  return names.flatMap((name) => {
    const expected = was.aspects[name] ?? null;
    const found = is.aspects[name] ?? null;
    return digestOf(expected) === digestOf(found) ? [] : [difference(was.object, name, expected, found)];
  });
}

function difference(object: string, aspect: string, expected: unknown, found: unknown): GatewayDifference {
  return { object, aspect, expected, found, sighting: digestOf({ object, aspect, expected, found }) };
}

function byName(objects: readonly GatewayObject[]): ReadonlyMap<string, GatewayObject> {
  return new Map(objects.map((one) => [one.object, one]));
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
