import { type Command, InvalidArgumentError } from "commander";
import type { Webhook, WebhookWithSecret } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { fields, type Shown } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";
import { UsageError } from "./usage.ts";

/** Who is told what happened. */
export function addWebhookCommands(program: Command, run: Run, connect: Connect): void {
  const webhook = program.command("webhook").description("webhooks: who is told what happened");
  const calls = () => connect("admin").client.webhooks;
  webhook
    .command("create")
    .description("register one; its secret is shown here and nowhere else")
    .argument("<url>", "where it is sent, by POST: https")
    .argument("<events...>", "actions, as grant.consumed, run.* or '*'")
    .option("--description <text>", "for people")
    .action((url: string, events: string[], options: { description?: string }) =>
      run(async () => withSecret(await calls().create({ url, events, ...options }))),
    );
  webhook
    .command("show")
    .description("one webhook, and how much waits for it")
    .argument("<id>")
    .action((id: string) =>
      run(async () => {
        const value = await calls().read(id);
        return { value, text: fields(value) };
      }),
    );
  webhook
    .command("rotate")
    .description("give it another secret; the one before signs beside it for a while")
    .argument("<id>")
    .action((id: string) => run(async () => withSecret(await calls().rotate(id))));
  for (const [verb, description] of [
    ["enable", "go on where it was stopped"],
    ["disable", "send nothing until it is enabled; nothing is lost"],
  ] as const) {
    webhook
      .command(verb)
      .description(description)
      .argument("<id>")
      .action((id: string) => run(async () => stands(await calls()[verb](id))));
  }
  webhook
    .command("remove")
    .description("for good, with what waits for it")
    .argument("<id>")
    .action((id: string) =>
      run(async () => {
        const value = await calls().remove(id);
        return { value, text: said`${value.id} is removed` };
      }),
    );
  withPaging(
    webhook
      .command("list")
      .description("those that were not removed")
      .option("--status <status>", "enabled or disabled"),
  ).action((query: Record<string, string>) =>
    run(() =>
      listed(
        query,
        (page) => calls().list(page),
        ["webhook", "status", "pending", "dead", "events", "url"],
        (one) => [one.id, one.status, one.pending, one.dead, one.events.join(" "), one.url],
      ),
    ),
  );
  addDeliveryCommands(webhook, run, connect);
}

function addDeliveryCommands(webhook: Command, run: Run, connect: Connect): void {
  const calls = () => connect("admin").client.webhooks;
  withPaging(
    webhook
      .command("deliveries")
      .description("what it was and will be told")
      .argument("<id>")
      .option("--status <status>", "pending, delivered or dead"),
  ).action((id: string, query: Record<string, string>) =>
    run(() =>
      listed(
        query,
        (page) => calls().deliveries(id, page),
        ["event", "status", "attempts", "action", "resource", "next attempt", "why"],
        (one) => [
          one.number,
          one.status,
          one.attempts,
          one.action,
          one.resource_id,
          one.next_attempt_at ?? "",
          one.error ?? "",
        ],
      ),
    ),
  );
  webhook
    .command("replay")
    .description("send an event again that was delivered or is dead; all that are dead with --dead")
    .argument("<id>")
    .argument("[event]", "the number of the event", wholeNumber)
    .option("--dead", "all dead letters")
    .action((id: string, event: number | undefined, { dead = false }: { dead?: boolean }) =>
      run(async () => {
        if ((event === undefined) !== dead) throw new UsageError("give the number of an event, or --dead");
        const numbers: number[] = event === undefined ? [] : [event];
        if (dead) for await (const one of calls().eachDelivery(id, { status: "dead" })) numbers.push(one.number);
        // The oldest first, as they happened.
        const value = [];
        for (const number of numbers.toSorted((a, b) => a - b)) value.push(await calls().replay(id, number));
        return { value, text: said`${value.length} put back` };
      }),
    );
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("the number of an event is a whole number");
  return Number(text);
}

function withSecret(value: WebhookWithSecret): Shown {
  const { secret, ...webhook } = value;
  const shown = said`Its secret, shown here and nowhere else: ${secret ?? "was shown before"}`;
  return { value, text: `${fields(webhook)}\n\n${shown}` };
}

function stands(value: Webhook): Shown {
  return { value, text: said`${value.id} is ${value.status}` };
}
