import type { Tx } from "../../database/index.ts";
import type { Finding } from "../schemas.ts";
import { counted, troubledWebhooks, type WebhookTrouble } from "./store.ts";

/** A receiver may be down for a while; who waits for so long should hear of it. */
const patienceSeconds = 600;

/** Webhooks that do not get through. */
export async function webhookFindings(tx: Tx): Promise<Finding[]> {
  return (await troubledWebhooks(tx, patienceSeconds)).flatMap((one) => [...deadLetters(one), ...behind(one)]);
}

function deadLetters({ id, url, dead }: WebhookTrouble): Finding[] {
  if (dead === 0) return [];
  return [
    {
      severity: "warning",
      code: "WEBHOOK_DEAD_LETTERS",
      subject: id,
      detail: `${dead === counted ? `${counted} or more` : dead} events could not be delivered to ${url}.`,
      remedy: `See why with \`countersign webhook deliveries ${id} --status dead\`; \`countersign webhook replay ${id} --dead\` sends them again.`,
    },
  ];
}

function behind({ id, url, waiting, resting }: WebhookTrouble): Finding[] {
  if (waiting <= patienceSeconds) return [];
  return [
    {
      severity: "warning",
      code: "WEBHOOK_BEHIND",
      subject: id,
      detail: `A delivery to ${url} has waited for ${Math.round(waiting)} s${resting ? "; it does not answer at all" : ""}.`,
      remedy:
        "See in its deliveries what it answers, and whether a process runs with WEBHOOK_POLL_MS above 0. One that is no longer there should be disabled or removed.",
    },
  ];
}
