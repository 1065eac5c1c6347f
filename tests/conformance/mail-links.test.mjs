// Password reset poisoning: whoever asks for the mail chooses the Host, but not where its link leads.
import assert from 'node:assert/strict';
import https from 'node:https';
import { after, before, describe, it } from 'node:test';
import { createWorld } from '../support/world.mjs';

describe('links in mails', () => {
  let world;
  before(async () => { world = await createWorld(); });
  after(() => world?.close());

  it('lead to the tenant whatever Host asked for them', async () => {
    const user = await world.user(), client = await world.client();
    const body = JSON.stringify({ client_id: client.client_id, email: user.email, connection: 'Username-Password-Authentication' });
    const status = await new Promise((resolve, reject) => {
      const request = https.request(world.url('/dbconnections/change_password'), {
        method: 'POST', headers: { host: 'evil.example', 'content-type': 'application/json', 'content-length': body.length },
        rejectUnauthorized: false,
      }, response => { response.resume(); resolve(response.statusCode); });
      request.once('error', reject);
      request.end(body);
    });
    assert.equal(status, 200);
    const mail = await world.mailTo(user.email, m => m.template === 'reset_email');
    assert.doesNotMatch(mail.text + mail.html, /evil\.example/);
    assert.match(mail.text, /https:\/\/acme\.localhost(:\d+)?\/u\/reset-verify\?ticket=/);
  });
});
