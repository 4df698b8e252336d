import t from "tap";
import { Client, Forbidden, NotFound, Unauthenticated } from "../../src/client/index.ts";
import { approvalRequest } from "../support/flow.ts";
import { type InProcess, startService } from "../support/service.ts";

/** As much of a browser as a session needs: the cookies of one origin, and no word of where a request comes from. */
function browser(service: InProcess) {
  const cookies = new Map<string, string>();
  const sent: { readonly url: string; readonly init: RequestInit }[] = [];
  const send: typeof fetch = async (asked, init = {}) => {
    const url = asked as string;
    sent.push({ url, init });
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(init.headers as Record<string, string>), ...(cookie === "" ? {} : { cookie }) };
    const response = await fetch(service.url + url, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return { send, sent, cookies };
}

t.test("operations: a page of the service's own signs in, changes something, and signs out", async (t) => {
  const service = await startService(t);
  const { send, sent, cookies } = browser(service);
  const page: { csrf?: string } = {};
  const client = new Client({ url: "", session: { csrf: () => page.csrf }, fetch: send });
  t.match(await client.session.provider(), { oidc: false, now: String });
  await t.rejects(client.listRequests(), Unauthenticated);
  await t.rejects(client.session.open({ token: "cst_nobody" }), Unauthenticated);

  const session = await client.session.open({ token: service.tokens.requester });
  t.match(session, { principal: "requester", roles: ["requester"] });
  t.equal(cookies.size, 1);
  t.match(await client.session.read(), { principal: "requester" });
  const refused = await client.submitRequest(approvalRequest() as never).catch((error: unknown) => error);
  t.ok(refused instanceof Forbidden);
  t.match(refused, { code: "CSRF_TOKEN_INVALID" });

  page.csrf = session.csrf_token;
  const request = await client.submitRequest(approvalRequest() as never);
  t.equal((await client.readRequest(request.apr_code)).requested_by, "requester");
  for (const { url, init } of sent) {
    t.match(init, { credentials: "same-origin", redirect: "manual" });
    const names = Object.keys(init.headers as object);
    t.notOk(names.includes("authorization"), `no token with ${url}`);
    if (init.method === "GET") t.notOk(names.includes("x-csrf-token"), "nor the CSRF token with what reads");
  }

  t.match(await client.session.end(), { ended_at: String });
  t.equal(cookies.size, 0);
  await t.rejects(client.listRequests(), Unauthenticated);
});

t.test("operations: a program with a token has no session, and sends no cookie", async (t) => {
  const service = await startService(t);
  const sent: (RequestInit | undefined)[] = [];
  const client = new Client({
    url: service.url,
    token: service.tokens.auditor,
    fetch(url, init) {
      sent.push(init);
      return fetch(url, init);
    },
  });
  await t.rejects(client.session.read(), NotFound);
  t.equal(sent[0]?.credentials, "omit");
});
