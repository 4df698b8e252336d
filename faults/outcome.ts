import type { CheckName } from "./checks/checks.ts";
import type { Violation } from "./checks/judge.ts";
import type { Kind } from "./kinds/index.ts";

/** Who works in a round: the service; the naive consume in its place; or the service on settings that promise too much. */
export type Manner = "service" | "naive" | "careless";

/** What became of one round. */
export interface Played {
  readonly name: string;
  readonly kind: string;
  readonly manner: Manner;
  readonly seed: number;
  readonly injections: number;
  readonly operations: number;
  readonly acknowledged: number;
  /** Attempts without a definite answer. */
  readonly unknown: number;
  /** Those that came up in this round. */
  readonly violations: readonly Violation[];
  readonly seconds: number;
  readonly journal: string;
  /** The command that plays it again. */
  readonly replay: string;
}

/** What became of the rounds of one kind. */
export interface Row {
  readonly kind: string;
  readonly rounds: number;
  readonly injections: number;
  readonly operations: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly violations: number;
  readonly control: Control;
  /** The service itself on the settings that the kind is the reason against; only where it has such. */
  readonly careless?: Control;
  readonly seconds: number;
  /** Why it was left out, where it was. */
  readonly skipped?: string;
}

export interface Control {
  /** Violations of the control, by check. */
  readonly found: Partial<Record<CheckName, number>>;
  readonly injections: number;
  /** Whether one of the checks has caught it that are there for it; where no fault strikes, whether it was left alone. */
  readonly asExpected: boolean | undefined;
}

export interface Outcome {
  readonly rows: readonly Row[];
  /** The rounds of the service that something was violated in. */
  readonly failed: readonly Played[];
  readonly rounds: readonly Played[];
  readonly postgres: string;
}

/** Whether the control of a kind has been caught by now; undefined where it has not been played. */
export function controlOf(kind: Kind, manner: Exclude<Manner, "service">, rounds: readonly Played[]): Control {
  const own = rounds.filter((one) => one.kind === kind.name && one.manner === manner);
  const found: Partial<Record<CheckName, number>> = {};
  for (const { check } of own.flatMap(({ violations }) => violations)) found[check] = (found[check] ?? 0) + 1;
  const injections = own.reduce((total, one) => total + one.injections, 0);
  const by: readonly CheckName[] = manner === "careless" ? ["lost"] : kind.caughtBy;
  const caught = by.some((check) => (found[check] ?? 0) > 0);
  const asExpected = by.length > 0 ? caught : Object.keys(found).length === 0;
  return { found, injections, asExpected: own.length === 0 ? undefined : asExpected };
}

/** Sums the rounds up, a row for each kind. @param skipped why a kind was left out, by its name */
export function outcomeOf(
  kinds: readonly Kind[],
  rounds: readonly Played[],
  skipped: ReadonlyMap<string, string>,
  postgres: string,
): Outcome {
  const rows = kinds.map((kind): Row => {
    const own = rounds.filter((one) => one.kind === kind.name && one.manner === "service");
    const sum = (value: (one: Played) => number): number => own.reduce((total, one) => total + value(one), 0);
    const why = skipped.get(kind.name);
    return {
      kind: kind.name,
      rounds: own.length,
      injections: sum((one) => one.injections),
      operations: sum((one) => one.operations),
      acknowledged: sum((one) => one.acknowledged),
      unknown: sum((one) => one.unknown),
      violations: sum((one) => one.violations.length),
      control: controlOf(kind, "naive", rounds),
      ...(kind.careless !== undefined && { careless: controlOf(kind, "careless", rounds) }),
      seconds: Math.round(sum((one) => one.seconds) * 10) / 10,
      ...(why !== undefined && { skipped: why }),
    };
  });
  const failed = rounds.filter((one) => one.manner === "service" && one.violations.length > 0);
  return { rows, failed, rounds, postgres };
}

/** Whether every control that was played is as expected. */
export function controlsHold({ rows }: Outcome): boolean {
  return rows.every(({ control, careless }) => control.asExpected !== false && careless?.asExpected !== false);
}
