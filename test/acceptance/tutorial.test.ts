import t from "tap";
import { walkThrough } from "../support/walkthrough.ts";

t.setTimeout(200_000);
walkThrough("PLAN-8 the tutorial of phase 1 works as the page says", "docs/tutorial/phase-1.md", 10);
