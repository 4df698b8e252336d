import { walkThrough } from "../support/walkthrough.ts";

walkThrough("operations: the README's tour does what it says", "README.md", 8);
