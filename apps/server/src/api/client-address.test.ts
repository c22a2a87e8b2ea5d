import { expect, test } from 'vitest';
import { createAddressOf } from './client-address.ts';

const PROXY = '10.0.0.1';

test.each([
  // Nobody is trusted: the header counts for nothing.
  [[], '192.0.2.1', '203.0.113.9', '192.0.2.1'],
  [[], '::ffff:192.0.2.1', undefined, '192.0.2.1'],
  [[], null, '203.0.113.9', null],
  // Not from the trusted proxy: neither.
  [['10.0.0.1'], '192.0.2.1', '203.0.113.9', '192.0.2.1'],
  [['10.0.0.0/8'], '11.0.0.1', '203.0.113.9', '11.0.0.1'],
  // From it: what it wrote itself, whatever the client had put before that.
  [['10.0.0.1'], PROXY, '203.0.113.9', '203.0.113.9'],
  [['10.0.0.1'], PROXY, '127.0.0.1, 203.0.113.9', '203.0.113.9'],
  [['10.0.0.1'], PROXY, '10.0.0.1, 203.0.113.9', '203.0.113.9'],
  [['10.0.0.0/8'], PROXY, '198.51.100.1,203.0.113.9 , 10.1.1.1,10.2.2.2', '203.0.113.9'],
  [['10.0.0.0/8'], PROXY, '10.9.9.9, 10.1.1.1', '10.9.9.9'],
  // What is no address ends the search.
  [['10.0.0.1'], PROXY, 'unknown', PROXY],
  [['10.0.0.1'], PROXY, '', PROXY],
  [['10.0.0.1'], PROXY, '203.0.113.9, evil', PROXY],
  [['10.0.0.0/8'], PROXY, '203.0.113.9, _hidden, 10.1.1.1', '10.1.1.1'],
  [['10.0.0.1'], PROXY, undefined, PROXY],
  // With ports, brackets and zones; IPv4 in IPv6 clothes, on either side.
  [['10.0.0.1'], PROXY, '203.0.113.9:4711', '203.0.113.9'],
  [['10.0.0.1'], PROXY, '[2001:db8::7]:4711', '2001:db8::7'],
  [['10.0.0.1'], '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
  [['::ffff:10.0.0.1'], PROXY, '203.0.113.9', '203.0.113.9'],
  [['::ffff:10.0.0.0/104'], '10.200.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
  [['2001:db8:1::/48'], '2001:db8:1::5', '2001:0DB8:2:0::9', '2001:db8:2::9'],
  [['fe80::/10'], 'fe80::1%eth0', '203.0.113.9', '203.0.113.9'],
  [['10.0.0.1', '2001:db8::1'], '2001:db8::1', '203.0.113.9, 10.0.0.1', '203.0.113.9'],
])('trusting %j, a request from %s that says %j is from %s', (trusted, peer, header, expected) => {
  expect(createAddressOf(trusted)(peer, header)).toBe(expected);
});

test('of a very long header only the end is read', () => {
  const addressOf = createAddressOf(['10.0.0.0/8']);
  const header = `203.0.113.9,${Array(100_000).fill('10.0.0.2').join(',')}`;
  expect(addressOf(PROXY, header)).toBe('10.0.0.2');
});
