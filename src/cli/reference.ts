import type { Argument, Command, Option } from "commander";
import { wordsOf } from "./curl.ts";

/** The page of all commands, docs/reference/cli.md, from the commands themselves. */
export function referencePage(program: Command): string {
  const help = program.createHelp();
  const groups = help.visibleCommands(program).filter((command) => command.name() !== "help");
  return [
    "# Commands",
    "",
    "Generated from the commands; do not edit. `countersign <command> --help` says the same.",
    "",
    ...introduction,
    "## Options of every command",
    "",
    ...rows(help.visibleOptions(program).map(optionRow)),
    "",
    ...groups.flatMap(groupSection),
  ].join("\n");
}

const introduction = [
  "Tables are for people and fit the terminal; `--json` answers one document for programs, and a document a line where",
  "something is watched. What is asked of the service goes as the token says that is found first:",
  "",
  "1. `--token-from`, `--token`, or `--as` with a credentials file;",
  "2. a profile that is named, by `--profile` or `COUNTERSIGN_PROFILE`;",
  "3. `COUNTERSIGN_URL` and `COUNTERSIGN_TOKEN`;",
  "4. the profile in use, see `countersign profile use`;",
  "5. `$DATA_DIR/credentials.json` of a service on this machine, by the name that the command is meant for.",
  "",
  "A token that nobody named goes only to the service that it is kept with. Profiles are in",
  "`$XDG_CONFIG_HOME/countersign/config.json`, else `~/.config/countersign/config.json`, which must be readable by its owner",
  "alone. `SYNC_SECRET` comes from the environment, a profile or the credentials file.",
  "",
  "| exit code | means |",
  "|---|---|",
  "| 0 | done |",
  "| 1 | refused or failed; standard error has the code, the places and what to do |",
  "| 2 | the command line, a file or the configuration cannot be used |",
  "| 130 | interrupted by Ctrl-C, in good order |",
  "",
];

function groupSection(group: Command): string[] {
  const help = group.createHelp();
  const commands = help.visibleCommands(group).filter((command) => command.name() !== "help");
  if (commands.length === 0) return [`## ${group.name()}`, "", ...commandSection(group)];
  const sections = commands.flatMap((command) => [`### ${wordsOf(command)}`, "", ...groupOrCommand(command)]);
  return [`## ${group.name()}`, "", sentence(group.description()), "", ...sections];
}

/** A group within a group has its commands one after the other. */
function groupOrCommand(command: Command): string[] {
  const below = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== "help");
  if (below.length === 0) return commandSection(command);
  const sections = below.flatMap((one) => [`#### ${wordsOf(one)}`, "", ...commandSection(one)]);
  return [sentence(command.description()), "", ...sections];
}

function commandSection(command: Command): string[] {
  const help = command.createHelp();
  const described = command.description() === "" ? [] : [sentence(command.description()), ""];
  const entries = [
    ...help.visibleArguments(command).map(argumentRow),
    ...help
      .visibleOptions(command)
      .filter((option) => option.long !== "--help")
      .map(optionRow),
  ];
  const words = [command.parent === null ? "" : wordsOf(command), ...usageOf(command)].join(" ").trim();
  return [
    "```text",
    `countersign ${words}`,
    "```",
    "",
    ...described,
    ...(entries.length === 0 ? [] : [...rows(entries), ""]),
  ];
}

/** What must be there, in full; that there is more, in short. */
function usageOf(command: Command): string[] {
  const needed = command.options
    .filter((option) => option.mandatory)
    .map((option) => option.flags.split(", ").at(-1) ?? "");
  const others = command.options.some((option) => !option.mandatory) ? ["[options]"] : [];
  const names = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [...names, ...needed, ...others];
}

type Row = readonly [string, string];

function argumentRow(argument: Argument): Row {
  const choices = argument.argChoices === undefined ? "" : argument.argChoices.join(" or ");
  return [`\`${argument.name()}\``, [argument.description, choices].filter(Boolean).join(": ")];
}

function optionRow(option: Option): Row {
  const usual: unknown = option.defaultValue;
  const shown = typeof usual === "string" || typeof usual === "number" ? ` (${usual})` : "";
  return [`\`${option.flags}\``, `${option.description}${shown}`];
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

function rows(all: readonly Row[]): string[] {
  return ["| | |", "|---|---|", ...all.map(([name, text]) => `| ${cell(name)} | ${cell(text)} |`)];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
