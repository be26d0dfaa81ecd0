// uvmctl completion: what a shell needs to complete the words of this program.

import type { Command } from 'commander'
import { UsageError } from '../exit-codes.js'
import { print } from '../output.js'

interface Words {
  /** Names of commands, with their own words. */
  commands: Map<string, string[]>
  summaries: Map<string, string>
}

const SHELLS: Record<string, (words: Words) => string> = {
  bash: ({ commands }) => `_uvmctl() {
  local word=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${[...commands.keys()].join(' ')}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${[...commands].map(([name, words]) => `    ${name}) COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$word")) ;;`).join('\n')}
  esac
}
complete -o default -F _uvmctl uvmctl`,
  zsh: ({ commands, summaries }) => `#compdef uvmctl
_uvmctl() {
  local -a commands
  commands=(
${[...commands.keys()].map((name) => `    '${name}:${quote(summaries.get(name) ?? '')}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "$words[2]" in
${[...commands].map(([name, words]) => `    ${name}) compadd -- ${words.join(' ')}; _files ;;`).join('\n')}
  esac
}
compdef _uvmctl uvmctl`,
  fish: ({ commands, summaries }) =>
    [...commands]
      .flatMap(([name, words]) => [
        `complete -c uvmctl -n __fish_use_subcommand -a ${name} -d '${quote(summaries.get(name) ?? '')}'`,
        ...words.map((word) =>
          word.startsWith('--')
            ? `complete -c uvmctl -n '__fish_seen_subcommand_from ${name}' -l ${word.slice(2)}`
            : `complete -c uvmctl -n '__fish_seen_subcommand_from ${name}' -a ${word}`,
        ),
      ])
      .join('\n'),
  pwsh: ({ commands }) => `Register-ArgumentCompleter -Native -CommandName uvmctl -ScriptBlock {
  param($word, $line, $cursor)
  $words = @{
${[...commands].map(([name, words]) => `    '${name}' = @(${words.map((one) => `'${one}'`).join(', ')})`).join('\n')}
  }
  $given = $line.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() }
  $known = if ($given -and $words.ContainsKey([string]$given[0])) { $words[[string]$given[0]] } else { $words.Keys }
  $known | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}`,
}

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print completions for a shell')
    .description('Prints what makes a shell complete the words of uvmctl.')
    .argument('<shell>', Object.keys(SHELLS).join(', '))
    .addHelpText(
      'after',
      '\nExamples:\n  uvmctl completion bash > ~/.local/share/bash-completion/completions/uvmctl\n  uvmctl completion fish | source',
    )
    .action((shell: string) => {
      const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
      if (script === undefined) throw new UsageError(`completion: expected ${Object.keys(SHELLS).join(', ')}`)
      print(script(wordsOf(program)))
    })
}

function wordsOf(program: Command): Words {
  const commands = new Map(program.commands.map((command) => [command.name(), ownWords(command)]))
  return { commands, summaries: new Map(program.commands.map((command) => [command.name(), command.summary()])) }
}

function ownWords(command: Command): string[] {
  const options = command.options.flatMap(({ long }) => (long == null ? [] : [long]))
  return [...command.commands.map((sub) => sub.name()), ...options]
}

function quote(text: string): string {
  return text.replaceAll("'", '’')
}
