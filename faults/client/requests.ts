import { bindings } from "../../test/support/flow.ts";
import { signed } from "../../test/support/service.ts";
import type { Client, Operation, Request } from "./client.ts";

type Body = Readonly<Record<string, unknown>>;

const post = (path: string, as: Parameters<typeof asked>[0], body: Body, key?: string): Request => ({
  method: "POST",
  path,
  options: () => asked(as, body, key),
});

function asked(
  as: "requester" | "approver_1" | "approver_2" | "c1-builder" | "operator",
  body: Body,
  key: string | undefined,
) {
  return { as, body, ...(key !== undefined && { headers: { "idempotency-key": key } }) };
}

/** The operations of the service that the client knows, each as one that can be asked again: by its key or by its root. */
export const operations = {
  consume(client: Client, grant: string, lease?: string): Operation {
    const root = client.nextId();
    const wanted = lease === undefined ? {} : { lease: { name: lease, ttl_seconds: 10 } };
    const body = { ...bindings(), idempotency_root: root, ...wanted };
    const subject = { grant, root, ...(lease !== undefined && { lease }) };
    return client.make("consume", subject, post(`/v1/grants/${grant}/consume`, "c1-builder", body));
  },

  verify(client: Client, grant: string): Operation {
    return client.make("verify", { grant }, post(`/v1/grants/${grant}/verify`, "c1-builder", bindings()));
  },

  revoke(client: Client, grant: string): Operation {
    const id = client.nextId();
    return client.make("revoke", { grant }, post(`/v1/grants/${grant}/revoke`, "operator", { reason: id }, id));
  },

  hold(client: Client): Operation {
    const id = client.nextId();
    return client.make("hold", {}, post("/v1/holds", "operator", { environment: "rehearsal", reason: id }, id));
  },

  lift(client: Client, hold: string): Operation {
    const id = client.nextId();
    return client.make("lift", { hold }, post(`/v1/holds/${hold}/lift`, "operator", { reason: id }, id));
  },

  renew(client: Client, lease: string, token: string): Operation {
    const body = { token, ttl_seconds: 10 };
    return client.make("renew", { lease }, post(`/v1/leases/${lease}/renew`, "c1-builder", body, client.nextId()));
  },

  release(client: Client, lease: string, token: string): Operation {
    const path = `/v1/leases/${lease}/release`;
    return client.make("release", { lease }, post(path, "c1-builder", { token }, client.nextId()));
  },

  submit(client: Client, body: Body & { readonly apr_code: string }): Operation {
    const request = post("/v1/approval-requests", "requester", body, client.nextId());
    return client.make("submit", { request: body.apr_code }, request);
  },

  vote(client: Client, request: string, digest: string, voter: "approver_1" | "approver_2"): Operation {
    const body = { decision: "approve", apr_digest: digest, reason: client.nextId() };
    const path = `/v1/approval-requests/${request}/votes`;
    return client.make("vote", { request }, post(path, voter, body, client.nextId()));
  },

  /** Signed afresh each time: a signed message is taken once. */
  execute(client: Client, request: string, digest: string): Operation {
    const raw = JSON.stringify({ apr_code: request, apr_digest: digest });
    return client.make(
      "execute",
      { request },
      {
        method: "POST",
        path: `/v1/approval-requests/${request}/execute`,
        options: () => ({ as: "dispatcher", raw, headers: signed(raw) }),
      },
    );
  },

  run(client: Client, root: string, grant: string, body: Body): Operation {
    return client.make("run", { root, grant }, post("/v1/runs", "c1-builder", body));
  },
} as const;
