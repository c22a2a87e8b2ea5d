// Sessions, and devices that wait for somebody to let them in.
import type { Makers } from '../inputs.ts';
import { bearer, type Person, type World } from '../world.ts';

/** The id of one more session of a person. */
async function newSession(world: World, { email }: Person): Promise<string> {
  const { body } = await world.call('me', bearer(await world.signIn(email)));
  return body.credential.id;
}

const newPerson = (world: World): Promise<Person> => world.person(`${world.unused('person')}@example.com`);

const userCode = async (world: World) => {
  const { body } = await world.admin('startDeviceLogin', { body: {} });
  return { body: { user_code: body.user_code } };
};

export const sessionInputs: Makers = {
  listSessions: { valid: () => ({}) },
  endOtherSessions: { valid: () => ({}) },
  endSession: {
    valid: async (world, asker) => ({ params: { id: await newSession(world, asker) } }),
    foreign: async (world, owner) => ({ params: { id: await newSession(world, owner) } }),
  },
  listUserSessions: { valid: async (world) => ({ params: { id: (await newPerson(world)).id } }) },
  endUserSessions: { valid: async (world) => ({ params: { id: (await newPerson(world)).id } }) },
  endUserSession: {
    valid: async (world) => {
      const person = await newPerson(world);
      return { params: { id: person.id, session_id: await newSession(world, person) } };
    },
  },
  startDeviceLogin: { valid: () => ({ body: {} }) },
  deviceToken: {
    valid: () => ({ body: { device_code: 'x'.repeat(43) } }),
    outcome: { status: 400, code: 'device_login_expired' },
  },
  getDeviceLogin: { valid: userCode },
  approveDeviceLogin: { valid: userCode },
  denyDeviceLogin: { valid: userCode },
};
