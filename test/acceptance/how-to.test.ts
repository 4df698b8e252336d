import { walkThrough } from "../support/walkthrough.ts";

walkThrough("ESIGN-2 signing with openssl and curl works as the page says", "docs/how-to/sign-a-grant.md", 8);
walkThrough("GRANT-9 stopping everything works as the page says", "docs/how-to/stop-everything.md", 2);
walkThrough(
  "OPEN-1 a build from its rehearsal to its rollback works as the page says",
  "docs/how-to/run-a-build.md",
  9,
);
