import { walkThrough } from "../support/walkthrough.ts";

walkThrough("operations: the tour from the command line does what it says", "docs/tutorial/command-line.md", 11, 240);
