import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { canonical, type Claim, readVerifierKey, type Trusted } from "../../docs/verify/verify.mjs";
import type { EvidenceStatement } from "../../src/bundles/index.ts";
import { type LogSigner, logSigner, openLog, signStatement, verifierKey } from "../../src/evidence/index.ts";
import { expectStatus } from "./flow.ts";
import { type Target, useTarget } from "./runs.ts";
import { type InProcess, type Owner, setStage, startService } from "./service.ts";

export interface EvidencePlace {
  readonly service: InProcess;
  readonly target: Target;
  readonly signer: LogSigner;
  /** The verifier key of the log. */
  readonly key: string;
  readonly trusted: Trusted;
}

/** A service that seals at once, with a target of its own. */
export async function evidencePlace(t: Owner, config: object = {}): Promise<EvidencePlace> {
  const stage = await setStage(t);
  const signer = logSigner("log.example/bundles", randomBytes(32));
  await stage.database.transact((tx) => openLog(tx, signer));
  const target = await useTarget(t);
  const service = await startService(t, {
    stage,
    logSigner: signer,
    targets: { default: target.url },
    config: { sealIntervalMs: 20, runPollMs: 20, ...config },
  });
  const key = verifierKey(signer.key);
  return { service, target, signer, key, trusted: { logKeys: [readVerifierKey(key)] } };
}

/** The file, as soon as the log reaches all of it. */
export async function evidence(service: InProcess, of: string): Promise<string> {
  for (;;) {
    const { status, text, body } = await service.call("GET", `/v1/${of}/evidence`, { as: "auditor" });
    if (status === 200) return text;
    if (status !== 409 || body["code"] !== "EVIDENCE_NOT_SEALED") throw new Error(`${status} ${JSON.stringify(body)}`);
    // not a sleep: the log is sealed by a clock.
    await pause(20);
  }
}

/** The whole log as `countersign audit export` writes it. */
export async function exported(service: InProcess): Promise<string[]> {
  const ask = (path: string) => expectStatus(service.call("GET", path, { as: "auditor" }), 200);
  const { body: head } = await ask("/v1/audit/checkpoint");
  const lines = [canonical({ format: "countersign-log/1", ...head })];
  for (let start: number | null = 0; start !== null; ) {
    const { body } = await ask(`/v1/audit/leaves?start=${start}&limit=1000`);
    lines.push(...(body["items"] as unknown as unknown[]).map(canonical));
    start = body["next"] as unknown as number | null;
  }
  return lines;
}

export const notProved = (claims: readonly Claim[]): readonly Claim[] =>
  claims.filter(({ status }) => status === "not proved");

/** The status of each claim by its name. */
export const statusOf = (claims: readonly Claim[]): Readonly<Record<string, string>> =>
  Object.fromEntries(claims.map(({ claim, status }) => [claim, status]));

/** A statement that is taken apart: everything is there, and may be changed. */
export type Draft<Shape> = Shape extends readonly (infer Item)[]
  ? Draft<Item>[]
  : Shape extends object
    ? { -readonly [Name in keyof Shape]-?: Draft<NonNullable<Shape[Name]>> }
    : Shape;
export type Statement = Draft<EvidenceStatement>;

export function statementOf(file: string): Statement {
  const { payload } = JSON.parse(file) as { payload: string };
  return JSON.parse(Buffer.from(payload, "base64").toString()) as Statement;
}

/** What whoever holds that key makes of a file: changed, and signed anew. */
export function forged(file: string, signer: LogSigner, change: (statement: Statement) => void): string {
  const statement = statementOf(file);
  change(statement);
  return JSON.stringify(signStatement(statement, signer));
}
