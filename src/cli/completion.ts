import process from "node:process";
import { Argument, type Command, type Option } from "commander";

/** What can follow a command: its words, its options and what their values can be. */
interface Place {
  /** The words that lead there; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** The values of arguments, where they are fixed. */
  readonly choices: readonly string[];
  readonly takesFile: boolean;
  readonly options: readonly {
    readonly flags: readonly string[];
    readonly description: string;
    readonly takesValue: boolean;
    readonly takesFile: boolean;
    readonly choices: readonly string[];
  }[];
}

const shells = ["bash", "zsh", "fish"] as const;
const fileNames = /^(file|files|json|jwk|manifest|directory)$/;

/** Completions for a shell, made from the commands that there are. */
export function addCompletionCommand(program: Command): void {
  program
    .command("completion")
    .description("completions for a shell: source <(countersign completion bash), or put it where the shell looks")
    .addArgument(new Argument("<shell>").choices(shells))
    .action((shell: (typeof shells)[number]) => {
      process.stdout.write(completionScript(program, shell));
    });
}

export function completionScript(program: Command, shell: (typeof shells)[number]): string {
  const places = placesOf(program, program);
  if (shell === "fish") return fish(program.name(), places);
  const script = bash(program.name(), places);
  return shell === "bash"
    ? script
    : `#compdef ${program.name()}\nautoload -Uz +X bashcompinit && bashcompinit\n${script}`;
}

/** Every command that is not hidden, the program first. */
function placesOf(program: Command, command: Command, path = ""): Place[] {
  const visible = command.createHelp().visibleCommands(command);
  const own = command.createHelp().visibleOptions(command);
  const everywhere = command === program ? [] : program.createHelp().visibleOptions(program);
  const known = new Set(own.map((option) => option.long));
  const place: Place = {
    path,
    commands: visible.map((one) => ({ name: one.name(), description: one.description() })),
    choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    takesFile: command.registeredArguments.some((argument) => fileNames.test(argument.name())),
    options: [...own, ...everywhere.filter((option) => !known.has(option.long))].map(described),
  };
  const below = visible.filter((one) => one.name() !== "help");
  return [place, ...below.flatMap((one) => placesOf(program, one, `${path} ${one.name()}`.trim()))];
}

function described(option: Option): Place["options"][number] {
  const value = /[<[](.+?)(?:[.]{3})?[>\]]/.exec(option.flags)?.[1] ?? "";
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    takesValue: option.required || option.optional,
    takesFile: fileNames.test(value),
    choices: option.argChoices ?? [],
  };
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function bash(name: string, places: readonly Place[]): string {
  const withPath = places.filter(({ path }) => path !== "");
  const lines = places.map(({ path, commands, choices, options, takesFile }) => {
    const words = [...commands.map((one) => one.name), ...choices].join(" ");
    const flags = options.flatMap((option) => option.flags).join(" ");
    const valued = options.filter((option) => option.takesValue && !option.takesFile && option.choices.length === 0);
    const parts = [
      `words=${quoted(words)}`,
      `options=${quoted(flags)}`,
      `files=${quoted(flagsOf(options.filter((option) => option.takesFile)))}`,
      `values=${quoted(flagsOf(valued))}`,
      `file=${takesFile ? "1" : "''"}`,
    ];
    return `    ${quoted(path)}) ${parts.join("; ")} ;;`;
  });
  const chosen = places.flatMap(({ path, options }) =>
    options
      .filter((option) => option.choices.length > 0)
      .flatMap(({ flags, choices }) =>
        flags.map(
          (flag) =>
            `    ${quoted(`${path} ${flag}`)}) words=${quoted(choices.join(" "))}; options=; file=; cur_is=value ;;`,
        ),
      ),
  );
  const skipped = [
    ...new Set(places.flatMap(({ options }) => options.filter((one) => one.takesValue).flatMap((one) => one.flags))),
  ];
  return `# Completions of ${name}, made from its commands: source <(${name} completion bash)
_${name}() {
  local cur prev path word words options files values file cur_is i
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  path=
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i-1]}" in
      ${skipped.join("|")}) continue ;;
    esac
    word="\${path:+$path }\${COMP_WORDS[i]}"
    case "$word" in
      ${withPath.map(({ path }) => quoted(path)).join("|")}) path=$word ;;
    esac
  done
  case "$path" in
${lines.join("\n")}
  esac
  cur_is=word
  case "$path $prev" in
${chosen.join("\n") || "    '') ;;"}
  esac
  case " $files " in
    *" $prev "*) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  case " $values " in
    *" $prev "*) COMPREPLY=(); return ;;
  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
  esac
  if [ -n "$file" ] && [ "$cur_is" = word ]; then COMPREPLY+=($(compgen -f -- "$cur")); fi
}
complete -o filenames -F _${name} ${name}
`;
}

const flagsOf = (options: Place["options"]): string => options.flatMap((option) => option.flags).join(" ");

function fish(name: string, places: readonly Place[]): string {
  const paths = places.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  const skipped = [
    ...new Set(places.flatMap(({ options }) => options.filter((one) => one.takesValue).flatMap((one) => one.flags))),
  ];
  const lines = places.flatMap(({ path, commands, choices, options, takesFile }) => {
    const here = `complete -c ${name} -n ${quoted(`__${name}_at ${quoted(path)}`)}`;
    return [
      ...commands.map((one) => `${here} -a ${quoted(one.name)} -d ${quoted(one.description)}`),
      ...choices.map((choice) => `${here} -a ${quoted(choice)}`),
      ...(takesFile ? [`${here} -F`] : []),
      ...options.map((option) => `${here} ${fishOption(option)} -d ${quoted(option.description)}`),
    ];
  });
  return `# Completions of ${name}, made from its commands: ${name} completion fish | source
function __${name}_at
  set -l paths ${paths.join(" ")}
  set -l path
  set -l skip 0
  set -l words (commandline -opc)
  set -e words[1]
  for word in $words
    if test $skip = 1
      set skip 0
    else if contains -- $word ${skipped.join(" ")}
      set skip 1
    else if contains -- (string join ' ' $path $word) $paths
      set path $path $word
    end
  end
  test "$path" = "$argv[1]"
end
complete -c ${name} -f
${lines.join("\n")}
`;
}

function fishOption({ flags, takesValue, takesFile, choices }: Place["options"][number]): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(" ");
  if (!takesValue) return names;
  if (choices.length > 0) return `${names} -x -a ${quoted(choices.join(" "))}`;
  return `${names} ${takesFile ? "-r -F" : "-x"}`;
}
