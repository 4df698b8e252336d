import type pg from "pg";
import { isStream, textOf, wire } from "./statements.ts";

const marks = /INSERT INTO countersign_run_marker/;

/**
 * Makes this process work as an engine would that writes the marker of a state in a transaction of its own, once the
 * state's is committed. It stands outside of whatever watches the statements, so those of the marker are watched too.
 */
export function beNaive(): void {
  const { query } = wire;
  const held = new WeakMap<pg.Client, unknown[]>();
  const apart = async function (this: pg.Client, ...given: unknown[]): Promise<unknown> {
    const text = textOf(given[0]);
    if (marks.test(text)) {
      held.set(this, given);
      return { rows: [], rowCount: 1 };
    }
    const answer = await query.apply(this, given);
    const marker = held.get(this);
    if (marker !== undefined && text.endsWith("COMMIT")) {
      held.delete(this);
      await query.call(this, "BEGIN");
      await query.apply(this, marker);
      await query.call(this, "COMMIT");
    }
    return answer;
  };
  wire.query = function (...given) {
    return isStream(given[0]) ? query.apply(this, given) : apart.apply(this, given);
  };
}
