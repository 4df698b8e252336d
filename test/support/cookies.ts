import { expectStatus } from "./flow.ts";
import { type Answer, type CallOptions, type Person, type Service } from "./service.ts";

/** A browser as far as the service sees it: it keeps cookies, and its page sends the CSRF token with what it changes. */
export class CookieJar {
  readonly cookies = new Map<string, string>();
  csrf: string | undefined;
  readonly service: Service;

  constructor(service: Service) {
    this.service = service;
  }

  get header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await this.service.call(method, path, {
      ...options,
      headers: {
        ...(this.cookies.size > 0 ? { cookie: this.header } : {}),
        ...(this.csrf === undefined || method === "GET" ? {} : { "x-csrf-token": this.csrf }),
        ...options.headers,
      },
    });
    for (const cookie of answer.headers.getSetCookie()) this.#keep(cookie);
    if (typeof answer.body["csrf_token"] === "string") this.csrf = answer.body["csrf_token"];
    return answer;
  }

  #keep(cookie: string): void {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    if (/; Max-Age=0(;|$)/i.test(cookie)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** A browser at which the person has signed in with an API token. */
export async function signIn(service: Service, person: Person): Promise<CookieJar> {
  const browser = new CookieJar(service);
  await expectStatus(browser.call("POST", "/v1/session", { body: { token: service.tokens[person] } }), 201);
  return browser;
}
