import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, chmodSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import t from "tap";

t.test("GRANT-3 the demo shows one approval, one grant, one run, and leaves nothing behind", async (t) => {
  const temporary = mkdtempSync(path.join(os.tmpdir(), "countersign-demo-test-"));
  chmodSync(temporary, 0o711);
  t.teardown(() => rmSync(temporary, { recursive: true, force: true }));
  const script = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));
  const child = spawn(process.execPath, [script], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: temporary },
  });
  t.teardown(() => void child.kill("SIGKILL"));
  const closed = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await closed) as [number | null];

  t.equal(code, 0, stderr);
  t.match(stdout, /approver_2 +approves: 2 of 2 \(approved\)/);
  t.match(stdout, /GBA-C1-APR-2026-0001 is active, dry-run only/);
  t.match(stdout, /tries another environment: refused: 403 CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH/);
  t.match(stdout, /S1 ok +\{"fencing_token":1\}/);
  t.match(stdout, /rolled back: the target's fingerprint is what it was/);
  t.match(stdout, /sends the same run again: answered as it stands/);
  t.match(stdout, /a second use is refused: 409 REJECT_AUTH_ALREADY_CONSUMED/);
  t.match(stdout, /revoking it is refused: 409 REJECT_AUTH_ALREADY_CONSUMED/);
  t.match(stdout, /c1-builder +\S+ +grant\.consumed/);
  t.match(stdout, /Done: one approval, one grant, one run\./);
  t.same(
    readdirSync(temporary).filter((name) => name.startsWith("countersign-demo")),
    [],
    "its data is gone",
  );
});
