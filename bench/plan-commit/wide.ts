import { times } from "../build-runs/contender.ts";

/** How large the wide schema is. */
export interface Width {
  readonly tables: number;
  readonly functions: number;
  readonly triggers: number;
}

/**
 * Texts of SQL, each to be run in a transaction of its own: a DDL transaction keeps every lock, and a default server has
 * room for some thousands.
 * Each table has eight columns, a primary key, one further index and one foreign key, and every third a comment.
 */
export function wideSchema({ tables, functions, triggers }: Width): string[] {
  const texts = times(functions, functionOf);
  texts.push(...times(tables, (index) => tableOf(index)));
  texts.push(...times(triggers, (index) => triggerOf(index, functions)));
  const batch = 100;
  return times(Math.ceil(texts.length / batch), (at) => texts.slice(at * batch, (at + 1) * batch).join("\n"));
}

const number = (index: number): string => String(index).padStart(4, "0");

function functionOf(index: number): string {
  return `CREATE FUNCTION public.wide_f${number(index)}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.amount < ${index} THEN NEW.note := 'below ${index}'; END IF;
      RETURN NEW;
    END $$;`;
}

function tableOf(index: number): string {
  const name = `public.wide_${number(index)}`;
  const parent = `public.wide_${number(Math.max(0, index - 1))}`;
  const text = `CREATE TABLE ${name} (
    id bigint PRIMARY KEY, parent_id bigint CONSTRAINT wide_${number(index)}_parent REFERENCES ${parent} (id), code text NOT NULL,
    note text, amount numeric(12, 2) NOT NULL DEFAULT 0, tags text[], body jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE INDEX wide_${number(index)}_code ON ${name} (code, created_at);`;
  return index % 3 === 0 ? `${text} COMMENT ON TABLE ${name} IS 'Table ${index} of the wide schema.';` : text;
}

function triggerOf(index: number, functions: number): string {
  return `CREATE TRIGGER wide_t${number(index)} BEFORE INSERT OR UPDATE ON public.wide_${number(index)}
    FOR EACH ROW EXECUTE FUNCTION public.wide_f${number(index % functions)}();`;
}
