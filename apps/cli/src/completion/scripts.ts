import type { CompletionWords } from './words.ts';

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * The completion script of each shell. Every word in it is a name of a command, a flag or a value (letters, digits, `_` and
 * `-`), so none needs quoting beyond the quotes that are there. Each walks the words typed so far to the longest known path.
 */
export const completionScripts: Readonly<Record<Shell, (words: CompletionWords) => string>> = {
  bash: ({ next, values }) => `# bash completion of agnes; made by: agnes completion bash
_agnes() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" try word i words=""
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in -*) continue ;; esac
    try="\${at:+$at }$word"
    case "$try" in
      ${alternatives(next)}) at="$try" ;;
      *) break ;;
    esac
  done
  case "$at $prev" in
${lines(values, (key, list) => `    "${key}") words="${list.join(' ')}"; COMPREPLY=($(compgen -W "$words" -- "$cur")); return ;;`)}
  esac
  case "$at" in
${lines(next, (key, list) => `    "${key}") words="${list.join(' ')}" ;;`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _agnes agnes
`,

  zsh: ({ next, values }) => `#compdef agnes
# zsh completion of agnes; made by: agnes completion zsh
_agnes() {
  local at="" try word i
  local -a found
  for (( i = 2; i < CURRENT; i++ )); do
    word="\${words[i]}"
    case "$word" in (-*) continue ;; esac
    try="\${at:+$at }$word"
    case "$try" in
      (${alternatives(next)}) at="$try" ;;
      (*) break ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${lines(values, (key, list) => `    ("${key}") found=(${list.join(' ')}); if (( \${#found} )); then compadd -- "\${found[@]}"; else _files; fi; return ;;`)}
  esac
  case "$at" in
${lines(next, (key, list) => `    ("${key}") found=(${list.join(' ')}) ;;`)}
  esac
  compadd -- "\${found[@]}" || _files
}
if [[ "\${funcstack[1]}" == "_agnes" ]]; then _agnes; else compdef _agnes agnes; fi
`,

  fish: ({ next, values }) => `# fish completion of agnes; made by: agnes completion fish
function __agnes_at
    set -l at ""
    set -l typed (commandline -opc)
    set -e typed[1]
    for word in $typed
        string match -q -- "-*" $word; and continue
        set -l try (string trim -- "$at $word")
        contains -- "$try" ${[...next.keys()].map((key) => `"${key}"`).join(' ')}; or break
        set at $try
    end
    echo "$at"
end
complete -c agnes -e
${lines(next, (key, list) => `complete -c agnes -n 'test (__agnes_at) = "${key}"' -a "${list.join(' ')}"`)}
${[...values]
  .filter(([, list]) => list.length > 0)
  .map(([key, list]) => {
    const [flag = ''] = key.split(' ').slice(-1);
    const path = key.slice(0, -flag.length - 1);
    const name = flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
    return `complete -c agnes -n 'test (__agnes_at) = "${path}"' ${name} -x -a "${list.join(' ')}"`;
  })
  .join('\n')}
`,

  powershell: ({ next, values }) => `# PowerShell completion of agnes; made by: agnes completion powershell
Register-ArgumentCompleter -Native -CommandName agnes -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $next = @{
${lines(next, (key, list) => `    '${key}' = @(${quoted(list)})`)}
  }
  $values = @{
${lines(values, (key, list) => `    '${key}' = @(${quoted(list)})`)}
  }
  $typed = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { "$_" })
  $at = ''
  foreach ($word in $typed) {
    if ($word.StartsWith('-')) { continue }
    $try = "$at $word".Trim()
    if (-not $next.ContainsKey($try)) { break }
    $at = $try
  }
  $last = if ($typed.Count -gt 0) { $typed[-1] } else { '' }
  $found = if ($values.ContainsKey("$at $last")) { $values["$at $last"] } else { $next[$at] }
  $found | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`,
};

function lines(
  map: ReadonlyMap<string, readonly string[]>,
  line: (key: string, list: readonly string[]) => string,
): string {
  return [...map].map(([key, list]) => line(key, list)).join('\n');
}

function alternatives(next: CompletionWords['next']): string {
  return [...next.keys()]
    .filter((key) => key !== '')
    .map((key) => `"${key}"`)
    .join('|');
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(', ');
}
