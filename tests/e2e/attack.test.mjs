// The attack: 10,000 guesses over 500 addresses and 1,000 accounts, with right passwords hidden among them, while owners sign in
// from their own addresses. A hundred accounts are targets, with 82 guesses each; the other nine hundred get the two that a leaked
// list has of them. What got through, by settings and by how guesses are spread. ATTACK_TABLE=file writes the table.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Guesser, inParallel, trusting } from '../support/guesser.mjs';
import { startServer } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { World } from '../support/world.mjs';

const accounts = 1000, targets = 100, addresses = 500, perTarget = 82, perOther = 2, hidden = 100, owners = 100;
const guesses = targets * perTarget + (accounts - targets) * perOther;
const mail = i => `user${i}@acme.example`, secret = i => `Secret-of-${i}`;
const attacker = i => `203.0.${i >> 8}.${i & 255}`, home = i => `198.51.100.${i}`;

// The same attack each time: a small generator, not Math.random.
let seed;
const random = n => { seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff; return (seed >> 8) % n; };
const shuffled = list => {
  for (let i = list.length - 1; i > 0; --i) { const j = random(i + 1); [list[i], list[j]] = [list[j], list[i]]; }
  return list;
};

// Which address a guess comes from.
const shapes = {
  'one address an account': account => account % addresses,
  'every guess from another address': (account, i) => (account * 7 + i * 61) % addresses,
  'forty addresses for all': (account, i) => (account * 7 + i) % 40,
};
const settings = {
  'switched off': { bots: { challenge_password_policy: 'never' }, bruteForce: { enabled: false }, suspiciousIp: { enabled: false }, args: ['--rate-profile', 'unlimited'] },
  'the default': {},
  'the default without bot detection': { bots: { challenge_password_policy: 'never' } },
  'by account, three attempts': { bruteForce: { mode: 'count_per_identifier', max_attempts: 3 } },
  'ten failures an address': { suspiciousIp: { stage: { 'pre-login': { max_attempts: 10, rate: 864000 } } } },
};

function plan(shape) {
  seed = 4711;
  const list = [];
  // Every target has its password in the list, and every ninth of the others.
  for (let account = 0; account < accounts; ++account) {
    const times = account < targets ? perTarget : perOther;
    const lucky = account < targets || account % 9 === 0 ? random(times) : -1;
    for (let i = 0; i < times; ++i)
      list.push({ account, word: i === lucky ? secret(account) : `guess-${i}`, ip: attacker(shapes[shape](account, i)) });
  }
  return shuffled(list);
}

// Whoever hears that the server is busy asks again: such an attempt counted for nothing.
async function judged(ask) {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
  }
}

describe('the attack', embeddedOnly('chooses the addresses that requests come from; for a fleet nginx does'), () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'durward-attack-'));
  const users = path.join(directory, 'users.yaml');
  const table = [`| settings | how ${guesses} guesses are spread | passwords verified | refused before | targets opened of ${targets} | others opened of ${hidden} | owners refused of ${owners} |`,
    '|---|---|---|---|---|---|---|'];
  before(() => {
    const line = i => `  - {email: ${mail(i)}, email_verified: true, password: ${secret(i)}}\n`;
    writeFileSync(users, `tenant: {name: acme, default_directory: Username-Password-Authentication, flags: {enable_client_connections: true}}\nusers:\n${
      Array.from({ length: accounts }, (_, i) => line(i)).join('')}`);
  });
  after(() => {
    rmSync(directory, { recursive: true, force: true });
    console.log(table.join('\n'));
    if (process.env.ATTACK_TABLE) writeFileSync(process.env.ATTACK_TABLE, `${table.join('\n')}\n`);
  });

  async function attack(setting, shape) {
    const world = new World(await startServer({ seeds: [users], args: [...trusting, ...settings[setting].args ?? []] }));
    try {
      const client = await world.client();
      const { bots, bruteForce, suspiciousIp } = settings[setting], { attackProtection } = world.management;
      if (bots) await attackProtection.botDetection.update(bots);
      if (bruteForce) await attackProtection.bruteForceProtection.update(bruteForce);
      if (suspiciousIp) await attackProtection.suspiciousIpThrottling.update(suspiciousIp);
      const guesser = new Guesser(world, client);
      const list = plan(shape), step = list.length / owners;
      let ownersRefused = 0;
      const answers = await inParallel(list, 32, async ({ account, word, ip }, i) => {
        if (i % step === 0) { // an owner, at home: now one of the targets, now one of the others
          const n = i / step, owner = n % 2 ? n : accounts - 1 - n;
          if ((await judged(() => guesser.guess(mail(owner), secret(owner), home(n)))).status !== 200) ++ownersRefused;
        }
        return { account, ...await judged(() => guesser.guess(mail(account), word, ip)) };
      });
      const opened = new Set(answers.filter(a => a.status === 200).map(a => a.account));
      const targetsOpened = [...opened].filter(a => a < targets).length, othersOpened = opened.size - targetsOpened;
      // 401 is requires_verification: a guess that was asked for a proof of work first.
      const refused = answers.filter(a => [401, 429].includes(a.status)).length, verified = answers.length - refused;
      assert.deepEqual([...new Set(answers.map(a => a.status))].filter(s => ![200, 401, 403, 429].includes(s)), [], 'every guess has one of four answers');
      table.push(`| ${setting} | ${shape} | ${verified} | ${refused} | ${targetsOpened} | ${othersOpened} | ${ownersRefused} |`);
      return { verified, refused, opened: opened.size, targetsOpened, othersOpened, ownersRefused };
    } finally {
      await world.close();
    }
  }

  it('opens every account whose password it has, without protection', async () => {
    const { refused, targetsOpened, othersOpened } = await attack('switched off', 'one address an account');
    assert.deepEqual([refused, targetsOpened, othersOpened], [0, targets, hidden]);
  });

  it('from one address an account gets ten guesses at it, and owners notice nothing', async () => {
    const { verified, targetsOpened, ownersRefused } = await attack('the default', 'one address an account');
    // A right guess begins a new count, so a target may cost twenty.
    assert.ok(verified <= targets * 20 + (accounts - targets) * perOther, `${verified} passwords were verified`);
    assert.ok(targetsOpened < targets / 3, `${targetsOpened} targets were opened`);
    assert.equal(ownersRefused, 0);
  });

  it('from forty addresses ends at what an address may fail', async () => {
    const { verified, opened, ownersRefused } = await attack('the default', 'forty addresses for all');
    assert.ok(verified <= 40 * 100 + opened, `${verified} passwords were verified`);
    assert.equal(ownersRefused, 0);
  });

  it('spread thin passes locks and throttling by default, and must pay for every guess that bot detection asks for', async () => {
    const open = await attack('the default without bot detection', 'every guess from another address');
    const { verified, ownersRefused } = await attack('the default', 'every guess from another address');
    assert.ok(verified < open.verified * 0.8, `${verified} passwords were verified, ${open.verified} without bot detection`);
    assert.equal(ownersRefused, 0);
  });

  it('spread thin does not pass a count by account', async () => {
    const { targetsOpened } = await attack('by account, three attempts', 'every guess from another address');
    assert.ok(targetsOpened < targets / 5, `${targetsOpened} targets were opened`);
  });

  it('spread thin ends at a tight bound for addresses', async () => {
    const { verified, opened, ownersRefused } = await attack('ten failures an address', 'every guess from another address');
    assert.ok(verified <= addresses * 10 + opened, `${verified} passwords were verified`);
    assert.equal(ownersRefused, 0);
  });
});
