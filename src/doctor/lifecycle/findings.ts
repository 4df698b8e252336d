import type { Tx } from "../../database/index.ts";
import type { GatewaySighting } from "../../lifecycle/index.ts";
import type { Finding } from "../schemas.ts";
import { neverAccepted, openIncidents, silentWatches } from "./store.ts";

/**
 * Gateways that are not as they were accepted or that nobody watches, and incidents that nobody has dealt with (OPEN-6, OPEN-10).
 * @param sightings how the accepted gateways look now
 */
export async function lifecycleFindings(tx: Tx, sightings: readonly GatewaySighting[]): Promise<Finding[]> {
  const incidents = (await openIncidents(tx)).map(
    ({ database, kind, subject, open, since }): Finding => ({
      severity: "error",
      code: "INCIDENT_OPEN",
      subject: `${database}: ${subject}`,
      detail: `${open} open of kind ${kind}, the oldest since ${since.toISOString()}.`,
      remedy: "Find out who did it, put it right, and POST /v1/lifecycle/incidents/{id}/resolve with what was found.",
    }),
  );
  const unwatched = (await neverAccepted(tx)).map(
    ({ database }): Finding => ({
      severity: "warning",
      code: "GATEWAY_NOT_ACCEPTED",
      subject: database,
      detail: "Review decisions are made for it, and the watch has nothing to compare its lifecycle gateway with.",
      remedy: "POST /v1/lifecycle/verification, then POST /v1/lifecycle/baselines by a sovereign.",
    }),
  );
  const silent = (await silentWatches(tx)).map(
    ({ database, read_at }): Finding => ({
      severity: "warning",
      code: "WATCH_SILENT",
      subject: database,
      detail: `The last look of the watch that came to its end was at ${read_at.toISOString()}.`,
      remedy:
        "POST /v1/lifecycle/watch, and see in the log of the service why the clock's own looks fail, or whether it has one.",
    }),
  );
  return [...incidents, ...unwatched, ...silent, ...sightings.flatMap(gateway)];
}

function gateway({ database, accepted, seen }: GatewaySighting): Finding[] {
  if (seen === undefined) {
    return [
      {
        severity: "warning",
        code: "GATEWAY_NOT_SEEN",
        subject: database,
        detail: "Its lifecycle gateway was accepted and cannot be looked at now.",
        remedy: "See in the log why the target cannot be reached; until then nobody watches over its gateway.",
      },
    ];
  }
  const findings: Finding[] = [];
  if (seen.gateway_digest !== accepted) {
    findings.push({
      severity: "error",
      code: "GATEWAY_DIFFERS",
      subject: database,
      detail: `The lifecycle gateway is ${seen.gateway_digest}; accepted was ${accepted}.`,
      remedy: "POST /v1/lifecycle/watch says what differs. Put it right, or have the gateway accepted as it is.",
    });
  }
  const detector = blindness[seen.detector];
  if (detector !== undefined) findings.push({ severity: "warning", subject: database, ...detector });
  return findings;
}

const installation = "Have the database administrator install plans/fixtures/lifecycle-detector.sql";

const blindness: Readonly<Record<string, Pick<Finding, "code" | "detail" | "remedy"> | undefined>> = {
  not_installed: {
    code: "DETECTOR_NOT_INSTALLED",
    detail: "Direct writes are refused, and nobody is told of them: the detector is not there or not ours to call.",
    remedy: `${installation}, and grant EXECUTE on public.fn_iu_refused_writes to the role of TARGETS.`,
  },
  no_log: {
    code: "DETECTOR_BLIND",
    detail: "The detector is there, and the server keeps no log that it could read.",
    remedy: "Set logging_collector = on and log_destination = 'jsonlog' on the server.",
  },
  failing: {
    code: "DETECTOR_BLIND",
    detail: "The detector is there and fails.",
    remedy: `Call public.fn_iu_refused_writes(NULL, NULL) as the role of TARGETS to see why. ${installation} anew if it was changed.`,
  },
};
