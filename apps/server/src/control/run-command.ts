import type { BreakGlass } from '@agnes/auth';
import type { ControlCommand } from './protocol.ts';

/** Does what a command says. What it gives is plain JSON. */
export async function runControlCommand(breakGlass: BreakGlass, command: ControlCommand): Promise<unknown> {
  switch (command.name) {
    case 'grant_admin':
      return breakGlass.grantAdmin(command.email);
    case 'list_admins':
      return breakGlass.listAdmins();
    case 'set_password':
      return breakGlass.setPassword(command.email, command.password);
  }
}
