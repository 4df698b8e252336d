import t from "tap";
import { walkThrough } from "../../support/walkthrough.ts";

// Some hundred processes, one after the other: a minute where nothing else runs.
t.setTimeout(520_000);
walkThrough("LIFE-7 the runbook of lifecycle enactment works as the page says", "docs/runbooks/lifecycle.md", 16, 500);
