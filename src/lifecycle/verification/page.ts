import { canonicalJson } from "../../kernel/json.ts";
import { document, facts, section, table, word } from "../../kernel/markup.ts";
import type { Check, RoleCell, VerificationReport } from "./schemas.ts";

/** The report as a page to read or to print: nothing but headings and tables, so that the strictest policy fits it. */
export function verificationPage(report: VerificationReport): string {
  const { database, taken_at, digest, gateway_digest, existence, behaviour, roles, fingerprints, backlog } = report;
  const { consistency } = report;
  const title = `Verification of the lifecycle gateway of ${database}`;
  const rest = backlog.installed ? "It is installed." : "It is not installed, and does not count in the result.";
  return document(title, [
    `<p>Result: <strong>${word(report.passed)}</strong></p>`,
    facts([
      ["Database", database],
      ["Taken at", taken_at],
      ["Digest of the report", digest],
      ["Digest of the gateway", gateway_digest],
      ["Ready for acceptance", report.acceptable ? "yes" : "no"],
      ...Object.entries(report.bodies_to_name).map(([name, md5]) => [`To be named: ${name}`, md5] as const),
    ]),
    section("Existence probes", existence.passed, checks("The seven probes of section 4.1", existence.probes)),
    section(
      "Behavioural probes",
      behaviour.passed,
      checks("The probes of section 4.2, each rolled back", behaviour.probes),
      table(
        "Rows before and after the probes",
        ["Table", "Before", "After"],
        behaviour.row_counts.map((row) => [row.table, row.before ?? "no table", row.after ?? "no table"]),
      ),
    ),
    section(
      "Roles",
      roles.passed,
      matrix(roles.cells),
      checks("Owners, rights of functions, attributes of roles, and everybody else", roles.posture),
    ),
    section(
      "Fingerprints",
      fingerprints.passed,
      checks("Schema (section 3.1)", fingerprints.schema),
      checks("Data (section 3.2)", fingerprints.data),
    ),
    section("Backlog", backlog.passed, `<p>${rest}</p>`, checks("What the backlog brings", backlog.probes)),
    section(
      "State and log",
      consistency.passed,
      facts([
        ["Units that are no draft", consistency.units],
        ["Versions that are no draft", consistency.versions],
        ["Rows of the log", consistency.log_rows],
        ["Contradictions", consistency.contradictions],
      ]),
      consistency.examples.length === 0
        ? ""
        : table(
            "Contradictions, up to 20 of them",
            ["Unit", "Version", "What is wrong"],
            consistency.examples.map((one) => [one.canonical_address, one.version_id ?? "", one.problem]),
          ),
    ),
  ]);
}

/** One table for each kind of object: a row for an object and a role, a column for a privilege. */
function matrix(cells: readonly RoleCell[]): string {
  const tables = cells.filter(({ privilege }) => privilege !== "EXECUTE");
  const functions = cells.filter(({ privilege }) => privilege === "EXECUTE");
  return matrixOf("Tables: who may do what", tables) + matrixOf("Functions: who may execute what", functions);
}

function matrixOf(caption: string, cells: readonly RoleCell[]): string {
  const privileges = [...new Set(cells.map(({ privilege }) => privilege))];
  const rows = Map.groupBy(cells, ({ object, role }) => `${object}\n${role}`);
  return table(
    caption,
    ["Object", "Role", ...privileges],
    [...rows.values()].map((row) => [
      row[0]?.object ?? "",
      row[0]?.role ?? "",
      ...privileges.map((privilege) => held(row.find((cell) => cell.privilege === privilege))),
    ]),
  );
}

function held(cell: RoleCell | undefined): string {
  if (cell === undefined) return "";
  const found = cell.found === null ? "absent" : cell.found ? "yes" : "no";
  return cell.passed ? found : `failed: ${found}, expected ${cell.expected ? "yes" : "no"}`;
}

function checks(caption: string, rows: readonly Check[]): string {
  return table(
    caption,
    ["Name", "What", "Expected", "Found", "Result"],
    rows.map((row) => [
      row.id,
      row.note === undefined ? row.title : `${row.title}. ${row.note}`,
      said(row.expected),
      said(row.found),
      row.verdict,
    ]),
  );
}

function said(value: unknown): string {
  return typeof value === "string" ? value : canonicalJson(value);
}
