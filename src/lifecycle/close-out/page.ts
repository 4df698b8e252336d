import { document, facts, section, table, word } from "../../kernel/markup.ts";
import type { CloseOut } from "./schemas.ts";

/** The close-out as a page to read or to print. */
export function closeOutPage(report: CloseOut): string {
  const { units, log } = report;
  const status = report.stop_state === null ? report.status : `${report.status} at ${report.stop_state}`;
  return document(`Close-out of ${report.idempotency_root}`, [
    `<p>Result: <strong>${word(report.passed)}</strong></p>`,
    facts([
      ["Build", report.build],
      ["Mode", report.mode],
      ["Database", report.database],
      ["Status", status],
      ["Executor", report.executor],
      ["Begun", report.created_at],
      ["Finished", report.finished_at ?? ""],
      ["Taken at", report.taken_at],
    ]),
    approvalPart(report),
    countsPart(report),
    section(
      "Units",
      units.every(({ passed }) => passed),
      table(
        "Each unit of the manifest, as it is now",
        ["Unit", "Version", "Approved digest", "Lines", "Unit is", "Version is", "Since", "Result"],
        units.map((one) => [
          one.canonical_address,
          one.version_id,
          one.version_digest,
          one.log_ids.join(", "),
          one.unit_status ?? "missing",
          one.version_status ?? "missing",
          one.since ?? "",
          word(one.passed),
        ]),
      ),
    ),
    table(
      "The run's lines of the log",
      ["Line", "Unit", "Transition", "From", "To", "Actor", "Session", "Decision", "At"],
      log.map((one) => [
        one.log_id,
        one.canonical_address,
        one.transition_type,
        one.from_status ?? "",
        one.to_status ?? "",
        one.actor,
        one.session_role,
        one.review_decision_id ?? "",
        one.at,
      ]),
    ),
  ]);
}

function approvalPart({ approval, gateway }: CloseOut): string {
  return [
    "<h2>Approval</h2>",
    facts([
      ["Grant", approval.auth_code],
      ["Request", approval.request_ref],
      ["Requested by", approval.requested_by],
      ["Voted", approval.voters.join(", ")],
      ["Signed by", approval.signed_by ?? "nobody"],
      ["Manifest", approval.manifest_digest],
      ["Change set", approval.change_set_id ?? "none"],
      ["Reason", approval.reason],
      ["Gateway, as approved", gateway.approved],
      ["Gateway, now", gateway.now],
    ]),
    table(
      "Review decisions",
      ["Decision", "For", "Kind", "Decided", "By", "At", "Reason", "Result"],
      approval.decisions.map(({ decision_id, of, record, problem }) =>
        record === null
          ? [decision_id, of, "not recorded by the service", "", "", "", "", problem ?? ""]
          : [
              decision_id,
              of,
              record.decision_kind,
              record.decision,
              record.decided_by,
              record.decided_at,
              record.reason,
              problem ?? word(true),
            ],
      ),
    ),
  ].join("\n");
}

function countsPart({ counts, row_counts }: CloseOut): string {
  return section(
    "Counts",
    counts.every(({ passed }) => passed),
    table(
      "Lines of the log",
      ["What", "Expected", "Found", "Result"],
      counts.map((one) => [one.name, one.expected, one.found, word(one.passed)]),
    ),
    table(
      "Rows of the tables now",
      ["Table", "Rows"],
      row_counts.map((one) => [one.table, one.rows]),
    ),
  );
}
