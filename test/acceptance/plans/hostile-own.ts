import { anyway, type SmallStep } from "./small-plan.ts";

/** Steps that their plan lets change what the service itself keeps in the target; no plan can. */
export const onOurOwn: readonly SmallStep[] = [
  {
    sql: "INSERT INTO public.countersign_run (run_root, auth_code, build) VALUES ('x', 'x', 'x')",
    allowed: { rows: { "public.countersign_run": { insert: 1 } } },
    rollback: { mode: "retire", sql: "SELECT 1", rows: {}, evidence: [anyway] },
  },
  {
    sql: "ALTER TABLE public.countersign_run_marker ADD COLUMN more text",
    allowed: { objects: ["table public.countersign_run_marker"] },
    rollback: { mode: "revert", sql: "ALTER TABLE public.countersign_run_marker DROP COLUMN more", evidence: [anyway] },
  },
  {
    sql: "DROP TRIGGER append_only ON public.countersign_run",
    allowed: { objects: ["trigger * on public.*"] },
    rollback: { mode: "retire", sql: "SELECT 1", evidence: [anyway] },
  },
  {
    sql: "CREATE OR REPLACE FUNCTION public.countersign_guard_fence() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'",
    allowed: { objects: ["function public.*"] },
    rollback: { mode: "retire", sql: "SELECT 1", evidence: [anyway] },
  },
];
