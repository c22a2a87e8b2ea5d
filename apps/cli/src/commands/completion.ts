import { string } from '@oclif/core/args';
import { AgnesCommand, type Result } from '../command.ts';
import { completionScripts, SHELLS } from '../completion/scripts.ts';
import { completionWords } from '../completion/words.ts';

export class Completion extends AgnesCommand {
  static override summary = 'Print the script that lets a shell complete agnes';
  static override description = `Install it once; run it again after an update of agnes.
bash: put the first example into ~/.bashrc. zsh: keep the script as _agnes in a folder of $fpath, before compinit runs.
fish: keep it in the folder of the third example. PowerShell: put the last example into $PROFILE.`;
  static override examples = [
    'eval "$(<%= config.bin %> completion bash)"',
    '<%= config.bin %> completion zsh > ~/.zfunc/_agnes',
    '<%= config.bin %> completion fish > ~/.config/fish/completions/agnes.fish',
    '<%= config.bin %> completion powershell | Out-String | Invoke-Expression',
  ];
  static override args = {
    shell: string({ required: true, description: 'The shell.', options: [...SHELLS], ignoreStdin: true }),
  };

  protected override async execute(): Promise<Result> {
    const { args } = await this.parse(Completion);
    const shell = SHELLS.find((name) => name === args.shell) ?? 'bash';
    const script = completionScripts[shell](completionWords(this.config));
    return { data: { shell, script }, text: script.trimEnd() };
  }
}
