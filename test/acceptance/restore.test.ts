import t from "tap";
import { walkThrough } from "../support/walkthrough.ts";

// Some sixty processes and two servers, one after the other: half a minute where nothing else runs.
t.setTimeout(520_000);
walkThrough(
  "GRANT-9 the runbook of back-up and restore works as the page says",
  "docs/runbooks/restore.md",
  13,
  500,
  false,
);
