import { expect, test } from 'vitest';
import { adminTable } from './admin-table.ts';

const ann = { email: 'ann@example.com', active: true, has_password: true };

test('a list of administrators has a header, columns, and words for every source', () => {
  const seeded = { email: 'root@long.example.com', active: false, has_password: false, sources: ['system_seed'] };
  expect(adminTable([{ ...ann, sources: ['admin', 'oidc:corp'] }, seeded])).toBe(
    `\
E-MAIL ADDRESS         ACCOUNT      PASSWORD  ADMINISTRATOR BECAUSE OF
ann@example.com        active       set       another administrator, or the bootstrap code (admin); a claim of an identity provider (oidc:corp)
root@long.example.com  deactivated  none      the setting SEED_ADMIN_EMAIL (system_seed)
`,
  );
});

test('a source that is not known is shown by its name', () => {
  expect(adminTable([{ ...ann, sources: ['constructor', 'ldap'] }])).toMatch(/ constructor; ldap\n$/);
});
