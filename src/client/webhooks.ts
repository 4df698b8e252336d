import { at, Calls } from "./calls.ts";
import type { Query } from "./message.ts";
import type { CallOptions } from "./options.ts";
import type { PageOf } from "./pages.ts";
import type { Delivery, Webhook, WebhookInput, WebhookWithSecret } from "./shapes.ts";

/** The routes of webhooks, for admins. Every method throws ClientProblem when it is refused. */
export class WebhookCalls extends Calls {
  list(query: Query = {}, options?: CallOptions): Promise<PageOf<Webhook>> {
    return this.get("/v1/webhooks", query, options);
  }

  each(query?: Query, options?: CallOptions): AsyncGenerator<Webhook, void> {
    return this.every("/v1/webhooks", query, options);
  }

  read(id: string, options?: CallOptions): Promise<Webhook> {
    return this.get(at("/v1/webhooks/{}", id), {}, options);
  }

  /** Registers one. The answer alone has its secret. */
  create(input: WebhookInput, options?: CallOptions): Promise<WebhookWithSecret> {
    return this.change("/v1/webhooks", input, options);
  }

  /** Removes it for good. @returns how it stood */
  remove(id: string, options?: CallOptions): Promise<Webhook> {
    return this.change(at("/v1/webhooks/{}", id), undefined, options, "DELETE");
  }

  /** Gives it another secret, which the answer alone has; the one before signs beside it for a while. */
  rotate(id: string, options?: CallOptions): Promise<WebhookWithSecret> {
    return this.change(at("/v1/webhooks/{}/rotate", id), undefined, options);
  }

  /** Goes on where it was stopped. */
  enable(id: string, options?: CallOptions): Promise<Webhook> {
    return this.change(at("/v1/webhooks/{}/enable", id), undefined, options);
  }

  disable(id: string, options?: CallOptions): Promise<Webhook> {
    return this.change(at("/v1/webhooks/{}/disable", id), undefined, options);
  }

  /** What it was and will be told; with `status: "dead"`, the dead letters. */
  deliveries(id: string, query: Query = {}, options?: CallOptions): Promise<PageOf<Delivery>> {
    return this.get(at("/v1/webhooks/{}/deliveries", id), query, options);
  }

  eachDelivery(id: string, query?: Query, options?: CallOptions): AsyncGenerator<Delivery, void> {
    return this.every(at("/v1/webhooks/{}/deliveries", id), query, options);
  }

  /** Sends an event again that was delivered or is dead. @param number the event's */
  replay(id: string, number: number, options?: CallOptions): Promise<Delivery> {
    return this.change(at("/v1/webhooks/{}/deliveries/{}/replay", id, String(number)), undefined, options);
  }
}
