import type { Grant } from "../../../grants/index.ts";

export const lifeKinds = ["minted", "signed", "consumed", "revoked", "expired", "expires"] as const;
export type LifeKind = (typeof lifeKinds)[number];

/** One moment in the life of a grant; `share` says where on the line it stands, from 0 to 1. */
export interface Moment {
  readonly kind: LifeKind;
  readonly at: string;
  readonly by: string | null;
  readonly share: number;
}

export interface Life {
  readonly moments: readonly Moment[];
  /** Where now is; undefined once the grant is over. */
  readonly now: number | undefined;
  /** How far the grant has lived. */
  readonly lived: number;
}

/** What has become of a grant, and when (GRANT-5, OPEN-3). @param now the service's time, in ms */
export function lifeOf(grant: Grant, now: number): Life {
  const found = momentsOf(grant);
  const times = found.map(({ at }) => Date.parse(at));
  const first = Math.min(...times);
  const span = Math.max(1, Math.max(...times) - first);
  const shareOf = (time: number): number => Math.min(1, Math.max(0, (time - first) / span));
  const isLive = grant.status === "draft" || grant.status === "active";
  const moments = spread(found.map((moment) => ({ ...moment, share: shareOf(Date.parse(moment.at)) })));
  const over = moments.filter(({ kind }) => kind !== "expires").at(-1)?.share ?? 0;
  return { moments, now: isLive ? shareOf(now) : undefined, lived: isLive ? shareOf(now) : over };
}

function momentsOf(grant: Grant): Omit<Moment, "share">[] {
  const ends = grant.status === "expired" ? "expired" : "expires";
  const all: { kind: LifeKind; at: string | null | undefined; by: string | null }[] = [
    { kind: "minted", at: grant.granted_at, by: grant.granted_by },
    { kind: "signed", at: grant.signature?.signed_at, by: grant.signature?.signer ?? null },
    { kind: "consumed", at: grant.consumed_at, by: grant.consumed_by },
    { kind: "revoked", at: grant.revoked_at, by: grant.revoked_by },
    { kind: ends, at: grant.expires_at, by: null },
  ];
  const known = all.flatMap(({ kind, at, by }) => (at == null ? [] : [{ kind, at, by }]));
  return known.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

/** As much of the line as a mark needs, so that two of the same minute can be told apart. */
const leastGap = 0.09;

function spread(moments: Moment[]): Moment[] {
  const placed: Moment[] = [];
  for (const moment of moments) {
    const before = placed.at(-1);
    placed.push({
      ...moment,
      share: before === undefined ? moment.share : Math.max(moment.share, before.share + leastGap),
    });
  }
  let limit = 1;
  for (let at = placed.length - 1; at >= 0; at -= 1) {
    const moment = placed[at];
    if (moment === undefined) break;
    placed[at] = { ...moment, share: Math.min(moment.share, limit) };
    limit = (placed[at]?.share ?? limit) - leastGap;
  }
  return placed;
}
