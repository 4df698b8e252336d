import type { Tx } from "../../database/index.ts";
import { activeScopes } from "../../scopes/index.ts";
import type { Finding } from "../schemas.ts";
import { grantsOfRevokedKeys, type KeyStateRow, keyStates, standingHolds, unsignableDrafts } from "./store.ts";

const keyNoticeSeconds = 30 * 86_400;
const pendingNoticeHours = 72;

/** What stands in the way of commit-mode grants: keys, signatures, holds and scopes (OPEN-6). */
export async function commitModeFindings(tx: Tx, targets: readonly string[]): Promise<Finding[]> {
  const keys = await keyStates(tx, keyNoticeSeconds);
  return [
    ...keys.flatMap(keyFindings),
    ...noKey(keys),
    ...(await drafts(tx)),
    ...(await revokedKeys(tx)),
    ...(await holds(tx)),
    ...(await scopes(tx, targets)),
  ];
}

function keyFindings(key: KeyStateRow): Finding[] {
  const about = { severity: "warning", subject: key.kid } as const;
  if (key.expired) return [];
  if (!key.owner_is_sovereign) {
    const detail = `${key.principal}, who owns the key, is no longer an active sovereign.`;
    return [{ ...about, code: "SIGNING_KEY_OF_NOBODY", detail, remedy: "Revoke the key." }];
  }
  const findings: Finding[] = [];
  if (key.status === "pending" && key.waiting_hours >= pendingNoticeHours) {
    findings.push({
      ...about,
      code: "SIGNING_KEY_UNCONFIRMED",
      detail: `The key of ${key.principal} has waited ${key.waiting_hours} hours for a council member.`,
      remedy: "A council member compares its thumbprint with the owner and confirms it, or it is revoked.",
    });
  }
  if (key.expires_soon) {
    findings.push({
      ...about,
      code: "SIGNING_KEY_EXPIRES_SOON",
      detail: `The key of ${key.principal} expires at ${key.valid_until.toISOString()}.`,
      remedy: "Register a new key and have it confirmed before then.",
    });
  }
  return findings;
}

function noKey(keys: readonly KeyStateRow[]): Finding[] {
  if (keys.some((key) => key.status === "active" && !key.expired && key.owner_is_sovereign)) return [];
  return [
    {
      severity: "warning",
      code: "NO_SIGNING_KEY",
      subject: "service",
      detail: "No sovereign has a confirmed key: drafts of commit-mode grants cannot be signed.",
      remedy: "A sovereign registers a key with POST /v1/signing-keys, and a council member confirms it.",
    },
  ];
}

async function drafts(tx: Tx): Promise<Finding[]> {
  return (await unsignableDrafts(tx)).map(({ auth_code }) => ({
    severity: "error",
    code: "DRAFT_UNSIGNABLE",
    subject: auth_code,
    detail: "Every sovereign with a key in force requested it, voted on it or executes it, or there is none.",
    remedy: "Have another sovereign register a key and have it confirmed, or revoke the draft.",
  }));
}

async function revokedKeys(tx: Tx): Promise<Finding[]> {
  return (await grantsOfRevokedKeys(tx)).map(({ auth_code, kid, revoked_at }) => ({
    severity: "error",
    code: "GRANT_KEY_REVOKED",
    subject: auth_code,
    detail: `It was signed with ${kid}, which was revoked at ${revoked_at.toISOString()}: nobody can consume it.`,
    remedy: "Revoke the grant, have the change approved again, and have it signed with a key in force.",
  }));
}

async function holds(tx: Tx): Promise<Finding[]> {
  return (await standingHolds(tx)).map((hold) => ({
    severity: "warning",
    code: "HOLD_STANDS",
    subject: hold.id,
    detail: `${hold.placed_by} stopped ${hold.environment ?? "everything"} at ${hold.placed_at.toISOString()}: ${hold.reason}`,
    remedy: "Lift it with POST /v1/holds/{id}/lift once the reason is gone.",
  }));
}

async function scopes(tx: Tx, targets: readonly string[]): Promise<Finding[]> {
  return (await activeScopes(tx))
    .filter((scope) => !targets.includes(scope.database))
    .map((scope) => ({
      severity: "warning",
      code: "SCOPE_DATABASE_UNKNOWN",
      subject: `scope ${scope.scope_id}`,
      detail: `${scope.target} in ${scope.environment} stands for the database ${scope.database}, which TARGETS does not name.`,
      remedy: `Add ${scope.database} to TARGETS of every service, or retire the scope.`,
    }));
}
