import t from "tap";
import { walkThrough } from "../support/walkthrough.ts";

t.setTimeout(320_000);
walkThrough("PLAN-8 the tutorial of phase 1 works as the page says", "docs/tutorial/phase-1.md", 10);
walkThrough(
  "operations: the tutorial from nothing to a committed plan works as the page says",
  "docs/tutorial/from-nothing-to-a-committed-plan.md",
  12,
  180,
);
