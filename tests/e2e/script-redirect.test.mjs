// A real browser follows where actions send it: a Content-Security-Policy holds a form to its list on every redirect that follows the
// form, which no client without a browser sees.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { openChromium } from '../support/chromium.mjs';
import { Scripts } from '../support/customer.mjs';
import { createWorld, password } from '../support/world.mjs';

describe('where actions send a browser', () => {
  let world, scripts, browser, other, elsewhere, user;
  before(async () => {
    // The tenant's page: goes back to /continue by a link.
    other = http.createServer((request, response) => {
      const { searchParams } = new URL(request.url, 'http://other');
      response.setHeader('content-type', 'text/html');
      response.end(`<title>elsewhere</title><a id="back" href="${world.url(`/continue?${new URLSearchParams({ state: searchParams.get('state') ?? '' })}`)}">back</a>`);
    }).listen(0, '127.0.0.1');
    await new Promise(done => other.once('listening', done));
    elsewhere = `http://127.0.0.1:${other.address().port}/`;
    world = await createWorld();
    scripts = new Scripts(world);
    user = await world.user();
    browser = await openChromium();
  });
  after(async () => {
    await browser?.close();
    await world?.close();
    other?.close();
  });

  it('from the login form', async () => {
    const client = await world.client({ callbacks: [elsewhere] });
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => { api.redirect.sendUserTo('${elsewhere}terms'); };
      exports.onContinuePostLogin = async () => {};`);
    const page = await browser.newPage();
    await page.goto(world.authorizeUrl(client, { redirect_uri: elsewhere }));
    await page.fill('#username', user.email);
    await page.fill('#password', password);
    await page.click('button');
    await page.waitForURL(`${elsewhere}terms?state=*`);
    await page.click('#back');
    await page.waitForURL(`${elsewhere}?code=*`);
    await scripts.clear();
  });

  it('from the button of a password reset', async () => {
    await scripts.bind('password-reset-post-challenge', `exports.onExecutePostChallenge = async (event, api) => {
        api.transaction.setResultUrl('${elsewhere}welcome');
        api.redirect.sendUserTo('${elsewhere}proof');
      };
      exports.onContinuePostChallenge = async () => {};`);
    const { ticket } = await world.management.tickets.changePassword({ user_id: user.user_id });
    const page = await browser.newPage();
    await page.goto(ticket);
    await page.click('button');
    await page.waitForURL(`${elsewhere}proof?state=*`);
    await page.click('#back');
    await page.fill('[name="password-reset"]', 'Another-Horse-8');
    await page.fill('[name="re-enter-password"]', 'Another-Horse-8');
    await page.click('button');
    await page.waitForURL(`${elsewhere}welcome?*success=true*`);
  });
});
