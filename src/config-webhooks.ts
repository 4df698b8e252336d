import { isIP } from "node:net";
import { integer, oneOf, Refused, type Variable, variable } from "./config-readers.ts";

/** Whether and how this process tells other systems what happened. */
export interface WebhookConfig {
  readonly webhookPollMs: number;
  readonly webhookConcurrency: number;
  readonly webhookEndpointConcurrency: number;
  readonly webhookTimeoutMs: number;
  readonly webhookAttempts: number;
  readonly webhookRetrySeconds: number;
  readonly webhookAnswerBytes: number;
  readonly webhookOverlapSeconds: number;
  readonly webhookKeepDays: number;
  /** Networks, `address/prefix`, that are sent to although nobody outside reaches them. */
  readonly webhookAllowNetworks: readonly string[];
  readonly webhookAllowHttp: string;
}

export const webhookVariables: { readonly [Key in keyof WebhookConfig]: Variable<WebhookConfig[Key]> } = {
  webhookPollMs: variable(
    "WEBHOOK_POLL_MS",
    "How often this process looks for events to tell webhooks of, and for deliveries that are due; 0 leaves both to others.",
    "500",
    integer(500, 0, 60_000),
  ),
  webhookConcurrency: variable(
    "WEBHOOK_CONCURRENCY",
    "Deliveries that this process makes at once.",
    "32",
    integer(32, 1, 256),
  ),
  webhookEndpointConcurrency: variable(
    "WEBHOOK_ENDPOINT_CONCURRENCY",
    "How many of them go to one webhook, so that one which hangs leaves room for others.",
    "8",
    integer(8, 1, 256),
  ),
  webhookTimeoutMs: variable(
    "WEBHOOK_TIMEOUT_MS",
    "How long an attempt may take in all: name, connection, TLS, and the head of the answer.",
    "10000",
    integer(10_000, 100, 60_000),
  ),
  webhookAttempts: variable(
    "WEBHOOK_ATTEMPTS",
    "Attempts before a delivery is put aside as dead; with the default and WEBHOOK_RETRY_SECONDS a day.",
    "18",
    integer(18, 1, 100),
  ),
  webhookRetrySeconds: variable(
    "WEBHOOK_RETRY_SECONDS",
    "How long after the first attempt the second is made; each further one after twice as long, at most four hours, with jitter.",
    "5",
    integer(5, 1, 3_600),
  ),
  webhookAnswerBytes: variable(
    "WEBHOOK_ANSWER_BYTES",
    "Bytes of an answer's body that are read, and thrown away, before its connection is closed.",
    "16384",
    integer(16_384, 0, 1_048_576),
  ),
  webhookOverlapSeconds: variable(
    "WEBHOOK_OVERLAP_SECONDS",
    "How long deliveries are signed with the former secret as well, after a webhook was given another.",
    "86400",
    integer(86_400, 0, 2_592_000),
  ),
  webhookKeepDays: variable(
    "WEBHOOK_KEEP_DAYS",
    "How long deliveries that went well are shown. Those that wait, and those that are dead, are kept.",
    "30",
    integer(30, 1, 3_650),
  ),
  webhookAllowNetworks: variable(
    "WEBHOOK_ALLOW_NETWORKS",
    "Private networks that webhooks may be sent to, comma-separated address/prefix. Unset: none, also not this machine.",
    "10.20.0.0/16,fd00:20::/64",
    networks,
  ),
  webhookAllowHttp: variable(
    "WEBHOOK_ALLOW_HTTP",
    "Where webhooks may be sent without TLS: never, or private, to WEBHOOK_ALLOW_NETWORKS alone.",
    "never",
    oneOf("never", ["never", "private"]),
  ),
};

function networks(value: string | undefined): readonly string[] {
  if (value === undefined) return [];
  return value.split(",").map((network) => {
    const [address = "", prefix = "", ...rest] = network.split("/");
    const most = isIP(address) === 4 ? 32 : 128;
    if (isIP(address) === 0 || rest.length > 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > most) {
      throw new Refused(`must be a list of address/prefix such as 10.20.0.0/16, not ${JSON.stringify(network)}`);
    }
    return network;
  });
}
