import { problemClass } from "../kernel/problem.ts";

export const WebhookProblem = problemClass("WebhookProblem", {
  WEBHOOK_URL_REFUSED: {
    kind: "unprocessable",
    title: "Webhooks are not sent to that URL",
    remedy:
      "Give an https URL of a public host, without user, password or fragment. WEBHOOK_ALLOW_NETWORKS names private networks that may be sent to.",
  },
  WEBHOOK_LIMIT: {
    kind: "conflict",
    title: "There are as many webhooks as there may be",
    remedy: "Remove one that is no longer needed.",
  },
  DELIVERY_PENDING: {
    kind: "conflict",
    title: "The delivery has not ended yet",
    remedy: "It is sent by itself; `next_attempt_at` says when. Only what was delivered or is dead can be replayed.",
  },
  EVENT_RETAINED: {
    kind: "conflict",
    title: "The event is in a file by now",
    remedy: "Its month was exported and detached from the database; the export has the event.",
  },
});
