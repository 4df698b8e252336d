import t from "tap";
import { walkThrough } from "../../support/walkthrough.ts";

t.setTimeout(200_000);
walkThrough("LIFE-6 enacting units over HTTP works as the page says", "docs/how-to/enact-units.md", 5);
