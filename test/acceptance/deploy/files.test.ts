import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { parse } from "yaml";
import { variables } from "../../../src/config.ts";
import { startService } from "../../support/service.ts";

const folder = fileURLToPath(new URL("../../../deploy/", import.meta.url));
const read = (file: string): string => readFileSync(path.join(folder, file), "utf8");
const yaml = (file: string): Record<string, unknown> => parse(read(file), { merge: true }) as Record<string, unknown>;

/** Programs that judge these files better than we could, where they are installed. */
function judge(t: Test, program: string, args: readonly string[]): void {
  try {
    execFileSync(program, args, { encoding: "utf8", stdio: "pipe" });
    t.pass(`${program} finds nothing wrong`);
  } catch (error) {
    const { code, stderr, stdout } = error as { code?: string; stderr?: string; stdout?: string };
    if (code === "ENOENT") t.pass(`# SKIP ${program} is not installed`, { skip: `${program} is not installed` });
    else t.fail(`${program} refuses it`, { stderr, stdout });
  }
}

interface ComposeService {
  image?: string;
  build?: unknown;
  environment?: Record<string, string>;
  ports?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  stop_grace_period?: string;
}
const composeFiles = ["compose.yaml", "ha/compose.yaml"] as const;

t.test(
  "operations: the compose files give each service variables that it knows, and no secret of their own",
  async (t) => {
    const known = new Set(Object.values(variables).map(({ name }) => name));
    const wanted = new Set(read(".env.example").match(/^[A-Z_]+(?==)/gm));
    for (const file of composeFiles) {
      const services = Object.entries(yaml(file)["services"] as Record<string, ComposeService>);
      const ours = services.filter(([name]) => name.startsWith("countersign"));
      t.ok(ours.length > 0, `${file} runs the service`);
      for (const [name, { environment = {}, read_only, cap_drop, stop_grace_period }] of ours) {
        for (const variable of Object.keys(environment)) t.ok(known.has(variable), `${file} ${name} ${variable}`);
        const secrets = [
          "DATABASE_URL",
          "DATABASE_OWNER_URL",
          "SYNC_SECRET",
          "SERVER_KEYS",
          "LOG_KEY",
          "METRICS_TOKEN",
        ];
        for (const variable of secrets)
          t.match(environment[variable], /\$\{/, `${file} ${name} takes ${variable} from outside`);
        t.match(
          { read_only, cap_drop, stop_grace_period },
          { read_only: true, cap_drop: ["ALL"], stop_grace_period: "20s" },
        );
      }
      for (const [name, { image, ports = [] }] of services) {
        if (image !== undefined) t.match(image, /:[\w.]+$/, `${file} ${name} names a version`);
        for (const port of ports) t.match(port, /^127\.0\.0\.1:/, `${file} ${name} is published on the loopback alone`);
      }
      const used = [...read(file).matchAll(/\$\{([A-Z_]+)(:\?)?/g)].map((match) => ({
        name: match[1] ?? "",
        must: match[2],
      }));
      for (const name of new Set(used.map((one) => one.name))) {
        t.ok(wanted.has(name), `.env.example names ${name}`);
        t.ok(
          used.some((one) => one.name === name && one.must !== undefined),
          `${file} does not start without ${name}`,
        );
      }
      t.notMatch(read(file), /:-/, `${file}: nothing has a default`);
    }
    for (const line of read(".env.example").split("\n"))
      t.match(line, /^(#.*|[A-Z_]+=|)$/, "the example has no values");
  },
);

t.test("AUDIT-2 the services of an example sign one log, and its heads are kept where no database is", (t) => {
  for (const file of composeFiles) {
    const services = Object.entries(yaml(file)["services"] as Record<string, ComposeService>);
    const ours = services
      .filter(([name]) => name.startsWith("countersign"))
      .map(([, { environment = {} }]) => environment);
    t.equal(new Set(ours.map((environment) => environment["LOG_KEY"])).size, 1, `${file}: one key for all`);
    t.match(ours[0]?.["LOG_KEY"], /^\$\{LOG_KEY:\?/, `${file} does not start without it`);
    const kept = ours[0]?.["AUDIT_WITNESS_FILE"] ?? "";
    t.match(kept, /^\/home\/node\//, `${file} keeps the heads on the services' volume`);
    for (const [name, { volumes = [] }] of services)
      if (/^postgres\d?$/.test(name))
        t.notOk(
          volumes.some((one) => one.startsWith("backups:")),
          `${file} ${name} has it not`,
        );
  }
  t.end();
});

t.test("operations: what has to outlast a container is on a volume, and the service can write to its own", (t) => {
  const inImage = readFileSync(path.join(folder, "../Dockerfile"), "utf8");
  for (const file of composeFiles) {
    const { services, volumes } = yaml(file) as { services: Record<string, ComposeService>; volumes: object };
    for (const [name, { volumes: mounted = [], environment = {} }] of Object.entries(services)) {
      const named = mounted.filter((one) => !one.startsWith("."));
      for (const one of named) t.ok((one.split(":")[0] ?? "") in volumes, `${file} ${name} ${one} is declared`);
      if (/^(?:etcd|postgres)\d?$/.test(name)) t.ok(named.length > 0, `${file} ${name} keeps its data`);
      if (!name.startsWith("countersign")) continue;
      // Docker gives a new volume the owner of the directory that it covers, and root where there is none.
      t.match(inImage, /^FROM node:[\s\S]*^USER node$/m);
      t.match(environment["BACKUP_DIR"], /^\/home\/node\//, `${file} ${name} keeps backups`);
      t.ok(mounted.includes("backups:/home/node"), `${file} ${name} may write them`);
    }
  }
  t.end();
});

t.test("operations: no service of the HA example is started before there is a primary with a replica", (t) => {
  const services = yaml("ha/compose.yaml")["services"] as Record<string, ComposeService>;
  for (const [name, { depends_on = {}, build }] of Object.entries(services)) {
    if (!name.startsWith("countersign")) continue;
    for (const other of ["postgres1", "postgres2", "postgres3", "haproxy", "pgbouncer"])
      t.equal(depends_on[other]?.condition, "service_healthy", `${name} waits for ${other}`);
    t.equal(build, "../..", `${name} is built under a name of its own`);
  }
  for (const [name, { healthcheck }] of Object.entries(services))
    if (!name.startsWith("countersign")) t.equal(healthcheck?.test[0], "CMD", `${name} says whether it is well`);
  t.end();
});

t.test("operations: the HA example says what makes acknowledged mean durable", async (t) => {
  const patroni = yaml("ha/patroni.yml") as {
    bootstrap: { dcs: Record<string, unknown> & { postgresql: { parameters: Record<string, unknown> } } };
  };
  const { dcs } = patroni.bootstrap;
  t.match(dcs, { synchronous_mode: true, synchronous_mode_strict: true, synchronous_node_count: 1 });
  t.match(dcs.postgresql.parameters, {
    synchronous_commit: "on",
    fsync: "on",
    full_page_writes: "on",
    archive_mode: "on",
  });
  t.match(read("ha/pgbouncer.ini"), /^pool_mode = transaction$/m);
  const services = yaml("ha/compose.yaml")["services"] as Record<string, ComposeService>;
  const ours = Object.entries(services).filter(([name]) => /^countersign\d$/.test(name));
  t.equal(ours.length, 3);
  for (const [name, { environment = {} }] of ours) {
    t.match(environment["DATABASE_URL"], /@pgbouncer:6432\//, `${name} works through the pooler`);
    t.match(environment["DATABASE_OWNER_URL"], /@haproxy:5432\//, `${name} migrates without it`);
    t.match(environment["FAILOVER"], "continue", `${name} knows that a promotion loses nothing here`);
    t.match(read("ha/haproxy.cfg"), new RegExp(`^  server ${name} ${name}:8080$`, "m"));
  }
  for (const name of Object.keys(services).filter((one) => /^postgres\d$/.test(one))) {
    t.match(read("ha/haproxy.cfg"), new RegExp(`^  server ${name} ${name}:5432$`, "m"));
  }
});

t.test("operations: alerts and dashboard ask for metrics that the service has", async (t) => {
  const service = await startService(t);
  const { text } = await service.call("GET", "/metrics");
  const has = new Set(text.match(/(?<=^# TYPE )\S+/gm));
  // Patroni's own, as its REST API names them, and what Prometheus itself says of a target.
  const others = /^(patroni_(primary|sync_standby|postgres_running|xlog_location|xlog_replayed_location)|up)$/;
  const rules = yaml("prometheus/alerts.yml") as { groups: { rules: { alert: string; expr: string }[] }[] };
  const panels = (
    JSON.parse(read("grafana/countersign.json")) as { panels: { title: string; targets?: { expr: string }[] }[] }
  ).panels;
  const questions = [
    ...rules.groups.flatMap((group) => group.rules.map(({ alert, expr }) => ({ where: alert, expr }))),
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: title, expr }))),
  ];
  t.ok(questions.length > 30);
  for (const { where, expr } of questions) {
    const names =
      expr.replace(/\{[^}]*\}/g, "").match(/\b(?:countersign|http|nodejs|process|patroni)_\w+|\bup\b/g) ?? [];
    t.ok(names.length > 0, `${where} asks for something`);
    for (const name of names)
      t.ok(has.has(name.replace(/_(bucket|count|sum)$/, "")) || others.test(name), `${where}: ${name}`);
  }
  const covered = new Set(questions.flatMap(({ expr }) => expr.match(/countersign_\w+/g) ?? []));
  for (const name of has) if (name.startsWith("countersign_")) t.ok(covered.has(name), `${name} is shown or watched`);
});

t.test("operations: each alert says what to do", async (t) => {
  const rules = yaml("prometheus/alerts.yml") as {
    groups: { rules: { alert: string; labels: { severity: string }; annotations: Record<string, string> }[] }[];
  };
  for (const { alert, labels, annotations } of rules.groups.flatMap((group) => group.rules)) {
    t.match(labels.severity, /^(page|ticket)$/, alert);
    t.ok((annotations["summary"] ?? "").length > 10 && (annotations["action"] ?? "").length > 10, alert);
  }
});

t.test("operations: the programs that read these files accept them", async (t) => {
  const copy = t.testdir();
  for (const file of readdirSync(folder)) cpSync(path.join(folder, file), path.join(copy, file), { recursive: true });
  judge(t, "promtool", ["check", "rules", path.join(copy, "prometheus/alerts.yml")]);
  judge(t, "promtool", ["test", "rules", path.join(copy, "prometheus/alerts.test.yml")]);
  judge(t, "haproxy", ["-c", "-q", "-f", path.join(copy, "ha/haproxy.cfg")]);
  for (const script of ["postgres/roles.sh", "ha/databases.sh", "ha/pgbouncer.sh"]) {
    judge(t, "sh", ["-n", path.join(copy, script)]);
  }
});
