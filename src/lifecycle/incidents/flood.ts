import { digestOf } from "../../kernel/json.ts";
import type { IncidentKind } from "./schemas.ts";
import type { Sighted } from "./store.ts";

/** Refused writes of one look that each get an incident; more of them are a flood, whose rest is one incident. */
export const mostLines = 200;
/** The same of differences and contradictions, which nobody makes by trying. */
export const mostFindings = 5_000;
/** Groups that a folded incident names. */
const mostGroups = 50;

/**
 * At most so many sightings: the rest is one incident, which says how many there were of what. Each of a flood is an audit
 * event and somebody's work, and a caller can refuse itself as often as it likes.
 */
export function fold(kind: IncidentKind, sighted: readonly Sighted[], most: number): Sighted[] {
  if (sighted.length <= most) return [...sighted];
  const rest = sighted.slice(most);
  const counts = new Map<string, number>();
  for (const one of rest) {
    const group = groupOf(one);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const groups = [...counts].toSorted(([, a], [, b]) => b - a);
  return [
    ...sighted.slice(0, most),
    {
      kind,
      subject: `${rest.length} more`,
      sighting: digestOf(rest.map(({ subject, sighting }) => [subject, sighting])),
      detail: {
        folded: rest.length,
        first: rest[0]?.sighting ?? null,
        last: rest.at(-1)?.sighting ?? null,
        groups: groups.slice(0, mostGroups).map(([group, count]) => ({ group, count })),
        other_groups: Math.max(0, groups.length - mostGroups),
      },
    },
  ];
}

/** Who has tried what on which object; of a finding the object alone. */
function groupOf({ kind, subject, detail }: Sighted): string {
  if (kind !== "direct_write_refused") return subject;
  const { role, operation } = detail as { readonly role: string | null; readonly operation: string };
  return `${operation} ${subject} by ${role ?? "unknown"}`;
}
