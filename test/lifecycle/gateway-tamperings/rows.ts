import type { Tampering } from "./tampering.ts";

export const rows: readonly Tampering[] = [
  {
    what: "a further marker is allowed",
    sql: "UPDATE public.dot_config SET value = value || ',evil' WHERE key = 'iu_create.gateway.allowed_marker_values'",
    back: "UPDATE public.dot_config SET value = replace(value, ',evil', '') WHERE key = 'iu_create.gateway.allowed_marker_values'",
    named: [["configuration iu_create.gateway.allowed_marker_values", "value"]],
  },
  {
    what: "the gateway's mode is advisory",
    sql: "UPDATE public.dot_config SET value = 'advisory' WHERE key = 'iu_create.gateway.mode'",
    back: "UPDATE public.dot_config SET value = 'enforced' WHERE key = 'iu_create.gateway.mode'",
    named: [["configuration iu_create.gateway.mode", "value"]],
  },
  {
    what: "a key of the configuration deleted",
    sql: "DELETE FROM public.dot_config WHERE key = 'iu_enact.mode'",
    back: "INSERT INTO public.dot_config VALUES ('iu_enact.mode', 'enforced')",
    named: [["configuration iu_enact.mode", "object"]],
  },
  {
    what: "a key of the configuration added",
    sql: "INSERT INTO public.dot_config VALUES ('iu_retire.mode', 'off')",
    back: "DELETE FROM public.dot_config WHERE key = 'iu_retire.mode'",
    named: [["configuration iu_retire.mode", "object"]],
  },
  {
    what: "another name for a word of the vocabulary",
    sql: `SET LOCAL session_replication_role = replica; ALTER TABLE public.iu_lifecycle_vocab DISABLE TRIGGER USER;
          UPDATE public.iu_lifecycle_vocab SET name = 'Draft' WHERE code = 'draft';
          ALTER TABLE public.iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_aa_iu_lifecycle_vocab_gateway; ALTER TABLE public.iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_ab_iu_lifecycle_vocab_gateway_row;
          SET LOCAL session_replication_role = origin`,
    named: [["vocabulary draft", "name"]],
  },
  {
    what: "a fifth word of the vocabulary",
    sql: `ALTER TABLE public.iu_lifecycle_vocab DISABLE TRIGGER USER;
          INSERT INTO public.iu_lifecycle_vocab (code, name, sort_order, description) VALUES ('secret', 'Secret', 50, 'x');
          ALTER TABLE public.iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_aa_iu_lifecycle_vocab_gateway; ALTER TABLE public.iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_ab_iu_lifecycle_vocab_gateway_row`,
    named: [["vocabulary secret", "object"]],
  },
];
