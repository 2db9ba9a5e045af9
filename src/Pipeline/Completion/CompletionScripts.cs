namespace OnnxKd.Pipeline.Completion;

/// <summary>Scripts by which shells complete command lines; all that they know is the tree of commands.</summary>
internal static class CompletionScripts
{
    /// <summary>The shells, and the script of each.</summary>
    public static IReadOnlyDictionary<string, Func<CommandTree, string>> Shells { get; } = new SortedDictionary<string, Func<CommandTree, string>>(StringComparer.Ordinal)
    {
        ["bash"] = Bash,
        ["pwsh"] = PowerShell,
        ["zsh"] = Zsh,
    };

    // Both shells walk the words that are there, remember the command that they name, and offer what the tree has below it.
    private static string Bash(CommandTree tree) => $$"""
        # bash: source <(onnxkd completion bash)
        _onnxkd() {
          local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path="" subcommands="" options="" words="" i
          for ((i = 1; i < COMP_CWORD; i++)); do
            case "${path:+$path }${COMP_WORDS[i]}" in
              {{Patterns(tree)}}) path="${path:+$path }${COMP_WORDS[i]}" ;;
            esac
          done
          case "$prev" in
            {{Values(tree, values => values.Count == 0 ? "COMPREPLY=($(compgen -f -- \"$cur\"))" : $"COMPREPLY=($(compgen -W \"{Join(values)}\" -- \"$cur\"))", "; return ;;", "    ")}}
          esac
          case "$path" in
            {{Commands(tree, "    ")}}
          esac
          if [[ $cur == -* ]]; then
            COMPREPLY=($(compgen -W "$options" -- "$cur"))
          elif [[ -n $subcommands$words ]]; then
            COMPREPLY=($(compgen -W "$subcommands $words" -- "$cur"))
          else
            COMPREPLY=($(compgen -f -- "$cur"))
          fi
        }
        complete -o filenames -F _onnxkd onnxkd ./onnxkd

        """.ReplaceLineEndings("\n");

    private static string Zsh(CommandTree tree) => $$"""
        #compdef onnxkd
        # zsh: source <(onnxkd completion zsh), after 'autoload -U compinit && compinit'
        _onnxkd() {
          local path_="" subcommands="" options="" words_="" i prev=${words[CURRENT-1]} cur=${words[CURRENT]}
          for ((i = 2; i < CURRENT; i++)); do
            case "${path_:+$path_ }${words[i]}" in
              {{Patterns(tree)}}) path_="${path_:+$path_ }${words[i]}" ;;
            esac
          done
          case "$prev" in
            {{Values(tree, values => values.Count == 0 ? "_files" : $"compadd -- {Join(values)}", "; return ;;", "    ")}}
          esac
          case "$path_" in
            {{Commands(tree, "    ").Replace("words=", "words_=")}}
          esac
          if [[ $cur == -* ]]; then
            compadd -- ${=options}
          elif [[ -n $subcommands$words_ ]]; then
            compadd -- ${=subcommands} ${=words_}
          else
            _files
          fi
        }
        compdef _onnxkd onnxkd

        """.ReplaceLineEndings("\n");

    private static string PowerShell(CommandTree tree) => $$"""
        # PowerShell: onnxkd completion pwsh | Out-String | Invoke-Expression
        Register-ArgumentCompleter -Native -CommandName onnxkd -ScriptBlock {
          param($wordToComplete, $commandAst, $cursorPosition)
          $commands = @{
            {{string.Join("\n    ", tree.Commands.Select(command => $"'{command.Path}' = @({Quote(command.Subcommands)}), @({Quote(command.Options)}), @({Quote(command.Words)})"))}}
          }
          $values = @{
            {{string.Join("\n    ", tree.Values.Select(entry => $"'{entry.Key}' = @({Quote(entry.Value)})"))}}
          }
          $path = ''
          $typed = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
          if ($wordToComplete -and $typed.Count -gt 0) { $typed = @($typed | Select-Object -SkipLast 1) }
          foreach ($word in $typed) {
            $next = "$path $word".Trim()
            if ($commands.ContainsKey($next)) { $path = $next }
          }
          if ($typed.Count -gt 0 -and $values.ContainsKey($typed[-1])) { $offered = $values[$typed[-1]] }
          elseif ($wordToComplete.StartsWith('-')) { $offered = $commands[$path][1] }
          else { $offered = $commands[$path][0] + $commands[$path][2] }
          $offered | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
        }

        """.ReplaceLineEndings("\n");

    private static string Patterns(CommandTree tree) => string.Join(" | ", tree.Commands.Where(command => command.Path.Length > 0).Select(command => $"\"{command.Path}\""));

    private static string Commands(CommandTree tree, string indent) => string.Join($"\n{indent}", tree.Commands.Select(command =>
        $"\"{command.Path}\") subcommands=\"{Join(command.Subcommands)}\" options=\"{Join(command.Options)}\" words=\"{Join(command.Words)}\" ;;"));

    private static string Values(CommandTree tree, Func<IReadOnlyList<string>, string> offer, string end, string indent) => string.Join(
        $"\n{indent}", tree.Values.GroupBy(entry => Join(entry.Value)).Select(group => $"{string.Join(" | ", group.Select(entry => entry.Key))}) {offer(group.First().Value)}{end}"));

    private static string Join(IEnumerable<string> words) => string.Join(' ', words);

    private static string Quote(IEnumerable<string> words) => string.Join(", ", words.Select(word => $"'{word}'"));
}
