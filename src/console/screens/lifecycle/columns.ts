import { html, nothing } from "lit";
import type { Incident, LogLine, Unit } from "../../../lifecycle/index.ts";
import type { AppContext } from "../../app-context.ts";
import { type Column, shown } from "../../parts/index.ts";
import { json } from "../frame/facts.ts";

const digest = (app: AppContext, value: string | null) =>
  html`<cs-digest .app=${app} value=${value ?? ""}></cs-digest>`;
const time = (app: AppContext, at: string | null) =>
  at === null ? nothing : html`<cs-time .app=${app} at=${at}></cs-time>`;
const optional = (text: string | null) => (text === null ? nothing : shown(text));

export function unitColumns(app: AppContext): readonly Column<Unit>[] {
  return [
    {
      name: app.t("lifecycle.address"),
      render: ({ canonical_address, title }) =>
        html`<code>${shown(canonical_address)}</code>${title === null ? nothing : html`<br /><span class="muted">${shown(title)}</span>`}`,
    },
    {
      name: app.t("filter.status"),
      render: ({ lifecycle_status }) => html`<cs-status .app=${app} value=${lifecycle_status}></cs-status>`,
    },
    {
      name: app.t("lifecycle.version"),
      render: ({ version_seq, version_status }) =>
        version_seq === null ? "–" : html`${version_seq} · ${app.word("status", version_status ?? "")}`,
    },
    { name: app.t("lifecycle.versionDigest"), render: ({ version_digest }) => digest(app, version_digest) },
    { name: app.t("lifecycle.enacted"), render: ({ enacted_at }) => time(app, enacted_at) },
    {
      name: app.t("lifecycle.newest"),
      render: ({ newest_version_seq, newest_version_status }) =>
        newest_version_seq === null
          ? "–"
          : html`${newest_version_seq} · ${app.word("status", newest_version_status ?? "")}`,
    },
  ];
}

export function logColumns(app: AppContext): readonly Column<LogLine>[] {
  return [
    { name: app.t("lifecycle.line"), render: ({ log_id }) => log_id, kind: "tight" },
    { name: app.t("lifecycle.when"), render: ({ at }) => time(app, at) },
    {
      name: app.t("lifecycle.address"),
      render: ({ canonical_address }) => html`<code>${shown(canonical_address)}</code>`,
    },
    {
      name: app.t("lifecycle.transition"),
      render: ({ transition_type, from_status, to_status }) =>
        html`${shown(transition_type)}<br /><span class="muted">${optional(from_status)} → ${optional(to_status)}</span>`,
    },
    {
      name: app.t("lifecycle.actor"),
      render: ({ actor, session_role }) => html`${shown(actor)}<br /><span class="muted">${shown(session_role)}</span>`,
    },
    { name: app.t("lifecycle.run"), render: ({ run_ref }) => optional(run_ref) },
    { name: app.t("plans.reason"), render: ({ reason }) => optional(reason), kind: "wide" },
  ];
}

export function incidentColumns(app: AppContext): readonly Column<Incident>[] {
  return [
    { name: app.t("lifecycle.incident"), render: ({ incident_id }) => `#${incident_id}`, kind: "tight" },
    { name: app.t("filter.status"), render: ({ status }) => html`<cs-status .app=${app} value=${status}></cs-status>` },
    { name: app.t("lifecycle.kind"), render: ({ kind }) => app.word("lifecycle.incident", kind) },
    {
      name: app.t("lifecycle.subject"),
      render: ({ subject, detail }) => html`<code>${shown(subject)}</code> ${json(app.t("lifecycle.detail"), detail)}`,
    },
    { name: app.t("lifecycle.opened"), render: ({ opened_at }) => time(app, opened_at) },
    {
      name: app.t("lifecycle.resolvedBy"),
      render: ({ resolved_by, resolved_reason }) =>
        resolved_by === null
          ? nothing
          : html`${shown(resolved_by)}<br /><span class="muted">${optional(resolved_reason)}</span>`,
    },
  ];
}
