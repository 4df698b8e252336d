import type { Control, Row } from "./outcome.ts";

/** The rows as a table of text, with a line of sums. */
export function showTable(rows: readonly Row[]): string {
  const sum = (field: "injections" | "operations" | "acknowledged" | "unknown" | "violations"): string =>
    String(rows.reduce((total, row) => total + row[field], 0));
  const head = ["kind", "injections", "operations", "acknowledged", "unknown", "violations", "control", "seconds"];
  const body = rows.map((row) => [
    row.kind,
    String(row.injections),
    String(row.operations),
    String(row.acknowledged),
    String(row.unknown),
    String(row.violations),
    controlsOf(row),
    String(row.seconds),
  ]);
  const foot = [
    "all",
    sum("injections"),
    sum("operations"),
    sum("acknowledged"),
    sum("unknown"),
    sum("violations"),
    "",
    "",
  ];
  const lines = [head, ...body, foot];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function controlsOf({ control, careless, skipped }: Row): string {
  if (skipped !== undefined) return `skipped: ${skipped}`;
  return careless === undefined ? textOf(control) : `${textOf(control)}; careless settings: ${textOf(careless)}`;
}

/** What a control was caught by. */
export function textOf(control: Control): string {
  if (control.asExpected === undefined) return "not played";
  const found = Object.entries(control.found).map(([check, times]) => `${check} ${times}`);
  const verdict = control.asExpected ? "" : "NOT AS EXPECTED: ";
  return verdict + (found.length === 0 ? "nothing found" : found.join(", "));
}
