import type { texts as english, Texts } from "../en/index.ts";
import { audit } from "./audit.ts";
import { grants } from "./grants.ts";
import { holds } from "./holds.ts";
import { inbox } from "./inbox.ts";
import { keys } from "./keys.ts";
import { lifecycle } from "./lifecycle.ts";
import { plans } from "./plans.ts";
import { request } from "./request.ts";
import { runs } from "./runs.ts";
import { shell } from "./shell.ts";
import { webhooks } from "./webhooks.ts";
import { words } from "./words.ts";

export const texts: Texts<typeof english> = {
  ...shell,
  ...words,
  ...inbox,
  ...request,
  ...grants,
  ...runs,
  ...plans,
  ...lifecycle,
  ...audit,
  ...keys,
  ...holds,
  ...webhooks,
};
